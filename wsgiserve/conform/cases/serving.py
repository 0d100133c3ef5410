"""wsgi.file_wrapper, and the flags about threads and processes."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from wsgiserve.conform.behaviours.files import THIS_FILE
from wsgiserve.conform.case import MUST, Broken, Theme
from wsgiserve.conform.client import Client, check

__all__ = ["FILES", "FLAGS"]

FILES = Theme(
    "file-wrapper",
    "wsgi.file_wrapper",
    "Frameworks hand their files to it; where it counts wrongly, other bytes are sent than were meant.",
)
FLAGS = Theme(
    "flags",
    "wsgi.multithread and wsgi.multiprocess",
    "An application that is told that it is alone does not lock.",
)

_PEP = "PEP 3333, Optional Platform-Specific File Handling"
_FILE = THIS_FILE.read_bytes()


def _sends(behaviour: str, content: bytes, client: Client) -> None:
    response = client.behave(behaviour)
    if response.body != b"no wsgi.file_wrapper":  # it is optional
        check(
            response.status == 200 and response.body == content,
            f"{response.status}, {len(response.body)} bytes: {response.body[:60]!r}",
        )


for _name, _content, _rule in (
    ("file", _FILE, "a file is sent whole"),
    ("file-size", _FILE, "so it is whatever size its pieces have"),
    ("file-behind", _FILE[100:], "a file is sent from where it stands"),
    ("file-length", _FILE[:10], "no more than Content-Length"),
    ("file-behind-length", _FILE[100:110], "no more than Content-Length, from where it stands"),
    ("file-with-length", _FILE, "with Content-Length"),
    ("file-in-memory", b"onetwo", "a file without a descriptor"),
    ("file-only-reads", b"onetwo", "an object with read() alone"),
    ("file-empty", b"", "an empty file"),
):
    FILES.add(
        _name, MUST, _rule, _PEP, partial(_sends, _name, _content), Broken(rb"200 OK", b"500 Internal Server Error")
    )


@FILES.case(MUST, "the file is closed", _PEP, (rb'\["closed"\]', b"[]"))
def _file_closed(client: Client) -> None:
    response = client.behave("file-closed")
    if response.body != b"no wsgi.file_wrapper":
        check(client.journal("closed") == ["closed"], "close() was not called, or twice")


@FLAGS.case(
    MUST,
    "the flags are true where it runs in several threads or processes",
    "PEP 3333, environ Variables",
    (rb"(\d) True (True|False)", rb"\1 False False"),
)
def _flags(client: Client) -> None:
    connections = [client.connect() for _ in range(3)]
    for connection in connections:
        connection.send(f"GET /conform/runs?{client.token} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    for connection in connections:
        check(connection.response().status == 200, "not all were answered")
        connection.close()
    _judge(client.journal())


def _judge(noted: list[str]) -> None:
    words = [line.split() for line in noted]
    by_process: dict[str, list[str]] = {}
    for what, process, *_ in words:
        by_process.setdefault(process, []).append(what)
    processes = len(by_process)
    threads = any(("begin", "begin") in pairwise(events) for events in by_process.values())
    for _, _, _, multithread, multiprocess in words:
        check(
            processes == 1 or multiprocess == "True",
            f"{processes} processes run it, and wsgi.multiprocess is {multiprocess}",
        )
        check(
            not threads or multithread == "True", f"two threads run it at once, and wsgi.multithread is {multithread}"
        )
