"""Slow clients hold no thread: not while their head arrives, and not while they take a finished response."""

from __future__ import annotations

import pytest

from tests.server import apps
from tests.server.client import connect, request
from tests.server.conftest import Start

CLIENTS = 20


@pytest.fixture
def few_threads(kind: str, start: Start) -> Start:
    """Start with far fewer threads than there will be slow clients; a process each they may have."""
    options = {"pool": {"threads": 2}, "thread": {"max_threads": 2}}
    return lambda app: start(app, **options.get(kind, {}))


def test_heads_that_drip_and_responses_that_nobody_takes_delay_nobody(few_threads: Start) -> None:
    served = few_threads(apps.large_or_file)
    dripping = [served.connect(b"GET /dripped HTTP/1.1\r\n") for _ in range(CLIENTS)]
    taking = [connect(served.address, receive_bytes=4096) for _ in range(CLIENTS)]
    served.clients.extend(taking)
    for client in taking:
        client.send(request("/list?4"))  # half of it waits in the server: of all together less than it keeps
    served.wait_for(lambda journal: len(journal.accesses) == CLIENTS)
    for byte in b"Host: example.com\r\n":
        for client in dripping:
            client.send(bytes([byte]))
        assert served.connect(request("/quick", "Connection: close")).read().body == b"GET /quick"
    for client in dripping:
        client.send(b"\r\n")
        assert client.read().body == b"GET /dripped"
    for client in taking[:3]:
        assert client.read().body == apps.pattern(4 * apps.MEBIBYTE)


def test_files_that_nobody_takes_delay_nobody(few_threads: Start, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("files") / "file"
    path.write_bytes(apps.pattern(5 * apps.MEBIBYTE))
    served = few_threads(apps.large_or_file)
    taking = [connect(served.address, receive_bytes=4096) for _ in range(CLIENTS)]
    served.clients.extend(taking)
    for client in taking:
        client.send(request(f"/0?{path}"))
    served.wait_for(lambda journal: len(journal.accesses) == CLIENTS)
    assert served.connect(request("/quick", "Connection: close")).read().body == b"GET /quick"
    for client in taking[:3]:
        assert client.read().body == path.read_bytes()


def test_idle_connections_delay_nobody(few_threads: Start) -> None:
    served = few_threads(apps.hello)
    idle = [served.connect(request("/first")) for _ in range(CLIENTS)]
    for client in idle:
        assert client.read().body == b"GET /first"
    assert served.connect(request("/quick", "Connection: close")).read().body == b"GET /quick"
    for client in idle:
        assert client.exchange(request("/again")).body == b"GET /again"
