"""What a connection reads from the client, as plain objects.

Floor 1, no behaviour beyond construction. Everything is bytes and the RFC's words; native strings begin in ``wsgi/``.
Source: RFC 9110 §6, RFC 9112 §3.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

__all__ = [
    "CLOSED",
    "NEED_DATA",
    "Data",
    "EndOfMessage",
    "Event",
    "FieldSection",
    "Request",
    "RequestLine",
    "Signal",
    "Template",
    "TemplateRequest",
]


class Signal(enum.Enum):
    """Answers of ``Connection.next_event`` that carry nothing."""

    NEED_DATA = "the next event needs more bytes: call receive_data"
    CLOSED = "the client closed the connection between two messages"


NEED_DATA: Final = Signal.NEED_DATA
CLOSED: Final = Signal.CLOSED


class RequestLine:
    """A valid request-line, shared between requests that repeat it.

    Attributes:
        method: as sent; methods are case-sensitive (RFC 9110 §9.1).
        target: as sent, one of the four forms of RFC 9112 §3.2.
        version: ``(1, 0)`` or ``(1, 1)``; a higher minor version is read as 1.1 (RFC 9110 §2.5).
        path: absolute-path of the target; empty for asterisk-form.
        query: without the question mark; empty when there is none.
        authority: of an absolute-form target, else None. It takes the place of Host (RFC 9112 §3.2.2).
        usual: HTTP/1.1, and a method other than HEAD.
        memo: for the floor above: whatever it derives from this line, kept as long as the line is.
        said: likewise for who tells of the request: method, target and version as text.
    """

    __slots__ = ("authority", "memo", "method", "path", "query", "said", "target", "usual", "version")

    def __init__(
        self, method: bytes, target: bytes, version: tuple[int, int], path: bytes, query: bytes, authority: bytes | None
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.path = path
        self.query = query
        self.authority = authority
        self.usual = version == (1, 1) and method != b"HEAD"
        self.memo: Any = None
        self.said: tuple[str, str, str] | None = None


class FieldSection:
    """A valid field section and what framing needs to know of it; shared between requests that repeat it.

    Attributes:
        pairs: ``(name, value)`` in the order sent; names in lower case, values without surrounding white space.
        host: value of the one Host field, None if there is none.
        content_length: value of the one Content-Length field, None if there is none.
        chunked: there is a Transfer-Encoding field, and it says ``chunked``.
        close: Connection holds ``close``.
        keep_alive: Connection holds ``keep-alive``; means something in HTTP/1.0 only.
        expect_continue: Expect is ``100-continue``.
        plain: exactly one Host and no field that changes framing or persistence in HTTP/1.1: the common GET.
        common: if this is a section that others repeat but for one field: that section, without the field.
        own: that field, None if there is none; it stands before the common one at ``index``.
        template: what another request of the same client would fill in, None if there is none.
        memo: as in RequestLine.
    """

    __slots__ = (
        "chunked",
        "close",
        "common",
        "content_length",
        "expect_continue",
        "host",
        "index",
        "keep_alive",
        "memo",
        "own",
        "pairs",
        "plain",
        "template",
    )

    def __init__(
        self,
        pairs: tuple[tuple[bytes, bytes], ...],
        *,
        host: bytes | None,
        content_length: int | None,
        chunked: bool,
        close: bool,
        keep_alive: bool,
        expect_continue: bool,
    ) -> None:
        self.pairs = pairs
        self.host = host
        self.content_length = content_length
        self.chunked = chunked
        self.close = close
        self.keep_alive = keep_alive
        self.expect_continue = expect_continue
        # RFC 9112 §9.3: keep-alive says nothing that HTTP/1.1 does not say without it.
        self.plain = host is not None and content_length is None and not (chunked or close or expect_continue)
        self.common: FieldSection | None = None
        self.own: tuple[bytes, bytes] | None = None
        self.index = 0
        self.template: Template | None = None
        self.memo: Any = None

    def with_field(self, index: int, pair: tuple[bytes, bytes]) -> FieldSection:
        """This section with one field more, before the one at ``index``: one that framing need not know of."""
        made = FieldSection.__new__(FieldSection)
        made.plain, made.common, made.own, made.index, made.memo = self.plain, self, pair, index, None
        made.template = self.template
        return made

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """What ``with_field`` has left out is looked up when somebody asks, which is seldom."""
            common = self.common
            if name != "pairs":
                return getattr(common, name)
            return (*common.pairs[: self.index], self.own, *common.pairs[self.index :])


class Template:
    """A field section that is sent again and again, but for one value that must not be kept: a cookie.

    Attributes:
        common: the section without that field.
        index: the place of the field in it.
        name: of the field, in lower case.
        before: the bytes from the end of the request-line to the value.
        after: the bytes from the value to the end of the head.
        longest: bytes of value with which line and section are within the limits.
        memo: as in RequestLine.
    """

    __slots__ = ("after", "before", "common", "index", "longest", "memo", "name")

    def __init__(self, fields: FieldSection, before: bytes, after: bytes, longest: int) -> None:
        assert fields.common is not None
        assert fields.own is not None
        self.common = fields.common
        self.index = fields.index
        self.name = fields.own[0]
        self.before = before
        self.after = after
        self.longest = longest
        self.memo: Any = None

    def section(self, value: bytes) -> FieldSection:
        """The section with this value."""
        return self.common.with_field(self.index, (self.name, value))


class Request:
    """A complete request head. If there is content, it follows as Data events, and its end as EndOfMessage.

    Attributes:
        line: the request-line.
        fields: the field section.
        length: bytes of content to come; 0 for none, None when chunked.
        persistent: the client would keep the connection (RFC 9112 §9.3).
        expect_continue: the client waits for ``100 Continue`` before it sends content (RFC 9110 §10.1.1).
        usual: an HTTP/1.1 request without content, whose response has content.
        repeats: line and fields were read before, so the whole may come again, and is worth keeping.
        memo: as in RequestLine; of a request that ``repeats``.
    """

    __slots__ = ("expect_continue", "fields", "length", "line", "memo", "persistent", "repeats", "usual")

    def __init__(
        self,
        line: RequestLine,
        fields: FieldSection,
        length: int | None,
        persistent: bool,
        expect_continue: bool,
        repeats: bool = False,
    ) -> None:
        self.line = line
        self.fields = fields
        self.length = length
        self.persistent = persistent
        self.expect_continue = expect_continue
        self.usual = length == 0 and line.usual
        self.repeats = repeats
        self.memo: Any = None

    def __eq__(self, other: object) -> bool:
        """Equal when every byte that was sent and every conclusion drawn from it is equal."""
        return isinstance(other, Request) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"<Request {self.line.method!r} {self.line.target!r} {self.fields.pairs!r} length={self.length}>"

    def _key(self) -> tuple[object, ...]:
        line = self.line
        return (line.method, line.target, line.version, self.fields.pairs, self.length, self.persistent)


class TemplateRequest(Request):
    """A GET in HTTP/1.1 whose field section has been sent before, but for one value.

    One is made for each request of a browser, so ``RequestParser.fill`` sets nothing that is not needed each time.

    Attributes:
        target: in origin-form.
        template: the section.
        value: what is not in the template.
    """

    __slots__ = ("target", "template", "value")

    repeats = expect_continue = False

    target: bytes
    template: Template
    value: bytes

    @property
    def line(self) -> RequestLine:  # type: ignore[override]  # nobody sets it
        """As in Request; made anew each time it is asked for."""
        path, _, query = self.target.partition(b"?")
        return RequestLine(b"GET", self.target, (1, 1), path, query, None)

    @property
    def fields(self) -> FieldSection:  # type: ignore[override]  # nobody sets it
        """As in Request; made anew each time it is asked for."""
        return self.template.section(self.value)


class Data(NamedTuple):
    """Some bytes of content, never empty; how they are cut means nothing."""

    data: bytes


class EndOfMessage(NamedTuple):
    """The content is complete. Trailers (RFC 9110 §6.5) are for whoever asks; they never become header fields."""

    trailers: tuple[tuple[bytes, bytes], ...] = ()


Event = Request | Data | EndOfMessage | Literal[Signal.NEED_DATA, Signal.CLOSED]
