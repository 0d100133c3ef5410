"""A connection during a request: what the gateway sends, what the application reads, and what comes of it.

Floor 3. Its methods may wait for the client, as long as the deadlines allow; those of ``channel.py`` never do. What is
left of a response that nothing follows does not wait here: it goes to the poller, and the thread to another request.
"""

from __future__ import annotations

import logging
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from wsgiserve.errors import ClientDisconnected, ClientTimeout
from wsgiserve.http11 import KEEP_ALIVE, NEED_DATA, Data, ResponseHead
from wsgiserve.http11.framing import UNTIL_CLOSE
from wsgiserve.server.channel import Channel
from wsgiserve.server.deadlines import UNSET
from wsgiserve.server.outbox import Outbox
from wsgiserve.server.stream import RECEIVE_BYTES
from wsgiserve.server.takeover import ClientSocket
from wsgiserve.wsgi.filewrapper import KernelFile

if TYPE_CHECKING:
    from wsgiserve.server.base import BaseWSGIServer

__all__ = ["Exchange"]

log = logging.getLogger("wsgiserve")


# How long threads that the application has left behind may use its socket after it has returned: a close frame takes
# microseconds, and a machine that is busy some milliseconds more.
_LAST_WORDS_SECONDS = 0.5

# Bytes of content that an application gets in one go, when it wants so many.
_RECEIVE_AT_MOST = 262_144

# Bytes of content still to come, from which on the kernel is asked to take in more of it at once, and the poller is
# told to leave a connection alone: each packet would wake it, for nothing, four times a MiB; an upload took a sixth
# longer.
_MUCH_BYTES = 262_144

# How much the kernel is asked to take in before we receive it. On a fast network it begins with 64 KiB, and finds no
# reason for more; then each recv() pays for waking the client. Uploads of 1 MiB: 2,298 a second became 3,539 with 2 MiB
# and 3,625 with 4 MiB (fourteen times half a second in turn).
_EXPECT_AT_MOST = 2 << 20

# The longest response that is held. Of longer ones the sending itself takes longer than to wake who receives them.
_HELD_BYTES = 16_384


