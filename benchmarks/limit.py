"""What any server is limited by: a raw loop that answers each empty line with a constant, in C and in Python.

``python limit.py PORT CLOSE`` is the one in Python: a server in this language that asks its sockets one by one can
hardly be faster. Both know a client that waits for each answer, as wrk does, and no other.
"""

from __future__ import annotations

import select
import socket
import subprocess
import sys
from pathlib import Path

__all__ = ["c_argv", "python_argv", "unix_shim"]

_HERE = Path(__file__).parent
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: limit\r\nDate: Tue, 01 Dec 2026 12:00:00 GMT\r\n"
    b"Content-Type: text/plain\r\n%sContent-Length: 13\r\n\r\nHello, world!"
)


def c_argv() -> list[str | Path]:
    """The one in C, compiled if need be."""
    return [_compiled("limit.c", "limit")]


def python_argv() -> list[str | Path]:
    """The one in Python."""
    return [sys.executable, "-S", Path(__file__)]


def unix_shim() -> Path:
    """What lets wrk speak over a Unix socket, compiled if need be."""
    return _compiled("unixsocket.c", "unixsocket.so", "-shared", "-fPIC")


def _compiled(source: str, target: str, *options: str) -> Path:
    program = _HERE.parent / "build" / target
    if not program.exists() or program.stat().st_mtime < (_HERE / source).stat().st_mtime:
        program.parent.mkdir(exist_ok=True)
        subprocess.run(["cc", "-O2", *options, "-o", program, _HERE / source], check=True)
    return program


def _serve(port: int, close: bool) -> None:
    answer = _ANSWER % (b"Connection: close\r\n" if close else b"")
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)
    listener.setblocking(False)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    listening, connections, rests = listener.fileno(), dict[int, socket.socket](), dict[int, bytes]()
    while True:
        for number, _ in poll.poll():
            if number == listening:
                _greet(listener, poll, connections)
                continue
            connection = connections[number]
            data = _received(connection)
            if data and number in rests:
                data = rests.pop(number) + data
            if data.endswith(b"\r\n\r\n"):
                connection.send(answer)
            elif data:
                rests[number] = data
                continue
            if close or not data:
                del connections[number]
                connection.close()


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""


def _greet(listener: socket.socket, poll: select.epoll, connections: dict[int, socket.socket]) -> None:
    try:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            connections[connection.fileno()] = connection
            poll.register(connection, select.EPOLLIN)
    except BlockingIOError:
        pass


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2] == "1")
