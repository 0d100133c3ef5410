"""The pool of threads: who has the lead, who takes it away, and how all of them come to an end."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.running import SECONDS, once, until
from wsgiserve.server.pool import Pool, Worker

Job = Callable[[Worker], None]


class Jobs:
    """What a server is for its pool: something to wait at, and to work for. Fails when two threads wait there."""

    def __init__(self, threads: int) -> None:
        self.pool = Pool(threads, self.work)
        self._waiting: deque[Job] = deque()
        self._change = threading.Condition()
        self._poll = threading.Lock()
        self._over = False
        self.polled = 0

    def add(self, *jobs: Job) -> None:
        with self._change:
            self._waiting.extend(jobs)
            self._change.notify_all()

    def end(self) -> None:
        """There will never be anything again, after what is waiting already."""
        with self._change:
            self._over = True
            self._change.notify_all()

    def work(self, worker: Worker) -> bool:
        while self.pool.leader is worker:
            job = self._next()
            if job is None:
                return False
            started = self.pool.begin(worker)
            job(worker)
            self.pool.end(worker, started)
        return True

    def _next(self) -> Job | None:
        assert self._poll.acquire(blocking=False), "two threads poll at once"
        self.polled += 1
        with self._change:
            assert self._change.wait_for(lambda: self._waiting or self._over, SECONDS)
            job = self._waiting.popleft() if self._waiting else None
        self._poll.release()
        return job

    def threads(self) -> list[threading.Thread]:
        return [worker.thread for worker in self.pool.workers]

    @contextmanager
    def watched(self) -> Iterator[None]:
        """With a deputy, in a thread of its own."""
        failures: list[BaseException] = []

        def run() -> None:
            try:
                self.pool.watch(lambda: inf)
            except BaseException as error:
                failures.append(error)

        self.pool.start()
        deputy = threading.Thread(target=run)
        deputy.start()
        try:
            yield
        finally:
            self.end()
            deputy.join(SECONDS)
            self.pool.join(lambda: SECONDS)
        assert not deputy.is_alive()
        assert not any(thread.is_alive() for thread in self.threads())
        assert not failures, failures


class Blocking:
    """A job that runs until it is let go."""

    def __init__(self) -> None:
        self.inside = threading.Event()
        self.go = threading.Event()
        self.done = threading.Event()

    def __call__(self, worker: Worker) -> None:
        self.inside.set()
        assert self.go.wait(SECONDS)
        self.done.set()


def setting(event: threading.Event) -> Job:
    return lambda worker: event.set()


# Who has the lead


def test_one_thread_does_all_fast_work() -> None:
    jobs = Jobs(4)
    seen: list[Worker] = []
    done = threading.Event()
    jobs.add(*[seen.append] * 100, setting(done))
    jobs.pool.start()  # no deputy: nobody takes the lead away
    assert done.wait(SECONDS)
    assert len(set(seen)) == 1
    jobs.end()
    jobs.pool.join(lambda: SECONDS)


def test_when_all_threads_are_blocked_the_first_to_finish_takes_the_lead() -> None:
    jobs = Jobs(3)
    blocking = [Blocking() for _ in range(3)]
    other = threading.Event()
    with jobs.watched():
        for job in blocking:
            jobs.add(job)
            assert job.inside.wait(SECONDS)
        until(lambda: jobs.pool.leader is None)
        jobs.add(setting(other))
        blocking[1].go.set()
        assert other.wait(SECONDS)
        assert not blocking[0].done.is_set()
        assert not blocking[2].done.is_set()
        for job in blocking:
            job.go.set()


def test_a_single_thread_gets_its_lead_back() -> None:
    jobs = Jobs(1)
    with jobs.watched():
        for _ in range(3):
            blocking, other = Blocking(), threading.Event()
            jobs.add(blocking, setting(other))
            assert blocking.inside.wait(SECONDS)
            until(lambda: jobs.pool.leader is None)
            blocking.go.set()
            assert other.wait(SECONDS)


class Ending(Worker):
    """A leader that ends its turn at the very moment at which the deputy looks at it."""

    def __init__(self, pool: Pool, *, before_the_look: bool) -> None:
        super().__init__()
        self._pool = pool
        self._before = before_the_look
        self.saw_itself_lead: bool | None = None

    @property
    def turn(self) -> int:
        if self.saw_itself_lead is None:
            self.saw_itself_lead = self._pool.leader is self
            return 2 if self._before else 1
        return 2

    @turn.setter
    def turn(self, value: int) -> None:
        pass


def test_a_leader_that_ends_its_turn_before_the_deputy_looks_keeps_the_lead_and_one_that_ends_later_does_not() -> None:
    for before in (True, False):
        pool = Pool(2, lambda worker: False)
        leader, follower = Ending(pool, before_the_look=before), Worker()
        pool.leader, pool._parked = leader, [follower]
        assert pool._take_lead_from(leader, 1) is not before
        # Either way it sees that it does not lead, goes to the lock, and learns there what was decided.
        assert leader.saw_itself_lead is False
        assert pool.leader is (leader if before else follower)
        assert pool._parked == ([follower] if before else [])


def test_the_lead_is_taken_only_from_who_has_it() -> None:
    pool = Pool(3, lambda worker: False)
    leader, follower, former = Worker(), Worker(), Worker()
    pool.leader, pool._parked = leader, [follower]
    former.turn = 1
    assert not pool._take_lead_from(former, 1)
    assert pool.leader is leader


# Fast and slow


class Clock:
    """Stands for the module ``time``; stands still unless it is told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.computed = 1.0
        self.paused = 0

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.computed

    def pauses(self) -> int:
        return self.paused


