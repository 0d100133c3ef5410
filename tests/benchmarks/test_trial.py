"""A wrong answer is seen, whatever is wrong with it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.cases import Case
from benchmarks.trial import FaultError, Serving

RIGHT = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world!"
CLOSING = RIGHT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@contextmanager
def answering(*answers: bytes) -> Iterator[Serving]:
    """A server that gives these, one for each request, and closes when they are over or say so."""
    with socket.create_server(("127.0.0.1", 0)) as listener, subprocess.Popen([sys.executable, "-c", ""]) as process:
        left = list(answers)
        thread = threading.Thread(target=serve, args=(listener, left))
        thread.start()
        yield Serving(Case("a", "a"), process, listener.getsockname()[1], "")
        thread.join()
        assert left == []


def serve(listener: socket.socket, left: list[bytes]) -> None:
    while left:
        connection, _ = listener.accept()
        with connection:
            while left and connection.recv(65536):
                answer = left.pop(0)
                connection.sendall(answer)
                if b"close" in answer:
                    break


def test_a_right_answer_is_measured_with_its_head() -> None:
    with answering(RIGHT, RIGHT) as server:
        assert server.check() == len(RIGHT)


def test_a_connection_that_is_not_kept_is_opened_anew() -> None:
    with answering(CLOSING, CLOSING) as server:
        assert server.check() == len(CLOSING)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([RIGHT.replace(b"200 OK", b"500 No")], "answered 500"),
        ([RIGHT.replace(b"world", b"earth")], "in place of 13"),
        ([RIGHT, RIGHT.replace(b"world", b"earth")], "in place of 13"),
        ([CLOSING + b"0\r\n\r\n"], "behind its answer"),
        ([RIGHT + b"0\r\n\r\n", RIGHT], "no HTTP"),
        ([b"hello"], "no HTTP"),
    ],
)
def test_a_wrong_answer_is_a_fault(answers: list[bytes], reason: str) -> None:
    with answering(*answers) as server, pytest.raises(FaultError, match=reason):
        server.check()
