"""The connections of a server: whose they are, which are ready, when their time is up, and how they come to an end.

Floor 3. Polls, and runs no request. A connection is *owned* by whoever holds its lock; what nobody owns belongs to the
poller. Its news goes through ``ready``: connections in there are owned already, by whoever takes them out, who has to
have each ``settle`` or ``close``, or to ``requeue`` it. One thread at a time calls ``next_ready``; others may call
anything else meanwhile.
Source: RFC 9112 §9.5 and §9.6 for what is closed when.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from wsgiserve.server.acceptor import Acceptor
from wsgiserve.server.deadlines import LAST_MOMENT_SECONDS, Deadlines
from wsgiserve.server.poller import Poller, new_poller
from wsgiserve.server.stream import has_bytes
from wsgiserve.server.sweep import Sweep

if TYPE_CHECKING:
    from wsgiserve.server.channel import Channel
    from wsgiserve.server.handler import WSGIRequestHandler

__all__ = ["ConnectionLoop"]

log = logging.getLogger("wsgiserve")

# Memory for the unsent rests of finished responses, all connections together. What does not fit is sent by the thread
# that made it.
_PARKED_BYTES = 64 * 1024 * 1024


class ConnectionLoop:
    """Accepts, polls, sweeps and drains.

    Args:
        listeners: listening, non-blocking sockets; closed at the end.
        deadlines: of the connections.
        max_connections: beyond it, new ones wait in the kernel's queue.

    Attributes:
        connections: all that are open, by descriptor.
        stopping: no request is taken on a connection after the one that it has, and idle ones are closed.
        notes_arrivals: whether connections are told ``arrived_after``.
        ready: connections on which something has happened; owned already, by whoever takes them out.
        held_lock: held by another thread than a request's own while it sends a response of it that was held.
    """

    def __init__(self, listeners: Sequence[socket.socket], deadlines: Deadlines, max_connections: int) -> None:
        self.deadlines = deadlines
        self.max_connections = max_connections
        self.poller: Poller = new_poller()
        self.acceptor = Acceptor(listeners, self._has_room)
        self.connections: dict[int, WSGIRequestHandler] = {}
        self.stopping = False
        self.notes_arrivals = True
        self.held_lock = threading.Lock()
        self.ready: deque[WSGIRequestHandler] = deque()
        self._held: deque[WSGIRequestHandler] = deque()
        self._requeued: deque[WSGIRequestHandler] = deque()
        self._sweep = Sweep(deadlines, self.ready)
        self._polled_at = -inf
        self._parked = 0
        self._parked_lock = threading.Lock()
        self._graceful_until = inf
        self._draining = False
        self._retired = False  # who waits at the door is another process's to take in
        self._stop_now = False

    def make_connection(self, sock: socket.socket, address: Any) -> WSGIRequestHandler | None:
        """What is to become of a socket that was accepted; None if nothing can, and it is closed again."""
        raise NotImplementedError

    def pause(self) -> None:
        """Called when what was ready is done: before polling, and by each other thread that goes to rest."""

    # Letting go of a connection; whoever calls these owns it

    def requeue(self, connection: WSGIRequestHandler) -> None:
        """Put a connection that has more to do behind all others on which something has happened by now."""
        self._requeued.append(connection)
        self.poller.wake()
        if self._stop_now:  # nobody may be there any more to look at it
            self._close_queued(self._requeued)

    def forget(self, connection: Channel) -> None:
        """A connection is about to be closed."""
        fileno = connection.stream.fileno
        if connection.watched:
            self.poller.unregister(fileno)
        self.connections.pop(fileno, None)
        if self.acceptor.full or (self.stopping and not self.connections):
            self.poller.wake()

    def may_park(self, size: int) -> bool:
        """Reserve memory for the rest of a response; False when too much waits already. ``unpark`` gives it back."""
        with self._parked_lock:
            if self._parked + size > _PARKED_BYTES:
                return False
            self._parked += size
            return True

    def unpark(self, size: int) -> None:
        """Give back what ``may_park`` reserved."""
        with self._parked_lock:
            self._parked -= size

    def waiting_requests(self) -> int:
        """Connections, open or at the door, on which something has come that nobody has looked at yet."""
        idle = [connection for connection in list(self.connections.values()) if not connection.running]
        return self.acceptor.waiting() + sum(has_bytes(connection.stream.sock) for connection in idle)

    def part_from_idle(self) -> None:
        """Close the connections that wait for another request, now rather than when somebody polls next."""
        for connection in list(self.connections.values()):
            if connection.lock.acquire(False):
                connection.part_if_idle()
                if not connection.settle():
                    self.requeue(connection)

    # Polling; one thread at a time calls these

    def next_ready(self) -> WSGIRequestHandler | None:
        """The next connection on which something happened, owned by the caller; None when the server has stopped."""
        while not self._stop_now:
            if self.stopping and self.out_of_time():
                break
            try:
                return self.ready.popleft()
            except IndexError:
                if self.drained():
                    break
            self.pause()
            self._poll()
        return None

    def service_event(self, fileno: int) -> None:
        """Something happened on a descriptor that is no connection's: here, a listener's."""
        own_address = self.acceptor.address_at(fileno)
        for sock, address in self.acceptor.accept(fileno):
            self._add(sock, address, own_address)

    def _poll(self) -> None:
        now = time.monotonic()
        self.acceptor.resume(now)
        notes, connections, ready = self.notes_arrivals, self.connections, self.ready
        before = self._polled_at
        if notes:
            self._polled_at = time.perf_counter()
        hung_up = self.poller.hung_up
        news = self.poller.poll(self._poll_timeout(now))
        for fileno, events in news:
            connection = connections.get(fileno)
            if connection is None:
                self.service_event(fileno)
                continue
            if events & hung_up:
                connection.hung_up = True
            connection.readable = True
            if notes and connection.arrived_after == inf:
                connection.arrived_after = before  # or the last poll would have told of it
            if connection.lock.acquire(False):
                ready.append(connection)
            else:
                connection.flush_meanwhile()
        if self._requeued:
            self._take_requeued()
        # After polling: whose request has come while everybody was busy is not late, we are.
        sweep = self._sweep
        if news:
            sweep.note(now)
        if now >= sweep.due:
            sweep.look(connections, now)

    def _take_requeued(self) -> None:
        with suppress(IndexError):  # none is left: some may have been closed, by who has seen that nobody will come
            while True:
                self.ready.append(self._requeued.popleft())

    def _poll_timeout(self, now: float) -> float | None:
        if self.ready or self._requeued:
            return 0.0
        due = min(self._graceful_until, self.acceptor.pause_ends())
        if self.connections:
            due = min(due, self._sweep.due)
        return None if due == inf else max(due - now, 0.0)

    def _add(self, sock: socket.socket, address: Any, own_address: Any = None, *, deadline: float = inf) -> None:
        """A connection begins as one on which something has happened: most often its client has asked by now.

        One that is closed after that request is never the poller's.
        """
        connection = self.make_connection(sock, address)
        if connection is None:
            return
        connection.own_address = own_address
        if deadline < connection.deadline:
            connection.deadline = deadline
        connection.readable = True
        connection.lock.acquire()
        fileno = connection.stream.fileno
        self._sweep.add(fileno)
        self.connections[fileno] = connection
        self.ready.append(connection)

    def _has_room(self) -> bool:
        return len(self.connections) < self.max_connections

    # The end; the same thread calls these

    def drained(self) -> bool:
        """Whether the server was told to stop, and nothing is left to be done or time is up."""
        if not self.stopping:
            return False
        if not self._draining:
            self._draining = True
            self._sweep.hurry()
            self._look_at_idle_connections()
        if self.acceptor.listeners:
            self._close_door()
        # Who came in at the door was no news, and who has been given a last moment tells nobody.
        self._sweep.note(time.monotonic())
        return not self.ready and (not self.connections or self.out_of_time())

    def out_of_time(self) -> bool:
        """Whether the graceful stop has taken as long as it may."""
        return self._stop_now or time.monotonic() >= self._graceful_until

    def _look_at_idle_connections(self) -> None:
        """Once more, for a request that may just have come; without one they are closed."""
        for connection in list(self.connections.values()):
            connection.readable = True
            if connection.lock.acquire(False):
                self.ready.append(connection)

    def _close_door(self) -> None:
        """Take in who is waiting at the door and close it; while there is no room for all it stays open."""
        if self._retired:
            self.acceptor.close()
            return
        self.acceptor.unlink()
        late = time.monotonic() + LAST_MOMENT_SECONDS
        for sock, address in self.acceptor.accept_waiting():
            self._add(sock, address, deadline=late)
        if not self.acceptor.holds_back:
            self.acceptor.close()

    def _close_queued(self, queue: deque[WSGIRequestHandler]) -> None:
        """Close connections that are owned by a queue nobody will look at any more."""
        with suppress(IndexError):
            while True:
                queue.popleft().close()
