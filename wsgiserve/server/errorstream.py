"""``wsgi.errors``: what an application writes goes to the log, whole, and in one piece with its request.

Floor 3. Source: PEP 3333 "Input and Error Streams".
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable

__all__ = ["ErrorStream"]

log = logging.getLogger("wsgiserve.errors")


class ErrorStream(io.TextIOBase):
    """A text file whose complete lines become log records; one record for what one ``write`` completes.

    A traceback written by a framework's logger in one call so stays one entry.

    Args:
        context: says whose text it is, ``"127.0.0.1 GET /cart"``; asked only when there is text.

    Attributes:
        rest: a line that has no newline yet.
    """

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

    def _log(self, text: str) -> None:
        log.error("%s", text, extra={"request": self._context()})