class Exchange(Channel):
    """A channel whose request is being handled; the gateway's Transport.

    Attributes:
        started: when the current request was, by ``time.perf_counter``.
        running: the application is; what it may do with the connection, it may do now.
        detached: it has taken the socket over.
        client_socket: that by which it can.
        may_hold: a response may wait while there are others to be served; whoever says so has it sent after them.
        held: the response that waits, until somebody takes it out to send it; None if there was none.
    """

    __slots__ = ("_expected", "_hushed", "client_socket", "detached", "held", "may_hold", "running", "started")

    def __init__(self, request: socket.socket, client_address: Any, server: BaseWSGIServer) -> None:
        # By name, as in the classes below: super() four times would cost each connection 3,000 instructions of 118,000.
        Channel.__init__(self, request, client_address, server)
        self.started = 0.0
        self.running = False
        self.detached = False
        self.client_socket: ClientSocket | None = None
        self._hushed = False
        self._expected = 0  # bytes, the most that the kernel was asked to take in at once
        self.may_hold = False
        self.held: list[bytes] | None = None

    # Sending

    def send(self, data: bytes, more: bool = False) -> None:
        """Send all of it, waiting for the client if need be; silent when the application has the socket."""
        if self.detached:
            return
        sent = self.stream.send_some(data, more)
        if sent < len(data):
            self._send_all(Outbox(memoryview(data)[sent:]))

    def send_whole(self, head: ResponseHead, content: bytes, done: bool) -> bool:
        """Send the usual response in one piece; False if it is none, and nothing was sent."""
        server = self.server
        if server.stopping or server.timing is not None or self.detached:
            return False
        clock, now = server.date, time.perf_counter()
        date = clock.value if now < clock.until else clock.renew(now)
        data = self.http.send_whole(head, content, date, self.server_field)
        if not data:
            return False
        if self.may_hold and server.ready and len(data) <= _HELD_BYTES:
            self.held = held = [data]
            if server.holds():
                return True
            try:
                data = held.pop()
            except IndexError:  # it does, or did so until now
                return True
            self.held = None
        sent = self.stream.send_some(data)
        if sent < len(data):
            self._send_rest(memoryview(data)[sent:], done)
        return True

    def send_last(self, data: bytes, done: bool) -> None:
        """Send what the client takes now; the rest waits in the poller, unless too much waits there already."""
        if self.detached:
            return
        sent = self.stream.send_some(data)
        if sent < len(data):
            self._send_rest(memoryview(data)[sent:], done)

    def _send_rest(self, data: memoryview, done: bool) -> None:
        outbox = Outbox(data)
        # While the application runs somebody else has to go on sending, on a stream that two threads may use.
        if done or (self.server.multithread and self.server.ssl_context is None):
            self._send_later(outbox)
            self._wait_for_room(self._outbox is not None and not done)
        else:
            self._send_all(outbox)

    @property
    def closing(self) -> bool:
        """Whether the server is stopping: a response whose head is not out yet can still say that it is the last."""
        return self.server.stopping

    @property
    def sends_files(self) -> bool:
        """Whether the stream can send files on this connection."""
        return self.stream.sends_files and not self.detached

    def send_file(self, head: bytes, file: KernelFile, count: int) -> None:
        """Send ``head`` and ``count`` bytes of ``file``; a client that is slow to take them holds no thread."""
        outbox = Outbox(head, file, count)
        outbox.flush(self.stream)
        if not outbox.done:
            self._send_later(outbox)

    def send_held(self) -> None:
        """Send the response that waited, if one did; afterwards it is on its way, whoever has sent it."""
        held, self.held = self.held, None
        if held is None:
            return
        try:
            self._send_out(held)
        except IndexError:
            with self.server.held_lock:
                pass  # who has taken it out has sent it by now
        except ClientDisconnected as error:
            log.debug("%s: %s; closed", self.peer, error)
            self.close()

    def settle_held(self) -> None:
        """Send the response that waited when its request had ended; what is left of it waits for the client."""
        self.send_held()
        if self._outbox is not None:
            self._wait_to_flush(keep=True)

    def send_meanwhile(self) -> None:
        """Send the response that waits although its request has not ended; by another thread than the one it is in."""
        held = self.held
        if held:
            with self.server.held_lock, suppress(IndexError, ClientDisconnected):  # it is out; or it meets this too
                self._send_out(held)
                if self._outbox is not None:
                    self._wait_for_room(True)

    def _send_out(self, held: list[bytes]) -> None:
        data = held.pop()
        sent = self.stream.send_some(data)
        if sent < len(data):
            # Without asking whether there is memory left for it: it is little, and the deputy cannot wait.
            self._outbox = Outbox(memoryview(data)[sent:])

    def _send_later(self, outbox: Outbox) -> None:
        size = outbox.size
        if not self.server.may_park(size):
            self._send_all(outbox)
            return
        self._outbox, self._parked = outbox, size
        try:
            outbox.keep()
        except OSError:  # no descriptor to be had: somebody has to wait
            self._outbox, self._parked = None, 0
            self.server.unpark(size)
            self._send_all(outbox)

    def _send_all(self, outbox: Outbox) -> None:
        seconds = self.server.deadlines.write
        while not outbox.done:
            room = self.stream.wait_writable(seconds)
            # The kernel may take something before it tells of room, so trying has the last word.
            if not outbox.flush(self.stream) and not room:
                raise ClientTimeout(f"the client took no byte of the response for {seconds:g} s")

    # Receiving

    def whole_content(self) -> bytes | None:
        """All of the request's content, if it is there already; see ``Connection``."""
        return self.http.whole_content()

    def receive_content(self, wanted: int = 0) -> bytes:
        """The next bytes of the request's content, waiting for them; ``b""`` at its end. For ``wsgi.input``.

        Args:
            wanted: no more than so many are received now, unless they come in chunks; 0 leaves the number to us.
        Raises:
            ClientDisconnected: the client left before the end.
            ClientTimeout: it sent nothing for too long.
            RemoteProtocolError: it broke the content's framing, or sent more than is allowed.
        """
        http, stream = self.http, self.stream
        while (left := http.content_left) or not http.complete:
            count = RECEIVE_BYTES
            if left:
                if wanted:
                    count = wanted if wanted <= _RECEIVE_AT_MOST else _RECEIVE_AT_MOST
                if left > _MUCH_BYTES and not self._hushed:
                    self._expect_much(left)
            else:
                event = http.next_event()
                if isinstance(event, Data):
                    return event.data
                if event is not NEED_DATA:
                    continue
            data = stream.recv(count)
            if not data:
                data = self._wait_for_content(count, data)
            if stream.more or self.hung_up:
                self.readable = True
            if len(data) <= left:
                http.receive_content(data)
                if self._hushed and len(data) == left:
                    self._hush(False)
                return data
            http.receive_data(data)
        return b""

    def _expect_much(self, left: int) -> None:
        if self.watched and self._outbox is None:
            self._hush(True)
        # Not before: it would make the poller tell of what has come.
        expected = min(left, _EXPECT_AT_MOST)
        if expected > self._expected and not self.detached:
            self._expected = expected
            self.stream.expect(expected)

    def _hush(self, hushed: bool) -> None:
        """Whether the poller is to tell of nothing but a hang-up, while the content is received without it."""
        self._hushed = hushed
        poller = self.server.poller
        if hushed:
            poller.wait_hang_up(self.stream.fileno)
        elif not self._waits_for_room:
            poller.wait_read(self.stream.fileno)

    def _wait_for_content(self, count: int, data: bytes | None) -> bytes:
        if self.http.continue_expected:
            self.send(self.http.send_continue())
        while data is None:
            seconds = self.server.deadlines.body
            if not self.stream.wait_readable(seconds):
                raise ClientTimeout(f"no byte of the content came for {seconds:g} s")
            data = self.stream.recv(count)
        if not data:
            raise ClientDisconnected("the client closed the connection before the end of the request's content")
        return data

    # Taking over

    def take_over(self) -> None:
        """Give the socket to the application: blocking, out of the poller's sight, closed when it returns.

        Raises:
            OSError: it is not the application's turn any more; other requests may use the connection.
        """
        if self.detached:
            return
        if not self.running:
            raise OSError("the request is over, and the socket is the server's again")
        self.http.close_after_response()
        held = self.held
        if held is not None:
            with self.server.held_lock, suppress(IndexError):  # the deputy has sent it
                self._send_out(held)
        if self._outbox is not None:
            self._send_all(self._outbox)
            self._drop_outbox()
        if self.watched:
            self.watched = False
            self.server.poller.unregister(self.stream.fileno)
        self.stream.sock.setblocking(True)
        self.detached = True  # last: another thread that finds it taken over uses it at once

    def _take_back(self) -> None:
        """Close the socket as any other, so that the application's last words arrive."""
        if self.client_socket is not None:
            self.client_socket.wait_for_users(_LAST_WORDS_SECONDS)
        try:
            self.stream.sock.setblocking(False)
        except (OSError, ValueError):  # the application has closed it; or the server did not wait for its thread
            self.close()
        else:
            self._begin_linger()

    # The end

    def settle_response(self) -> None:
        """The response is out, or on its way: go on to the next request, the rest of this response, or the end."""
        http = self.http
        if self._hushed:
            self._hush(False)
        keep = http.finish() is KEEP_ALIVE
        self._served = True
        if keep and http.idle and not self.readable and self._outbox is None and not self.server.stopping:
            if not self.watched:
                self._watch()
            self.rests = True
            self._waits_within = False
            self.deadline = UNSET
            return
        self.rests = False
        if self.held is not None:
            self.send_held()
        if self.detached:
            self._take_back()
        elif self._outbox is not None:
            self._wait_to_flush(keep=keep)
        elif not keep:
            self._begin_close()

    def fail_response(self, status: int, reason: str, page: tuple[bytes, bytes] | None = None) -> None:
        """End a request that cannot be answered as the application meant: ``status`` if no head is out, then close.

        Args:
            page: fields and content of the answer, if it is to be more than the reason.
        """
        http = self.http
        if self._hushed:
            self._hush(False)
        http.close_after_response()
        self.rests = False
        self.send_held()
        if self.detached:
            self._take_back()
        elif self._outbox is not None:
            # The failure came after the response, which is complete; a slow client gets it as a fast one has.
            self._wait_to_flush(keep=False)
        elif http.framing is not None:
            # No last chunk, or fewer bytes than promised: closing is how the client learns that something is missing.
            self._begin_linger(complete=http.framing is not UNTIL_CLOSE)
        else:
            request = http.request
            content = request is None or request.line.method != b"HEAD"
            self._answer(status, reason, content=content, page=page)
