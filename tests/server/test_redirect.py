"""Plain requests on the HTTPS port: which are sent on, and that nothing but a place on this host becomes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiserve.http11 import Limits, RequestParser
from wsgiserve.server.redirect import Redirect, redirect

PARSER = RequestParser(Limits())


@pytest.mark.parametrize(
    ("opening", "location", "content"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", b"https://localhost:8000/", True),
        (b"HEAD /a/b?c=d HTTP/1.1\r\nHost: localhost\r\n\r\n", b"https://localhost/a/b?c=d", False),
        (b"GET //evil.test/ HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", b"https://[::1]:8000//evil.test/", True),
        (b"GET http://shop.test/x?y HTTP/1.1\r\nHost: shop.test\r\n\r\n", b"https://shop.test/x?y", True),
        (b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", b"https://localhost/", True),
    ],
)
def test_a_whole_request_without_content_is_sent_on(opening: bytes, location: bytes, content: bool) -> None:
    assert redirect(opening, PARSER) == Redirect(location, content)


@pytest.mark.parametrize(
    "opening",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: user@evil.test\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.test/\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\rX: y HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_anything_else_is_not(opening: bytes) -> None:
    assert redirect(opening, PARSER) is None


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_whatever_comes_the_location_is_one_word_on_one_line(target: bytes, host: bytes) -> None:
    found = redirect(b"GET /%b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, host), PARSER)
    if found is not None:
        assert found.location.startswith(b"https://")
        assert not set(found.location) & set(b"\r\n\0 \t")
