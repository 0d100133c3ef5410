"""The supervisor of several workers that are all alike: starts them, waits, and puts another one where one has ended.

It forks, so it has no threads; a worker begins where ``run`` returns for the second time, with nothing of the
supervisor's but its own channel. What a worker does is not known here, only that it reports ``{"ready": ...}`` or
``{"failed": why}`` once, and that it stops when it is told to.

Nothing happens on a clock while nothing happens: ends of workers, reports and signals are waited for in one ``select``.
Source: fork(2), waitpid(2), signal(7); gunicorn's arbiter for what people expect of one.
"""

from __future__ import annotations

import logging
import os
import select
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any

from wsgiserve.process.channel import Channel, Message
from wsgiserve.process.ending import describe_end
from wsgiserve.process.post import Birth, Child, Post
from wsgiserve.process.waiting import Waiting
from wsgiserve.signals import EXIT_CODES

__all__ = ["Supervisor"]

log = logging.getLogger("wsgiserve")

# After the time for a graceful stop is over, and after the second signal, until a worker is killed.
_PATIENCE_SECONDS = 2.0
_AT_ONCE_SECONDS = 1.0

# What a worker that has just been forked must not take for its own before it has its own handlers.
_HELD_BACK = [*EXIT_CODES, signal.SIGCHLD]


class Supervisor:
    """Keeps workers until a signal says to stop.

    Args:
        count: how many.
        seconds: for their graceful stop.
        on_ready: called once, when all are ready, with their process ids and what one has told.
        on_stop: called when they are about to be told to stop, the first time.

    Attributes:
        failure: why there is no use in going on: what the first worker that has failed before all were ready has
            reported, or ``{"died": how}`` if it had not; None if that is not why it ended.
    """

    def __init__(
        self,
        count: int,
        seconds: float,
        on_ready: Callable[[Sequence[int], Any], object],
        on_stop: Callable[[], object],
    ) -> None:
        self._posts = [Post(number) for number in range(count)]
        self._seconds = seconds
        self._on_ready: Callable[[Sequence[int], Any], object] | None = on_ready
        self._on_stop = on_stop
        self._waiting = Waiting()
        self._mask: set[int | signal.Signals] = set()
        self._stopping = False
        self.failure: Message | None = None

    def run(self) -> int | Birth:
        """Look after workers; returns the exit code, at the end. In each worker it returns too, with its birth."""
        birth = None
        try:
            with self._waiting.noting(EXIT_CODES, {signal.SIGCHLD: lambda: None}):
                birth = self._supervise()
        finally:
            if birth is None:
                self._kill()
            self._waiting.close()
        if birth is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            return birth
        return EXIT_CODES[self._waiting.signals[0]] if self._waiting.signals else 1

    def _supervise(self) -> Birth | None:
        while True:
            birth = None if self._stopping else self._fill_posts()
            if birth is not None or (self._stopping and not self._children()):
                return birth
            self._waiting.wait(self._due())
            for number in self._waiting.new_signals():
                self._stop(number)
            self._bury_the_dead()
            self._kill_the_late()

    def _children(self) -> list[Child]:
        return [post.child for post in self._posts if post.child is not None]

    def _due(self) -> float:
        late = min((child.due for child in self._children()), default=inf)
        empty = [] if self._stopping else [post.due for post in self._posts if post.child is None]
        return min([late, *empty])

    # Births

    def _fill_posts(self) -> Birth | None:
        """Start who is missing; in a new worker, its birth."""
        for post in self._posts:
            if post.child is None and time.monotonic() >= post.due:
                birth = self._fork(post)
                if birth is not None:
                    return birth
        return None

    def _fork(self, post: Post) -> Birth | None:
        ours, theirs = map(Channel, socket.socketpair())
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
        try:
            pid = os.fork()
        except OSError as error:
            pid = -1
            log.error("cannot start a worker: %s; trying again%s", error.strerror, _when(post.vacate(time.monotonic())))
        if pid == 0:
            self._forget_the_others()
            ours.close()
            return Birth(theirs, post.number, post.generation)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        theirs.close()
        if pid < 0:
            ours.close()
            return None
        child = Child(pid, ours, time.monotonic())
        post.fill(child)
        self._waiting.selector.register(ours, selectors.EVENT_READ, partial(self._hear, child))
        return None

    def _forget_the_others(self) -> None:
        """In a worker: it would seem to them that their supervisor lives as long as it does."""
        for child in self._children():
            child.channel.close()

    # What they tell

    def _hear(self, child: Child) -> None:
        message = child.channel.receive()
        if message is None:  # its end is told by the system
            self._stop_listening(child)
        elif "ready" in message:
            child.is_ready = True
            self._tell_when_all_are_ready(message["ready"])
        elif self._on_ready is None:
            child.failure = message["failed"]
        else:
            self._give_up(message)

    def _stop_listening(self, child: Child) -> None:
        if child.channel.fileno() >= 0:
            self._waiting.selector.unregister(child.channel)
            child.channel.close()

    def _tell_when_all_are_ready(self, report: Any) -> None:
        children = self._children()
        if self._on_ready is not None and len(children) == len(self._posts) and all(one.is_ready for one in children):
            self._on_ready([child.pid for child in children], report)
            self._on_ready = None

    def _give_up(self, failure: Message) -> None:
        """What one cannot do when all begin, the others cannot either."""
        if self.failure is None and not self._stopping:
            self.failure = failure
            self._stop(signal.SIGTERM)

    # Ends

    def _bury_the_dead(self) -> None:
        for post in self._posts:
            child = post.child
            if child is not None:
                pid, status = os.waitpid(child.pid, os.WNOHANG)
                if pid:
                    self._bury(post, child, describe_end(os.waitstatus_to_exitcode(status)))

    def _bury(self, post: Post, child: Child, how: str) -> None:
        if child.channel.fileno() >= 0 and select.select([child.channel], [], [], 0)[0]:
            self._hear(child)  # why it has ended
        self._stop_listening(child)
        when = _when(post.vacate(time.monotonic()))
        if self._on_ready is not None and not child.is_ready:
            self._give_up({"died": how})
        elif not self._stopping:
            why = f"could not load the application: {child.failure}" if child.failure else f"ended ({how})"
            log.error("worker %d %s; starting another%s", child.pid, why, when)

    def _stop(self, number: int) -> None:
        """The first time they finish what runs, the second time they do not. Who still loads has nothing to finish."""
        again, self._stopping = self._stopping, True
        if not again:
            self._on_stop()
        for child in self._children():
            if not (child.is_ready and child.channel.send({"stop": number})):
                os.kill(child.pid, signal.SIGTERM)
            seconds = _AT_ONCE_SECONDS if again else self._seconds + _PATIENCE_SECONDS
            child.due = min(child.due, time.monotonic() + seconds)

    def _kill_the_late(self) -> None:
        for child in self._children():
            if time.monotonic() >= child.due:
                log.warning("worker %d has not ended in time; killed it", child.pid)
                os.kill(child.pid, signal.SIGKILL)
                child.due = inf

    def _kill(self) -> None:
        """Nobody is left, unless something went wrong here."""
        for child in self._children():
            with suppress(OSError):  # it has ended, and was waited for
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
            self._stop_listening(child)


def _when(seconds: float) -> str:
    return f" in {seconds:g} s" if seconds else ""
