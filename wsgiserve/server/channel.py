"""A connection between two requests: what it waits for, how long, and what is done when that comes.

Floor 3. Moves bytes between a Stream and an ``http11.Connection`` and runs no application. A channel is in one step:

    _introduce    a PROXY header, if the peer is a proxy that sends one
    _handshake    TLS, until both sides agree
    _receive      a request's head, or content that nobody read, or nothing for a while
    _flush        the rest of a response that the client is slow to take
    _linger       our side is closed; what the client still sends is thrown away, so that it can read our last words

Whoever holds ``lock`` owns the channel; nobody else touches it, but for ``abort``. ``readable`` is set at any time, by
the poller or ``abort``, and means "try again": it is cleared before trying, so no event between the two is lost.
Source: RFC 9112 §9.6 (lingering close), §9.5 (time-outs); RFC 9110 §15.5.9 (408).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from wsgiserve.errors import ClientDisconnected, LocalProtocolError, RemoteProtocolError
from wsgiserve.http11 import CLOSED, Connection, Request, error_response
from wsgiserve.server.deadlines import LAST_MOMENT_SECONDS, UNSET
from wsgiserve.server.hints import HTTP_ON_HTTPS, TLS_ON_HTTP
from wsgiserve.server.outbox import TURN_BYTES, Outbox
from wsgiserve.server.peer import remote_address
from wsgiserve.server.redirect import redirect
from wsgiserve.server.stream import PlainStream, Stream, has_bytes

if TYPE_CHECKING:
    import socket

    from wsgiserve.server.base import BaseWSGIServer
    from wsgiserve.server.tlsstream import TLSStream

__all__ = ["Channel"]

log = logging.getLogger("wsgiserve")

_SPEAKS_HTTPS = "This port speaks HTTPS; the address must begin with https:// instead of http://."

# How long a client that was refused, or that has sent more than we read, may go on sending into the void. Two seconds
# are enough for an answer to cross the world and for the client to notice it.
_LINGER_SECONDS = 2.0
# Reads in one go while lingering; then others get their turn.
_LINGER_READS = 16


class Channel:
    """One client's connection.

    Args:
        request: the connected socket, non-blocking.
        client_address: of the peer, as ``accept`` gave it.
        server: whose limits, deadlines and poller apply.

    Attributes:
        lock: held by the owner.
        readable: there may be bytes to receive, or room for bytes to send.
        arrived_after: by ``time.perf_counter``, a time when the next request was not there yet; inf when none is.
        hung_up: the client has closed at least its sending half; there will be no more events to tell so.
        rests: after a request: there is nothing to be done before something comes.
        deadline: by the monotonic clock, when ``expire`` is due; UNSET if whoever looks next is to set it. Only
            meaningful while nobody owns the channel.
        closed: nothing is to be done any more but to forget the channel.
        watched: the poller tells of it: from when it first has to wait for its client.
        own_address: that the client has connected to, if it is known without asking the socket.
    """

    __slots__ = (
        "__weakref__",
        "_keep_after_flush",
        "_outbox",
        "_parked",
        "_proxy_header",
        "_served",
        "_step",
        "_waits_for_room",
        "_waits_within",
        "arrived_after",
        "client_address",
        "closed",
        "deadline",
        "http",
        "hung_up",
        "lock",
        "own_address",
        "readable",
        "rests",
        "server",
        "server_field",
        "stream",
        "watched",
    )

    def __init__(self, request: socket.socket, client_address: Any, server: BaseWSGIServer) -> None:
        self.server = server
        self.client_address = client_address
        self.lock = Lock()
        self.readable = False
        self.arrived_after = -inf
        self.hung_up = False
        self.rests = False
        self.deadline = inf
        self.closed = False
        self.watched = False
        self.own_address: Any = None
        self.stream: Stream = PlainStream(request)
        # Functions of the class, not bound methods: a channel that refers to itself would wait for the collector.
        self._step: Callable[[Channel], bool]
        proxies = server.proxy_protocol
        if proxies is not None and remote_address(client_address)[0] in proxies:
            self._step = Channel._introduce
            self.deadline = time.monotonic() + server.deadlines.head
            self._proxy_header = b""
        else:
            self._open(request)
        self.http = Connection(server.parser, server.http_version)
        self.server_field = b"wsgiserve"
        self._served = False
        self._waits_within: bool | None = None  # a head; None before a wait has begun
        self._waits_for_room = False
        self._outbox: Outbox | None = None
        self._parked = 0  # bytes of the server's memory for unsent responses that _outbox took
        self._keep_after_flush = False

    def _open(self, sock: socket.socket) -> None:
        """Begin with what the client says."""
        server = self.server
        if server.ssl_context is None:
            self._step = Channel._receive  # which sets the deadline, should it have to wait
        else:
            from wsgiserve.server.tlsstream import TLSStream  # its module says why

            self.stream = TLSStream(sock, server.ssl_context)
            self._step = Channel._handshake
            self.deadline = time.monotonic() + server.deadlines.tls_handshake

    def advance(self) -> bool:
        """Do all that can be done without waiting for the client; True when a request is there to be handled."""
        step = self._step  # called by another name than its own, so as not to be looked for in the class first
        return step(self)

    def settle(self) -> bool:
        """Let go of the channel; False if there is something to do on it already, and the caller still owns it."""
        if self.closed:
            return True
        poller = self.server.poller
        if poller.rearms:
            poller.rearm(self.stream.fileno)
        self.lock.release()
        # Between our last look and the release somebody may have tried in vain to take it.
        return not (self.readable and self.lock.acquire(False))

    def expire(self) -> None:
        """The deadline has passed: answer if somebody may be waiting for it, and go."""
        if self._step is Channel._flush:
            self._expire_flush()
        elif self._step is not Channel._receive:
            self.close()
        elif has_bytes(self.stream.sock):
            self.readable = True  # since the last poll: whoever looks at it sees whether it is all that was missing
        else:
            self._expire_request()

    def part_if_idle(self) -> None:
        """Close, if it waits for another request of which nothing has come."""
        waits = self._step is Channel._receive and self._served and not self.http.started
        if waits and not self.readable and not has_bytes(self.stream.sock):
            self._part()

    def close(self) -> None:
        """Close the socket; the server forgets the channel when it settles it."""
        if not self.closed:
            self.closed = True
            self._step = _do_nothing
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
        if not self.lock.acquire(blocking=False):
            self.stream.abort()
            self.readable = True  # one that looked before, and is about to let go, looks again
            if not self.lock.acquire(blocking=False):
                return
        self.close()

    def _watch(self) -> None:
        """Have the poller tell when something happens, from now on; also if it has happened since the last look."""
        if self.watched or self.closed:
            return
        try:
            self.server.poller.register(self.stream.fileno)
            self.watched = True
        except FileExistsError:  # the deputy, or its owner, has begun to watch it at the same moment
            self.watched = True
        except OSError as error:  # ENOMEM, or ENOSPC: epoll_ctl(2), /proc/sys/fs/epoll/max_user_watches
            log.error("cannot watch another connection: %s; closed it", error.strerror)
            self.close()
        except ValueError:  # closed by a server that did not wait for this thread
            self.close()

    @property
    def peer(self) -> str:
        """The client's address for the log."""
        address = self.client_address
        if not isinstance(address, tuple):
            return "local client"
        return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"

    # Requests

    def _receive(self) -> bool:
        http = self.http
        buffered = not http.idle  # what has come behind the last request is looked at first
        try:
            while True:
                if not buffered:
                    if not self.readable:
                        return self._wait_for_request()
                    self.readable = False
                    data = self.stream.recv()
                    if data:
                        # Only ever set: an event that came meanwhile must not be forgotten.
                        if self.stream.more or self.hung_up:
                            self.readable = True
                        if http.receive_again(data) is not None:
                            self._waits_within = None
                            return True
                    if data is not None:
                        http.receive_data(data)
                buffered = False
                event = http.next_event()
                if isinstance(event, Request):
                    self._waits_within = None
                    return True
                if event is CLOSED:
                    self._part()
                    return False
        except RemoteProtocolError as error:
            self._refuse(error)
        except ClientDisconnected as error:
            log.debug("%s: %s", self.peer, error)
            self.close()
        return False

    def _wait_for_request(self) -> bool:
        if not self.watched:
            self._watch()
        within = not self.http.idle and self.http.started
        if self.server.stopping and not within:
            self._wait_for_last_request()
        elif within is not self._waits_within:
            # Once for each wait: a client that drips bytes of a head, or of a TLS record, does not get more time by it.
            self._waits_within = within
            deadlines = self.server.deadlines
            seconds = deadlines.head if within or not self._served else deadlines.keep_alive
            self.deadline = time.monotonic() + seconds
        elif self.deadline != UNSET and time.monotonic() >= self.deadline:
            self._expire_request()  # of one that sends without a pause, so that no sweep finds it waiting
        return False

    def _expire_request(self) -> None:
        if self.http.started and self.http.can_answer:
            log.debug("%s: no complete request head in time; answered 408 and closed", self.peer)
            self._answer(408, "The request did not arrive in time.")
        else:
            self._part()

    def _wait_for_last_request(self) -> None:
        # A client that has just connected did so in order to ask something, and would not understand an end without an
        # answer. One that was answered before knows that its connection may be closed at any time (RFC 9112 §9.5).
        now = time.monotonic()
        if self._served:
            self.expire()
        elif now >= self.deadline:
            self._part()
        else:
            self.deadline = min(self.deadline, now + LAST_MOMENT_SECONDS)

    def _refuse(self, error: RemoteProtocolError) -> None:
        if not self.http.can_answer:
            log.debug("%s: %s; closed", self.peer, error)
            self._begin_linger()
            return
        if error.slug == TLS_ON_HTTP.slug:
            self.server.warn_once(TLS_ON_HTTP)
        log.debug("%s: %s; answered %d and closed", self.peer, error, error.status)
        self._answer(error.status, f"The server refused the request: {error}.")
        self.log_refusal(error)

    def log_refusal(self, error: RemoteProtocolError) -> None:
        """A request was answered that never reached the application; for the access log."""

    def _answer(
        self, status: int, reason: str, *, content: bool = True, page: tuple[bytes, bytes] | None = None
    ) -> None:
        """Answer in the server's own name and close, leaving the client time to read it; see ``error_response``."""
        answer = error_response(
            status,
            reason,
            date=self.server.date(),
            server=self.server_field,
            content=content,
            version=b"HTTP/%d.%d" % self.server.http_version,
            page=page,
        )
        # For the access log: what the server says itself is sent as well.
        self.http.content_sent = len(answer.partition(b"\r\n\r\n")[2])
        outbox = Outbox(answer)
        try:
            outbox.flush(self.stream)
        except ClientDisconnected:
            self.close()
            return
        if outbox.done:
            self._begin_linger()
        else:
            self._outbox = outbox  # longer than the kernel's buffer, or behind an earlier response that fills it
            self._wait_to_flush(keep=False)

    # Before HTTP

    def _introduce(self) -> bool:
        from wsgiserve.server.proxyprotocol import client_of, missing  # 1 ms, for which only proxies have a use

        stream = self.stream
        assert isinstance(stream, PlainStream)
        self.readable = False
        try:
            while count := missing(self._proxy_header):
                data = stream.recv_at_most(count)
                if data is None:
                    self._watch()
                    return False
                if not data:
                    raise ClientDisconnected("the connection ended in its PROXY header")
                self._proxy_header += data
            self.client_address = client_of(self._proxy_header) or self.client_address
        except (ClientDisconnected, RemoteProtocolError) as error:
            # A proxy that is set up otherwise would be a riddle; one that only knocks is not worth a word.
            level = logging.WARNING if isinstance(error, RemoteProtocolError) else logging.DEBUG
            log.log(level, "%s: %s; closed", self.peer, error)
            self.close()
            return False
        self._open(stream.sock)
        self.readable = True  # what the client has sent may have come with it
        return self.advance()

    def _handshake(self) -> bool:
        stream = cast("TLSStream", self.stream)
        self.readable = False
        try:
            done = stream.handshake()
        except ClientDisconnected as error:
            self._handshake_failed(stream, error)
            return False
        self._wait_for_room(stream.needs_write)
        if not done:
            return False
        self._step = Channel._receive
        self.deadline = time.monotonic() + self.server.deadlines.head
        self.readable = True  # the request may have come with the client's last handshake message
        return self._receive()

    def _handshake_failed(self, stream: TLSStream, error: ClientDisconnected) -> None:
        self.stream = PlainStream(stream.release())
        if getattr(error.__cause__, "reason", "") == "HTTP_REQUEST":  # as OpenSSL calls it
            self.server.warn_once(HTTP_ON_HTTPS)
            self._send_to_https(stream.opening)
        else:
            log.debug("%s: %s; closed", self.peer, error)
            self._begin_linger()  # so that the alert arrives, by which OpenSSL has told the client what is wrong

    def _send_to_https(self, opening: bytes) -> None:
        where = redirect(opening, self.server.parser)
        if where is None:
            self._answer(400, _SPEAKS_HTTPS)
        else:
            fields = b"Location: %b\r\nContent-Type: text/plain; charset=utf-8\r\n" % where.location
            self._answer(307, _SPEAKS_HTTPS, content=where.content, page=(fields, _SPEAKS_HTTPS.encode()))

    # Responses that are longer than their client is fast

    def _wait_to_flush(self, *, keep: bool) -> None:
        self._keep_after_flush = keep
        self._step = Channel._flush
        self.deadline = time.monotonic() + self.server.deadlines.write
        self._wait_for_room(True)

    def flush_meanwhile(self) -> None:
        """There is room for a response whose application still runs, in another thread, which owns the channel.

        PEP 3333 "Buffering and Streaming": a block is sent before the application is asked for more, or meanwhile.
        """
        outbox = self._outbox
        if outbox is None:
            return
        with outbox.lock, suppress(ClientDisconnected, LocalProtocolError, OSError):  # its owner will meet them too
            outbox.flush(self.stream)
            if not outbox.done:  # nor dropped by its owner, who then waits for other things
                self.server.poller.wait_write(self.stream.fileno)

    def _flush(self) -> bool:
        self.readable = False
        self._send_outbox()
        if self.closed or self._outbox is not None:
            return False
        self._wait_for_room(False)
        self.readable = True
        if self._keep_after_flush:
            self._step = Channel._receive
        else:
            self._begin_close()
        return not self.closed and self.advance()

    def _expire_flush(self) -> None:
        # The kernel tells of room when a third of its buffer is free, and for that a slow client may need longer than
        # the deadline is. Whether it takes anything at all is seen by trying.
        if self._send_outbox():
            self.readable = True  # so that whoever is next goes on from there
        elif not self.closed:
            seconds = self.server.deadlines.write
            log.debug("%s: the client took no byte of the response for %g s; closed", self.peer, seconds)
            self.close()

    def _send_outbox(self) -> int:
        """Send what the client takes now; the number of bytes. Drops the outbox when it is done, or cannot be."""
        outbox, sent = self._outbox, 0
        if outbox is None:
            return 0
        try:
            sent = outbox.flush(self.stream)
        except ClientDisconnected as error:
            log.debug("%s: %s; closed", self.peer, error)
            self.close()
        except (LocalProtocolError, OSError) as error:
            log.error("%s: %s; closed the connection, the response is incomplete", self.peer, error)
            self.close()
        if sent:
            self.deadline = time.monotonic() + self.server.deadlines.write
        if sent >= TURN_BYTES:
            self.readable = True  # its turn was over before the client had enough
        if outbox.done:
            self._drop_outbox()
        return sent

    def _drop_outbox(self) -> None:
        outbox, self._outbox = self._outbox, None
        if outbox is not None:
            self.server.unpark(self._parked)
            self._parked = 0
            outbox.close()

    def _wait_for_room(self, room: bool) -> None:
        """Whether the poller is to watch for room to send, or for bytes to receive."""
        self._watch()
        if room is not self._waits_for_room and not self.closed:
            self._waits_for_room = room
            watch = self.server.poller.wait_write if room else self.server.poller.wait_read
            watch(self.stream.fileno)

    # Closing

    def _part(self) -> None:
        """Close a connection on which both sides have said all they had to say."""
        self.stream.say_goodbye()
        self.close()

    def _begin_close(self) -> None:
        # A client that has asked for the end has sent all it had to send, and can be closed at once. Of any other there
        # may be bytes that no poll has told of yet, and if we closed on them it would lose our response.
        request = self.http.request
        asked = request is not None and not request.persistent
        if asked and self.http.complete and not self.http.started and not self.readable:
            self._part()
        else:
            self._begin_linger()

    def _begin_linger(self, *, complete: bool = True) -> None:
        """Close our side and wait for the client to close its own (RFC 9112 §9.6).

        A socket that is closed with bytes unread is reset, and a reset destroys answers that are still on their way.

        Args:
            complete: whether the client has got all that it was to get. If not, TLS says no good-bye: without it, a
                response that ends with the connection is known to be broken (RFC 9112 §9.8).
        """
        if self.closed:
            return
        if complete:
            self.stream.say_goodbye()
        self.stream.shutdown()
        self._step = Channel._linger
        self.deadline = time.monotonic() + _LINGER_SECONDS
        self.readable = True
        self._wait_for_room(False)

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


def _do_nothing(_: Channel) -> bool:
    """The step of a connection that is closed: whoever served it may try to go on."""
    return False
