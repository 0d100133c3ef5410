"""Status and headers of an application's response: checked against PEP 3333 and RFC 9110, and encoded.

Floor 2, pure. Nothing that could break a response gets past here: no CR, LF or other control character, no name that is
not a token, no field that frames the message or belongs to the connection.
Source: PEP 3333 "The start_response() Callable" and "Other HTTP Features"; RFC 9110 §5, §15; RFC 9112 §4.
"""

from __future__ import annotations

import re
from typing import Any

from wsgiserve.errors import LocalProtocolError
from wsgiserve.http11 import ResponseHead
from wsgiserve.http11.fields import HOP_BY_HOP
from wsgiserve.http11.grammar import CONTENT_LENGTH, TCHAR

__all__ = ["check_response"]

# RFC 9112 §4: status-code SP [ reason-phrase ]. PEP 3333 wants both, divided by one space. Codes from 200 to 599: an
# interim response is not the application's to send, and RFC 9110 §15 calls anything above invalid.
_STATUS = re.compile(r"([2-5][0-9]{2}) ([\t -~\x80-\xff]*[!-~\x80-\xff])")
_NAME = re.compile(TCHAR.decode("ascii") + "+")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")

# A header that was checked once is not checked again: an application repeats most of its headers. Bounded as the
# parser's memos are, and for the same reasons; cookies are neither repeated nor to be kept.
_MEMO_ENTRIES = 512
_MEMO_CHARACTERS = 256
_MEMO_HEAD_BYTES = 1024
_statuses: dict[str, tuple[int, bytes]] = {}
_lines: dict[Any, bytes] = {}
_heads: dict[tuple[str, tuple[Any, ...]], ResponseHead] = {}

_NOT_KEPT = frozenset([b"content-length", b"date", b"server", b"set-cookie"])


def check_response(status: Any, headers: Any) -> ResponseHead:
    """Check the first two arguments of ``start_response``.

    Raises:
        LocalProtocolError: names the rule that was broken, and the header by its name, never by its value.
    """
    if not isinstance(headers, list):
        raise LocalProtocolError(f"response headers must be a list, not {_type(headers)} (PEP 3333)", code="E102")
    said = status, tuple(headers)  # at one moment, whoever else has the list
    # The memos are for str and tuple alone. A subclass of str may be equal to text that it does not hold, when it
    # ignores case for example.
    plain = type(status) is str
    try:
        for header in said[1]:
            name, value = header
            if type(header) is not tuple or type(name) is not str or type(value) is not str:
                plain = False
    except (TypeError, ValueError):  # no pairs
        plain = False
    known = _heads.get(said) if plain else None
    if known is not None:
        return known
    head = _check_head(*said)
    if plain and status in _statuses and len(head.fields) <= _MEMO_HEAD_BYTES and all(map(_is_kept, said[1])):
        if len(_heads) >= _MEMO_ENTRIES:
            _heads.clear()
        _heads[said] = head
    return head


def _is_kept(header: tuple[str, str]) -> bool:
    return header in _lines or header[0].lower() == "content-length"


def _check_head(status: Any, headers: tuple[Any, ...]) -> ResponseHead:
    known = _statuses.get(status) if type(status) is str else None
    code, reason = known or _check_status(status)
    head = ResponseHead(code, reason, b"", None)
    head.fields = b"".join([_kept_line(header) or _check_header(header, head) for header in headers])
    return head


def _check_status(status: Any) -> tuple[int, bytes]:
    if not isinstance(status, str):
        raise LocalProtocolError(f"the status must be a str, not {_type(status)} (PEP 3333)", code="E101")
    match = _STATUS.fullmatch(status)
    if match is None:
        raise LocalProtocolError(
            'the status must be a code from 200 to 599, a space and a reason phrase, such as "200 OK" (PEP 3333)',
            code="E101",
        )
    checked = int(match[1]), match[2].encode("latin-1")
    if type(status) is str and len(status) <= _MEMO_CHARACTERS:
        if len(_statuses) >= _MEMO_ENTRIES:
            _statuses.clear()
        _statuses[status] = checked
    return checked


def _kept_line(header: Any) -> bytes | None:
    if type(header) is not tuple or len(header) != 2:
        return None
    name, value = header
    # Of no other types: a subclass of str may be equal to text that it does not hold, when it ignores case for example.
    return _lines.get(header) if type(name) is str and type(value) is str else None


def _check_header(header: Any, head: ResponseHead) -> bytes:
    """One header as a field line; what the server must know of it is noted in ``head``."""
    if not isinstance(header, tuple) or len(header) != 2:
        raise LocalProtocolError("a response header must be a tuple of a name and a value (PEP 3333)", code="E102")
    name, value = header
    if not isinstance(name, str) or not isinstance(value, str):
        raise LocalProtocolError(
            f"name and value of a response header must be str, not {_type(name)} and {_type(value)} (PEP 3333)",
            code="E102",
        )
    if not _NAME.fullmatch(name):
        raise LocalProtocolError("the name of a response header is not a token (RFC 9110 §5.1)", code="E103")
    if not _VALUE.fullmatch(value):
        raise LocalProtocolError(
            f"the value of {name} has a control character or one beyond latin-1 (PEP 3333, RFC 9110 §5.5)",
            code="E103",
        )
    name, value = str.__str__(name), str.__str__(value)  # what was checked, whatever a subclass makes of its methods
    encoded = name.encode("ascii"), value.strip(" \t").encode("latin-1")
    line = _note(*encoded, head)
    if encoded[0].lower() not in _NOT_KEPT and len(line) <= _MEMO_CHARACTERS:
        if len(_lines) >= _MEMO_ENTRIES:
            _lines.clear()
        _lines[name, value] = line
    return line


def _note(name: bytes, value: bytes, head: ResponseHead) -> bytes:
    lower = name.lower()
    if lower in HOP_BY_HOP:
        raise LocalProtocolError(
            f"{name.decode()} belongs to the connection, which is the server's business (PEP 3333, hop-by-hop headers)",
            code="E104",
        )
    if lower == b"content-length":
        _note_length(value, head)
        return b""
    if lower == b"date":
        head.date = True
    elif lower == b"server":
        head.server = True
    return b"%b: %b\r\n" % (name, value)


def _note_length(value: bytes, head: ResponseHead) -> None:
    if head.length is not None:
        raise LocalProtocolError("Content-Length is set twice (RFC 9110 §8.6)", code="W207")
    # Eighteen digits: an exabyte, and nothing that Python's integers would refuse to read.
    if not CONTENT_LENGTH.fullmatch(value) or len(value) > 18:
        raise LocalProtocolError("Content-Length is not a number of bytes (RFC 9110 §8.6)", code="E103")
    head.length = int(value)


def _type(value: object) -> str:
    return type(value).__name__
