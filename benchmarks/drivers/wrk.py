"""As many requests as wrk can get answered over some connections, each of which waits for its answer."""

from __future__ import annotations

import json
import os
import subprocess
import time

from benchmarks.environment import ROOT
from benchmarks.limit import unix_shim
from benchmarks.processes import processor_seconds
from benchmarks.trial import FaultError, Serving, Trial, serving

__all__ = ["drive", "measure", "read"]

_SCRIPTS = ROOT / "benchmarks" / "wrk"
_WARM_SECONDS = 1
# An answer of another length is a wrong one; heads may differ in some bytes.
_TOLERANCE = 0.02
# A load must last so long that somebody else may be asked to wait for his turn.
_NEWCOMER_SECONDS = 2
# Part of the load's time that has passed when another client comes.
_NEWCOMER_AFTER = 0.2


def measure(trial: Trial) -> dict[str, float]:
    """Requests per second, latencies in milliseconds, microseconds of processor for each request."""
    with serving(trial) as server:
        drive(server, _WARM_SECONDS)  # caches, memos and moving averages settle
        return drive(server, trial.seconds)


def drive(server: Serving, seconds: float) -> dict[str, float]:
    """One run against a server.

    Args:
        seconds: whole ones; wrk knows no others.
    """
    case = server.case
    options = ["-t1", f"-c{case.connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
    for name, value in [*case.request.fields, *([("Connection", "close")] if case.close else [])]:
        options += ["-H", f"{name}: {value}"]
    scheme = "https" if case.transport == "tls" else "http"
    url = f"{scheme}://127.0.0.1:{server.port or 80}{case.request.target}"
    content = ["--", case.request.method, str(case.request.size)]
    command = ["wrk", *options, "-s", str(_SCRIPTS / f"{case.script}.lua"), url, *content]
    surroundings = dict(os.environ)
    if server.path:
        surroundings |= {"LD_PRELOAD": str(unix_shim()), "WRK_UNIX_SOCKET": server.path}
    before = processor_seconds(server.process.pid)
    with subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            answered = seconds < _NEWCOMER_SECONDS or _newcomer_is_answered(server, seconds)
            output, _ = process.communicate()
        finally:
            process.kill()
    after = processor_seconds(server.process.pid)
    run = read(output.decode(), 0 if case.script == "browser" else server.size, case.connections)
    user, kernel = (1e6 * (late - early) / run["served"] for early, late in zip(before, after, strict=True))
    return run | {"user": user, "kernel": kernel, "starved": float(not answered)}


def _newcomer_is_answered(server: Serving, seconds: float) -> bool:
    """Whether somebody who comes while the load lasts has his turn; wrk does not count who never had one.

    Raises:
        FaultError: He has, and the answer is wrong.
    """
    time.sleep(_NEWCOMER_AFTER * seconds)
    try:
        server.ask((1 - _NEWCOMER_AFTER) * seconds)
    except OSError:
        return False
    return True


def read(output: str, size: int, connections: int) -> dict[str, float]:
    """The figures in what wrk printed with our scripts.

    Args:
        size: of a right answer with its head, in bytes; 0 if they differ.
        connections: that many answers may have been half there at the end.
    Raises:
        FaultError: Some answers were wrong, or there were none.
    """
    line = next((line for line in output.splitlines() if line.startswith("{")), "")
    if not line:
        raise FaultError(f"wrk says {output.strip().splitlines()[-1:]}")
    told = json.loads(line)
    if told["wrong"]:
        raise FaultError(f"{told['wrong']:,} of {told['requests']:,} answers were errors")
    if not told["requests"]:
        raise FaultError(f"answered nothing under load; {told['errors']:,} connections failed")
    if size and abs(told["bytes"] - told["requests"] * size) > _TOLERANCE * told["bytes"] + connections * size:
        raise FaultError(f"answers were {told['bytes'] / told['requests']:.0f} bytes long in place of {size}")
    return {
        "rate": told["requests"] / told["microseconds"] * 1e6,
        "p50": told["p50"] / 1e3,
        "p99": told["p99"] / 1e3,
        "errors": told["errors"],
        "served": told["requests"],
    }
