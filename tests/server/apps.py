"""Applications for the functional tests, one behaviour each. They are called in the server's process."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests.server.served import note, wait_at_gate

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

TEXT = [("Content-Type", "text/plain")]

MEBIBYTE = 1024 * 1024

Environ = dict[str, Any]


@cache
def pattern(size: int) -> bytes:
    """Bytes in which every part differs from every other, so that one that is lost, or sent twice, is noticed."""
    return Random(size).randbytes(size)


# Answers


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Method and path."""
    start_response("200 OK", TEXT)
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}".encode("latin-1")]


def environ_as_json(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """What of the environ JSON can express."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({key: value for key, value in environ.items() if isinstance(value, str | int)}).encode()]


def status(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The status that the path names, ``/204``, and a body, whether that status may have one or not."""
    start_response(f"{environ['PATH_INFO'][1:]} Whatever", TEXT)
    return [b"a body"]


def two_blocks(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A body of unknown length."""
    start_response("200 OK", TEXT)
    yield b"one,"
    yield b"two"


# Reading


def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The request's content."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", TEXT)
    return [environ["REQUEST_METHOD"].encode(), b":", body]


def digest(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Number and hash of the bytes of content, read in pieces."""
    count, sha = 0, hashlib.sha256()
    while part := environ["wsgi.input"].read(50_000):
        count += len(part)
        sha.update(part)
    start_response("200 OK", TEXT)
    return [f"{count} {sha.hexdigest()}".encode()]


def unread(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers without having looked at the content."""
    start_response("200 OK", TEXT)
    return [b"not read"]


def refuse(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers 413 without having looked at the content."""
    start_response("413 Content Too Large", TEXT)
    return [b"too much"]


def read_as_told(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Calls the methods of ``wsgi.input`` that the query names, ``read(3)+readline()``, and answers what they gave."""
    source = environ["wsgi.input"]
    results = []
    for call in environ["QUERY_STRING"].split("+"):
        name, _, argument = call.rstrip(")").partition("(")
        found = list(source) if name == "list" else getattr(source, name)(*([int(argument)] if argument else []))
        results.append([line.decode() for line in found] if isinstance(found, list) else found.decode())
    start_response("200 OK", TEXT)
    return [json.dumps(results).encode()]


def late_reader(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Starts to read when it is told to; reads in two pieces."""
    note("called")
    wait_at_gate()
    first = environ["wsgi.input"].read(2)
    start_response("200 OK", TEXT)
    return [first, b"|", environ["wsgi.input"].read()]


def reads_between_blocks(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A block, and then the content."""
    start_response("200 OK", TEXT)
    yield b"one"
    yield environ["wsgi.input"].read()


def keeps_its_input(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Reads from the input of the request before."""
    global _kept
    before, _kept = _kept, environ["wsgi.input"]
    start_response("200 OK", TEXT)
    return [b"nothing before" if before is None else b"before: " + before.read()]


_kept: Any = None


# Large and slow bodies


def large(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``/list``, ``/generator``, ``/write`` or ``/file`` as the way to send as many MiB as the query says."""
    way = environ["PATH_INFO"][1:]
    body = pattern(int(environ["QUERY_STRING"]) * MEBIBYTE)
    write = start_response("200 OK", TEXT)
    if way == "list":
        return [body]
    if way == "file":
        file = io.BytesIO(body)
        wrapper: Callable[[Any], Iterable[bytes]] = environ["wsgi.file_wrapper"]
        return wrapper(file)
    if way == "write":
        write(body)
        return []
    return (body[start : start + 100_000] for start in range(0, len(body), 100_000))


def large_and_more(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """5 MiB, as declared, then an empty block, and one that nobody asked for."""
    body = pattern(5 * MEBIBYTE)
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return iter([body, b"", b"more"])


def step_by_step(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """One block at a time, as the path says by ``generator``, ``write()``, or with a Content-Length, ``length``."""
    way = environ["PATH_INFO"][1:]
    headers = [*TEXT, ("Content-Length", "15")] if way == "length" else TEXT
    write = start_response("200 OK", headers)
    return _written(write) if way == "write" else _steps()


def _steps() -> Iterator[bytes]:
    for number in range(3):
        yield f"step{number}".encode()
        note(f"asked after step{number}")
        wait_at_gate()
    # In a body with Content-Length the last block is out when the generator goes on.
    note("ended")


def _written(write: Callable[[bytes], object]) -> Iterable[bytes]:
    for block in _steps():
        write(block)
    return []


class NotingFile:
    """Hands on the methods of a file, as Django's File does, and notes that it was closed."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("rb")  # noqa: SIM115 - whoever has the response closes it
        self.read = self._file.read
        self.seek = self._file.seek

    def close(self) -> None:
        note("file closed")
        self._file.close()


def file(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The file whose path is the query, from the offset that the path names, with a Content-Length if there is one."""
    offset, _, length = environ["PATH_INFO"][1:].partition("-")
    opened = NotingFile(environ["QUERY_STRING"])
    opened.seek(int(offset))
    start_response("200 OK", [*TEXT, ("Content-Length", length)] if length else TEXT)
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](opened)
    return wrapped


def large_or_file(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """``/list?10`` and the like are large, other queries are files, and without a query the answer is short."""
    query = environ["QUERY_STRING"]
    return (large if query.isdigit() else file if query else hello)(environ, start_response)


# Failures


class Closable:
    """A body that notes when it is closed, and may fail at any point."""

    def __init__(self, blocks: Iterable[bytes], error: Exception | None = None) -> None:
        self._blocks = iter(blocks)
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._blocks)

    def close(self) -> None:
        note("closed")
        if self._error is not None:
            raise self._error


def failing(environ: Environ, start_response: Any) -> Iterable[Any]:
    """Fails in the way that the path names; ``/`` does not."""
    found: Iterable[Any] = _FAILURES[environ["PATH_INFO"][1:]](environ, start_response)
    return found


def _before(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    raise KeyError("sku")


def _after_start_response(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    raise KeyError("sku")


def _before_first_block(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    raise KeyError("sku")
    yield b""


def _between_blocks(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    yield b"one"
    raise KeyError("sku")


def _in_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    return Closable([b"all of it"], KeyError("sku"))


def _exit_before(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    sys.exit("leaving")


def _exit_between(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    yield b"one"
    sys.exit("leaving")


def _str_blocks(environ: Environ, start_response: StartResponse) -> Iterable[Any]:
    start_response("200 OK", TEXT)
    yield "text"


def _str_block_later(environ: Environ, start_response: StartResponse) -> Iterable[Any]:
    start_response("200 OK", TEXT)
    yield b"one"
    yield "two"


def _bad_header(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("X-Name", "a\r\nSet-Cookie: b=c")])
    return [b"never sent"]


def _hop_by_hop(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Transfer-Encoding", "chunked")])
    return [b"never sent"]


def _bad_status(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("OK", TEXT)
    return [b"never sent"]


def _no_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return [b"never sent"]


def _none(environ: Environ, start_response: StartResponse) -> Any:
    start_response("200 OK", TEXT)


def _too_short(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "10")])
    return [b"short"]


def _too_long(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "3")])
    return [b"long"]


_FAILURES: dict[str, Callable[[Environ, StartResponse], Iterable[Any]]] = {
    "": hello,
    "before": _before,
    "after-start-response": _after_start_response,
    "before-first-block": _before_first_block,
    "between-blocks": _between_blocks,
    "in-close": _in_close,
    "exit-before": _exit_before,
    "exit-between": _exit_between,
    "str-blocks": _str_blocks,
    "str-block-later": _str_block_later,
    "bad-header": _bad_header,
    "hop-by-hop": _hop_by_hop,
    "bad-status": _bad_status,
    "no-start": _no_start,
    "none": _none,
    "too-short": _too_short,
    "too-long": _too_long,
}


def endless(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A body without end, unless it is asked for ``/``."""
    if environ["PATH_INFO"] == "/":
        return hello(environ, start_response)
    start_response("200 OK", TEXT)
    return Closable(b"x" * 10_000 for _ in iter(int, 1))


# Notes of its own


def complains(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Writes to ``wsgi.errors`` what the query says, ``%0A`` for a newline, then fails if the path is ``/fails``."""
    environ["wsgi.errors"].write(environ["QUERY_STRING"].replace("%0A", "\n"))
    if environ["PATH_INFO"] == "/fails":
        raise KeyError("sku")
    return hello(environ, start_response)


# Taking the socket over


def takes_over(environ: Environ, start_response: StartResponse) -> Iterable[Any]:
    """Speaks a protocol of its own: each line comes back in capitals, until ``bye``. Returns what the path names."""
    if environ["PATH_INFO"] == "/":
        return hello(environ, start_response)
    sock = environ["werkzeug.socket"]
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
    with sock.makefile("rb") as lines:
        for line in lines:
            sock.sendall(line.upper())
            if line == b"bye\n":
                break
    found: Iterable[Any] = _RETURNS[environ["PATH_INFO"][1:]](environ, start_response)
    return found


def _return_blocks(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "11")])
    yield b"never "
    yield b"sent"


def _return_file(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](Path(__file__).open("rb"))  # noqa: SIM115 - the server closes it
    return wrapped


def _return_empty(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return []


def _fail(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    raise KeyError("sku")


def _close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ["werkzeug.socket"].close()
    wait_at_gate()
    return []


_RETURNS: dict[str, Callable[[Environ, StartResponse], Iterable[Any]]] = {
    "list": hello,
    "blocks": _return_blocks,
    "file": _return_file,
    "empty": _return_empty,
    "none": lambda environ, start_response: None,  # type: ignore[dict-item, return-value]  # what no application may do
    "fails": _fail,
    "closes": _close,
}


def looks(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Looks at the socket without using it."""
    sock = environ["werkzeug.socket"]
    note([sock.getpeername() == (environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"])), sock.fileno() > 0])
    note([sock.family == sock.family.AF_INET, sock.gettimeout(), sock.getsockopt(1, 4), hasattr(sock, "__len__")])
    return hello(environ, start_response)


def uses_the_socket_of_before(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Has a thread use the socket after the request is over."""
    sock = environ["werkzeug.socket"]

    def late() -> None:
        wait_at_gate()
        try:
            sock.sendall(b"never sent")
        except OSError as error:
            note(str(error))
        sock.close()

    Thread(target=late).start()
    return hello(environ, start_response)


def websocket() -> Any:
    """A Flask application with a WebSocket by flask-sock, which finds our socket as it finds werkzeug's."""
    from flask import Flask
    from flask_sock import Sock

    app = Flask(__name__)

    @Sock(app).route("/echo")  # type: ignore[untyped-decorator]
    def echo(ws: Any) -> None:
        while (message := ws.receive()) != "bye":
            ws.send(message)

    return app


def websocket_app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The same, made when it is first called: what crosses processes is a name."""
    global _websocket
    _websocket = _websocket or websocket()
    answer: Iterable[bytes] = _websocket(environ, start_response)
    return answer


_websocket: Any = None
