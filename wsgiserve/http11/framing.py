"""Message framing: where a request's content ends, how we mark the end of ours, and whether the connection lives on.

Floor 1, no I/O: pure functions of method, version, status, fields and length. Knows no sockets, no WSGI.
Source: RFC 9112 §6.3, rules numbered as there; §9.3 for persistence; RFC 9110 §8.6 for Content-Length.
"""

from __future__ import annotations

import enum
from typing import Final

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11.events import FieldSection

__all__ = [
    "CHUNKED",
    "LENGTH",
    "NO_CONTENT",
    "UNTIL_CLOSE",
    "Framing",
    "request_framing",
    "request_persistent",
    "response_framing",
]


class Framing(enum.Enum):
    """How the client finds the end of a response's content."""

    NO_CONTENT = "there is none, whatever the fields say"
    LENGTH = "Content-Length counts it"
    CHUNKED = "the last chunk ends it"
    UNTIL_CLOSE = "the end of the connection ends it"


# A global is found faster than a member of an enumeration, which a streamed block asked for five times.
NO_CONTENT: Final = Framing.NO_CONTENT
LENGTH: Final = Framing.LENGTH
CHUNKED: Final = Framing.CHUNKED
UNTIL_CLOSE: Final = Framing.UNTIL_CLOSE


def request_framing(version: tuple[int, int], fields: FieldSection) -> int | None:
    """Find where the request's content ends.

    Returns:
        Bytes of content (0 for none), or None when it is chunked.
    Raises:
        RemoteProtocolError: the fields contradict each other or the version.
    Source: RFC 9112 §6.3 rules 3 to 7; §6.1 for the two refusals.
    """
    if not fields.chunked:
        return fields.content_length or 0
    # Rule 3 would let Transfer-Encoding win. A message with both is how requests are smuggled, so we refuse it.
    if fields.content_length is not None:
        raise RemoteProtocolError("Content-Length and Transfer-Encoding in one request")
    # §6.1: the framing of an HTTP/1.0 message with Transfer-Encoding is faulty.
    if version < (1, 1):
        raise RemoteProtocolError("Transfer-Encoding in an HTTP/1.0 request")
    return None


def request_persistent(version: tuple[int, int], fields: FieldSection) -> bool:
    """Whether the client would use the connection again. Source: RFC 9112 §9.3, first three rules of its list."""
    if fields.close:
        return False
    return version >= (1, 1) or fields.keep_alive


def response_framing(method: bytes, version: tuple[int, int], status: int, length: int | None) -> Framing:
    """Choose how the client will know where the response content ends.

    Args:
        method: of the request; a response to HEAD never has content.
        version: of the request; a client older than 1.1 never sees chunks.
        status: final status code, 200 to 599.
        length: content in bytes if it is known, else None.
    Returns:
        One of the four; UNTIL_CLOSE implies ``Connection: close``.
    Source: RFC 9112 §6.3 rules 1, 4, 6 and 8; §6.1 for HTTP/1.0.
    """
    if method == b"HEAD" or status in (204, 304):
        return NO_CONTENT
    if length is not None:
        return LENGTH
    if version >= (1, 1):
        return CHUNKED
    return UNTIL_CLOSE
