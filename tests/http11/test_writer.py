"""Responses as bytes."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from wsgiserve.http11.framing import Framing
from wsgiserve.http11.writer import CONTINUE, LAST_CHUNK, ResponseHead, chunk, error_response, response_head

DATE = b"Mon, 12 Jan 2026 12:00:00 GMT"


def written(head: ResponseHead, framing: Framing, *, connection: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    return response_head(head, framing, head.length, version=version, date=DATE, server=b"s/1", connection=connection)


def test_a_head_is_status_line_fields_and_an_empty_line() -> None:
    head = ResponseHead(200, b"OK", b"X-A: 1\r\nX-B: 2\r\n", 5)
    assert written(head, Framing.LENGTH) == (
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-B: 2\r\nContent-Length: 5\r\n"
        b"Date: Mon, 12 Jan 2026 12:00:00 GMT\r\nServer: s/1\r\n\r\n"
    )


def test_an_empty_reason_keeps_its_space() -> None:
    assert written(ResponseHead(299, b"", b"", 0), Framing.LENGTH).startswith(b"HTTP/1.1 299 \r\n")


def test_a_server_may_claim_http_1_0() -> None:
    assert written(ResponseHead(200, b"OK", b"", 0), Framing.LENGTH, version=b"HTTP/1.0").startswith(b"HTTP/1.0 200 ")


@pytest.mark.parametrize(
    ("framing", "length", "field"),
    [
        (Framing.LENGTH, 0, b"Content-Length: 0\r\n"),
        (Framing.LENGTH, 1 << 40, b"Content-Length: 1099511627776\r\n"),
        (Framing.CHUNKED, None, b"Transfer-Encoding: chunked\r\n"),
        (Framing.NO_CONTENT, 7, b"Content-Length: 7\r\n"),
        (Framing.NO_CONTENT, None, b""),
        (Framing.UNTIL_CLOSE, None, b""),
    ],
)
def test_framing_is_said_in_one_field_or_none(framing: Framing, length: int | None, field: bytes) -> None:
    head = written(ResponseHead(200, b"OK", b"", length), framing)
    said = [line + b"\r\n" for line in head.split(b"\r\n") if line.startswith((b"Content-Length", b"Transfer-Enc"))]
    assert b"".join(said) == field


def test_date_and_server_of_the_application_are_not_doubled() -> None:
    head = ResponseHead(200, b"OK", b"Date: then\r\nServer: mine\r\n", 0, date=True, server=True)
    assert written(head, Framing.LENGTH) == (
        b"HTTP/1.1 200 OK\r\nDate: then\r\nServer: mine\r\nContent-Length: 0\r\n\r\n"
    )


def test_date_and_server_may_be_left_out() -> None:
    head = ResponseHead(200, b"OK", b"", 0)
    bare = response_head(head, Framing.LENGTH, 0, version=b"HTTP/1.1", date=b"", server=b"", connection=b"")
    assert bare == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(("connection", "end"), [(b"close", b"\r\nConnection: close\r\n\r\n"), (b"", b"s/1\r\n\r\n")])
def test_connection_is_said_when_there_is_something_to_say(connection: bytes, end: bytes) -> None:
    assert written(ResponseHead(200, b"OK", b"", 0), Framing.LENGTH, connection=connection).endswith(end)


def test_a_chunk_is_its_size_in_hex_and_its_data() -> None:
    assert chunk(b"a") == b"1\r\na\r\n"
    assert chunk(b"b" * 26) == b"1a\r\n" + b"b" * 26 + b"\r\n"
    assert (LAST_CHUNK, CONTINUE) == (b"0\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n")


def test_an_error_response_says_what_was_wrong_as_plain_text_and_closes() -> None:
    assert error_response(400, "no colon", date=DATE, server=b"s/1") == (
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
        b"Content-Length: 26\r\nDate: Mon, 12 Jan 2026 12:00:00 GMT\r\nServer: s/1\r\nConnection: close\r\n\r\n"
        b"400 Bad Request\n\nno colon\n"
    )


def test_an_error_response_to_head_has_the_same_fields_and_no_content() -> None:
    full, bare = (
        error_response(400, "no colon", date=DATE, server=b"s/1", content=content) for content in (True, False)
    )
    assert full == bare + b"400 Bad Request\n\nno colon\n"


def test_an_error_response_may_be_a_page() -> None:
    page = (b"Content-Type: text/html\r\n", b"<p>why")
    full, bare = (
        error_response(500, "", date=b"", server=b"", page=page, content=content) for content in (True, False)
    )
    assert full == bare + b"<p>why"
    assert bare.endswith(b" Error\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("status", [400, 408, 413, 414, 417, 431, 500, 501, 505])
def test_every_status_that_we_answer_has_its_phrase(status: int) -> None:
    line = f"HTTP/1.0 {status} {HTTPStatus(status).phrase}\r\n".encode()
    assert error_response(status, "why", date=b"", server=b"", version=b"HTTP/1.0").startswith(line)
