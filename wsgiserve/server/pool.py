"""A pool of threads in which the one that polls also works: leader and followers, with a deputy.

Floor 3. Names neither HTTP nor WSGI. One thread of the pool has the *lead*: it polls, and serves what is ready itself,
so a request is neither queued nor handed over, and wakes nobody. When that would keep the others waiting, it gives the
lead to a parked follower:

- *Fast* requests are served with the lead in hand. The *deputy*, the thread that called ``watch``, looks every two to
  eight milliseconds whether the leader is still inside the same request, and if so takes the lead away from it. It
  sleeps while nothing happens.
- *Slow* requests: the leader gives up the lead before each. They are slow when they wait for something, on average (see
  ``pace.py``), or without the GIL, when they compute; or when whoever is inside one knows that it will take its time,
  and calls ``make_way``.

Two things never happen. No two threads have the lead: what the leader does while it has it, polling above all, needs no
lock. And nobody is parked while nobody has the lead: each change of it is made under ``_lock``, and a thread that finds
it vacant takes it instead of parking. When all threads are busy it is vacant, and the first to finish takes it.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from wsgiserve.server.interpreter import has_gil
from wsgiserve.server.pace import Pace
from wsgiserve.server.threadstate import pauses

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["STUCK_SECONDS", "Pool", "Worker"]

# The deputy's rounds, and how many of them without anything new before it goes to sleep. Each takes the interpreter
# away from the leader for a moment: rounds of one millisecond cost a tenth of all requests, of two half as much. So
# they become longer while the deputy need not take the lead. When it has to, others have waited for two rounds, which
# is less than a hundredth of the time since it last had to: the 99th percentile does not see it.
_ROUND_SECONDS = 0.002
_LONGEST_ROUND_SECONDS = 0.008
_ROUNDS_SHARE = 0.004
_IDLE_ROUNDS = 25

# All threads inside the very same work for so long is worth a word.
STUCK_SECONDS = 5.0

# How soon the end of patience is noticed while threads are waited for.
_JOIN_SECONDS = 0.01

# For all threads together at the end of patience: one that is about to close a connection is not cut off in the middle
# of it, and a stop at once is still one.
_PARTING_SECONDS = 0.1


class Worker:
    """One thread of the pool.

    Attributes:
        turn: odd while it serves, even otherwise; grows with each thing that is served. Only its own thread changes it.
        task: what it serves, or has served last; for those who made it the leader.
        before: its processor time in seconds and its pauses, when it began what is doubtful; None if nothing is.
        looks: what it serves is looked at, see ``Pace.looks``.
        made_way: during what it serves; its time says nothing of how the others are served.
        gate: what it waits at when it is parked; closed (held) otherwise.
        thread: set before it is started.
    """

    __slots__ = ("before", "gate", "looks", "made_way", "task", "thread", "turn")

    thread: threading.Thread

    def __init__(self) -> None:
        self.turn = 0
        self.task: Any = None
        self.before: tuple[float, int] | None = None
        self.looks = False
        self.made_way = False
        self.gate = threading.Lock()
        self.gate.acquire()


class Pool:
    """Threads that run ``work`` one after the other as leaders.

    Args:
        threads: how many.
        work: takes what is to be done and does it between ``begin`` and ``end``, again and again while its worker is
            the ``leader``; returns False when there will never be anything again. What it raises ends the pool.
        on_slow: called by the deputy with a worker from which it has taken the lead: it is inside something for long.
        on_stuck: called by the deputy when all threads have been busy with the very same things for
            ``STUCK_SECONDS``, and after as many again, until it returns true: it has been dealt with.
        on_vacant: called by the deputy before it goes to sleep while nobody has the lead, and nobody gets it meanwhile.

    Attributes:
        leader: the worker that should go on polling; None when all are busy. Anybody may look, at any time.
        workers: those whose threads were started.
        pace: of what they serve.
    """

    def __init__(
        self,
        threads: int,
        work: Callable[[Worker], bool],
        on_stuck: Callable[[], bool] | None = None,
        on_slow: Callable[[Worker], object] = lambda worker: None,
        on_vacant: Callable[[], object] = lambda: None,
    ) -> None:
        self.workers: list[Worker] = []
        self._work = work
        self._size = threads
        self._lock = threading.Lock()
        self.leader: Worker | None = None
        self._parked: list[Worker] = []
        self._finished = False
        self._error: BaseException | None = None
        self._bell = threading.Lock()  # held; released to wake the deputy
        self._bell.acquire()
        self._deputy_sleeps = False
        self._calm_since = time.monotonic()
        self._turns_in_calm = 0.0
        self.pace = Pace()
        self._on_stuck = on_stuck
        self._on_slow = on_slow
        self._on_vacant = on_vacant
        self._stuck_turns: list[int] = []
        self._stuck_due = inf

    # The deputy's side

    def start(self) -> None:
        """Start the threads.

        Raises:
            RuntimeError: the system has no more threads to give, or MemoryError. Those that were started do their work.
        """
        for number in range(self._size):
            worker = Worker()
            worker.thread = threading.Thread(
                target=self._follow, args=(worker,), name=f"wsgiserve-{number}", daemon=True
            )
            self.workers.append(worker)
            try:
                worker.thread.start()
            except (RuntimeError, MemoryError):
                self.workers.pop()
                raise

    def watch(self, patience: Callable[[], float]) -> None:
        """Be the deputy, until the work is finished or patience is at an end.

        Args:
            patience: seconds to wait at most for busy threads once it is no longer infinite; asked repeatedly.
        Raises:
            BaseException: what came out of ``work``.
        """
        while not self._finished and patience() > 0:
            self._watch_leader(patience)
        if self._error is not None:
            raise self._error

    def join(self, patience: Callable[[], float]) -> None:
        """Wait for the threads to end; at the end of patience hardly any longer for those that serve something.

        The others are on their way out, and must not be left behind: they may still be polling. Make ``work`` return.
        """
        self._finish()
        at_least_until = time.monotonic() + _PARTING_SECONDS
        for worker in self.workers:
            while worker.thread.is_alive():
                if patience() <= 0 and worker.turn & 1 and time.monotonic() >= at_least_until:
                    break
                worker.thread.join(_JOIN_SECONDS)

    def wake_deputy(self) -> None:
        """Make the deputy look around now. Safe in a signal handler."""
        if self._deputy_sleeps:
            self._deputy_sleeps = False
            with suppress(RuntimeError):  # another thread has rung meanwhile
                self._bell.release()

    def _watch_leader(self, patience: Callable[[], float]) -> None:
        """Rounds, until nothing has happened for a while; then sleep until something does."""
        idle, spared, on_time = 0, False, True
        seen: tuple[Worker | None, int] = (None, 0)
        while idle < _IDLE_ROUNDS and not self._finished and patience() > 0:
            leader = self.leader
            now = (leader, leader.turn if leader is not None else 0)
            if now != seen:
                if now[0] is not seen[0] or now[1] - seen[1] < self._turns_in_calm:
                    self._calm_since = time.monotonic()
                idle, spared, seen = 0, False, now
            elif leader is not None and now[1] & 1:
                if (on_time or spared) and self._take_lead_from(leader, now[1]):
                    self._on_slow(leader)
                    self._calm_since = time.monotonic()
                spared = True
            else:
                idle += 1
            on_time = self._pass_round()
        self._sleep(seen, patience)

    def _pass_round(self) -> bool:
        """Wait for the next look; False if it is late: then the leader may have been kept from running as well."""
        now = time.monotonic()
        seconds = min(max(_ROUND_SECONDS, (now - self._calm_since) * _ROUNDS_SHARE), _LONGEST_ROUND_SECONDS)
        # A leader that serves fewer than one in two milliseconds may serve slow ones that end between two long rounds.
        self._turns_in_calm = 2 * seconds / _ROUND_SECONDS
        self._bell.acquire(timeout=seconds)
        return time.monotonic() < now + 2 * seconds

    def _stand_in(self) -> None:
        """All may be busy; what cannot wait for the first to finish is done here."""
        with self._lock:
            if self.leader is None and not self._finished:
                self._on_vacant()

    def _sleep(self, seen: tuple[Worker | None, int], patience: Callable[[], float]) -> None:
        self._deputy_sleeps = True  # first: who rings from now on is heard
        if patience() > 0:
            self._stand_in()
        leader = self.leader
        if (leader, leader.turn if leader is not None else 0) != seen or self._finished:
            self._deputy_sleeps = False
            return
        limit = min(patience(), self._until_stuck())
        self._bell.acquire(timeout=-1 if limit == inf else max(limit, 0.0))
        self._deputy_sleeps = False

    def _until_stuck(self) -> float:
        """Seconds until it is time to say that nobody gets on; infinite while somebody does, or once it was said."""
        if self._on_stuck is None:
            return inf
        turns = [worker.turn for worker in self.workers]
        now = time.monotonic()
        if turns != self._stuck_turns:
            self._stuck_turns = turns
            self._stuck_due = now + STUCK_SECONDS if all(turn & 1 for turn in turns) else inf
        elif now >= self._stuck_due:
            self._stuck_due = inf if self._on_stuck() else now + STUCK_SECONDS
        return self._stuck_due - now

    def _take_lead_from(self, leader: Worker, turn: int) -> bool:
        """Whether it is still in that turn, and has lost the lead."""
        with self._lock:
            if self.leader is not leader:
                return False
            # In this order: a leader that finishes just now either finds the lead gone, and comes for it under the
            # lock; or it has counted its turn before we look, and keeps the lead.
            self.leader = None
            is_slow = leader.turn == turn
            if is_slow:
                if self.pace.slow:
                    self.pace.end_look(time.monotonic())
                self._pass_lead()
            else:
                self.leader = leader
            return is_slow

    def busy(self) -> int:
        """How many workers are serving something."""
        return sum(worker.turn & 1 for worker in self.workers)

    # The workers' side

    def begin(self, worker: Worker) -> float:
        """The worker starts to serve something; returns the time, for ``end``.

        While it leads it may serve several things before ``end``; it adds 2 to its turn before each of the others.
        """
        worker.turn += 1
        if self._deputy_sleeps:
            self.wake_deputy()
        started = time.monotonic()
        pace = self.pace
        if pace.doubtful:
            worker.before = time.thread_time(), pauses()
            worker.looks = pace.slow and pace.looks(started)
            if pace.slow and not worker.looks:
                self._give_up_lead(worker)
        return started

    def make_way(self) -> None:
        """What the calling thread serves will take its time: if it leads, somebody else is to do so meanwhile."""
        leader = self.leader
        if leader is not None and leader.thread is threading.current_thread():
            leader.made_way = True
            self._give_up_lead(leader)

    def end(self, worker: Worker, started: float, count: int = 1) -> None:
        """The worker is done with it, or with ``count`` things one after the other."""
        if worker.made_way:
            worker.made_way, worker.looks, worker.before = False, False, None
        elif worker.before is None:
            self.pace.note(time.monotonic() - started, count)
        else:
            self._note_waits(worker, started, count)
        worker.turn += 1

    def _note_waits(self, worker: Worker, started: float, count: int) -> None:
        assert worker.before is not None
        (computed, paused), worker.before = worker.before, None
        now = time.monotonic()
        computed, paused = time.thread_time() - computed, pauses() - paused
        if has_gil():
            waits = min(paused, count)
            waited = (now - started - computed) / waits if waits else 0.0
        else:  # whether it waits or computes, others can be served at the same moment
            waits, waited = count, (now - started if paused else computed) / count
        looked, worker.looks = worker.looks and self.leader is worker, False
        if looked:
            self.pace.note_look(waited, now)
        else:
            self.pace.note_waits(now - started, count, waits, waited, now)

    def _give_up_lead(self, worker: Worker) -> None:
        if self.leader is worker:
            with self._lock:
                if self.leader is worker:
                    self._pass_lead()

    def _pass_lead(self) -> None:
        """Under ``_lock``: the lead goes to a parked worker, or to whoever finishes first."""
        self.leader = follower = self._parked.pop() if self._parked else None
        if follower is not None:
            follower.gate.release()

    def _follow(self, worker: Worker) -> None:
        try:
            while self._await_lead(worker):
                if not self._work(worker):
                    self._finish()
        except BaseException as error:
            self._error = error
            self._finish()

    def _await_lead(self, worker: Worker) -> bool:
        """Take the lead if it is vacant, otherwise park until it is given; False when the work is finished."""
        with self._lock:
            if self._finished:
                return False
            if self.leader is None:
                self.leader = worker
                return True
            if self.leader is worker:
                return True
            self._parked.append(worker)
        worker.gate.acquire()
        return not self._finished

    def _finish(self) -> None:
        with self._lock:
            self._finished = True
        for worker in self.workers:
            with suppress(RuntimeError):  # its gate is open already
                worker.gate.release()
        self.wake_deputy()