class Timed:
    """A pool without a deputy on a clock of its own, and whether the lead was kept during a job."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, gil: bool = True) -> None:
        self.clock = Clock()
        monkeypatch.setattr("wsgiserve.server.pool.has_gil", lambda: gil)
        monkeypatch.setattr("wsgiserve.server.pool.time", self.clock)
        monkeypatch.setattr("wsgiserve.server.pool.pauses", self.clock.pauses)
        self.jobs = Jobs(2)
        self.jobs.pool.start()

    def kept_lead(self, *seconds: float, computing: float = 0.0, pauses: int = 1) -> list[bool]:
        """Run jobs that take so long, one after the other; that share of it they compute."""
        return [self._kept_lead(each, each * computing, pauses) for each in seconds]

    def _kept_lead(self, seconds: float, computed: float, pauses: int) -> bool:
        led: list[bool] = []
        done = threading.Event()

        def job(worker: Worker) -> None:
            led.append(self.jobs.pool.leader is worker)
            self.clock.now += seconds
            self.clock.computed += computed
            self.clock.paused += pauses

        self.jobs.add(job, setting(done))
        assert done.wait(SECONDS)
        return led[0]

    def end(self) -> None:
        self.jobs.end()
        self.jobs.pool.join(lambda: SECONDS)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Timed]:
    made = Timed(monkeypatch)
    yield made
    made.end()


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Iterator[Timed]:
    """The same, as if there were no GIL."""
    made = Timed(monkeypatch, gil=False)
    yield made
    made.end()


def test_fast_work_is_done_with_the_lead_in_hand(timed: Timed) -> None:
    assert all(timed.kept_lead(*[100e-6] * 50))


def test_before_slow_work_the_lead_is_given_up(timed: Timed) -> None:
    timed.kept_lead(*[0.002] * 10)
    assert not any(timed.kept_lead(*[0.002] * 10))


def test_work_that_computes_is_done_with_the_lead_in_hand_however_long_it_takes(timed: Timed) -> None:
    assert all(timed.kept_lead(*[140e-6] * 20, *[2.0] * 20, computing=0.9999))
    assert not any(timed.kept_lead(*[0.002] * 20, computing=0.5)[5:])


def test_without_the_gil_work_that_computes_is_slow_too(free: Timed) -> None:
    free.kept_lead(*[0.002] * 10, computing=1.0, pauses=0)
    assert not any(free.kept_lead(*[0.002] * 10, computing=1.0, pauses=0))
    free.clock.now += 0.2
    assert all(free.kept_lead(*[100e-6] * 50, computing=1.0, pauses=0))


def test_without_the_gil_work_that_waits_is_slow_as_ever(free: Timed) -> None:
    free.kept_lead(*[0.002] * 10)
    assert not any(free.kept_lead(*[0.002] * 10))


def test_without_the_gil_work_that_was_kept_from_running_is_not(free: Timed) -> None:
    assert all(free.kept_lead(*[0.002] * 50, pauses=0))


def test_work_that_was_kept_from_running_is_done_with_the_lead_in_hand(timed: Timed) -> None:
    assert all(timed.kept_lead(*[0.002] * 50, pauses=0))


def test_a_rare_slow_job_does_not_make_the_others_pay(timed: Timed) -> None:
    assert all(timed.kept_lead(*[10.0, *[20e-6] * 19] * 5))


def test_work_that_has_become_fast_is_done_with_the_lead_in_hand_again(timed: Timed) -> None:
    timed.kept_lead(*[0.002] * 10)
    timed.clock.now += 0.2
    assert all(timed.kept_lead(*[20e-6] * 10))


def test_work_that_is_slower_than_the_time_between_two_looks_is_slow_all_the_same(timed: Timed) -> None:
    # Two until it is known; then a look between two of them, each time after twice as long, up to three in a row.
    kept = timed.kept_lead(*[3.0] * 26)
    assert kept[:2] == [True, True]
    assert kept[-8:].count(True) == 2


def test_a_look_at_what_is_still_slow_makes_the_next_one_wait_twice_as_long(timed: Timed) -> None:
    kept = timed.kept_lead(*[0.002] * 5000)
    looks = [number for number, each in enumerate(kept) if each]
    pauses = [round((later - earlier) * 0.002, 1) for earlier, later in pairwise(looks) if later > earlier + 1]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]


def test_after_a_look_at_what_is_fast_again_the_next_slow_work_is_looked_at_soon(timed: Timed) -> None:
    timed.kept_lead(*[0.002] * 1000)
    timed.clock.now += 10
    assert all(timed.kept_lead(*[20e-6] * 50))
    timed.clock.now += 10
    kept = timed.kept_lead(*[0.002] * 100)
    assert kept[3:].count(True) == 1


# Making way


def test_who_makes_way_gives_up_the_lead_and_is_not_counted(timed: Timed) -> None:
    pool = timed.jobs.pool
    led: list[bool] = []

    def slow(worker: Worker) -> None:
        pool.make_way()
        led.append(pool.leader is worker)
        timed.clock.now += 10.0

    done = threading.Event()
    for _ in range(20):
        timed.jobs.add(slow)
    timed.jobs.add(setting(done))
    assert done.wait(SECONDS)
    until(lambda: len(led) == 20)
    assert not any(led)
    assert all(timed.kept_lead(*[20e-6] * 10))


def test_what_a_job_waited_that_made_way_is_not_counted_with_the_next_one(timed: Timed) -> None:
    pool, worker = Pool(2, lambda worker: False), Worker()
    worker.thread = threading.current_thread()
    pool.leader, pool.pace.doubtful = worker, True
    started = pool.begin(worker)
    pool.make_way()
    timed.clock.paused += 10
    pool.end(worker, started)
    pool.leader, pool.pace.doubtful = worker, False  # others were fast meanwhile
    started = pool.begin(worker)
    timed.clock.now += 20e-6
    pool.end(worker, started)
    assert not pool.pace.doubtful


def test_who_does_not_lead_has_no_way_to_make() -> None:
    pool = Pool(2, lambda worker: False)
    leader, follower = Worker(), Worker()
    leader.thread = threading.Thread()
    pool.leader, pool._parked = leader, [follower]
    pool.make_way()
    assert pool.leader is leader
    assert not leader.made_way
    pool.leader = None
    pool.make_way()
    assert pool._parked == [follower]


# The deputy


class Bell:
    """Counts how often the deputy goes to wait, and remembers for how long it last meant to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self.rounds = 0
        self.waits_for = 0.0

    def acquire(self, timeout: float) -> bool:
        self.rounds += 1
        self.waits_for = timeout
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        self._lock.release()


