"""Where h11 and llhttp read the same bytes otherwise than we do: who is right, and by which section.

``docs/oracles.md`` shows the table; ``python -m tests.http11.disagreements`` writes it there. A disagreement without
a row is a mistake of ours until somebody has looked at it, and so is a row that is never met.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.http11.oracles import Message, Reading, by_h11, by_llhttp, by_us

__all__ = ["PAGE", "ROWS", "Disagreement", "Row", "complaints", "disagreements", "page", "row_of"]

PAGE = Path(__file__).parents[2] / "docs" / "oracles.md"

_ORACLES = {"h11": by_h11, "llhttp": by_llhttp}


class Disagreement(NamedTuple):
    """The first place where an oracle and we part; behind it they are out of step."""

    oracle: str
    message: Message
    """As one of both read it."""
    refusal: str
    """Ours; empty if the oracle refused it."""
    data: bytes
    """All of it."""


class Row(NamedTuple):
    """A kind of disagreement."""

    oracles: tuple[str, ...]
    we: str
    """``accept`` or ``refuse``; they do the other."""
    what: str
    rule: str
    applies: Callable[[Disagreement], object]


def _in_data(pattern: bytes) -> Callable[[Disagreement], object]:
    return lambda found: re.search(pattern, found.data)


def _in_fields(name: bytes, pattern: bytes) -> Callable[[Disagreement], object]:
    return lambda found: any(key == name and re.search(pattern, value) for key, value in found.message.fields)


def _behind_an_empty_line(found: Disagreement) -> object:
    line = re.escape(b"%b %b" % (found.message.method, found.message.target))
    # An LF without CR ends content: the lines of a head all have both.
    return re.search(rb"(\A|\n\r\n|[^\r\n]|[^\r]\n)\r\n(\r\n)*" + line, found.data)


def _accept(oracles: str, what: str, rule: str, applies: Callable[[Disagreement], object]) -> Row:
    return Row(tuple(oracles.split()), "accept", what, rule, applies)


def _refuse(oracles: str, what: str, rule: str) -> Row:
    return Row(tuple(oracles.split()), "refuse", what, rule, lambda found: found.refusal == what)


_BOTH = "h11 llhttp"

_METHODS_OF_LLHTTP = {
    *b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY".split(),
    *b"COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL".split(),
    *b"REPORT MKACTIVITY CHECKOUT MERGE MKCALENDAR LINK UNLINK SOURCE PURGE".split(),
    *b"M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE".split(),
}

ROWS = [
    _accept(
        _BOTH,
        "empty members in the list of transfer codings",
        "RFC 9110 §5.6.1.2: a recipient MUST parse and ignore a reasonable number of them",
        _in_fields(b"transfer-encoding", rb",|\A\Z"),  # a field without a value has one member, and that is empty
    ),
    _accept(
        _BOTH,
        "white space before the semicolon of a chunk extension",
        "RFC 9110 §5.6.3: a recipient MUST parse bad white space and remove it",
        _in_data(rb"\n[0-9A-Fa-f]+[ \t]+;"),
    ),
    _accept(
        _BOTH,
        "fields in trailers that would frame a message in a head",
        "RFC 9110 §6.5.1: trailers are kept apart, and nobody merges them; they frame nothing",
        _in_data(rb"\n0+\r\n(?:.+\r\n)*(?i:host|content-length|transfer-encoding|connection):"),
    ),
    _accept(
        "h11",
        "a request after one of HTTP/1.0 with keep-alive",
        "RFC 9112 §9.3: such a connection persists",
        _in_data(rb"(?is)HTTP/1\.0.*keep-alive"),
    ),
    _accept(
        "h11",
        "empty lines before a request-line",
        "RFC 9112 §2.2: a server SHOULD ignore at least one",
        _behind_an_empty_line,
    ),
    _accept(
        "h11",
        "a Content-Length of more than 20 digits",
        "RFC 9110 §8.6: 1*DIGIT, however many; leading zeros are digits",
        _in_fields(b"content-length", rb".{21}"),
    ),
    _accept(
        "llhttp",
        "methods that it does not know",
        "RFC 9110 §9.1: methods are extensible; whether one is allowed is the application's to say",
        lambda found: found.message.method not in _METHODS_OF_LLHTTP,
    ),
    _accept(
        "llhttp",
        "HTTP/1.2 and above",
        "RFC 9110 §2.5: a request of a higher minor version is answered in the highest that we speak",
        _in_data(rb"HTTP/1\.[2-9]"),
    ),
    _accept(
        "llhttp",
        "what follows a request with Proxy-Connection",
        "RFC 9112 §C.2.2: that field is not Connection",
        _in_data(rb"(?i)proxy-connection"),
    ),
    _refuse(
        _BOTH, "an invalid Host field", "RFC 9112 §3.2: a server MUST answer 400 to a field that is no host and port"
    ),
    _refuse("llhttp", "more than one Host field", "RFC 9112 §3.2: a server MUST answer 400"),
    _refuse(_BOTH, "an HTTP/1.1 request without a Host field", "RFC 9112 §3.2: a server MUST answer 400"),
    _refuse(_BOTH, "an invalid request target", "RFC 9112 §3.2: one of four forms, none of which has a fragment"),
    _refuse(
        _BOTH, "a CONNECT request whose target is not host:port", "RFC 9112 §3.2.3: CONNECT has the authority form"
    ),
    _refuse(_BOTH, "the target * with a method other than OPTIONS", "RFC 9112 §3.2.4: the form is for OPTIONS alone"),
    _refuse(
        _BOTH,
        "CONNECT asks for a tunnel, and this server is not a proxy",
        "RFC 9110 §9.3.6: an origin server MAY accept CONNECT, and most do not",
    ),
    _refuse(
        _BOTH,
        "a line ends with LF instead of CRLF",
        "RFC 9112 §2.2: a recipient MAY take LF for the end of a line; two readings of one line are how requests are "
        "smuggled, and no client of today sends it",
    ),
    _refuse(
        _BOTH,
        "an invalid chunk size or chunk extension",
        "RFC 9112 §7.1: 1*HEXDIG, then extensions of tokens and quoted strings; who is lenient here reads other chunks",
    ),
    _refuse("h11", "a folded field line", "RFC 9112 §5.2: a server MUST refuse it or join it with spaces; we refuse"),
    _refuse(
        "h11",
        "a control character in a field value",
        "RFC 9110 §5.5: such values are invalid; a recipient MAY keep them",
    ),
    _refuse(_BOTH, "an HTTP version other than 1.0 or 1.1", "RFC 9110 §15.6.6: 505 for another major version"),
    _refuse(
        "llhttp",
        "a request line without a version, as in HTTP/0.9",
        "RFC 9112 §3: the version is part of a request-line",
    ),
    _refuse("llhttp", "an invalid request line", "RFC 9112 §3: method, target and version, one space between them"),
    _refuse("llhttp", "the request does not begin with a method", "RFC 9112 §3: a method is a token"),
    _refuse(
        "llhttp",
        "empty lines where a request was expected",
        "RFC 9112 §2.2: at least one is ignored; we ignore four, so that nobody can send them for ever",
    ),
    _refuse(_BOTH, "an expectation other than 100-continue", "RFC 9110 §10.1.1: a server MAY answer 417"),
    _refuse(
        "h11",
        "Content-Length and Transfer-Encoding in one request",
        "RFC 9112 §6.1, §6.3: a server MAY reject it, and it ought to be handled as an error",
    ),
    _refuse("llhttp", "a transfer coding other than chunked", "RFC 9112 §6.1: 501 for a coding that is not understood"),
    _refuse(_BOTH, "Transfer-Encoding in an HTTP/1.0 request", "RFC 9112 §6.1: its framing MUST be treated as faulty"),
    _refuse(
        "h11",
        "more than one Content-Length field",
        "RFC 9112 §6.3: unrecoverable, unless all are the same number, which a recipient MAY accept; we do not",
    ),
    _refuse("h11", "an invalid Content-Length field", "RFC 9112 §6.3: the same, for a list in one field"),
    _refuse(
        "llhttp",
        "the connection ends with a response",
        "RFC 9112 §9.3: where close is among the connection options, keep-alive beside it changes nothing",
    ),
    _refuse(_BOTH, "more than one Content-Type field", "RFC 9110 §8.3: it is no list, and PEP 3333 has room for one"),
]


def disagreements(data: bytes) -> Iterator[Disagreement]:
    """Of each oracle, the first one.

    Raises:
        AssertionError: a message that both accept is not the same, or one of both waits for the end of one that the
            other has read whole. No row could be an excuse.
    """
    us = by_us(data)
    for oracle, reading in _ORACLES.items():
        # llhttp stops at an Upgrade whatever the server answers, and gives the content away as the next protocol's.
        if oracle == "llhttp" and re.search(rb"(?i)upgrade", data):
            continue
        they = reading(data)
        common = min(len(us.messages), len(they.messages))
        assert us.messages[:common] == they.messages[:common], (oracle, data)
        assert they.refused or len(they.messages) >= len(us.messages), (oracle, data)
        assert us.refused or len(us.messages) >= len(they.messages), (oracle, data)
        yield from _parting(oracle, us, they, data)


def _parting(oracle: str, us: Reading, they: Reading, data: bytes) -> Iterator[Disagreement]:
    if they.refused and len(they.messages) < len(us.messages):
        yield Disagreement(oracle, us.messages[len(they.messages)], "", data)
    elif us.refused and len(us.messages) < len(they.messages):
        yield Disagreement(oracle, they.messages[len(us.messages)], us.refused, data)


def row_of(found: Disagreement) -> Row | None:
    """The first row that is about it."""
    we = "refuse" if found.refusal else "accept"
    rows = (row for row in ROWS if row.we == we and found.oracle in row.oracles)
    return next((row for row in rows if row.applies(found)), None)


def complaints(data: bytes) -> list[Disagreement]:
    """Those without a row."""
    return [found for found in disagreements(data) if row_of(found) is None]


def page(text: str) -> str:
    """The page with the table as it is."""
    lines = ["| | h11 | llhttp | wsgiserve | Who is right |", "|---|---|---|---|---|"]
    for row in ROWS:
        they = "refuses" if row.we == "accept" else "accepts"
        ours = f"{row.we}s"
        cells = [they if oracle in row.oracles else ours for oracle in _ORACLES]
        lines.append(f"| {row.what} | {' | '.join(cells)} | {ours} | {row.rule} |")
    table = "\n".join(lines)
    return re.sub(
        r"(<!-- rows -->\n).*(\n<!-- end -->)", lambda match: match[1] + table + match[2], text, flags=re.DOTALL
    )


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
