"""The client's half-close over TLS."""

from __future__ import annotations

import select
import socket
from pathlib import Path

import pytest

from wsgiserve.conform.servers import OWN, Running, trusting
from wsgiserve.conform.tls import TLSConnection

(SERVER,) = (server for server in OWN if server.tls)
REQUEST = b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"


def test_an_answer_that_came_before_the_half_close_is_read(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    with Running(SERVER, tmp_path, 20.0) as running:
        assert not isinstance(running.target.address, str)
        plain = socket.create_connection(running.target.address, timeout=20.0)
        connection = TLSConnection(plain, trusting())
        connection.sendall(REQUEST)
        plain.setblocking(False)
        poll = select.poll()
        poll.register(plain, select.POLLRDHUP)  # all of the answer is there, and the server's end
        assert poll.poll(20_000)
        plain.settimeout(20.0)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        connection.close()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"}")
