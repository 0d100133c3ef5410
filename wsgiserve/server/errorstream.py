"""``wsgi.errors``: what an application writes goes to the log, whole, and in one piece with its request.

Floor 3. Source: PEP 3333 "Input and Error Streams".
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable
from typing import Any, Self

__all__ = ["ErrorStream"]

log = logging.getLogger("wsgiserve.errors")


# What a text file has besides: one that can do nothing knows how to say so.
_ANY_FILE = io.TextIOBase()


class ErrorStream:
    """A text file whose complete lines become log records; one record for what one ``write`` completes.

    A traceback written by a framework's logger in one call so stays one entry. It is an ``io.TextIOBase`` by name only:
    each connection has one, and to make and to finalize a real one costs 4,500 instructions of 115,000.

    Args:
        context: says whose text it is, ``"127.0.0.1 GET /cart"``; asked only when there is text.

    Attributes:
        rest: a line that has no newline yet.
    """

    __slots__ = ("__weakref__", "_context", "rest")

    def __init__(self, context: Callable[[], str]) -> None:
        self._context = context
        self.rest = ""

    def writable(self) -> bool:
        """True: that is what it is for."""
        return True

    def write(self, text: str, /) -> int:
        """Log up to the last newline, keep the rest for the next write or flush."""
        complete, newline, rest = (self.rest + text).rpartition("\n")
        self.rest = rest
        if newline:
            self._log(complete)
        return len(text)

    def flush(self) -> None:
        """Log a line that has no newline yet."""
        rest, self.rest = self.rest, ""
        if rest:
            self._log(rest)

    def close(self) -> None:
        """Flush, no more: PEP 3333 forbids to close it, and the connection's next request has the same stream."""
        self.flush()

    def writelines(self, lines: Iterable[str], /) -> None:
        """Each as ``write`` takes it."""
        for line in lines:
            self.write(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(_ANY_FILE, name)

    def _log(self, text: str) -> None:
        log.error("%s", text, extra={"request": self._context()})


io.TextIOBase.register(ErrorStream)
