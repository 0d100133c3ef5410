"""Flask-SocketIO, by polling, by WebSocket, and from one to the other, with the client of python-socketio."""

from __future__ import annotations

import queue
from typing import Any

import pytest
import socketio

from tests.websockets.applications import make_socketio
from wsgiserve.testing import serve

SECONDS = 30


@pytest.mark.parametrize(
    ("transports", "ends_as"), [(["polling"], "polling"), (["websocket"], "websocket"), (None, "websocket")]
)
def test_events_go_both_ways(transports: list[str] | None, ends_as: str) -> None:
    added: queue.Queue[Any] = queue.Queue()
    with serve(make_socketio(), threads=8) as server:
        client = socketio.Client(reconnection=False, handle_sigint=False)
        client.on("added", added.put)
        client.connect(server.url().rstrip("/"), transports=transports, wait_timeout=SECONDS)
        try:
            assert client.call("add", [1, 2, 39], timeout=SECONDS) == 42
            assert added.get(timeout=SECONDS) == {"sum": 42}
            assert client.transport() == ends_as
        finally:
            client.disconnect()
            client.wait()
    assert server.errors == []
