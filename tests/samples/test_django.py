"""The Django project: forms with CSRF protection, uploads, file responses, streams, static files."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.oracle.conversations import Talk
from tests.oracle.serving import Served, Spec

Serve = Callable[[Spec], Served]


@pytest.fixture
def served(kind: str, serve_anew: Serve) -> Served:
    return serve_anew(Spec("sample_apps.django_project.wsgi:application", kind))


@pytest.fixture
def talk(served: Served) -> Talk:
    return Talk(served.url)


def token(talk: Talk) -> dict[str, str]:
    found = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', talk("GET", "/").text)
    return {"csrfmiddlewaretoken": found[0]}


def test_a_form_without_its_token_is_refused(talk: Talk) -> None:
    assert talk("POST", "/", data={"name": "Eve", "words": "x"}).status_code == 403


def test_an_entry_is_stored_shown_and_escaped(talk: Talk) -> None:
    signed = talk("POST", "/", data={**token(talk), "name": "Grace", "words": "<i>wörld</i>"})
    page = talk("GET", signed.headers["Location"]).text
    assert (signed.status_code, "&lt;i&gt;wörld&lt;/i&gt;" in page, "Thank you for your visit." in page) == (
        302,
        True,
        True,
    )


def test_a_form_with_mistakes_comes_back_with_them(talk: Talk) -> None:
    answer = talk("POST", "/", data={**token(talk), "name": "", "words": "x"})
    assert answer.status_code == 400
    assert "This field is required." in answer.text


def test_a_photo_comes_back_byte_for_byte(talk: Talk) -> None:
    content = bytes(range(256)) * 20_000
    files = {"photo": ("me.png", content, "image/png")}
    talk("POST", "/", data={**token(talk), "name": "Grace", "words": "x"}, files=files)
    answer = talk("GET", "/photos/1")
    assert (answer.headers["Content-Type"], answer.headers["Content-Length"]) == ("image/png", str(len(content)))
    assert answer.content == content


def test_the_export_is_a_stream(talk: Talk) -> None:
    form = token(talk)
    for name in ("Grace", "Ada"):
        talk("POST", "/", data={**form, "name": name, "words": "a, b"})
    answer = talk("GET", "/entries.csv")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.content == b'name,words\r\nGrace,"a, b"\r\nAda,"a, b"\r\n'


def test_static_files_and_no_others(talk: Talk) -> None:
    assert talk("GET", "/static/guestbook/book.css").headers["Content-Type"] == "text/css"
    assert talk("GET", "/static/../settings.py").status_code == 404
    assert talk("GET", "/photos/77").status_code == 404


def test_methods_that_no_view_knows_are_refused_and_the_connection_lives_on(talk: Talk) -> None:
    headers = {"X-CSRFToken": token(talk)["csrfmiddlewaretoken"]}
    assert talk("PATCH", "/", data=b"unread", headers=headers).status_code == 405
    assert talk("GET", "/").status_code == 200


def test_the_log_has_no_traceback_and_no_warning(served: Served, talk: Talk) -> None:
    talk("GET", "/")
    assert not re.search("Traceback|Warning", served.log())
