"""Ways of reading wsgi.input."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from wsgiserve.conform.behaviours.common import BEHAVIOURS, TEXT, Application, Environ, answers, behaviour


def _reading(read: Callable[[Any, int], list[bytes]]) -> Application:
    def answer(environ: Environ, start_response: Any) -> Iterable[bytes]:
        found = read(environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0))
        if not all(isinstance(data, bytes) for data in found):
            raise TypeError("wsgi.input gave something else than bytes")
        start_response("200 OK", [TEXT])
        return [b"|".join(found)]

    return answer


def _in_pieces(stream: Any, size: int) -> list[bytes]:
    pieces = [stream.read(4) for _ in range((size + 3) // 4)]
    return [*pieces, stream.read(4)]


def _by_lines(stream: Any, _: int) -> list[bytes]:
    return list(iter(stream.readline, b""))


BEHAVIOURS |= {
    "read-exactly": _reading(lambda stream, size: [stream.read(size)]),
    "two-lines": _reading(lambda stream, _: [stream.readline(), stream.readline()]),
    "read-all": _reading(lambda stream, size: [stream.read(size), stream.read(1)]),
    "read-unlimited": _reading(lambda stream, _: [stream.read()]),
    "read-minus-one": _reading(lambda stream, _: [stream.read(-1)]),
    "read-nothing-first": _reading(lambda stream, size: [stream.read(0), stream.read(size)]),
    "read-too-much": _reading(lambda stream, size: [stream.read(size + 1000)]),
    "read-in-pieces": _reading(_in_pieces),
    "readline": _reading(_by_lines),
    "readline-limited": _reading(lambda stream, _: list(iter(lambda: stream.readline(4), b""))),
    "readlines": _reading(lambda stream, _: stream.readlines()),
    "readlines-hint": _reading(lambda stream, _: [*stream.readlines(1), *stream.readlines()]),
    "iterate": _reading(lambda stream, _: list(stream)),
    "mixed": _reading(lambda stream, _: [stream.read(2), stream.readline(), stream.read(3), *stream]),
    "read-after-the-end": _reading(
        lambda stream, size: [stream.read(size), stream.read(1), stream.readline(), *stream]
    ),
    "read-some": _reading(lambda stream, _: [stream.read(3)]),
    "reads-nothing": answers(lambda _: [b"hello"]),
    "length-of-content": _reading(lambda stream, size: [str(len(stream.read(size))).encode()]),
}


@behaviour
def _counts_chunked(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """How long the content is, read in pieces of a KiB."""
    total = sum(map(len, iter(lambda: environ["wsgi.input"].read(1024), b"")))
    start_response("200 OK", [TEXT])
    return [str(total).encode()]
