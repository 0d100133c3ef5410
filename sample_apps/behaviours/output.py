"""Ways to produce a body. PEP 3333, "Buffering and Streaming" and the sections after it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "empty_blocks",
    "empty_list",
    "file_and_close",
    "file_like",
    "file_with_length",
    "generator",
    "large",
    "list_of_blocks",
    "one_block",
    "tuple_of_blocks",
    "write_and_iterate",
    "write_only",
]

TEXT = [("Content-Type", "text/plain; charset=utf-8")]
LARGE_BYTES = 1 << 20


def one_block(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """One block, no length: the server may count it ("Handling the Content-Length Header")."""
    start_response("200 OK", TEXT)
    return [b"one block\n"]


def list_of_blocks(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A list of several blocks without a length."""
    start_response("200 OK", TEXT)
    return [b"first\n", b"second\n", b"third\n"]


def tuple_of_blocks(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A tuple is as countable as a list."""
    start_response("200 OK", TEXT)
    return (b"first\n", b"second\n")


def empty_list(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A body of no blocks: the response head must go out all the same."""
    start_response("200 OK", TEXT)
    return []


def empty_blocks(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Empty blocks among others: allowed ("zero or more bytestrings"); none of them may end a chunked body."""
    start_response("200 OK", TEXT)
    yield b""
    yield b"first\n"
    yield b""
    yield b"second\n"
    yield b""


def generator(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """A generator: each block goes out before the next one is asked for."""
    start_response("200 OK", TEXT)
    for number in range(1, 4):
        yield b"block %d\n" % number


def large(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """One block of a MiB, more than a socket's buffer takes at once."""
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(LARGE_BYTES))])
    return [bytes(range(256)) * (LARGE_BYTES // 256)]


def write_only(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """All output by the ``write`` that ``start_response`` returned ("The write() Callable")."""
    write = start_response("200 OK", TEXT)
    write(b"written first\n")
    write(b"written second\n")
    return []


def write_and_iterate(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What was written comes before what is returned."""
    write = start_response("200 OK", TEXT)
    write(b"written\n")
    return [b"returned\n"]


def file_with_length(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A real file, its length declared ("Optional Platform-Specific File Handling")."""
    content = b"a line of a file\n" * 4096
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the server closes it
    file.write(content)
    file.seek(0)
    start_response("200 OK", [*TEXT, ("Content-Length", str(len(content)))])
    return wrapped(environ, file)


def file_like(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """An object with ``read`` and no descriptor: the wrapper must read it."""
    start_response("200 OK", TEXT)
    return wrapped(environ, BytesIO(b"not a real file\n" * 1000))


def file_and_close(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The wrapper has a ``close()`` that closes the file, and the server calls it ("Specification Details")."""
    errors = environ["wsgi.errors"]

    class Told(BytesIO):
        def close(self) -> None:
            if not self.closed:
                errors.write("the wrapped file is closed\n")
            super().close()

    start_response("200 OK", TEXT)
    return wrapped(environ, Told(b"closed by the server\n"))


def wrapped(environ: WSGIEnvironment, file: object) -> Iterable[bytes]:
    """The file in the server's wrapper, or in one of the standard library where the server has none."""
    from wsgiref.util import FileWrapper

    wrapper: Iterable[bytes] = environ.get("wsgi.file_wrapper", FileWrapper)(file, 8192)
    return wrapper
