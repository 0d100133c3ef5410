"""Who runs a request: a pool of threads, a thread of its own, or a process of its own.

Floor 3. A mix-in overrides who polls (``serve``) or what is done with a connection on which something happened
(``process_request``), and cleans up after itself; it names neither HTTP nor WSGI. It comes first in the list of base
classes. ``multithread`` and ``multiprocess`` are what environ reports: one truth.
Source: ``socketserver.ThreadingMixIn`` and ``ForkingMixIn`` for the seam and the names.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any

from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.hints import NO_THREAD, threads_exhausted
from wsgiserve.server.occupancy import Occupancy
from wsgiserve.server.pool import STUCK_SECONDS, Pool, Worker
from wsgiserve.server.stacks import running
from wsgiserve.server.threadstate import is_asleep

if TYPE_CHECKING:
    from wsgiserve.server.handler import WSGIRequestHandler

__all__ = ["ThreadPoolMixIn", "ThreadingMixIn"]

# So many more threads than run are remembered before those that have ended are sorted out: so it costs next to nothing.
_FORGET_THREADS = 32

# Responses that are held at most, and for how long before the next request: sixteen save nearly all that can be saved.
_HELD, _HELD_SECONDS = 16, 0.002


class ThreadPoolMixIn(BaseWSGIServer):
    """A fixed number of threads that poll and serve in turns; see ``pool.py``.

    Args:
        threads: how many.
    """

    multithread = True

    def __init__(self, *args: Any, threads: int = 8, **kwargs: Any) -> None:
        if threads < 1:
            raise ValueError("threads must be at least 1")
        super().__init__(*args, **kwargs)
        self.threads = threads
        self._pool = Pool(threads, self._work, self._tell_of_stuck_threads, self._note_slow, self._refuse_newcomers)
        self.poller.waker.on_signal = self._pool.wake_deputy  # the main thread, where signals are handled

    def serve(self) -> None:
        """Start the threads and watch over them."""
        try:
            self._start()
            self._pool.watch(self._patience)
            self._pool.join(self._patience)
        except BaseException:
            # KeyboardInterrupt, or a mistake of ours. Whoever polls has to hear of it before the poller is closed.
            self.stop()
            self.stop()
            self._pool.join(self._patience)
            raise

    def _start(self) -> None:
        try:
            self._pool.start()
        except (RuntimeError, MemoryError) as error:
            if not self._pool.workers:
                raise
            self.threads = len(self._pool.workers)
            self.warn_once(NO_THREAD._replace(why=f"the system says: {error}."))

    def stop(self) -> None:
        """As the base class; the deputy is told too."""
        super().stop()
        self._pool.wake_deputy()

    def holds(self) -> bool:
        """As the base class: while it leads. Who takes the lead away looks afterwards what is held."""
        leader = self._pool.leader
        return leader is not None and leader.thread is threading.current_thread()

    def occupancy(self) -> Occupancy:
        """As the base class."""
        # Not those that have been started: the first one serves while the others are not.
        return Occupancy(self._pool.busy(), self.threads, "threads")

    def make_way(self, connection: WSGIRequestHandler) -> None:
        """As the base class: who has the lead gives it up before a request of a kind that was slow."""
        if self.slow_kinds.is_slow(connection.kind, time.monotonic()):
            connection.may_hold = False
            self.send_held()
            self._pool.make_way()

    def _note_slow(self, worker: Worker) -> None:
        """The deputy has taken the lead from somebody."""
        # What was done before something slow in the same go is sent now, and has its line in the log.
        connection: WSGIRequestHandler = worker.task
        connection.send_meanwhile()
        self.send_held()
        self.pause()
        # One whose thread could go on has met a busy machine: the next of its kind need not make way.
        if connection.running and is_asleep(worker.thread.native_id):
            self.slow_kinds.note(connection.kind, time.monotonic())

    def _tell_of_stuck_threads(self) -> bool:
        """Say what all threads do while requests wait; False if none does, which may change."""
        waiting = self.waiting_requests()
        if waiting and not self.stopping:
            longest = next(map(str, running(list(self.connections.values()))), "?")
            self.warn(threads_exhausted(len(self._pool.workers), STUCK_SECONDS, waiting, longest))
        return waiting > 0

    def _refuse_newcomers(self) -> None:
        """Begin to drain although all threads are busy: who comes from now on shall not wait for an answer in vain."""
        if self.stopping and self.acceptor.listeners:
            self.part_from_idle()
            self.drained()

    def _patience(self) -> float:
        if self._stop_now:
            return 0.0
        return self._graceful_until - time.monotonic() if self.stopping else inf

    def _work(self, worker: Worker) -> bool:
        pool, ready, held, process_request = self._pool, self.ready, self._held, self.process_request
        while pool.leader is worker:
            connection = self.next_ready()
            if connection is None:
                self.pause()
                return False
            worker.task = connection
            started, count = pool.begin(worker), 1
            # Not where only two are ready, one of whom would sleep while the other is served; nor on a TLS stream,
            # which no two threads must use.
            may_hold = pool.pace.holds and len(ready) > 1 and self.ssl_context is None
            connection.may_hold = may_hold
            process_request(connection)
            held_since = started
            # Most often the same poll has told of others, and they are as quickly served: two looks at the clock for
            # all of them together.
            while ready and pool.leader is worker and not (self.stopping or worker.looks):
                try:
                    connection = ready.popleft()
                except IndexError:  # who has just been given the lead takes from there too
                    break
                worker.task = connection
                worker.turn += 2
                count += 1
                connection.may_hold = may_hold
                process_request(connection)
                if held and (len(held) >= _HELD or time.monotonic() - held_since >= _HELD_SECONDS):
                    self.send_held()
                    held_since = time.monotonic()
            if held:
                self.send_held()
            pool.end(worker, started, count)
            if pool.leader is not worker:
                self.pause()
        return True


class ThreadingMixIn(BaseWSGIServer):
    """A thread for each connection that has something to be served; it ends when the connection is idle.

    Args:
        max_threads: connections beyond it wait for a thread to be free.
    """

    multithread = True

    def __init__(self, *args: Any, max_threads: int = 256, **kwargs: Any) -> None:
        if max_threads < 1:
            raise ValueError("max_threads must be at least 1")
        super().__init__(*args, **kwargs)
        self.max_threads = max_threads
        self._running = 0
        self._running_lock = threading.Lock()
        self._threads: list[threading.Thread] = []  # those that run, and some that have ended
        self._waiting: deque[WSGIRequestHandler] = deque()

    def serve(self) -> None:
        """As the base class; when nothing runs any more, no thread is left either."""
        super().serve()
        if not self._running:
            for thread in self._threads:
                thread.join()

    def process_request(self, connection: WSGIRequestHandler, received: bool = False) -> None:
        """Start a thread for a request that is complete, or let it wait for one."""
        if not received and not self.receive_request(connection):
            return
        self._waiting.append(connection)
        with self._running_lock:
            if self._running >= self.max_threads:
                return
            self._running += 1
        try:
            self._start_thread()
        except (RuntimeError, MemoryError) as error:
            self.warn_once(NO_THREAD._replace(why=f"the system says: {error}."))
            self._cannot_start()

    def occupancy(self) -> Occupancy:
        """As the base class."""
        return Occupancy(self._running, self.max_threads, "threads")

    def drained(self) -> bool:
        """As the base class, and the last thread has written its last line of the log."""
        return super().drained() and (not self._running or self.out_of_time())

    def server_close(self) -> None:
        """As the base class; connections that still wait for a thread are closed."""
        super().server_close()
        self._close_queued(self._waiting)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="wsgiserve-request", daemon=True)
        thread.start()
        if len(self._threads) > 2 * self._running + _FORGET_THREADS:
            self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(thread)

    def _cannot_start(self) -> None:
        """The system has no thread to give. Those that run take over; without any, this one has to."""
        with self._running_lock:
            self._running -= 1
            alone = not self._running
        if alone:
            self._serve_waiting()

    def _run(self) -> None:
        while True:
            self._serve_waiting()
            with self._running_lock:
                # Looked at under the lock: a connection added after this look finds the number already lowered.
                if not self._waiting:
                    self._running -= 1
                    break
        if self.stopping:
            self.poller.wake()

    def _serve_waiting(self) -> None:
        while True:
            try:
                connection = self._waiting.popleft()
            except IndexError:
                return
            super().process_request(connection, True)
            self.pause()
