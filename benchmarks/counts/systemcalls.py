"""System calls of a server that one client asks: the real command, under strace.

The client sends a mark before and after what is counted, and these two are found again in strace's record; under TLS,
where they would be hidden, each comes on a connection of its own, in the clear, and is refused. Which thread waited for
which (futex) depends on the moment and is left out; and so are the pool's looks at what a thread computed and how often
it waited (clock_gettime, getrusage), which it takes when requests are as slow as strace makes them.
Source: strace(1), the form of its output with -f and -o.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path

from benchmarks.counts.cases import Case, trusting_anybody
from benchmarks.environment import ROOT
from benchmarks.processes import clean_environment, free_port, session, started

__all__ = ["per_request", "system_calls"]

_REQUESTS = 200
_MARK = "/?mark"
_START_SECONDS, _BETWEEN_SECONDS = 30.0, 0.05
# Where a call that was interrupted by another thread's goes on counts, and where it began does not.
_CALL = re.compile(r"\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(?!.*<unfinished \.\.\.>$)")
_BY_CHANCE = frozenset(["clock_gettime", "clock_nanosleep", "futex", "getrusage", "restart_syscall", "sched_yield"])


def system_calls(case: Case) -> dict[str, float]:
    """So many for one request, by name.

    Raises:
        OSError: The server does not start, or strace is not there.
    """
    port = free_port()
    # With more threads than one, it depends on the moment who polls while another one serves.
    how = ["--host", "127.0.0.1", "--port", str(port), "--prod", "--threads", "1"]
    how += ["--access-log" if case.log else "--no-access-log", *(["--cert", "adhoc"] if case.tls else [])]
    with tempfile.TemporaryDirectory() as name, (Path(name) / "log").open("wb") as output:
        record = Path(name) / "record"
        strace = ["strace", "-f", "-qq", "-s", "64", "-o", str(record)]
        argv = [*strace, sys.executable, "-m", "wsgiserve", case.app, *how]
        environment = clean_environment() | {"PYTHONPATH": str(ROOT)}
        with started(argv, ROOT, environment, output) as process:
            _await(port, process)
            _ask(case, port)
            for pid in set(session(process.pid)) - {process.pid}:
                os.kill(pid, signal.SIGTERM)  # strace itself would stay for as long as its child
            process.wait(_START_SECONDS)
        return per_request(record.read_text().splitlines(), _REQUESTS)


def per_request(record: Iterable[str], requests: int) -> dict[str, float]:
    """Calls by name that ended from one mark on and before the other, for each of so many requests and the first mark.

    Raises:
        ValueError: The marks are not there.
    """
    counted: Counter[str] = Counter()
    marks = 0
    for line in record:
        call = _CALL.match(line)
        name = call[1] if call else ""
        marks += f" {_MARK} " in line and name.startswith("recv")
        if marks == 1 and name and name not in _BY_CHANCE:
            counted[name] += 1
    if marks != 2:
        raise ValueError(f"strace saw {marks} of 2 marks")
    each = {name: round(count / (requests + 1), 1) for name, count in sorted(counted.items())}
    return {name: count for name, count in each.items() if count}  # a pause of the machine may add one or two


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(_BETWEEN_SECONDS)
    raise OSError("the server did not start under strace")


def _connected(port: int) -> socket.socket:
    """A client whose first request comes with the last packet of the handshake: it is there whenever one looks."""
    client = socket.socket()
    client.settimeout(_START_SECONDS)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
    client.connect(("127.0.0.1", port))
    return client


def _answered(client: socket.socket, request: bytes) -> None:
    client.sendall(request)
    with HTTPResponse(client) as response:
        response.begin()
        response.read()


def _ask(case: Case, port: int) -> None:
    """One request, for which a framework may import what it needs; then the mark, all requests, the mark."""
    asked = [case.request(number) for number in range(_REQUESTS)]
    mark = re.sub(rb"(?<= )\S+", _MARK.encode(), asked[0], count=1)
    client = None
    for request in [asked[0], mark, *asked, mark]:
        if case.tls and request is mark:
            with _connected(port) as marking:
                _answered(marking, request)
            continue
        if client is None:
            client = trusting_anybody().wrap_socket(_connected(port)) if case.tls else _connected(port)
        _answered(client, request)
        if case.close:
            client.close()
            client = None
    if client is not None:
        client.close()
