"""Whose time is up: all connections are looked at for that now and then, a few hundred at a time.

Floor 3. Nothing is armed or cancelled for a request: deadlines are a field of the connection. While something happens
a pass over all of them begins at least as often as the nearest deadline that can be set, so none is overlooked,
whichever thread sets it. When nothing does, the next one begins when a deadline has passed.
Only the thread that polls calls this.
Source: RFC 9112 §9.5.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING

from wsgiserve.server.deadlines import LAST_MOMENT_SECONDS, UNSET, Deadlines

if TYPE_CHECKING:
    from wsgiserve.server.handler import WSGIRequestHandler

__all__ = ["Sweep"]

# Deadlines that lie closer together are looked at together.
_TOGETHER_SECONDS = 0.25

# The nearest deadline that is set without being configured, that of a lingering close.
_AT_LEAST_SECONDS = 2.0

# No deadline that somebody configures makes the passes follow each other without a pause.
_AT_MOST_SECONDS = 0.01

# Ten thousand connections take 2 ms, most of it because their memory is in no cache, and whoever asks meanwhile would
# wait for them: so there is a poll in between. A copy of all would take as long, so who is next is told by a number.
_AT_ONCE = 256


class Sweep:
    """Passes over the connections in the order of their descriptors, each of one look or of several.

    Args:
        deadlines: those that are configured, and stay.
        ready: where connections go, owned, on which there is something to do.

    Attributes:
        due: by the monotonic clock, when to look; in the past while a pass is not over.
    """

    def __init__(self, deadlines: Deadlines, ready: deque[WSGIRequestHandler]) -> None:
        self._keep_alive = deadlines.keep_alive
        self._ready = ready
        nearest = min(deadlines.head, deadlines.keep_alive, deadlines.write, deadlines.tls_handshake)
        self._within = max(min(nearest, _AT_LEAST_SECONDS), _AT_MOST_SECONDS)
        self._next = 0  # descriptor of a pass that is not over
        self._end_by = -inf  # of the last pass: when the rest is looked at in one go, and before when none begins
        self._earliest = inf  # deadline that is known of
        self._below = 0  # all descriptors of connections are; a pass costs a look at each number up to it
        self._seen = 0  # as _below, as far as is known since a pass began
        self.due = -inf

    def hurry(self) -> None:
        """From now on a last moment is the nearest deadline that can be set."""
        self._within = min(self._within, LAST_MOMENT_SECONDS)

    def add(self, fileno: int) -> None:
        """A connection has that descriptor."""
        if fileno >= self._seen:
            self._seen = fileno + 1
            self._below = max(self._below, self._seen)

    def note(self, now: float) -> None:
        """Connections may get other deadlines, from then on."""
        soon = now + self._within
        if soon < self._earliest:
            self._earliest = soon
        if soon < self.due:
            self.due = soon

    def look(self, connections: Mapping[int, WSGIRequestHandler], now: float) -> None:
        """Expire those whose deadline has passed, of the next few, or of all when they have waited for long enough.

        Those that are being served have deadlines of their own.
        """
        if not self._next:
            self._end_by = now + min(_TOGETHER_SECONDS, self._within)
            self._earliest = inf
            self._seen = 0
        # When polls are rare, nobody is held up by the rest, which has waited for one of them.
        end = min(self._next + _AT_ONCE, self._below) if now < self._end_by else self._below
        for fileno in range(self._next, end):
            connection = connections.get(fileno)
            if connection is not None:
                self._earliest = min(self._earliest, self._deadline(connection, now))
                self._seen = max(self._seen, fileno + 1)
        if end < self._below:
            self._next = end
        else:
            self._next = 0
            self._below = self._seen
            self.due = max(self._earliest, self._end_by)

    def _deadline(self, connection: WSGIRequestHandler, now: float) -> float:
        """Of a connection, by which it has to be looked at again; it is expired if that has passed."""
        unknown = now + self._within  # whoever has it may set another, and tells nobody
        if connection.lock.locked():
            return unknown
        if connection.deadline > now:
            # Whoever let go of one that is readable is about to take it again.
            return unknown if connection.readable else connection.deadline
        if not connection.lock.acquire(False):
            return unknown
        if connection.deadline == UNSET:
            connection.deadline = now + self._keep_alive
        elif connection.deadline <= now and not connection.readable:
            connection.expire()
        deadline = connection.deadline
        if connection.settle():
            return deadline
        self._ready.append(connection)  # and whoever takes it from there may set another
        return min(deadline, unknown)
