"""What is served under stress: content that follows from the name of its request, in all the ways of sending it.

A response that was mixed up with another one, cut off, or sent twice can so be told from the right one.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["application", "content"]


def content(name: str, size: int) -> bytes:
    """So many bytes that belong to this name."""
    block = hashlib.sha256(name.encode()).digest()
    return (block * (size // len(block) + 1))[:size]


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``/way?name=NAME&size=BYTES&pause=SECONDS``."""
    query = parse_qs(environ["QUERY_STRING"])
    name, size, pause = query["name"][0], int(query["size"][0]), float(query["pause"][0])
    way = _WAYS[environ["PATH_INFO"]]
    headers = [("X-Name", name), ("Content-Type", "application/octet-stream")]
    return way(environ, lambda: start_response("200 OK", headers), name, size, pause)


def _plain(environ: Any, start: Any, name: str, size: int, pause: float) -> Iterable[bytes]:
    if pause:
        time.sleep(pause)
    start()
    return [content(name, size)]


def _stream(environ: Any, start: Any, name: str, size: int, pause: float) -> Iterator[bytes]:
    start()
    body = content(name, size)
    for offset in range(0, size, 4096):
        if pause and offset:
            time.sleep(pause / 10)
        yield body[offset : offset + 4096]


def _write(environ: Any, start: Any, name: str, size: int, pause: float) -> Iterable[bytes]:
    write = start()
    body = content(name, size)
    write(body[: size // 2])
    if pause:
        time.sleep(pause)
    return [body[size // 2 :]]


def _file(environ: Any, start: Any, name: str, size: int, pause: float) -> Iterable[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the wrapper closes it
    file.write(content(name, size))
    file.seek(0)
    start()
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
    return wrapped


def _upload(environ: Any, start: Any, name: str, size: int, pause: float) -> Iterable[bytes]:
    """Answers with what was uploaded, as a digest and a length."""
    received = io.BytesIO()
    while block := environ["wsgi.input"].read(10_000):
        received.write(block)
    if pause:
        time.sleep(pause)
    start()
    return [hashlib.sha256(received.getvalue()).hexdigest().encode(), b" %d" % received.tell()]


def _half(environ: Any, start: Any, name: str, size: int, pause: float) -> Iterable[bytes]:
    """Reads half of what was uploaded, and leaves the rest to the server."""
    environ["wsgi.input"].read(size // 2)
    start()
    return [content(name, 100)]


_WAYS = {"/plain": _plain, "/stream": _stream, "/write": _write, "/file": _file, "/upload": _upload, "/half": _half}
