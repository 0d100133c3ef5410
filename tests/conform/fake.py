"""A server that answers as another one did, or as a case's broken one does.

It reads what the client sends, and says at each point what was said there before.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby

from tests.server.running import until
from wsgiserve.conform.case import Broken
from wsgiserve.conform.client import Client, Said, Target

__all__ = ["broken", "replayed"]

Script = list[Said]


@contextmanager
def replayed(scripts: Sequence[Script], token: str, seconds: float, *, apart: bool = False) -> Iterator[Client]:
    """A client of a server that follows a script on each connection, and the last one on those that come after.

    Args:
        token: with which they were recorded.
        seconds: the client's patience.
        apart: a piece is sent when the one before has come, so that no two come as one.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Client(Target(listener.getsockname()[:2], None, seconds), token)
        thread = threading.Thread(target=_serve, args=(listener, scripts, client, apart))
        thread.start()
        try:
            yield client
        finally:
            client.close()
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            thread.join()


def _serve(listener: socket.socket, scripts: Sequence[Script], client: Client, apart: bool) -> None:
    threads = list[threading.Thread]()
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            number = len(threads) + 1
            script = scripts[min(number, len(scripts)) - 1]
            threads.append(threading.Thread(target=_follow, args=(connection, script, client, number, apart)))
            threads[-1].start()
    for thread in threads:
        thread.join()


def _follow(connection: socket.socket, script: Script, client: Client, number: int, apart: bool) -> None:
    read = sent = 0
    with connection, suppress(OSError):
        for said in script:
            if said.who == "client":
                read += _read(connection, len(said.data))
            elif said.data:
                connection.sendall(said.data)
                sent += len(said.data)
                if apart:
                    until(lambda: _received(client, number) >= sent)  # noqa: B023 - called here
            else:
                connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def _read(connection: socket.socket, size: int) -> int:
    """That many bytes; up to the client's end if there are none to come."""
    left = size
    while left and (data := connection.recv(left)):
        left -= len(data)
    if not size:
        while connection.recv(65536):
            pass
    return size


def _received(client: Client, number: int) -> int:
    return sum(len(said.data) for said in client.said if said.connection == number and said.who == "server")


def broken(scripts: Sequence[Script], how: Broken) -> list[Script]:
    """The same with another answer at each point where the pattern is found; asserts that there is one."""
    changed = [list(_broken(script, how)) for script in scripts]
    assert changed != list(scripts), "the pattern is in no answer"
    return changed


def _broken(script: Script, how: Broken) -> Iterator[Said]:
    silent = not any(said.who == "server" and said.data for said in script)
    for (who, ends), group in groupby(script, lambda said: (said.who, not said.data)):
        pieces = list(group)
        if silent and who == "server":
            yield pieces[0]._replace(data=re.sub(how.found, how.put, b"", count=1))
        if who == "client" or ends:
            yield from pieces
            continue
        whole = b"".join(piece.data for piece in pieces)
        other = _with_length(re.sub(how.found, how.put, whole, count=1), how)
        yield from pieces if other == whole else [pieces[0]._replace(data=other)]


def _with_length(answer: bytes, how: Broken) -> bytes:
    """With the Content-Length of what is there now, if it has just one response and that is not what is broken."""
    if b"Content-Length" in how.put or len(re.findall(rb"HTTP/1\.1 \d", answer)) != 1:
        return answer
    head, _, body = answer.partition(b"\r\n\r\n")
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head) + b"\r\n\r\n" + body
