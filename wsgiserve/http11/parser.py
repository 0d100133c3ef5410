"""Request heads: bytes to Request, strictly, and quickly for bytes that were seen before.

Floor 1. The only place that reads a head. One parser serves all connections of a server; it keeps no state of theirs.
What it keeps are memos: a client repeats its request-line, its field lines, mostly its whole field section, and what
was validated once need not be validated again. Memos are bounded in entries and in bytes, hold nothing long and no
field that carries a secret; when one is full it starts anew, so that ever new lines cost a parse each and no memory.
Source: RFC 9112 §2.2 (message parsing), §3 (request-line), §3.2 (the four target forms), §5 (fields).
"""

from __future__ import annotations

import re
from typing import TypeVar

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11.events import FieldSection, Request, RequestLine, Template, TemplateRequest
from wsgiserve.http11.fields import SECRET, field_section, parse_field_line
from wsgiserve.http11.framing import request_framing, request_persistent
from wsgiserve.http11.grammar import (
    ABSOLUTE_FORM,
    AUTHORITY_FORM,
    FIELD_LINE,
    HOST,
    ORIGIN_FORM,
    REQUEST_LINE,
    SECRET_GET,
    TCHAR,
    USUAL_REQUEST_LINE,
)
from wsgiserve.http11.limits import Limits

__all__ = ["RequestParser"]

K = TypeVar("K")
T = TypeVar("T")
Pair = tuple[bytes, bytes]

# 512 entries are far more than the clients of one application vary in. At most 1 KiB a line, 4 KiB a head or section:
# two megabytes a memo at the worst. A browser's whole field section without its cookie is 400 to 700 bytes, and proxies
# add to it; what is not kept is read field by field, 2 µs each.
_MEMO_ENTRIES = 512
_MEMO_LINE_BYTES = 1024
_MEMO_HEAD_BYTES = 4096

# How clients write the fields that are not kept. A browser's other fields are the same in all of its requests: around a
# cookie they are found in 1 µs, and read one by one in 8.
_SECRET_LINES = (b"\r\nCookie: ", b"\r\nAuthorization: ")

# A number is looked for without an exception on the way, which takes 2,000 instructions: CPython tries that first.
_HASH = ord("#")

_TLS_HANDSHAKE = 0x16  # first byte of a TLS record that holds a ClientHello (RFC 8446 §5.1)
_METHOD_START = frozenset(b"".join(re.findall(TCHAR, bytes(range(128)))))


