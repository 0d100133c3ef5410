"""The server that the clients talk to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.application import ClientsApplication
from wsgiserve.testing import TestServer, serve

# Larger than what sockets take at once.
FILE = random.Random(3333).randbytes(3_000_000)


@pytest.fixture(scope="module")
def served_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("clients") / "file.bin"
    file.write_bytes(FILE)
    return file


@pytest.fixture(scope="module")
def server(served_file: Path) -> Iterator[TestServer]:
    with serve(ClientsApplication(served_file), threads=8) as made:
        yield made


@pytest.fixture(scope="module")
def secure(served_file: Path) -> Iterator[TestServer]:
    """The same with TLS; ``secure.ca`` is to be trusted."""
    with serve(ClientsApplication(served_file), threads=8, https=True) as made:
        yield made
