"""Fixtures that several suites share: servers by kind, each in a process of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

from tests.oracle.serving import OURS, Served, Spec, serve

# What an example takes is the machine's business, and so is how many of them a second has room for.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Tests that start the command mean the server itself; those of tests/reload ask for the supervisor.
os.environ["WSGISERVE_RELOAD"] = "false"

# A shell has what it starts in the background ignore SIGINT, and who ignores a signal hands that down to all that it
# starts: then no Ctrl-C of a test would arrive.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coverage does not measure what the test starts.

    It takes a lock where it meets a file for the first time; the exception that a second signal raises, which may come
    anywhere, comes there now and then, and leaves it locked for ever.
    """
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture(scope="session", params=OURS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each of our server classes, by its name on the command line."""
    name: str = request.param
    return name


@pytest.fixture(scope="session", name="serve")
def _serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Spec], Served]]:
    """Serve what a Spec says; tests that say the same share a server."""
    with ExitStack() as running:
        yield cache(lambda spec: running.enter_context(serve(spec, tmp_path_factory.mktemp("served"))))


@pytest.fixture
def serve_anew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Spec], Served]]:
    """Serve what a Spec says for this test alone, with empty databases."""
    with ExitStack() as running:
        yield lambda spec: running.enter_context(serve(spec, tmp_path_factory.mktemp("served")))
