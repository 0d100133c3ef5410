"""A process for each connection that sends a request.

Floor 3. The parent polls, receives heads and forks; the child answers, keeps its connection until it is closed, and
ends. Children that are idle with a kept connection leave when others wait for a process: a pipe that all of them watch
is the sign. Another pipe for each child tells the parent that it has ended, so nobody waits for SIGCHLD.
POSIX only. Source: ``socketserver.ForkingMixIn`` for the name and the seam; fork(2), waitpid(2).
"""

from __future__ import annotations

import itertools
import logging
import os
import signal
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.hints import NO_PROCESS
from wsgiserve.server.numbers import far_apart
from wsgiserve.server.occupancy import Occupancy
from wsgiserve.server.poller import new_poller

if TYPE_CHECKING:
    from wsgiserve.server.handler import WSGIRequestHandler

__all__ = ["ForkingMixIn", "can_fork"]

log = logging.getLogger("wsgiserve")

can_fork = hasattr(os, "fork")


class ForkingMixIn(BaseWSGIServer):
    """A child process for each connection.

    Args:
        processes: children at a time; connections beyond it wait for one to end.

    Attributes:
        numbers_apart: how far apart the numbers of two requests of one child are. The parent gives the first one; those
            that follow must not be those of other children.
    """

    multiprocess = True

    def __init__(self, *args: Any, processes: int = 40, **kwargs: Any) -> None:
        if not can_fork:
            raise ValueError("Your platform does not support forking.")
        if processes < 1:
            raise ValueError("processes must be at least 1")
        super().__init__(*args, **kwargs)
        self.processes = processes
        self.numbers_apart = far_apart()
        self._children: dict[int, int] = {}  # the pipe's end that closes with the child -> its process id
        self._waiting: deque[WSGIRequestHandler] = deque()
        self._leave_sign, self._leave_signal = os.pipe()
        self._told_to_leave = False
        self._is_child = False
        self._busy = 0  # children, when the last one was made

    def process_request(self, connection: WSGIRequestHandler, received: bool = False) -> None:
        """Fork for a request that is complete, or let it wait for a child to end."""
        if self._is_child:
            super().process_request(connection, received)
        elif received or self.receive_request(connection):
            self._waiting.append(connection)
            self._fork_for_waiting()

    def service_event(self, fileno: int) -> None:
        """A child has ended, or the parent wants this child to, or somebody connects."""
        if fileno in self._children:
            self._reap(fileno)
            self._fork_for_waiting()
        elif self._is_child and fileno == self._leave_sign:
            self.stopping = True  # and not stop(): the parent knows how much time there is, and may have plenty
        else:
            super().service_event(fileno)

    def occupancy(self) -> Occupancy:
        """As the base class. A child tells what it was when it came into being."""
        return Occupancy(self._busy, self.processes, "processes")

    def drained(self) -> bool:
        """As the base class, and no child is left; a child is done as soon as its connection is closed."""
        if self._is_child:
            return not self.connections or super().drained()
        if self.stopping:
            self._tell_to_leave(True)
        return super().drained() and (not self._children or self.out_of_time())

    def server_close(self) -> None:
        """As the base class; children that have not ended in time are killed."""
        if self._closed:
            return
        super().server_close()
        self._close_queued(self._waiting)
        for fileno, pid in list(self._children.items()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self._reap(fileno)
        os.close(self._leave_sign)
        os.close(self._leave_signal)

    def _fork_for_waiting(self) -> None:
        while self._waiting and len(self._children) < self.processes:
            connection = self._waiting.popleft()
            try:
                self._fork(connection)
            except OSError as error:
                self.warn_once(NO_PROCESS._replace(why=f"the system says: {error.strerror}."))
                if not self._children:
                    super().process_request(connection, True)
                    continue
                self._waiting.appendleft(connection)
                break
        self._tell_to_leave(bool(self._waiting) or self.stopping)

    def _fork(self, connection: WSGIRequestHandler) -> None:
        ended, alive = os.pipe()
        number = next(self.numbers)
        self._busy = len(self._children) + 1
        self.pause()
        _flush_streams()
        try:
            pid = os.fork()
        except OSError:
            os.close(ended)
            os.close(alive)
            raise
        if pid == 0:
            self.numbers = itertools.count(number, self.numbers_apart)
            self._run_child(connection)
        os.close(alive)
        self._children[ended] = pid
        self.poller.register(ended)
        connection.hand_over()

    def _reap(self, fileno: int) -> None:
        pid = self._children.pop(fileno)
        self.poller.unregister(fileno)
        os.close(fileno)
        with suppress(ChildProcessError):  # the application waits for children of its own, and took ours
            os.waitpid(pid, 0)

    def _tell_to_leave(self, leave: bool) -> None:
        if leave and not self._told_to_leave:
            os.write(self._leave_signal, b"\0")
        elif self._told_to_leave and not leave:
            os.read(self._leave_sign, 1)
        self._told_to_leave = leave

    # In the child

    def _run_child(self, connection: WSGIRequestHandler) -> None:
        """Serve one connection to its end. Never returns: the rest of the program is the parent's."""
        status = 1
        try:
            self._become_child(connection)
            self.process_request(connection, True)
            self.serve()
            status = 0
        except KeyboardInterrupt:
            pass
        except BaseException:
            log.critical("internal error in process %d, which ends", os.getpid(), exc_info=True)
        finally:
            self.pause()
            _flush_streams()
            os._exit(status)

    def _become_child(self, connection: WSGIRequestHandler) -> None:
        """Give up everything of the parent's but this connection, without touching what is shared with it."""
        self._is_child = True
        parents, self.poller = self.poller, new_poller()
        if self._is_woken_by_signals:  # and not the parent, nor whatever gets the number of its descriptor
            signal.set_wakeup_fd(self.poller.waker.bell, warn_on_full_buffer=False)
        parents.close()
        self.acceptor.leave()
        fileno = connection.stream.fileno
        for other in self.connections.values():
            if other is not connection:
                other.stream.close()
        for ended in self._children:
            os.close(ended)
        self._children.clear()
        self._waiting.clear()
        self.ready.clear()
        self._requeued.clear()
        self.connections = {fileno: connection}
        connection.watched = False  # by the new poller
        self.poller.register(self._leave_sign)


def _flush_streams() -> None:
    """Before a fork and at a child's end: what an application has printed is written once, neither twice nor never."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # there is none, or nobody listens, or it is closed
            stream.flush()
