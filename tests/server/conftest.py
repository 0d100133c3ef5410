"""Fixtures: an application served by each of our classes, and the time of a loop that serves none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.looped import Clock
from tests.server.served import Served, serve

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

Start = Callable[..., Served]


@pytest.fixture
def start(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Serve an application, ``start(app, **arguments of the server)``; ended after the test."""
    with ExitStack() as running:

        def begin(app: WSGIApplication, **arguments: Any) -> Served:
            # Not tmp_path: the name of a test would make the path of a unix socket too long.
            return running.enter_context(serve(kind, app, tmp_path_factory.mktemp("s"), **arguments))

        yield begin


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What time it is for a ``looped.Loop``."""
    made = Clock()
    monkeypatch.setattr("wsgiserve.server.loop.time", made)
    return made
