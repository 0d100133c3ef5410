"""What the server told the application. PEP 3333, "environ Variables"."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["dump", "errors"]


def dump(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The environ as JSON: strings, numbers and truth values as they are, other objects by their type's name."""
    plain = (str, int, float, bool, type(None))
    shown = {
        key: value if isinstance(value, plain) else f"<{type(value).__name__}>"
        for key, value in sorted(environ.items())
    }
    body = json.dumps(shown, indent=1).encode() + b"\n"
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def errors(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Writes to ``wsgi.errors`` by each of its methods: text, for the server's log."""
    stream = environ["wsgi.errors"]
    stream.write("one line\n")
    stream.writelines(["two ", "pieces\n"])
    stream.flush()
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "5")])
    return [b"text\n"]
