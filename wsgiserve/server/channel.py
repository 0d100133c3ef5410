"""A connection between two requests, and around one: what it waits for, how long, and what is done when that comes.

Floor 3. Moves bytes between a Stream and an ``http11.Connection`` and runs no application. A channel is in one step:

    _handshake    TLS, until both sides agree
    _receive      a request's head, or content that nobody read, or nothing for a while
    _flush        the rest of a response that the client is slow to take
    _linger       our side is closed; what the client still sends is thrown away, so that it can read our last words

Whoever holds ``lock`` owns the channel; nobody else touches it. ``readable`` is set by the poller at any time and means
"try to receive": it is cleared before receiving, so no event between the two is lost.
Source: RFC 9112 §9.6 (lingering close), §9.5 (time-outs); RFC 9110 §15.5.9 (408).
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from wsgiserve.errors import ClientDisconnected, LocalProtocolError, RemoteProtocolError
from wsgiserve.http11 import CLOSE, CLOSED, NEED_DATA, Connection, Data, Request, error_response
from wsgiserve.server.hints import HTTP_ON_HTTPS, TLS_ON_HTTP
from wsgiserve.server.outbox import Outbox
from wsgiserve.server.stream import PlainStream, Stream, TLSStream
from wsgiserve.wsgi.filewrapper import KernelFile

if TYPE_CHECKING:
    from wsgiserve.server.base import BaseWSGIServer

__all__ = ["Channel"]

log = logging.getLogger("wsgiserve")

# How long a client that was refused, or that has sent more than we read, may go on sending into the void. Two seconds
# are enough for an answer to cross the world and for the client to notice it.
_LINGER_SECONDS = 2.0
# Reads in one go while lingering or draining; then others get their turn.
_LINGER_READS = 16


class Channel:
    """One client's connection.

    Args:
        request: the connected socket, non-blocking.
        client_address: of the peer, as ``accept`` gave it.
        server: whose limits, deadlines and poller apply.

    Attributes:
        lock: held by the owner.
        readable: there may be bytes to receive.
        hung_up: the client has closed at least its sending half; there will be no more events to tell so.
        deadline: by the monotonic clock, when ``expire`` is due. Only meaningful while nobody owns the channel.
        closed: nothing is to be done any more but to forget the channel.
        detached: the application has taken the socket over.
    """

    def __init__(self, request: socket.socket, client_address: Any, server: BaseWSGIServer) -> None:
        self.server = server
        self.client_address = client_address
        self.lock = Lock()
        self.readable = False
        self.hung_up = False
        self.closed = False
        self.detached = False
        self.stream: Stream
        # Functions of the class rather than bound methods: a channel that refers to itself would wait for the collector.
        self._step: Callable[[Channel], bool]
        if server.ssl_context is None:
            self.stream = PlainStream(request)
            self._step = Channel._receive
            self.deadline = time.monotonic() + server.deadlines.head
        else:
            self.stream = TLSStream(request, server.ssl_context)
            self._step = Channel._handshake
            self.deadline = time.monotonic() + server.deadlines.tls_handshake
        self.http = Connection(server.parser, server.http_version)
        self.server_field = b"wsgiserve"
        self._served = 0
        self._head_deadline: float | None = None
        self._keep_after_flush = False
        self._outbox: Outbox | None = None
        self._parked = 0  # bytes of the server's memory for unsent responses that _outbox took

    # Between requests; the owner calls these

    def advance(self) -> bool:
        """Do all that can be done without waiting for the client; True when a request is there to be handled."""
        return self._step(self)

    def expire(self) -> None:
        """The deadline has passed: answer if somebody may be waiting for it, and go."""
        if self._step is Channel._receive and self.http.started and self.http.can_answer:
            log.debug("%s: no complete request head in time; answered 408 and closed", self.peer)
            self._answer(408, "The request did not arrive in time.")
        else:
            self.close()

    def close(self) -> None:
        """Close the socket; the server forgets the channel when it settles it."""
        if not self.closed:
            self.closed = True
            self._drop_outbox()
            self.server.forget(self)
            self.stream.close()

    def hand_over(self) -> None:
        """Another process has the connection now: close this one's copy of the socket, silently."""
        self.closed = True
        self.server.forget(self)
        self.stream.close()

    def abort(self) -> None:
        """The server is closing: close a connection whoever owns it. An owner finds its socket shut, and closes it."""
        if self.lock.acquire(blocking=False):
            self.close()
        else:
            with suppress(OSError):
                self.stream.sock.shutdown(socket.SHUT_RDWR)

    @property
    def peer(self) -> str:
        """The client's address for the log."""
        address = self.client_address
        return f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "local client"

    def _receive(self) -> bool:
        http = self.http
        try:
            while True:
                event = http.next_event()
                if isinstance(event, Request):
                    self._head_deadline = None
                    return True
                if event is CLOSED:
                    self.close()
                    return False
                if not self.readable:
                    return self._wait_for_request()
                self._receive_once()
        except RemoteProtocolError as error:
            self._refuse(error)
        except ClientDisconnected as error:
            log.debug("%s: %s", self.peer, error)
            self.close()
        return False

    def _receive_once(self) -> None:
        self.readable = False
        data = self.stream.recv()
        if data is not None:
            self.http.receive_data(data)
            # Only ever set: an event that came meanwhile must not be forgotten.
            if data and (self.stream.more or self.hung_up):
                self.readable = True

    def _wait_for_request(self) -> bool:
        deadlines = self.server.deadlines
        now = time.monotonic()
        if self.http.started:
            # Fixed by the first byte: a client that drips one byte at a time does not get more time by it.
            if self._head_deadline is None:
                self._head_deadline = now + deadlines.head
            self.deadline = self._head_deadline
        elif self.server.stopping:
            self.close()
        else:
            self.deadline = now + (deadlines.keep_alive if self._served else deadlines.head)
        return False

    def _refuse(self, error: RemoteProtocolError) -> None:
        if not self.http.can_answer:
            log.debug("%s: %s; closed", self.peer, error)
            self._begin_linger()
            return
        if error.slug == TLS_ON_HTTP.slug:
            self.server.warn_once(TLS_ON_HTTP)
        log.info("%s: %s; answered %d and closed", self.peer, error, error.status)
        self._answer(error.status, f"The server refused the request: {error}.")
        self.log_refusal(error)

    def log_refusal(self, error: RemoteProtocolError) -> None:
        """A request was answered that never reached the application; for the access log."""

    def _answer(self, status: int, reason: str, *, content: bool = True) -> None:
        """Answer in the server's own name and close, leaving the client time to read it."""
        answer = error_response(
            status,
            reason,
            date=self.server.date(),
            server=self.server_field,
            content=content,
            version=b"HTTP/%d.%d" % self.server.http_version,
        )
        try:
            self.stream.send_some(answer)
        except ClientDisconnected:
            self.close()
        else:
            self._begin_linger()

    # TLS

    def _handshake(self) -> bool:
        stream = self.stream
        assert isinstance(stream, TLSStream)
        self.readable = False
        try:
            done = stream.handshake()
        except ClientDisconnected as error:
            self._handshake_failed(stream, error)
            return False
        if done:
            self._step = Channel._receive
            self.deadline = time.monotonic() + self.server.deadlines.head
            self.server.poller.wait_read(stream.fileno)
            self.readable = True  # the request may have come with the client's last handshake message
            return self._receive()
        if stream.needs_write:
            self.server.poller.wait_write(stream.fileno)
        return False

    def _handshake_failed(self, stream: TLSStream, error: ClientDisconnected) -> None:
        cause = error.__cause__
        if isinstance(cause, ssl.SSLError) and cause.reason == "HTTP_REQUEST":
            self.server.warn_once(HTTP_ON_HTTPS)
            reason = "This port speaks HTTPS; the address must begin with https:// instead of http://."
            self.stream = PlainStream(stream.release())
            self._answer(400, reason)
            return
        log.debug("%s: %s; closed", self.peer, error)
        self.close()

    # Closing

    def _begin_linger(self) -> None:
        """Close our side and wait for the client to close its own (RFC 9112 §9.6).

        A socket that is closed with bytes unread is reset, and a reset destroys answers that are still on their way.
        """
        if self.closed:
            return
        self.stream.shutdown()
        self._step = Channel._linger
        self.deadline = time.monotonic() + _LINGER_SECONDS
        self.readable = True

    def _linger(self) -> bool:
        try:
            for _ in range(_LINGER_READS):
                if not self.readable:
                    return False
                self.readable = False
                data = self.stream.recv()
                if data is None:
                    return False
                if not data:
                    break
                self.readable = True
            else:
                # Who never pauses is never the poller's, and nobody else would look at the deadline.
                if time.monotonic() >= self.deadline:
                    self.close()
                return False
        except ClientDisconnected:
            pass
        self.close()
        return False

    # During a request; the gateway's Transport

    def send(self, data: bytes) -> None:
        """Send all of it, waiting for the client if need be; silent when the application has the socket."""
        if self.detached:
            return
        sent = self.stream.send_some(data)
        if sent < len(data):
            self._send_all(Outbox(memoryview(data)[sent:]))

    def send_last(self, data: bytes) -> None:
        """Send what the client takes now; the rest waits in the poller, unless too much waits there already."""
        if self.detached:
            return
        sent = self.stream.send_some(data)
        if sent < len(data):
            self._send_later(Outbox(memoryview(data)[sent:]))

    @property
    def sends_files(self) -> bool:
        """Whether the kernel can send files on this connection."""
        return self.stream.sends_files and not self.detached

    def send_file(self, head: bytes, file: KernelFile, count: int) -> None:
        """Send ``head`` and ``count`` bytes of ``file``; a client that is slow to take them holds no thread."""
        outbox = Outbox(head, file, count)
        try:
            outbox.flush(self.stream)
        except BaseException:
            outbox.close()
            raise
        if outbox.done:
            outbox.close()
        else:
            self._send_later(outbox)

    def _send_all(self, outbox: Outbox) -> None:
        seconds = self.server.deadlines.write
        try:
            while not outbox.done:
                self.stream.wait_writable(seconds)
                outbox.flush(self.stream)
        finally:
            outbox.close()

    def _send_later(self, outbox: Outbox) -> None:
        size = outbox.size
        if self.server.may_park(size):
            self._outbox, self._parked = outbox, size
        else:
            self._send_all(outbox)

    def receive_content(self) -> bytes:
        """The next bytes of the request's content, waiting for them; ``b""`` at its end. For ``wsgi.input``.

        Raises:
            ClientDisconnected: the client left before the end.
            ClientTimeout: it sent nothing for too long.
            RemoteProtocolError: it broke the content's framing, or sent more than is allowed.
        """
        http = self.http
        while not http.complete:
            event = http.next_event()
            if isinstance(event, Data):
                return event.data
            if event is NEED_DATA:
                self._wait_for_content()
        return b""

    def _wait_for_content(self) -> None:
        if self.http.continue_expected:
            self.send(self.http.send_continue())
        data = self.stream.recv()
        while data is None:
            self.stream.wait_readable(self.server.deadlines.body)
            data = self.stream.recv()
        if not data:
            raise ClientDisconnected("the client closed the connection before the end of the request's content")
        if self.stream.more or self.hung_up:
            self.readable = True
        self.http.receive_data(data)

    def take_over(self) -> None:
        """Give the socket to the application: blocking, out of the poller's sight, closed when it returns."""
        if not self.detached:
            self.detached = True
            self.http.close_after_response()
            self.server.poller.unregister(self.stream.fileno)
            self.stream.sock.setblocking(True)

    # After a request

    def settle_response(self) -> None:
        """The response is out, or on its way: go on to the next request, the rest of this response, or the end."""
        self._served += 1
        keep = self.http.finish() is not CLOSE
        if self.detached:
            self.close()
        elif self._outbox is not None:
            self._wait_to_flush(keep)
        elif not keep:
            self._begin_close()

    def fail_response(self, status: int, reason: str) -> None:
        """End a request that cannot be answered as the application meant: ``status`` if no head is out, then close."""
        http = self.http
        http.close_after_response()
        if self.detached:
            self.close()
        elif http.framing is not None:
            self._drop_outbox()
            # No last chunk, or fewer bytes than promised: closing is how the client learns that something is missing.
            self._begin_linger()
        else:
            request = http.request
            self._answer(status, reason, content=request is None or request.line.method != b"HEAD")

    def _begin_close(self) -> None:
        # A client that has sent all it had to send can be closed at once; another one would lose our response.
        if self.http.complete and not self.http.started and not self.readable:
            self.close()
        else:
            self._begin_linger()

    def _wait_to_flush(self, keep: bool) -> None:
        self._keep_after_flush = keep
        self._step = Channel._flush
        self.deadline = time.monotonic() + self.server.deadlines.write
        self.server.poller.wait_write(self.stream.fileno)

    def _flush(self) -> bool:
        outbox = self._outbox
        assert outbox is not None
        self.readable = False
        try:
            sent = outbox.flush(self.stream)
        except (ClientDisconnected, LocalProtocolError) as error:
            log.debug("%s: %s; closed", self.peer, error)
            self.close()
            return False
        if not outbox.done:
            if sent:
                self.deadline = time.monotonic() + self.server.deadlines.write
            return False
        self._drop_outbox()
        self.server.poller.wait_read(self.stream.fileno)
        self.readable = True
        if not self._keep_after_flush:
            self._begin_close()
            return self.advance() if not self.closed else False
        self._step = Channel._receive
        return self._receive()

    def _drop_outbox(self) -> None:
        outbox, self._outbox = self._outbox, None
        if outbox is not None:
            self.server.unpark(self._parked)
            outbox.close()