def test_the_deputy_sleeps_when_nothing_happens_and_wakes_for_work() -> None:
    jobs = Jobs(3)
    bell = Bell()
    jobs.pool._bell = bell  # type: ignore[assignment]
    with jobs.watched():
        for _ in range(3):
            until(lambda: bell.waits_for == -1)  # until somebody rings: there is no round in between
            assert bell.rounds < 100
            bell.rounds = 0
            bell.waits_for = 0.0
            blocking, other = Blocking(), threading.Event()
            jobs.add(blocking, setting(other))
            assert other.wait(SECONDS)  # only the deputy can have freed the lead
            blocking.go.set()


def test_the_deputy_sleeps_too_when_every_thread_is_blocked() -> None:
    jobs = Jobs(2)
    bell = Bell()
    jobs.pool._bell = bell  # type: ignore[assignment]
    blocking = [Blocking(), Blocking()]
    with jobs.watched():
        for job in blocking:
            jobs.add(job)
            assert job.inside.wait(SECONDS)
        until(lambda: bell.waits_for == -1)
        for job in blocking:
            job.go.set()


def test_a_leader_that_blocks_loses_the_lead_within_two_rounds_of_milliseconds() -> None:
    jobs = Jobs(2)
    bell = Bell()
    jobs.pool._bell = bell  # type: ignore[assignment]
    blocking, other = Blocking(), threading.Event()
    rounds: dict[str, int] = {}

    def begin(worker: Worker) -> None:
        rounds["begun"] = bell.rounds
        blocking(worker)

    def taken(worker: Worker) -> None:
        assert 0 < bell.waits_for < 0.005
        rounds.setdefault("taken", bell.rounds)

    jobs.pool._on_slow = taken
    with jobs.watched():
        jobs.add(begin, setting(other))
        assert other.wait(SECONDS)
        assert not blocking.done.is_set()
        blocking.go.set()
    assert rounds["taken"] - rounds["begun"] <= 2


