"""The process that is counted: a server, and its clients inside its poller.

Whenever the server is about to wait, its clients read their answers and ask anew, in the same thread, over Unix
sockets, which deliver at once. So all of the server is real but for its clock, which goes on by a microsecond each time
somebody looks: no sweep, average or date depends on the machine, and each run does what the last one did. What the
clients cost is counted among the instructions, too; it is little, and stays the same.

``python -m benchmarks.counts.serving cachegrind CASE...`` is to be run by cachegrind, ``... interpreter CASE`` alone.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import select
import socket
import ssl
import sys
import time
import traceback
import tracemalloc
from array import array
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.counts.cases import CASES, Case, trusting_anybody
from wsgiserve.accesslog import make_access_log
from wsgiserve.console import Console
from wsgiserve.server.poller import EpollPoller
from wsgiserve.server.pool import Worker
from wsgiserve.server.servers import ThreadPoolWSGIServer
from wsgiserve.server.sockets import from_fd
from wsgiserve.server.tls import generate_adhoc_ssl_context

__all__ = ["COUNTED"]

COUNTED = 500
"""Requests, after as many as fill every cache."""
_WARM_UP, _FEW = 500, 20
_MANY, _ANSWER_BYTES = 16, 65_536


class _EnoughError(Exception):
    """All requests have been answered."""


class _Clients(EpollPoller):
    """A poller that has the clients of a case act before it waits.

    Attributes:
        left: requests still to be sent.
        rest: called when all answers are there, and the next requests are not.
    """

    def __init__(self, case: Case, address: Any, count: int) -> None:
        super().__init__()
        self.left = 0
        self.rest: Callable[[], object] = int
        self._case, self._address = case, address
        self._numbers = itertools.count()
        self._shaking: list[ssl.SSLSocket] = []
        self._clients = [self._connected() for _ in range(count)]
        self._asked = 0
        self._answer = bytearray(_ANSWER_BYTES)

    def _connected(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.connect(self._address)
        if not self._case.tls:
            return client
        client.setblocking(False)
        secured = trusting_anybody().wrap_socket(client, do_handshake_on_connect=False)
        self._shaking.append(secured)
        return secured

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        if self._shaking:
            self._shaking = [client for client in self._shaking if not _has_shaken(client)]
        elif not select.select([self._epoll.fileno()], [], [], 0)[0]:  # nothing is left to do: all answers are there
            self._read()
            self.rest()
            self._ask()
        return super().poll(0)

    def _read(self) -> None:
        for place, client in enumerate(self._clients[: self._asked]):
            client.recv_into(self._answer)
            assert self._answer.startswith(b"HTTP/1.1 200 "), self._answer[:_MANY]
            if self._case.close:
                client.close()
                self._clients[place] = self._connected()

    def _ask(self) -> None:
        self._asked = min(self.left, len(self._clients))
        if not self._asked:
            raise _EnoughError
        self.left -= self._asked
        for client in self._clients[: self._asked]:
            client.send(self._case.request(next(self._numbers)))


def _has_shaken(client: ssl.SSLSocket) -> bool:
    """Go on with a handshake; whether it is over."""
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


class _Served:
    """A server of a case, and so many clients of it."""

    def __init__(self, case: Case, clients: int = _MANY) -> None:
        module, _, name = case.app.partition(":")
        app = getattr(import_module(module), name)
        log = make_access_log(Console(sys.stderr, "plain", color=False), _discard) if case.log else None
        bound = socket.socket(socket.AF_UNIX)
        bound.bind("")  # Linux finds a name that is in no folder
        bound.listen()
        listener = from_fd(bound.detach())
        self.server = server = ThreadPoolWSGIServer("", 0, app, listeners=[listener], access_log=log)
        server.notes_arrivals = case.log
        server.ssl_context = generate_adhoc_ssl_context() if case.tls else None
        server.poller = self.clients = _Clients(case, listener.getsockname(), clients)
        server.acceptor.open(self.clients)
        # This thread, which would be one of the pool's.
        self._worker = server._pool.leader = Worker()
        server._pool.workers.append(self._worker)

    def serve(self, requests: int) -> None:
        """Have so many requests answered."""
        self.clients.left = requests
        with suppress(_EnoughError):
            self.server._work(self._worker)
            raise AssertionError("the server has stopped")


def _discard(lines: str) -> None:
    """As if they were written."""


def _compared(case: Case) -> None:
    """Become two processes that execute the same but for ``COUNTED`` requests, and tell their ids."""
    served = _Served(case)
    served.serve(_WARM_UP)
    # Whether the collector looks through all modules once more or less would be seen.
    gc.freeze()
    without = _forked(int)
    os.waitpid(without, 0)
    served.serve(COUNTED)
    print(json.dumps([case.name, without, os.getpid()]), flush=True)


def _forked(work: Callable[[], object]) -> int:
    """The process that does this, and nothing else."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _memory(case: Case) -> dict[str, float]:
    """What a request holds when the application is called, the most of all, and what all together leave behind."""
    served = _Served(case, clients=1)
    application, clients = served.server.app, served.clients
    # Numbers that are no objects themselves.
    idle, held, before, cyclic = array("q", [0, 0]), array("q", [0, 0]), array("q", [0]), array("q", [0])

    def rest() -> None:
        if not clients.left:
            cyclic[0] = gc.collect()
        idle[0], idle[1] = sys.getallocatedblocks(), tracemalloc.get_traced_memory()[0]

    def watched(environ: dict[str, Any], start_response: Any) -> Any:
        held[0] = max(held[0], sys.getallocatedblocks() - idle[0])
        held[1] = max(held[1], tracemalloc.get_traced_memory()[0] - idle[1])
        return application(environ, start_response)

    gc.disable()
    clients.rest, served.server.app = rest, watched
    served.serve(_WARM_UP)
    before[0], held[0] = idle[0], 0
    served.serve(COUNTED)
    figures = {"blocks held": held[0], "blocks left": idle[0] - before[0], "cyclic garbage": cyclic[0] / COUNTED}
    tracemalloc.start()
    served.serve(_FEW)
    return figures | {"bytes held": held[1]}


def _functions(case: Case) -> dict[str, tuple[float, float]]:
    """Bytecodes and calls of each Python function, for one request."""
    served = _Served(case, clients=1)
    served.serve(_WARM_UP)
    counted: Counter[tuple[str, str]] = Counter()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        code = frame.f_code
        if code.co_filename == __file__:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        counted[f"{Path(code.co_filename).name}:{code.co_qualname}", event] += 1
        return trace

    def traced(requests: int) -> Counter[tuple[str, str]]:
        counted.clear()
        sys.settrace(trace)
        served.serve(requests)
        sys.settrace(None)
        return counted.copy()

    few = traced(_FEW)
    traced(2 * _FEW)
    counted.subtract(few)
    return {name: (counted[name, "opcode"] / _FEW, counted[name, "call"] / _FEW) for name, _ in counted}


def _main(tool: str, *names: str) -> None:
    for name in ("time", "monotonic", "perf_counter"):
        setattr(time, name, itertools.count(1e6, 1e-6).__next__)
    for case in (case for case in CASES if case.name in names):
        if tool == "cachegrind":
            _, status = os.waitpid(_forked(lambda case=case: _compared(case)), 0)  # type: ignore[misc]
            assert not status, case.name
        else:
            print(json.dumps({"memory": _memory(case), "functions": _functions(case)}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
