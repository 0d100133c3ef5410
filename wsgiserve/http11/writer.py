"""Responses: status-line, fields and framed content as bytes.

Floor 1, pure. Field lines come in checked and encoded; the framing fields, which no application may set, are added
here.
Source: RFC 9112 §4 (status-line), §7.1 (chunks), §9.6 (Connection: close); RFC 9110 §6.6.1 (Date), §10.2.4 (Server).
"""

from __future__ import annotations

from wsgiserve.http11.framing import CHUNKED, LENGTH, NO_CONTENT, Framing

__all__ = ["CONTINUE", "LAST_CHUNK", "ResponseHead", "chunk", "error_response", "response_head"]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


class ResponseHead:
    """What the application said of its response, checked and encoded; shared between responses that repeat it.

    Attributes:
        status: final status code, 200 to 599.
        reason: reason phrase, may be empty.
        fields: field lines, each with its CRLF, without Content-Length.
        length: of the content by the application's Content-Length, None if it sent none.
        date: the application sent a Date of its own.
        server: the application sent a Server of its own.
        written: for a ``Connection``: the date, server, length and persistence of the connection for which it was
            written last, and the bytes.
    """

    __slots__ = ("date", "fields", "length", "reason", "server", "status", "written")

    def __init__(
        self, status: int, reason: bytes, fields: bytes, length: int | None, date: bool = False, server: bool = False
    ) -> None:
        self.status = status
        self.reason = reason
        self.fields = fields
        self.length = length
        self.date = date
        self.server = server
        self.written: tuple[bytes, bytes, int, bool, bytes] = (b"", b"", -1, False, b"")


def response_head(
    head: ResponseHead,
    framing: Framing,
    length: int | None,
    *,
    version: bytes,
    date: bytes,
    server: bytes,
    connection: bytes,
    late_fields: bytes = b"",
) -> bytes:
    """Put a response head together.

    Args:
        head: what the application said.
        framing: CHUNKED adds Transfer-Encoding.
        length: becomes Content-Length unless it is None; ``head.length`` is what the application said of it.
        version: ``b"HTTP/1.1"``, or what the server was told to claim.
        date: an IMF-fixdate; left out when empty, or when the application sent its own.
        server: product tokens; left out likewise.
        connection: value of the Connection field; left out when empty.
        late_fields: more field lines, each with its CRLF.
    """
    lines = [b"%b %d %b\r\n" % (version, head.status, head.reason), head.fields, late_fields]
    if length is not None:
        lines.append(b"Content-Length: %d\r\n" % length)
    elif framing is CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    if date and not head.date:
        lines.append(b"Date: %b\r\n" % date)
    if server and not head.server:
        lines.append(b"Server: %b\r\n" % server)
    if connection:
        lines.append(b"Connection: %b\r\n" % connection)
    lines.append(b"\r\n")
    return b"".join(lines)


def chunk(data: bytes) -> bytes:
    """One chunk; ``data`` is not empty, or it would be taken for the last one."""
    return b"%x\r\n%b\r\n" % (len(data), data)


_PLAIN = b"Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"


def error_response(
    status: int,
    reason: str,
    *,
    date: bytes,
    server: bytes,
    content: bool = True,
    version: bytes = b"HTTP/1.1",
    page: tuple[bytes, bytes] | None = None,
) -> bytes:
    """A whole response that ends the connection, in plain text: for requests that get no answer of the application.

    Args:
        reason: our own words about the mistake; never bytes of the client's, who could make a page of them.
        content: False answers HEAD: the same fields, no content.
        page: fields, each line ended, and content to send in place of the plain text.
    """
    from http import HTTPStatus  # 1 ms, which a start need not wait for

    phrase = HTTPStatus(status).phrase
    fields, text = page or (_PLAIN, f"{status} {phrase}\n\n{reason}\n".encode("ascii"))
    head = ResponseHead(status, phrase.encode("ascii"), fields, None)
    framing = LENGTH if content else NO_CONTENT
    encoded = response_head(head, framing, len(text), version=version, date=date, server=server, connection=b"close")
    return encoded + text if content else encoded
