"""An application without a server: ``python -m benchmarks.direct MODULE:NAME`` prints the microseconds of one call.

It is called with the environ of a small request, and its answer is read and closed, as a server has to.
"""

from __future__ import annotations

import statistics
import sys
import time
from importlib import import_module
from typing import Any
from wsgiref.util import setup_testing_defaults

_ROUNDS, _CALLS = 7, 2_000


def _microseconds(app: Any) -> float:
    """Of the median round: a server has no better moments of the machine to choose from either."""
    environ: dict[str, Any] = {"REMOTE_ADDR": "127.0.0.1", "QUERY_STRING": ""}
    setup_testing_defaults(environ)
    rounds = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        for _ in range(_CALLS):
            body = app(environ.copy(), lambda status, headers, error=None: None)
            b"".join(body)
            if hasattr(body, "close"):
                body.close()
        rounds.append(time.perf_counter() - started)
    return statistics.median(rounds) / _CALLS * 1e6


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    print(_microseconds(getattr(import_module(module), name)))
