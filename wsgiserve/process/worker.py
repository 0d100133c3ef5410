"""A worker's way to its supervisor: reports, stops when it is told to, and ends when there is no supervisor any more.

What it does otherwise is not known here. While it loads it can be ended on the spot: nobody waits for an answer yet.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from wsgiserve.process.channel import Channel, Message
from wsgiserve.process.stops import Stops
from wsgiserve.signals import Stoppable, stopped_by_signals, tell_what_is_waited_for

__all__ = ["Worker"]

# After the time for a graceful stop is over, when the supervisor is gone: for threads and functions of atexit.
_PATIENCE_SECONDS = 2.0


class Worker:
    """The worker's end of the channel.

    A thread of its own listens there, from the beginning: an import may take for ever.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stops: Stops | None = None
        threading.Thread(target=self._obey, name="wsgiserve-supervisor", daemon=True).start()

    def report(self, message: Message) -> None:
        """Tell the supervisor what has become of it."""
        self._channel.send(message)

    @contextmanager
    def stopping(self, server: Stoppable) -> Iterator[None]:
        """Signals and the supervisor stop this server; what both of them tell counts once."""
        self._stops = Stops(server)
        with stopped_by_signals(self._stops):
            yield

    def _obey(self) -> None:
        told = False
        while message := self._channel.receive():
            told = True
            if self._stops is not None and self._stops.asked():
                tell_what_is_waited_for(self._stops, message["stop"])
        if self._stops is None:
            os._exit(1)
        if not told:
            self._stops.asked()
        # Whatever the application still waits for, nobody would look after it.
        time.sleep(self._stops.deadlines.graceful + _PATIENCE_SECONDS)
        os._exit(1)
