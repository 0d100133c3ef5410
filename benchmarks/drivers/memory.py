"""Memory after the first answer, after a tenth of a million requests, and after all of them."""

from __future__ import annotations

from benchmarks.drivers import wrk
from benchmarks.processes import resident_bytes
from benchmarks.trial import Serving, Trial, serving

__all__ = ["measure"]

_SLICE_SECONDS = 5.0


def measure(trial: Trial) -> dict[str, float]:
    """Of all processes of the server; what grows after the first tenth is what would go on growing."""
    with serving(trial) as server:
        start = resident_bytes(server.process.pid)
        served = _drive(server, trial.requests / 10)
        tenth = resident_bytes(server.process.pid)
        served += _drive(server, trial.requests - served)
        end = resident_bytes(server.process.pid)
    return {
        "end_mebibytes": end / 1024**2,
        "start_mebibytes": start / 1024**2,
        "grown_kibibytes": (end - tenth) / 1024,
        "served": served,
    }


def _drive(server: Serving, requests: float) -> float:
    """At least so many; says how many."""
    served, seconds = 0.0, 1.0
    while served < requests:
        run = wrk.drive(server, seconds)
        served += run["served"]
        seconds = max(1.0, min(_SLICE_SECONDS, (requests - served) / run["rate"]))
    return served
