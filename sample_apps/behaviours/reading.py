"""Ways to read the request's body. PEP 3333, "Input and Error Streams": the server simulates an end of file.

Each application answers with what it got, as JSON: a list of the results of its calls, bytes as latin-1 text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "by_iteration",
    "by_lines",
    "by_lines_of_four",
    "by_readlines",
    "by_readlines_hint",
    "by_threes",
    "echo_while_reading",
    "exact",
    "half",
    "nothing",
    "past_the_end",
    "whole",
    "zero_bytes",
]


def answer(start_response: StartResponse, results: Iterable[bytes]) -> Iterable[bytes]:
    """Respond with the results."""
    body = json.dumps([result.decode("latin-1") for result in results]).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def length(environ: WSGIEnvironment) -> int:
    """The declared length, 0 if there is none."""
    return int(environ.get("CONTENT_LENGTH") or 0)


def whole(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``read()`` without a size: all of the content and no byte more."""
    return answer(start_response, [environ["wsgi.input"].read()])


def exact(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``read(CONTENT_LENGTH)``, the call that every server supports."""
    return answer(start_response, [environ["wsgi.input"].read(length(environ))])


def by_threes(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``read(3)`` until it is empty."""
    return answer(start_response, iter(lambda: environ["wsgi.input"].read(3), b""))


def by_lines(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``readline()`` until it is empty; the last line may lack its line end."""
    return answer(start_response, iter(environ["wsgi.input"].readline, b""))


def by_lines_of_four(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``readline(4)``: at most so many bytes, a longer line comes in pieces."""
    return answer(start_response, iter(lambda: environ["wsgi.input"].readline(4), b""))


def by_readlines(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``readlines()``."""
    return answer(start_response, environ["wsgi.input"].readlines())


def by_readlines_hint(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``readlines(hint)``, then ``read()``: the hint stops early, and nothing is lost."""
    stream = environ["wsgi.input"]
    return answer(start_response, [*stream.readlines(4), stream.read(length(environ))])


def by_iteration(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``for line in wsgi.input``."""
    return answer(start_response, list(environ["wsgi.input"]))


def past_the_end(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Reads again after the end: each such call returns an empty string at once, and never waits for more."""
    stream = environ["wsgi.input"]
    return answer(start_response, [stream.read(length(environ)), stream.read(1), stream.readline(), stream.read()])


def half(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Reads half of the content and answers: the rest must not be taken for the next request."""
    return answer(start_response, [environ["wsgi.input"].read(length(environ) // 2)])


def nothing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers without reading."""
    return answer(start_response, [])


def zero_bytes(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``read(0)`` and ``readline(0)`` are empty and take nothing."""
    stream = environ["wsgi.input"]
    return answer(start_response, [stream.read(0), stream.readline(0), stream.read(length(environ))])


def echo_while_reading(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Sends each block back before it reads the next one."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    stream = environ["wsgi.input"]
    remaining = length(environ)
    while remaining and (block := stream.read(min(remaining, 4096))):
        remaining -= len(block)
        yield block
