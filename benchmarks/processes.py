"""Processes that are measured: started alone on a core, looked at through ``/proc``, and ended with all their children.

A server that is started here leads a session, so that everything that it starts is found again. Needs Linux.
Source: proc(5) for the fields of ``stat``, ``status`` and ``smaps_rollup``.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = [
    "LOAD_CORE",
    "SERVER_CORE",
    "allow_descriptors",
    "clean_environment",
    "end",
    "free_port",
    "pin_load",
    "processor_seconds",
    "resident_bytes",
    "session",
    "started",
    "wakeups",
]

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]
"""The first core that we may use, and the last one."""
_END_SECONDS = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")  # of a second
# Ten thousand connections, and some: each side holds a descriptor for each.
_DESCRIPTORS = 20_000


def pin_load() -> None:
    """From now on this process, and whatever it starts, stays on the core of the load."""
    os.sched_setaffinity(0, {LOAD_CORE})


def allow_descriptors() -> int:
    """As many as the system lets us have, for us and whatever we start; says how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < many:
        resource.setrlimit(resource.RLIMIT_NOFILE, (many, hard))
    return many


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """That of this process, without what would change how servers or frameworks behave."""
    owners = ("WSGISERVE_", "FLASK_", "DJANGO_", "GUNICORN_", "GRANIAN_", "UVICORN_", "UWSGI_", "WERKZEUG_", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(owners)}


@contextmanager
def started(
    argv: Sequence[str | Path], folder: Path, environment: Mapping[str, str], output: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process on the core of the servers; in the end it and all that it has started are gone.

    Args:
        folder: to work in.
        output: a file for all that it prints.
    """
    command = ["taskset", "-c", str(SERVER_CORE), *map(str, argv)]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a session's leader as one does with a server, and what then is left of the session at once."""
    family = session(process.pid)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
    for pid in {*family, *session(process.pid)}:
        with suppress(ProcessLookupError):
            if os.getsid(pid) == process.pid:
                os.kill(pid, signal.SIGKILL)
    process.wait()


def session(leader: int) -> list[int]:
    """Processes whose session this one leads: servers put their children into groups of their own, not sessions."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                found += [int(entry.name)] if int(_stat(int(entry.name))[3]) == leader else []
    return found


def processor_seconds(leader: int) -> tuple[float, float]:
    """User and system time of a session's processes, and of their children that have ended."""
    user = system = 0
    for pid in session(leader):
        with suppress(OSError):
            fields = [int(field) for field in _stat(pid)[11:15]]
            user, system = user + fields[0] + fields[2], system + fields[1] + fields[3]
    return user / _TICKS, system / _TICKS


def resident_bytes(leader: int) -> int:
    """Memory of a session's processes; what two share counts half for each (PSS)."""
    total = 0
    for pid in session(leader):
        with suppress(OSError):
            found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            total += 1024 * int(found[1]) if found else 0
    return total


def wakeups(leader: int) -> int:
    """How often the threads of a session have gone to sleep by themselves, each of which somebody has woken from."""
    total = 0
    for pid in session(leader):
        for status in Path(f"/proc/{pid}/task").glob("*/status"):
            with suppress(OSError):
                found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.MULTILINE)
                total += int(found[1]) if found else 0
    return total


def _stat(pid: int) -> list[str]:
    """Fields of ``stat`` from the state on; the name before it may contain anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
