"""The applications that are measured: as small as an application can be, so that what is left is the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["blocking", "hello"]

BODY = b"Hello, world!"
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]


def hello(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Thirteen bytes."""
    start_response("200 OK", HEADERS[:])
    return [BODY]


def blocking(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The same after ten milliseconds of waiting, as for a database."""
    time.sleep(0.01)
    return hello(environ, start_response)
