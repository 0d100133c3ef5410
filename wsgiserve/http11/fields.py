"""Field sections: one line to a pair, a list of pairs to what framing needs to know.

Floor 1, pure. Reads names and values, knows no limits and no buffers.
Source: RFC 9110 §5 (fields), §7.2 (Host), §8.6 (Content-Length), §10.1.1 (Expect); RFC 9112 §5 (field syntax), §6.1
(Transfer-Encoding).
"""

from __future__ import annotations

from collections.abc import Iterable

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11.events import FieldSection
from wsgiserve.http11.grammar import CONTENT_LENGTH, FIELD_LINE, HOST, NAME_AND_SPACE

__all__ = ["HOP_BY_HOP", "SECRET", "field_section", "list_members", "parse_field_line"]

Pair = tuple[bytes, bytes]

HOP_BY_HOP = frozenset(
    [
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
    ]
)
"""Fields of one connection, as PEP 3333 takes them from RFC 2616 §13.5.1; an application may not set them."""

SECRET = frozenset([b"authorization", b"cookie", b"proxy-authorization"])
"""Fields that identify a person: never kept in a memo, where they would outlive their request."""

# Fields of which a second one would let two readers of the same bytes see two different requests.
_SINGLE = frozenset([b"content-length", b"content-type", b"host"])

# Nineteen digits hold 2**63. No limit on content is higher, and Python refuses to convert more than 4,300 digits.
_CONTENT_LENGTH_DIGITS = 19


def parse_field_line(line: bytes) -> Pair:
    """Read ``field-name ":" OWS field-value OWS``; the name comes back in lower case.

    Raises:
        RemoteProtocolError: 400; the reason tells the usual mistakes apart.
    """
    match = FIELD_LINE.fullmatch(line)
    if match is None:
        raise RemoteProtocolError(_what_is_wrong(line))
    name, value = match.groups()
    return name.lower(), value


def _what_is_wrong(line: bytes) -> str:
    if line[:1] in (b" ", b"\t"):
        # obs-fold. RFC 9112 §5.2 lets a server refuse it or join it; joined lines are where a proxy and a server
        # read different requests. wsgiserve/conform/wire/invalid/obs-fold.http
        return "a folded field line"
    if b":" not in line:
        return "a field line without a colon"
    if NAME_AND_SPACE.fullmatch(line):
        return "white space between a field name and its colon"
    name, _, _ = line.partition(b":")
    if FIELD_LINE.fullmatch(name + b":"):
        return "a control character in a field value"
    return "an invalid field name"


def list_members(value: bytes) -> list[bytes]:
    """Members of a comma-separated list of tokens, in lower case, empty ones left out (RFC 9110 §5.6.1)."""
    return [member for part in value.lower().split(b",") if (member := part.strip(b" \t"))]


def field_section(pairs: Iterable[Pair]) -> FieldSection:
    """Draw from a request's fields what framing and routing need.

    Raises:
        RemoteProtocolError: 400 for a repeated or invalid single field, 417 for an unknown expectation, 501 for a
            transfer coding other than ``chunked``.
    """
    pairs = tuple(pairs)
    single: dict[bytes, bytes] = {}
    connection: list[bytes] = []
    codings: list[bytes] | None = None
    expect: list[bytes] = []
    for name, value in pairs:
        if name in _SINGLE:
            if name in single:
                raise RemoteProtocolError(f"more than one {_title(name)} field")
            single[name] = value
        elif name == b"connection":
            connection += list_members(value)
        elif name == b"transfer-encoding":
            codings = (codings or []) + list_members(value)
        elif name == b"expect":
            expect += list_members(value)
    return FieldSection(
        pairs,
        host=_check_host(single.get(b"host")),
        content_length=_read_content_length(single.get(b"content-length")),
        chunked=codings is not None and _is_chunked(codings),
        close=b"close" in connection,
        keep_alive=b"keep-alive" in connection,
        expect_continue=bool(expect) and _is_continue(expect),
    )


def _title(name: bytes) -> str:
    return name.decode("ascii").title()


def _check_host(value: bytes | None) -> bytes | None:
    if value is not None and not HOST.fullmatch(value):
        raise RemoteProtocolError("an invalid Host field")
    return value


def _read_content_length(value: bytes | None) -> int | None:
    if value is None:
        return None
    # "+3", "3_0", "0x3" and "3, 3" are numbers or lists to somebody, and lengths to nobody.
    if not CONTENT_LENGTH.fullmatch(value):
        raise RemoteProtocolError("an invalid Content-Length field")
    digits = value.lstrip(b"0")
    if len(digits) > _CONTENT_LENGTH_DIGITS:
        raise RemoteProtocolError("the content is longer than this server takes", status=413)
    return int(digits or b"0")


def _is_chunked(codings: list[bytes]) -> bool:
    # §6.3 rule 4: without chunked at the end, and there alone (§6.1), nobody knows where the content ends: 400. §6.1: a
    # coding below it that we do not know, and we know none: 501.
    if codings[-1:] != [b"chunked"] or codings.count(b"chunked") > 1:
        raise RemoteProtocolError("chunked is not the last transfer coding, and used once")
    if codings != [b"chunked"]:
        raise RemoteProtocolError("a transfer coding other than chunked", status=501)
    return True


def _is_continue(expect: list[bytes]) -> bool:
    if set(expect) != {b"100-continue"}:
        raise RemoteProtocolError("an expectation other than 100-continue", status=417)
    return True