class RequestParser:
    """Reads request heads within ``limits``. Safe for several threads: its dictionaries are only looked up and set.

    Attributes:
        heads: whole heads, with the empty line that ends them, that have been read before; of requests without content.
        content_heads: the same of requests with content.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.heads: dict[bytes, Request] = {}
        self.content_heads: dict[bytes, Request] = {}
        self._lines: dict[bytes, RequestLine] = {}
        self._pairs: dict[bytes, Pair] = {}
        self._sections: dict[bytes, FieldSection] = {}
        self._templates: dict[tuple[bytes, bytes], Template] = {}
        self._longest_target = limits.request_line - len(b"GET  HTTP/1.1")

    def parse_head(self, head: bytes) -> Request:
        """Read a complete head, without the empty line that ends it.

        Raises:
            RemoteProtocolError: with the status that RFC 9110 §15 has for the mistake.
        """
        line_bytes, _, section_bytes = head.partition(b"\r\n")
        repeats = True
        line = self._lines.get(line_bytes)
        if line is None:
            line, repeats = self.parse_request_line(line_bytes), False
        fields = self._sections.get(section_bytes)
        if fields is None:
            fields, repeats = self._parse_section(section_bytes), False
        if fields.plain and line.version == (1, 1):
            return Request(line, fields, 0, True, False, repeats)
        return self._frame(line, fields, repeats)

    def fill(self, template: Template, head: bytes) -> TemplateRequest | None:
        """Read a whole head that may be a GET by this template; None if it is another, or something may be wrong.

        Args:
            template: of an earlier request's field section.
            head: anything that was received.
        """
        match = SECRET_GET.fullmatch(head)
        if match is None:
            return None
        target, before, value, after = match.groups()
        if before != template.before or after != template.after:
            known = self._templates.get((before, after))
            if known is None:
                return None
            template = known
        if len(value) > template.longest or len(target) > self._longest_target or _HASH in target:
            return None
        # Calling a class with an __init__ would take 600 instructions more, of 70,000.
        made = TemplateRequest.__new__(TemplateRequest)
        made.target, made.template, made.value = target, template, value
        made.length = 0
        made.usual = made.persistent = True
        made.memo = None
        return made

    def keep_head(self, head: bytes, request: Request) -> None:
        """Remember a request that ``repeats`` by its whole head, the empty line included."""
        _keep(self.heads if request.length == 0 else self.content_heads, head, request, _MEMO_HEAD_BYTES)

    def _frame(self, line: RequestLine, fields: FieldSection, repeats: bool) -> Request:
        # RFC 9112 §3.2: 400 for any HTTP/1.1 request without Host, whatever the form of its target.
        if fields.host is None and line.version >= (1, 1):
            raise RemoteProtocolError("an HTTP/1.1 request without a Host field")
        length = request_framing(line.version, fields)
        if length is not None and length > self.limits.body:
            raise RemoteProtocolError("the content is longer than this server takes", status=413)
        # RFC 9110 §10.1.1: ignored in HTTP/1.0, and without content there is nothing to wait for.
        expect = fields.expect_continue and line.version >= (1, 1) and length != 0
        persistent = request_persistent(line.version, fields)
        return Request(line, fields, length, persistent, expect, repeats)

    # Request-line

    def parse_request_line(self, line: bytes) -> RequestLine:
        """Read ``method SP request-target SP HTTP-version``; 414 when too long, 505 for another major version."""
        known = self._lines.get(line)
        if known is not None:
            return known
        if len(line) <= self.limits.request_line:
            usual = USUAL_REQUEST_LINE.fullmatch(line)
            if usual is not None and usual[1] != b"CONNECT":
                method, target, path, query = usual.groups()
                return self._keep_line(line, RequestLine(method, target, (1, 1), path, query or b"", None))
        self.check_line(line, 0, len(line))
        match = REQUEST_LINE.fullmatch(line)
        if match is None:
            raise RemoteProtocolError(_what_is_wrong(line))
        method, target, major, minor = match.groups()
        if major != b"1":
            raise RemoteProtocolError("an HTTP version other than 1.0 or 1.1", status=505)
        version = (1, 0) if minor == b"0" else (1, 1)
        return self._keep_line(line, RequestLine(method, target, version, *_parse_target(method, target)))

    def _keep_line(self, line: bytes, parsed: RequestLine) -> RequestLine:
        # A query may carry a token. The line is cheap to read again, and not worth keeping a secret for.
        if not parsed.query:
            _keep(self._lines, line, parsed, _MEMO_LINE_BYTES)
        return parsed

    def check_line(self, buffer: bytes, start: int, end: int, *, scanned: int = 0, terminator: int = 0) -> None:
        """Refuse a request-line, complete or still arriving, for its first byte, its line end or its size.

        Args:
            buffer: the line is ``buffer[start:end]``, and not empty.
            start: as above.
            end: as above.
            scanned: bytes of it in which an earlier call found nothing to refuse.
            terminator: bytes at the end that may belong to the CRLF rather than to the line.
        """
        first, limit = buffer[start], self.limits.request_line
        if first == _TLS_HANDSHAKE:
            raise RemoteProtocolError(
                "a TLS handshake on a port that speaks plain HTTP; use http:// instead of https://", slug="tls-on-http"
            )
        if first not in _METHOD_START:
            raise RemoteProtocolError("the request does not begin with a method")
        if buffer.find(b"\n", start + scanned, min(end, start + limit + 1)) >= 0:
            raise RemoteProtocolError("a line ends with LF instead of CRLF")
        if end - start - terminator > limit:
            raise RemoteProtocolError("the request line is too long", status=414)

    # Field section

    def _parse_section(self, section: bytes) -> FieldSection:
        secret = _find_secret(section)
        fields = self._parse_around(section, *secret) if secret else None
        if fields is not None:
            return fields
        self.check_section(section, 0, len(section))
        pairs = self.parse_fields(section)
        fields = field_section(pairs)
        secrets = [index for index, (name, _) in enumerate(pairs) if name in SECRET]
        if not secrets:
            self._keep_section(section, fields)
        elif secret and len(secrets) == 1:
            others = section[: secret[0]] + section[secret[1] :]
            del pairs[secrets[0]]
            self._keep_section(others, field_section(pairs))
        return fields

    def _keep_section(self, section: bytes, fields: FieldSection) -> None:
        if len(section) <= _MEMO_LINE_BYTES or max(map(len, section.split(b"\r\n"))) <= _MEMO_LINE_BYTES:
            _keep(self._sections, section, fields, _MEMO_HEAD_BYTES)

    def _parse_around(self, section: bytes, start: int, end: int) -> FieldSection | None:
        """Read a section of which all but one line was read before; None if it was not, or something may be wrong."""
        common = self._sections.get(section[:start] + section[end:])
        limits = self.limits
        if common is None or len(common.pairs) >= limits.fields or len(section) > limits.head:
            return None
        match = FIELD_LINE.fullmatch(section, start + 2, end)
        if match is None or end - start - 2 > limits.field:
            return None
        index = section.count(b"\r\n", 0, start) + 1
        fields = common.with_field(index, (match[1].lower(), match[2]))
        if common.plain:
            fields.template = self._template(fields, section, match)
        return fields

    def _template(self, fields: FieldSection, section: bytes, match: re.Match[bytes]) -> Template:
        """The section without the value that ``match`` has found in it."""
        around = b"\r\n" + section[: match.start(2)], section[match.end(2) :] + b"\r\n\r\n"
        template = self._templates.get(around)
        if template is None:
            room = min(self.limits.head - len(section), self.limits.field - len(match[0]))
            longest = len(match[2]) + room
            template = Template(fields, *around, longest)
            _remember(self._templates, around, template)
        return template

    def check_section(self, buffer: bytes, start: int, end: int, *, scanned: int = 0, terminator: int = 0) -> None:
        """Refuse a field section, complete or still arriving, for its line ends or its size.

        Args:
            buffer: the section is ``buffer[start:end]``, from the byte after the first line's CRLF.
            start: as above.
            end: as above.
            scanned: bytes of it in which an earlier call found nothing to refuse.
            terminator: bytes at the end that may belong to the empty line rather than to a field.
        """
        limit = self.limits.head
        if _bare_lf(buffer, start + scanned, min(end, start + limit)):
            raise RemoteProtocolError("a line ends with LF instead of CRLF")
        if end - start - terminator > limit:
            raise RemoteProtocolError("the header fields are too long", status=431)

    def parse_fields(self, section: bytes) -> list[Pair]:
        """Read field lines, of a head or of trailers; 431 when there are too many, or one is too long."""
        lines = section.split(b"\r\n") if section else []
        if len(lines) > self.limits.fields:
            raise RemoteProtocolError("too many header fields", status=431)
        known = self._pairs.get
        return [known(line) or self._parse_field_line(line) for line in lines]

    def _parse_field_line(self, line: bytes) -> Pair:
        if len(line) > self.limits.field:
            raise RemoteProtocolError("a header field is too long", status=431)
        pair = parse_field_line(line)
        if pair[0] not in SECRET:
            _keep(self._pairs, line, pair, _MEMO_LINE_BYTES)
        return pair


def _keep(memo: dict[bytes, T], key: bytes, value: T, longest: int) -> None:
    if len(key) <= longest:
        _remember(memo, key, value)


def _remember(memo: dict[K, T], key: K, value: T) -> None:
    if len(memo) >= _MEMO_ENTRIES:
        memo.clear()
    memo[key] = value


def _find_secret(section: bytes) -> tuple[int, int] | None:
    """Where a line that must not be kept begins, with the CRLF before it, and ends."""
    for mark in _SECRET_LINES:
        start = section.find(mark)
        if start >= 0:
            end = section.find(b"\r\n", start + len(mark))
            return start, len(section) if end < 0 else end
    return None


def _bare_lf(buffer: bytes, start: int, end: int) -> bool:
    # RFC 9112 §2.2: a recipient MAY take a single LF as a line terminator. We do not: a proxy that does not would read
    # another request than we do. Counting twice takes an eighth of the time of a pattern with a look-behind.
    return buffer.count(b"\n", start, end) != buffer.count(b"\r\n", max(start - 1, 0), end)


def _what_is_wrong(line: bytes) -> str:
    words = line.split(b" ")
    if len(words) == 2 and words[1].startswith(b"/"):
        return "a request line without a version, as in HTTP/0.9"
    if len(words) == 3 and any(byte >= 0x80 for byte in words[1]):
        return "a request target with bytes beyond ASCII, which must be percent-encoded"
    return "an invalid request line"


_Target = tuple[bytes, bytes, bytes | None]


def _parse_target(method: bytes, target: bytes) -> _Target:
    """Split a target into path, query and authority by the form that the method allows (RFC 9112 §3.2)."""
    if method == b"CONNECT":
        return _parse_authority_form(target)
    if target == b"*":
        return _parse_asterisk_form(method)
    for parse in (_parse_origin_form, _parse_absolute_form):
        parsed = parse(target)
        if parsed is not None:
            return parsed
    raise RemoteProtocolError("an invalid request target")


def _parse_origin_form(target: bytes) -> _Target | None:
    match = ORIGIN_FORM.fullmatch(target)
    return (match[1], match[2] or b"", None) if match else None


def _parse_absolute_form(target: bytes) -> _Target | None:
    match = ABSOLUTE_FORM.fullmatch(target)
    if match is None or not HOST.fullmatch(match[2]):
        return None
    # RFC 9110 §4.2.3: an empty path of an http URI is the same as "/".
    return match[3] or b"/", match[4] or b"", match[2]


def _parse_authority_form(target: bytes) -> _Target:
    if not AUTHORITY_FORM.fullmatch(target) or not HOST.fullmatch(target):
        raise RemoteProtocolError("a CONNECT request whose target is not host:port")
    raise RemoteProtocolError("CONNECT asks for a tunnel, and this server is not a proxy", status=501)


def _parse_asterisk_form(method: bytes) -> _Target:
    if method != b"OPTIONS":
        raise RemoteProtocolError("the target * with a method other than OPTIONS")
    return b"", b"", None
