"""Requests as values: what makes two of them equal, and what the common one looks like."""

from __future__ import annotations

import pytest

from wsgiserve.http11 import Limits, Request, RequestParser
from wsgiserve.http11.fields import field_section, parse_field_line

HEAD = b"GET /a?b HTTP/1.1\r\nHost: a.example\r\nX-A: 1"


def parse(head: bytes) -> Request:
    return RequestParser(Limits()).parse_head(head)


def test_requests_of_the_same_bytes_are_equal_and_hash_alike() -> None:
    one, two = parse(HEAD), parse(HEAD)
    assert one is not two
    assert one == two
    assert len({one, two}) == 1


@pytest.mark.parametrize(
    "other",
    [
        HEAD.replace(b"GET", b"PUT"),
        HEAD.replace(b"?b", b"?c"),
        HEAD.replace(b"1.1", b"1.0"),
        HEAD.replace(b"X-A", b"X-B"),
        HEAD + b"\r\nContent-Length: 1",
    ],
)
def test_requests_that_differ_in_any_part_are_not_equal(other: bytes) -> None:
    assert parse(HEAD) != parse(other)


def test_a_request_equals_nothing_else() -> None:
    assert parse(HEAD) != HEAD


def test_the_repr_of_a_request_shows_what_was_sent() -> None:
    shown = repr(parse(HEAD + b"\r\nContent-Length: 1"))
    assert all(part in shown for part in ("b'GET'", "b'/a?b'", "(b'x-a', b'1')", "length=1"))


@pytest.mark.parametrize(
    ("fields", "plain"),
    [
        (b"Host: a.example\r\nAccept: */*\r\nCookie: a=b", True),
        (b"Accept: */*", False),
        (b"Host: a.example\r\nContent-Length: 0", False),
        (b"Host: a.example\r\nTransfer-Encoding: chunked", False),
        (b"Host: a.example\r\nConnection: close", False),
        (b"Host: a.example\r\nConnection: keep-alive", True),
        (b"Host: a.example\r\nConnection: x-a", True),
        (b"Host: a.example\r\nExpect: 100-continue", False),
    ],
)
def test_a_field_section_is_plain_when_nothing_in_it_concerns_framing_or_persistence(
    fields: bytes, plain: bool
) -> None:
    section = field_section(map(parse_field_line, fields.split(b"\r\n")))
    assert section.plain is plain


def test_a_plain_request_is_what_the_long_way_would_make_of_it() -> None:
    short, long = parse(HEAD), parse(HEAD.replace(b"Host", b"Content-Length: 0\r\nHost"))
    assert (short.fields.plain, long.fields.plain) == (True, False)
    assert (short.length, short.persistent, short.expect_continue) == (0, True, False)
    assert (short.length, short.persistent, short.expect_continue) == (
        long.length,
        long.persistent,
        long.expect_continue,
    )
