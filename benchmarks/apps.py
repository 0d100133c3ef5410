"""The applications that are measured: as small as an application can be, so that what is left is the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

__all__ = [
    "BIG",
    "BODY",
    "FILE_SIZE",
    "PAUSE_SECONDS",
    "PIECE",
    "big",
    "blocking",
    "file",
    "hello",
    "mixed",
    "sized",
    "streaming",
    "upload",
]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

BODY = b"Hello, world!"
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]
PIECE = b"x" * 1024
BIG = PIECE * 10 * 1024
FILE_SIZE = 1024 * 1024
PAUSE_SECONDS = 0.2
_READ_BYTES = 64 * 1024


def hello(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Thirteen bytes."""
    start_response("200 OK", HEADERS[:])
    return [BODY]


def blocking(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The same after ten milliseconds of waiting, as for a database."""
    time.sleep(0.01)
    return hello(environ, start_response)


def mixed(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The same, at ``/slow`` after a hundred milliseconds."""
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.1)
    return hello(environ, start_response)


def streaming(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Ten pieces of a kibibyte, and no word of how many there will be; at ``/pause`` the last one is late."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    for _ in range(9):
        yield PIECE
    if environ["PATH_INFO"] == "/pause":
        time.sleep(PAUSE_SECONDS)
    yield PIECE


def upload(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Read the content to its end, and tell how long it was."""
    body, size = environ["wsgi.input"], 0
    length = int(environ["CONTENT_LENGTH"])
    while size < length and (data := body.read(min(_READ_BYTES, length - size))):
        size += len(data)
    return _plain(start_response, b"%d" % size)


def big(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Ten mebibytes in one piece."""
    return _plain(start_response, BIG)


def sized(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """As many bytes as the path says, in one piece."""
    return _plain(start_response, BIG[: int(environ["PATH_INFO"][1:])])


def file(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A file of a mebibyte, by the server's wrapper if it has one."""
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(FILE_SIZE))]
    start_response("200 OK", headers)
    wrapper = environ.get("wsgi.file_wrapper", FileWrapper)
    wrapped: Iterable[bytes] = wrapper(_file().open("rb"), _READ_BYTES)
    return wrapped


def _file() -> Path:
    """Made by the first who asks for it; ``benchmarks/results/`` is in no commit."""
    path = Path(__file__).with_name("results") / "mebibyte"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(BIG[:FILE_SIZE])
    return path


def _plain(start_response: StartResponse, body: bytes) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
