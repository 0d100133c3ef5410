"""Running an application and sending what it says: the server's half of PEP 3333.

Floor 2, no sockets: bytes go out through a Transport, the rules of HTTP are asked of ``http11.Connection``.
Errors are raised, in the name of whoever broke the rule; what to answer is decided in ``server/handler.py``.
Source: PEP 3333 "The start_response() Callable", "Buffering and Streaming", "Error Handling", "Handling the
Content-Length Header", "Optional Platform-Specific File Handling".
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Protocol

from wsgiserve.errors import LocalProtocolError, WSGIServeError
from wsgiserve.http11 import Connection, ResponseHead
from wsgiserve.http11.framing import CHUNKED, LENGTH
from wsgiserve.wsgi.blame import blame_body, blame_callable, blame_frame
from wsgiserve.wsgi.environ import Environ
from wsgiserve.wsgi.filewrapper import FileWrapper, KernelFile
from wsgiserve.wsgi.headers import check_response

__all__ = ["Application", "Gateway", "Transport"]

Application = Callable[..., Iterable[bytes]]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

# Up to here head and block go out in one piece: a copy of 64 KiB costs less than a second system call. Beyond it a copy
# of the block would cost more.
_JOIN_BYTES = 65_536

_END: Any = object()


class Transport(Protocol):
    """Where a response goes. All that send raise ClientDisconnected when the client is gone."""

    def send_whole(self, head: ResponseHead, content: bytes, done: bool) -> bool:
        """Send the usual response in one piece; False if it is none, and nothing was sent. See ``Connection``.

        Args:
            done: as ``send_last`` takes it.
        """

    def send(self, data: bytes, more: bool = False) -> None:
        """Hand over all of ``data`` to the operating system before returning.

        Args:
            more: the next call comes at once, and the client need not be woken before.
        """

    def send_last(self, data: bytes, done: bool) -> None:
        """As ``send``, but nothing follows: what the client is too slow to take may be sent later.

        Args:
            done: the application has nothing more to do but to be closed; else it goes on, and sending must go on too.
        """

    @property
    def closing(self) -> bool:
        """Whether the connection is to be closed after this response; asked when the head is put together."""

    def own_fields(self) -> tuple[bytes, bytes, bytes]:
        """What the server says itself, asked when the head is put together.

        Returns:
            The values of Date and Server, unless the application sets them, and field lines, each with its CRLF.
        """

    @property
    def sends_files(self) -> bool:
        """Whether ``send_file`` works on this transport."""

    def send_file(self, head: bytes, file: KernelFile, count: int) -> None:
        """Send ``head`` and the first ``count`` bytes of ``file``; nothing follows."""


class Gateway:
    """One request's way through the application.

    Args:
        http: the connection in whose framing the response is sent.
        transport: where the bytes go.

    Attributes:
        excess: set when the body was longer than its Content-Length, or where no body may be: the blamed line.
    """

    __slots__ = ("_application", "_ended", "_fault", "_head", "_http", "_transport", "excess")

    def __init__(self, http: Connection, transport: Transport) -> None:
        self._http = http
        self._transport = transport
        self._head: ResponseHead | None = None
        self._ended = False
        # What was raised into the application. One that swallows it has still given no valid response: it comes back
        # where the response would go on. Forgotten at the end: its traceback refers to this object.
        self._fault: WSGIServeError | None = None
        self.excess: str | None = None

    @property
    def status(self) -> int:
        """Of the response, as the application said it last; 0 before it did."""
        return self._head.status if self._head is not None else 0

    def run(self, application: Application, environ: Environ) -> None:
        """Call the application, send all of its response, and close its iterable whatever happens.

        Raises:
            LocalProtocolError: the application broke a rule; ``blame`` says where.
            RemoteProtocolError: the client's content broke one, and no response head is out.
            ClientDisconnected: the client went away, or was too slow.
            BaseException: whatever else the application raises.
        """
        self._application = application
        try:
            iterable = application(environ, self.start_response)
        except BaseException:
            self._ended = True
            self._fault = None
            raise
        try:
            if not self._send_whole(iterable):
                self._send_body(iterable)
        finally:
            self._ended = True
            self._fault = None
            if type(iterable) is not list:
                self._close(iterable)

    # What the application calls

    # Frames from start_response() and write() up to it; a subclass that overrides both puts one more between.
    _depth = 1

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """PEP 3333's ``start_response``: take note of status and headers; they are sent with the first block."""
        if exc_info or self._head is not None:
            try:
                self._check_another(exc_info)
            finally:
                exc_info = None  # a traceback that refers to this frame would keep both alive
        try:
            self._head = check_response(status, headers)
            self._fault = None
        except LocalProtocolError as error:
            error.blame = blame_frame(sys._getframe(self._depth))
            self._fault = error
            raise
        return self.write

    def _check_another(self, exc_info: ExcInfo | None) -> None:
        """Whether ``start_response`` may be called with an error in hand, or again."""
        too_late = self._http.framing is not None
        if exc_info and too_late and exc_info[1] is not None:
            reason = "the application went on after an error that came too late for another response (PEP 3333)"
            self._fault = LocalProtocolError(reason, code="E110", blame=blame_frame(sys._getframe(self._depth + 1)))
            try:
                raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        if self._head is not None and (too_late or not exc_info):
            reason = "start_response was called a second time without exc_info (PEP 3333)"
            self._fault = LocalProtocolError(reason, code="E106", blame=blame_frame(sys._getframe(self._depth + 1)))
            raise self._fault

    def write(self, data: bytes) -> None:
        """PEP 3333's ``write``: send a block now."""
        caller = sys._getframe(self._depth)
        try:
            if self._ended:
                # The connection may be in the middle of another response by now.
                reason = "write() was called after the application had returned its whole body (PEP 3333)"
                raise LocalProtocolError(reason, code="W202", blame=blame_frame(caller))
            if not isinstance(data, bytes):
                reason = f"write() takes bytes, not {type(data).__name__} (PEP 3333)"
                raise LocalProtocolError(reason, code="E105", blame=blame_frame(caller))
            if data:
                self._send_block(data, caller)
        except WSGIServeError as error:
            self._fault = error
            raise

    # Sending

    def _close(self, iterable: object) -> None:
        close = getattr(iterable, "close", None)
        if close is not None:
            close()

    def _send_whole(self, iterable: Iterable[bytes]) -> bool:
        """Send the usual response, a list of one block, in one piece; False leaves everything to ``_send_body``."""
        head = self._head
        if type(iterable) is not list or len(iterable) != 1 or head is None or self._fault is not None:
            return False
        block = iterable[0]
        if type(block) is not bytes or len(block) > _JOIN_BYTES:
            return False
        return self._transport.send_whole(head, block, True)

    def _send_body(self, iterable: Iterable[bytes]) -> None:
        if type(iterable) is list or type(iterable) is tuple:
            self._send_sequence(iterable)
        elif not (type(iterable) is FileWrapper and self._send_file(iterable)):
            self._send_iterated(iterable)
        self._finish()

    def _send_sequence(self, blocks: list[bytes] | tuple[bytes, ...]) -> None:
        """A body that is all there: its length is known, and small blocks go out in one piece."""
        for block in blocks:
            self._check_block(block, blocks)
        total = sum(map(len, blocks))
        if total <= _JOIN_BYTES:
            blocks = [b"".join(blocks)] if total else []
        for block in blocks:
            if block:
                self._send_block(block, blocks, length=total)

    def _send_iterated(self, iterable: Iterable[bytes]) -> None:
        blocks = self._iterate(iterable)
        source = iterable if isinstance(iterable, FileWrapper) else blocks
        # Not a for loop: what __iter__ returns need not have an __iter__ itself.
        while (block := next(blocks, _END)) is not _END:
            if type(block) is not bytes:
                self._check_block(block, source)
            if block:
                self._send_block(block, source)
            if self._http.excess:
                break  # what follows could not be sent either, and may be endless

    def _iterate(self, iterable: Iterable[bytes]) -> Iterator[bytes]:
        if not isinstance(iterable, bytes | str):
            try:
                return iter(iterable)
            except TypeError as error:
                if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                    raise  # from inside the application's own __iter__
        reason = f"the application returned {type(iterable).__name__}, not an iterable of bytes (PEP 3333)"
        code = {bytes: "E105", str: "W201"}.get(type(iterable), "E109")
        raise LocalProtocolError(reason, code=code, blame=blame_callable(self._application))

    def _check_block(self, block: object, source: object) -> None:
        if not isinstance(block, bytes):
            reason = f"the body yields {type(block).__name__}, not bytes (PEP 3333)"
            raise LocalProtocolError(reason, code="E105", blame=blame_body(source, self._application))

    def _send_block(self, block: bytes, source: object, *, length: int | None = None) -> None:
        """Send a block, after the head if it is the first. ``length`` is that of the whole body when it is known."""
        http, said = self._http, self._head
        if http.framing is CHUNKED and self._fault is None:
            self._transport.send(http.send_data(block))
            return
        if (
            said is not None
            and said.length == len(block) <= _JOIN_BYTES  # all of it, as most frameworks send it
            and self._fault is None
            and self._transport.send_whole(said, block, length is not None)  # refuses any but the first
        ):
            return
        if self._fault is not None and http.framing is not None:
            raise self._fault
        head = self._start(length) if http.framing is None else b""
        data = http.send_data(block)
        # A file may well be longer: "until Content-Length bytes have been written" (PEP 3333, file handling).
        if http.excess and self.excess is None and not isinstance(source, FileWrapper):
            self.excess = blame_body(source, self._application) or "the application"
        if len(data) > _JOIN_BYTES and head:
            self._transport.send(head, True)
            head = b""
        if head or data:
            if http.nothing_follows:
                self._transport.send_last(head + data, length is not None)
            else:
                self._transport.send(head + data)

    def _start(self, length: int | None) -> bytes:
        """The response head. From here on the response cannot be replaced by another."""
        if self._http.error is not None:
            raise self._http.error  # whatever the application made of it, the request was broken
        if self._fault is not None:
            raise self._fault
        if self._head is None:
            reason = "start_response was not called before the first block of the body, or at all (PEP 3333)"
            raise LocalProtocolError(reason, code="E106", blame=blame_callable(self._application))
        if self._transport.closing:
            self._http.close_after_response()
        date, server, late_fields = self._transport.own_fields()
        return self._http.send_response(self._head, date=date, server=server, length=length, late_fields=late_fields)

    def _send_file(self, wrapper: FileWrapper) -> bool:
        """Let the kernel send a file; False when its blocks must be read instead."""
        head, http = self._head, self._http
        if head is None or http.framing is not None or not self._transport.sends_files:
            return False
        file = wrapper.kernel_file()
        if file is None or (head.length is not None and head.length > file.size):
            return False
        started = self._start(file.size)
        if http.framing is LENGTH:
            self._transport.send_file(started, file, http.skip_content())
        else:
            self._transport.send_last(started, True)
        return True

    def _finish(self) -> None:
        http = self._http
        if http.framing is None:
            self._transport.send_last(self._start_empty(), True)
        elif self._fault is not None:
            raise self._fault
        try:
            end = http.end()
        except LocalProtocolError as error:
            error.blame = blame_callable(self._application)
            raise
        if end:
            self._transport.send_last(end, True)

    def _start_empty(self) -> bytes:
        # Of a HEAD request the application may have left out the body; that says nothing of its length.
        request = self._http.request
        return self._start(None if request is not None and request.line.method == b"HEAD" else 0)
