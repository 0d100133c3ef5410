"""A pool of threads in which the one that polls also works: leader and followers, with a deputy.

Floor 3. Names neither HTTP nor WSGI. One thread of the pool has the *lead*: it polls, and serves what is ready itself, so
a request is neither queued nor handed over, and wakes nobody. When that would keep the others waiting, it gives the lead
to a parked follower:

- *Fast* requests (a moving average below ``_FAST_SECONDS``) are served with the lead in hand. The *deputy*, the thread
  that called ``serve``, looks every millisecond whether the leader is still inside the same request, and if so takes the
  lead away from it. It sleeps while nothing happens.
- *Slow* requests: the leader gives up the lead before each.

The lead is an optimisation, not a lock. For a moment two threads may both believe to have it; each connection's own lock
is what keeps two threads from serving one connection. What must never happen is that nobody has the lead while a
thread is parked: every change of it is made under ``_lock``, and a thread that finds it vacant takes it instead of
parking. When all threads are busy it is vacant, and the first to finish takes it.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pool", "Worker"]

# Handing over costs two context switches and a fight for the interpreter, 20 to 50 µs. Below about 150 µs of work the
# others wait less for the leader to finish than for a hand-over.
_FAST_SECONDS = 150e-6

# Weight of the newest request in the average, and the most that one request counts: a rare slow one (up to 15 %, at these
# numbers) is the deputy's business and does not make all the others pay for a hand-over.
_WEIGHT = 0.1
_LONGEST_SECONDS = 1e-3

# While requests are slow, their times include waiting for each other. So once in a while the pool looks again.
_LOOK_AGAIN_SECONDS = 0.1

# The deputy's rounds, and how many of them without anything new before it goes to sleep.
_ROUND_SECONDS = 0.001
_IDLE_ROUNDS = 50


class Worker:
    """One thread of the pool.

    Attributes:
        turn: odd while it serves a connection, even while it polls; grows with each.
        gate: what it waits at when it is parked; closed (held) otherwise.
    """

    __slots__ = ("gate", "turn")

    def __init__(self) -> None:
        self.turn = 0
        self.gate = threading.Lock()
        self.gate.acquire()


class Pool:
    """Threads that run ``work`` one after the other as leaders.

    Args:
        threads: how many.
        work: takes the next thing to do and does it between ``begin`` and ``end``, again and again while ``leads`` is
            true for its worker; returns False when there will never be anything again.
    """

    def __init__(self, threads: int, work: Callable[[Worker], bool]) -> None:
        self._work = work
        self._size = threads
        self._lock = threading.Lock()
        self._leader: Worker | None = None
        self._parked: list[Worker] = []
        self._finished = False
        self._bell = threading.Lock()  # held; released to wake the deputy
        self._bell.acquire()
        self._deputy_sleeps = False
        self._average = 0.0
        self._slow_since = inf
        self._threads: list[threading.Thread] = []

    # The deputy's side

    def run(self, patience: Callable[[], float]) -> None:
        """Start the threads and be their deputy until the work is finished.

        Args:
            patience: seconds to wait at most for busy threads once it is no longer infinite; asked repeatedly.
        """
        for number in range(self._size):
            thread = threading.Thread(target=self._follow, args=(Worker(),), name=f"wsgiserve-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()
        while not self._finished and patience() > 0:
            self._watch_leader(patience)
        self._finish()
        for thread in self._threads:
            thread.join(max(0.0, patience()) if patience() != inf else None)

    def wake_deputy(self) -> None:
        """Make the deputy look around now. Safe in a signal handler."""
        if self._deputy_sleeps:
            self._deputy_sleeps = False
            with suppress(RuntimeError):  # another thread has rung meanwhile
                self._bell.release()

    def _watch_leader(self, patience: Callable[[], float]) -> None:
        """Rounds, until nothing has happened for a while; then sleep until something does."""
        idle = 0
        seen: tuple[Worker | None, int] = (None, 0)
        while idle < _IDLE_ROUNDS and not self._finished and patience() > 0:
            leader = self._leader
            now = (leader, leader.turn if leader is not None else 0)
            if now != seen:
                idle, seen = 0, now
            elif leader is not None and now[1] & 1:
                self._take_lead_from(leader, now[1])
            else:
                idle += 1
            self._bell.acquire(timeout=_ROUND_SECONDS)
        self._sleep(seen, patience)

    def _sleep(self, seen: tuple[Worker | None, int], patience: Callable[[], float]) -> None:
        self._deputy_sleeps = True
        leader = self._leader
        if (leader, leader.turn if leader is not None else 0) != seen or self._finished:
            self._deputy_sleeps = False
            return
        limit = patience()
        self._bell.acquire(timeout=-1 if limit == inf else max(limit, 0.0))
        self._deputy_sleeps = False

    def _take_lead_from(self, leader: Worker, turn: int) -> None:
        with self._lock:
            if self._leader is leader and leader.turn == turn:
                self._pass_lead()

    # The workers' side

    def leads(self, worker: Worker) -> bool:
        """Whether it is this worker that should go on polling."""
        return self._leader is worker

    def begin(self, worker: Worker) -> float:
        """The worker starts to serve something; returns the time, for ``end``."""
        worker.turn += 1
        if self._deputy_sleeps:
            self.wake_deputy()
        started = time.monotonic()
        if self._average >= _FAST_SECONDS:
            if started - self._slow_since > _LOOK_AGAIN_SECONDS:
                self._average = 0.0
            elif self._leader is worker:
                with self._lock:
                    if self._leader is worker:
                        self._pass_lead()
        return started

    def end(self, worker: Worker, started: float) -> None:
        """The worker is done with it."""
        seconds = time.monotonic() - started
        average = self._average + (min(seconds, _LONGEST_SECONDS) - self._average) * _WEIGHT
        if average >= _FAST_SECONDS > self._average:
            self._slow_since = started
        self._average = average
        worker.turn += 1

    def _pass_lead(self) -> None:
        """Under ``_lock``: the lead goes to a parked worker, or to whoever finishes first."""
        self._leader = follower = self._parked.pop() if self._parked else None
        if follower is not None:
            follower.gate.release()

    def _follow(self, worker: Worker) -> None:
        try:
            while self._await_lead(worker):
                if not self._work(worker):
                    self._finish()
        except BaseException:
            # A mistake of ours; the interpreter will report it. The pool goes on with one thread less.
            with self._lock:
                if self._leader is worker:
                    self._pass_lead()
            raise

    def _await_lead(self, worker: Worker) -> bool:
        """Take the lead if it is vacant, otherwise park until it is given; False when the work is finished."""
        with self._lock:
            if self._finished:
                return False
            if self._leader is None:
                self._leader = worker
                return True
            if self._leader is worker:
                return True
            self._parked.append(worker)
        worker.gate.acquire()
        return not self._finished

    def _finish(self) -> None:
        with self._lock:
            if self._finished:
                return
            self._finished = True
            parked, self._parked = self._parked, []
        for worker in parked:
            worker.gate.release()
        self.wake_deputy()
