"""The rules of RFC 9112 §6.3 and §9.3, as tables."""

from __future__ import annotations

import pytest

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11.events import FieldSection
from wsgiserve.http11.framing import Framing, request_framing, request_persistent, response_framing


def fields(
    *, content_length: int | None = None, chunked: bool = False, close: bool = False, keep_alive: bool = False
) -> FieldSection:
    return FieldSection(
        (),
        host=b"a.example",
        content_length=content_length,
        chunked=chunked,
        close=close,
        keep_alive=keep_alive,
        expect_continue=False,
    )


@pytest.mark.parametrize(
    ("rule", "version", "section", "length"),
    [
        ("rule 4", (1, 1), fields(chunked=True), None),
        ("rule 6", (1, 1), fields(content_length=5), 5),
        ("rule 6", (1, 0), fields(content_length=5), 5),
        ("rule 6", (1, 1), fields(content_length=0), 0),
        ("rule 7", (1, 1), fields(), 0),
        ("rule 7", (1, 0), fields(), 0),
    ],
)
def test_where_a_request_ends(rule: str, version: tuple[int, int], section: FieldSection, length: int | None) -> None:
    assert request_framing(version, section) == length, rule


@pytest.mark.parametrize(
    ("rule", "version", "section", "reason"),
    [
        (
            "rule 3",
            (1, 1),
            fields(chunked=True, content_length=5),
            "Content-Length and Transfer-Encoding in one request",
        ),
        (
            "rule 3",
            (1, 1),
            fields(chunked=True, content_length=0),
            "Content-Length and Transfer-Encoding in one request",
        ),
        (
            "rule 3",
            (1, 0),
            fields(chunked=True, content_length=5),
            "Content-Length and Transfer-Encoding in one request",
        ),
        ("§6.1", (1, 0), fields(chunked=True), "Transfer-Encoding in an HTTP/1.0 request"),
    ],
)
def test_framing_that_two_readers_could_take_for_two_things_is_refused(
    rule: str, version: tuple[int, int], section: FieldSection, reason: str
) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        request_framing(version, section)
    assert (caught.value.status, str(caught.value)) == (400, reason), rule


@pytest.mark.parametrize(
    ("version", "close", "keep_alive", "persistent"),
    [
        ((1, 1), False, False, True),
        ((1, 1), False, True, True),
        ((1, 1), True, False, False),
        ((1, 1), True, True, False),
        ((1, 0), False, False, False),
        ((1, 0), False, True, True),
        ((1, 0), True, False, False),
        ((1, 0), True, True, False),
    ],
)
def test_whether_a_client_would_use_the_connection_again(
    version: tuple[int, int], close: bool, keep_alive: bool, persistent: bool
) -> None:
    assert request_persistent(version, fields(close=close, keep_alive=keep_alive)) is persistent


@pytest.mark.parametrize(
    ("rule", "method", "version", "status", "length", "framing"),
    [
        ("rule 1", b"HEAD", (1, 1), 200, None, Framing.NO_CONTENT),
        ("rule 1", b"HEAD", (1, 1), 200, 5, Framing.NO_CONTENT),
        ("rule 1", b"HEAD", (1, 0), 404, 5, Framing.NO_CONTENT),
        ("rule 1", b"GET", (1, 1), 204, None, Framing.NO_CONTENT),
        ("rule 1", b"GET", (1, 1), 304, None, Framing.NO_CONTENT),
        ("rule 1", b"GET", (1, 1), 304, 5, Framing.NO_CONTENT),
        ("rule 1", b"GET", (1, 0), 204, None, Framing.NO_CONTENT),
        ("rule 6", b"GET", (1, 1), 200, 5, Framing.LENGTH),
        ("rule 6", b"GET", (1, 1), 200, 0, Framing.LENGTH),
        ("rule 6", b"GET", (1, 0), 200, 5, Framing.LENGTH),
        ("rule 6", b"head", (1, 1), 200, 5, Framing.LENGTH),
        ("rule 4", b"GET", (1, 1), 200, None, Framing.CHUNKED),
        ("rule 4", b"GET", (1, 1), 205, None, Framing.CHUNKED),
        ("rule 8", b"GET", (1, 0), 200, None, Framing.UNTIL_CLOSE),
    ],
)
def test_how_a_client_finds_the_end_of_a_response(
    rule: str, method: bytes, version: tuple[int, int], status: int, length: int | None, framing: Framing
) -> None:
    assert response_framing(method, version, status, length) is framing, rule
