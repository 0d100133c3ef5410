"""What every test of ``wsgiserve conform`` has: ports that nobody takes while a server starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.ports import reserved_port


@pytest.fixture(autouse=True)
def _kept_ports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The port that is found free for a server stays so for others until the end of the test."""
    with ExitStack() as kept:
        monkeypatch.setattr("wsgiserve.conform.servers._free_port", lambda: kept.enter_context(reserved_port()))
        yield
