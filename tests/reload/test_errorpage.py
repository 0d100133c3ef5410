"""What a client sees while there is no application."""

from __future__ import annotations

import json
from typing import Any
from wsgiref.validate import validator

import pytest
from werkzeug.test import Client, TestResponse

from wsgiserve.reload.errorpage import ErrorPage, Failure

FAILURE = Failure("import-failed", 'importing "<shop>" raised', "shop.py:3", "mend it.", "Traceback <b>")


def get(failure: Failure = FAILURE, accept: str = "", address: str = "127.0.0.1", **environ: Any) -> TestResponse:
    headers = {"Accept": accept} if accept else {}
    client = Client(validator(ErrorPage(failure)))
    return client.get("/any", headers=headers, environ_overrides={"REMOTE_ADDR": address, **environ}, buffered=True)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/problem+json, text/html", "application/json"),
        ("*/*", "text/plain; charset=utf-8"),
        ("", "text/plain; charset=utf-8"),
    ],
)
def test_the_form_is_the_one_that_the_client_asks_for(accept: str, content_type: str) -> None:
    response = get(accept=accept)
    assert response.status_code == 503
    assert response.headers["Content-Type"] == content_type
    assert response.headers["Cache-Control"] == "no-store"


def test_as_text_it_is_all_there() -> None:
    assert get().text == 'importing "<shop>" raised\n\nshop.py:3\n\nFix: mend it.\n\nTraceback <b>\n'


def test_as_json_it_can_be_taken_apart() -> None:
    assert json.loads(get(accept="application/json").text) == {"error": FAILURE._asdict()}


def test_as_html_nothing_of_it_is_markup() -> None:
    text = get(accept="text/html").text
    assert "<h1>importing &quot;&lt;shop&gt;&quot; raised</h1>" in text
    assert "<dt>Why</dt><dd>shop.py:3</dd>" in text
    assert "<pre>Traceback &lt;b&gt;</pre>" in text


def test_what_there_is_not_is_left_out() -> None:
    text = get(FAILURE._replace(why="", details=""), accept="text/html").text
    assert "Why" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "<local>"])
def test_who_sits_at_this_machine_is_told(address: str) -> None:
    assert "shop.py:3" in get(address=address).text


@pytest.mark.parametrize(
    "others",
    [
        {"address": "192.0.2.7"},
        {"address": "example"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"HTTP_X_REAL_IP": "192.0.2.7"},
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
def test_nobody_else_is(others: dict[str, Any], accept: str) -> None:
    response = get(accept=accept, **others)
    assert response.status_code == 503
    assert response.text == "The application cannot be loaded. The server's log says why.\n"
