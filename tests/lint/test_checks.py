"""Headers in, codes out."""

from __future__ import annotations

import pytest

from wsgiserve.lint.checks import check_environ, check_head, check_type, is_stream

Headers = list[tuple[str, str]]


def head(*headers: tuple[str, str]) -> list[str]:
    return [code for code, _ in check_head(headers)]


@pytest.mark.parametrize(
    "name", ["Content-Type", "content-type", "Date", "Server", "Location", "ETag", "Last-Modified"]
)
def test_what_may_be_there_once(name: str) -> None:
    assert head((name, "a"), (name.upper(), "b")) == ["W207"]
    assert head((name, "a")) == []


@pytest.mark.parametrize("name", ["Set-Cookie", "Vary", "Link", "WWW-Authenticate", "X-Own"])
def test_what_may_be_there_twice(name: str) -> None:
    assert head((name, "a"), (name, "b")) == []


def test_the_size_of_a_cookie() -> None:
    assert head(("Set-Cookie", "a=" + "b" * 4094)) == []
    assert head(("Set-Cookie", "a=" + "b" * 4095)) == ["W208"]
    assert head(("X-Own", "b" * 5000)) == []


def test_the_size_of_all_headers() -> None:
    assert head(*[("X-Own", "b" * 1015)] * 8) == []  # 8 × 1024 with name, colon, blank, CRLF
    assert head(*[("X-Own", "b" * 1015)] * 7, ("X-Own", "b" * 1016)) == ["W208"]


def kind(value: str | None, block: bytes) -> list[str]:
    headers: Headers = [] if value is None else [("content-type", value)]
    return [code for code, _ in check_type(headers, block)]


UMLAUT = "ü".encode()


@pytest.mark.parametrize(
    ("value", "block"),
    [
        ("text/plain", b"ascii"),
        ("text/plain; charset=utf-8", UMLAUT),
        ('text/css; Charset="utf-8"', UMLAUT),
        ("application/json", UMLAUT),
        ("image/png", b"\x89PNG"),
        ("text/html", b"<!doctype html><meta charset=utf-8>" + UMLAUT),
        ("text/html", b'<META http-equiv="Content-Type" content="text/html; charset=utf-8">' + UMLAUT),
        ("text/xml", b"<?xml version='1.0'?>" + UMLAUT),
        ("text/css", b"@charset 'utf-8';" + UMLAUT),
        ("text/event-stream", UMLAUT),
        ("TEXT/JAVASCRIPT", UMLAUT),
    ],
)
def test_types_that_say_enough(value: str, block: bytes) -> None:
    assert kind(value, block) == []


@pytest.mark.parametrize(
    ("value", "block"),
    [
        (None, b"a"),
        ("text/plain", UMLAUT),
        ("Text/Html", UMLAUT),
        ("text/html", b"<p>" * 400 + b"<meta charset=x>\xff"),
    ],
)
def test_types_that_do_not(value: str | None, block: bytes) -> None:
    assert kind(value, block) == ["W206"]


@pytest.mark.parametrize(
    ("environ", "count"),
    [
        ({"PATH_INFO": "/\xfc", "HTTP_HOST": "a", "REMOTE_USER": None, "shop.cart": [1], "wsgi.version": (1, 0)}, 0),
        ({b"PATH_INFO": "/"}, 1),
        ({"PATH_INFO": b"/"}, 1),
        ({"CONTENT_LENGTH": 5}, 1),
        ({"HTTP_X_OWN": None}, 1),
        ({"PATH_INFO": "/\u20ac"}, 1),
    ],
)
def test_what_is_in_environ(environ: dict[object, object], count: int) -> None:
    assert [code for code, _ in check_environ(environ)] == ["W209"] * count


def test_streams() -> None:
    assert is_stream([("X", "a"), ("Content-Type", "text/event-stream; charset=utf-8")])
    assert not is_stream([("Content-Type", "text/plain")])