@pytest.mark.parametrize(("late", "rounds"), [(False, 1), (True, 2)])
def test_a_deputy_that_comes_late_looks_once_more(late: bool, rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    passed: list[bool] = []

    def pass_round() -> bool:
        passed.append(late)
        return not late

    def on_slow(worker: Worker) -> None:
        taken.append(len(passed))
        pool._finished = True

    pool = Pool(2, lambda worker: False, on_slow=on_slow)
    monkeypatch.setattr(pool, "_pass_round", pass_round)
    pool.leader = Worker()
    pool.leader.turn = 1
    pool._watch_leader(lambda: inf)
    assert taken == [rounds]


def test_rounds_become_longer_while_the_deputy_need_not_take_the_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("wsgiserve.server.pool.time", clock)
    pool = Pool(2, lambda worker: False)
    waits: list[float] = []
    late = [False]

    class Bell:
        def acquire(self, timeout: float) -> bool:
            waits.append(round(timeout, 6))
            clock.now += timeout * (3 if late[0] else 1)
            return False

    pool._bell = Bell()  # type: ignore[assignment]
    for calm in (0.0, 0.75, 1000.0):
        pool._calm_since = clock.now - calm
        assert pool._pass_round()
    assert waits == [0.002, 0.003, 0.008]
    late[0] = True
    assert not pool._pass_round()


@pytest.mark.parametrize(("jobs", "calm"), [(1, False), (3, False), (4, True), (100, True)])
def test_the_deputy_comes_sooner_again_when_a_leader_serves_few(
    jobs: int, calm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job of three milliseconds is never seen twice by who looks every eight."""
    pool = Pool(2, lambda worker: False)
    pool.leader = leader = Worker()
    leader.turn = 1
    pool._calm_since = 0.0
    seen: list[float] = []

    def pass_round() -> bool:
        pool._turns_in_calm = 8.0  # as after a round of eight milliseconds
        seen.append(pool._calm_since)
        leader.turn += 2 * jobs
        pool._finished = len(seen) == 3
        if len(seen) == 1:
            pool._calm_since = 0.0  # it has seen this leader for the first time
        return True

    monkeypatch.setattr(pool, "_pass_round", pass_round)
    pool._watch_leader(lambda: inf)
    assert (seen[-1] == 0.0) is calm


def test_before_it_sleeps_the_deputy_does_what_cannot_wait_while_all_are_busy() -> None:
    done: list[bool] = []
    pool = Pool(2, lambda worker: False, on_vacant=lambda: done.append(pool._deputy_sleeps))
    pool._bell.release()  # so that it does not sleep
    pool._sleep((None, 0), lambda: inf)
    assert done == [True], "who rings meanwhile is heard"
    pool._bell.release()
    pool._sleep((None, 0), lambda: 0.0)
    pool.leader = Worker()
    pool._sleep((None, 0), lambda: inf)
    assert done == [True], "neither at the end of patience nor while somebody leads"


def test_a_look_is_one_job_at_a_time(timed: Timed) -> None:
    pool = timed.jobs.pool
    timed.kept_lead(*[0.002] * 10)
    assert pool.pace.slow
    timed.clock.now += 0.2
    looks: list[bool] = []
    done = threading.Event()
    timed.jobs.add(lambda worker: looks.append(worker.looks), setting(done))
    assert done.wait(SECONDS)
    assert looks == [True]


def test_work_that_begins_while_the_deputy_falls_asleep_keeps_it_awake() -> None:
    pool = Pool(2, lambda worker: False)
    leader = Worker()
    pool.leader = leader
    leader.turn = 1
    pool._sleep((leader, 0), lambda: inf)  # would not return: nobody rings
    assert not pool._deputy_sleeps


def test_ringing_twice_is_ringing_once() -> None:
    pool = Pool(1, lambda worker: False)
    for _ in range(2):
        pool._deputy_sleeps = True
        pool.wake_deputy()
    assert pool._bell.acquire(blocking=False)
    assert not pool._bell.acquire(blocking=False)


def test_a_signal_handler_may_wake_the_deputy_in_its_own_thread() -> None:
    jobs = Jobs(2)
    patience = [inf]

    def stop(*_: object) -> None:
        patience[0] = 0.0
        jobs.pool.wake_deputy()

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        jobs.pool.start()
        here = threading.get_ident()
        sender = once(lambda: jobs.pool._deputy_sleeps, lambda: signal.pthread_kill(here, signal.SIGUSR1))
        jobs.pool.watch(lambda: patience[0])
        sender.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    jobs.end()
    jobs.pool.join(lambda: SECONDS)


# The end


@pytest.mark.parametrize("busy", range(5))
def test_all_threads_end_whatever_they_are_doing(busy: int) -> None:
    jobs = Jobs(4)
    blocking = [Blocking() for _ in range(busy)]
    with jobs.watched():
        for job in blocking[:4]:
            jobs.add(job)
            assert job.inside.wait(SECONDS)
        jobs.add(*blocking[4:])
        jobs.end()
        for job in blocking:
            job.go.set()
    assert all(job.done.is_set() for job in blocking)


def test_a_pool_whose_work_is_over_before_it_starts_ends() -> None:
    for _ in range(20):
        jobs = Jobs(8)
        jobs.end()
        with jobs.watched():
            pass


def test_the_deputy_does_not_wait_longer_than_its_patience() -> None:
    jobs = Jobs(1)
    blocking = Blocking()
    jobs.pool.start()
    jobs.add(blocking)
    assert blocking.inside.wait(SECONDS)
    ends = time.monotonic() + 0.05
    jobs.pool.watch(lambda: ends - time.monotonic())
    jobs.pool.join(lambda: ends - time.monotonic())
    assert jobs.threads()[0].is_alive()
    blocking.go.set()
    jobs.threads()[0].join(SECONDS)
    assert not jobs.threads()[0].is_alive()


def test_without_patience_it_still_waits_for_the_one_who_polls() -> None:
    order: list[str] = []
    polling, leave = threading.Event(), threading.Event()

    def work(worker: Worker) -> bool:
        polling.set()
        assert leave.wait(SECONDS)
        order.append("polled")
        return False

    pool = Pool(2, work)
    pool.start()
    assert polling.wait(SECONDS)
    threading.Timer(0.03, leave.set).start()
    pool.join(lambda: 0.0)
    order.append("joined")
    assert order == ["polled", "joined"]


def test_what_comes_out_of_the_work_ends_the_pool_and_comes_out_of_it() -> None:
    jobs = Jobs(4)

    def fail(worker: Worker) -> None:
        raise ZeroDivisionError

    blocking = Blocking()
    jobs.pool.start()
    jobs.add(blocking, fail)
    once(lambda: jobs.pool._finished, blocking.go.set)
    with pytest.raises(ZeroDivisionError):
        jobs.pool.watch(lambda: inf)
    jobs.pool.join(lambda: SECONDS)
    assert not any(thread.is_alive() for thread in jobs.threads())


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError()])
def test_threads_that_could_be_started_work_without_those_that_could_not(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    jobs = Jobs(5)
    started: list[threading.Thread] = []
    really = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if len(started) == 2:
            raise error
        started.append(thread)
        really(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(type(error)):
        jobs.pool.start()
    monkeypatch.undo()
    assert jobs.threads() == started
    done = threading.Event()
    jobs.add(setting(done))
    assert done.wait(SECONDS)
    jobs.end()
    jobs.pool.join(lambda: SECONDS)


# Whatever happens


def spin(worker: Worker) -> None:
    end = time.monotonic() + 0.0001
    while time.monotonic() < end:
        pass


KINDS: dict[str, Job] = {
    "nothing": lambda worker: None,
    "spin": spin,
    "short": lambda worker: time.sleep(0.0003),  # what the pool is about: work that takes time
    "long": lambda worker: time.sleep(0.004),
}


class Schedule:
    """Runs jobs in bursts and looks meanwhile whether somebody is parked while nobody has the lead."""

    def __init__(self, threads: int) -> None:
        self._jobs = Jobs(threads)
        self._ran: list[int] = []
        self._seen_parked_without_leader = 0
        self._watching = True

    def run(self, bursts: list[list[str]]) -> None:
        inspector = threading.Thread(target=self._inspect)
        inspector.start()
        count = 0
        with self._jobs.watched():
            for burst in bursts:
                self._jobs.add(*[self._numbered(count + index, KINDS[kind]) for index, kind in enumerate(burst)])
                count += len(burst)
                until(lambda: len(self._ran) >= count - 3)  # noqa: B023 - called at once; and now and then overlapping
        self._watching = False
        inspector.join()
        assert sorted(self._ran) == list(range(count))
        assert not self._seen_parked_without_leader

    def _numbered(self, number: int, job: Job) -> Job:
        def run(worker: Worker) -> None:
            job(worker)
            self._ran.append(number)

        return run

    def _inspect(self) -> None:
        pool = self._jobs.pool
        while self._watching:
            with pool._lock:
                if pool.leader is None and pool._parked and not pool._finished:
                    self._seen_parked_without_leader += 1
            time.sleep(0.0001)


@settings(max_examples=25)
@given(
    threads=st.integers(1, 6),
    bursts=st.lists(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=12), min_size=1, max_size=4),
)
def test_every_job_runs_once_and_nobody_parks_without_a_leader(threads: int, bursts: list[list[str]]) -> None:
    Schedule(threads).run(bursts)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_same_for_longer(seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(60):
        kinds = choose.choices(sorted(KINDS), k=choose.randint(1, 4))
        bursts = [choose.choices(kinds, k=choose.randint(1, 60)) for _ in range(choose.randint(1, 8))]
        Schedule(choose.randint(1, 16)).run(bursts)
