"""What a client sees of an error, and while there is no application."""

from __future__ import annotations

import json
from typing import Any
from wsgiref.validate import validator

import pytest
from werkzeug.test import Client, TestResponse, create_environ

from tests.dev import raising
from wsgiserve.config import Config
from wsgiserve.dev.exceptions import describe_exception
from wsgiserve.dev.masking import MASK
from wsgiserve.dev.tools import Tools
from wsgiserve.reload.failure import Failure

FAILURE = Failure("no-app", "found <no> application", "looked for app.", "name it.", [])
BROKEN = Failure(
    "app-error",
    "shop.py line 2: SyntaxError",
    "the app cannot be loaded.",
    "mend it.",
    describe_exception(raising.caught(raising.syntax_error)),
)

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def get(failure: Failure = FAILURE, accept: str = "", address: str = "127.0.0.1", **environ: Any) -> TestResponse:
    headers = {"Accept": accept} if accept else {}
    client = Client(validator(Tools(Config()).page_for(failure)))
    overrides = {"REMOTE_ADDR": address, "REQUEST_URI": "/any?token=abc", **environ}
    return client.get("/any", headers=headers, environ_overrides=overrides, buffered=True)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (HTML, "text/html; charset=utf-8"),
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
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; ")


def test_as_text_it_is_all_there() -> None:
    request = f"Request: GET /any?token={MASK}\nHost: localhost\n"
    assert get().text == f"found <no> application\n\nlooked for app.\n\nFix: name it.\n\n{request}"


def test_as_json_it_can_be_taken_apart() -> None:
    error = json.loads(get(BROKEN, accept="application/json").text)["error"]
    assert error["slug"] == "app-error"
    assert error["chain"][0]["frames"][-1]["source"][-1] == "def f(:"
    assert error["request"]["Request"] == f"GET /any?token={MASK}"


def test_as_html_it_says_why_and_what_to_do() -> None:
    text = get(accept=HTML).text
    assert "found &lt;no&gt; application</span></h1>" in text
    assert "<dt>Why</dt><dd>looked for app.</dd>" in text
    assert "<dt>Fix</dt><dd>name it.</dd>" in text


def test_as_html_an_exception_has_its_source_in_place_of_a_reason() -> None:
    text = get(BROKEN, accept=HTML).text
    assert "def f(<mark>:</mark>" in text
    assert "<dt>Why</dt>" not in text


@pytest.mark.parametrize("others", [{"address": "192.0.2.7"}, {"HTTP_VIA": "1.1 x"}, {"HTTP_HOST": "evil.test"}])
@pytest.mark.parametrize("accept", [HTML, "application/json", "*/*"])
def test_nobody_but_the_developer_is_told(others: dict[str, Any], accept: str) -> None:
    response = get(accept=accept, **others)
    assert response.status_code == 503
    assert response.text == "The application cannot be loaded. The server's log says why.\n"


def environ_of(**overrides: Any) -> dict[str, Any]:
    return {**create_environ("/cart"), "REMOTE_ADDR": "127.0.0.1", "REQUEST_URI": "/cart", **overrides}


def explained(config: Config = Config(), **overrides: Any) -> str:  # noqa: B008 - frozen
    page = Tools(config).explain(raising.caught(raising.plain), environ_of(**overrides), 1)
    assert page is not None
    return page[1].decode()


def test_an_error_is_explained_with_its_request() -> None:
    text = explained(HTTP_COOKIE="session=hunter2", HTTP_X_ID="7")
    assert text.startswith("KeyError: 'coffee'\n\nTraceback (most recent call last):\n")
    assert text.endswith(f"Request: GET /cart\nIn the log: 0001\nHost: localhost\nCookie: {MASK}\nX-Id: 7\n")
    assert "hunter2" not in text


def test_without_an_access_log_there_is_no_id() -> None:
    assert "0001" not in explained(Config(access_log=False))


def test_nobody_but_the_developer_is_explained_anything() -> None:
    error = raising.caught(raising.plain)
    assert Tools(Config()).explain(error, environ_of(HTTP_X_FORWARDED_FOR="x"), 1) is None
    assert Tools(Config()).explain(error, environ_of(HTTP_HOST="shop.test"), 1) is None
    assert "KeyError" in explained(Config(allowed_host=("shop.test",)), HTTP_HOST="shop.test:8000")


def test_links_go_to_the_editor() -> None:
    text = explained(Config(editor="x://{file}?{line}&{column}"), HTTP_ACCEPT="text/html")
    assert f'<a href="x://{raising.__file__}?' in text
    assert "&amp;16" in text


def test_without_an_editor_there_are_no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("VISUAL", "EDITOR", "TERM_PROGRAM", "TERMINAL_EMULATOR"):
        monkeypatch.delenv(variable, raising=False)
    assert "<a " not in explained(HTTP_ACCEPT="text/html")
