"""The life of the server and the errors of the application, as log records: who handles them, and how they look.

Three loggers: ``wsgiserve`` for the server, ``wsgiserve.errors`` for tracebacks and ``wsgi.errors``, and
``wsgiserve.access`` for access lines where nothing faster writes them. One handler of ours hangs on the first and
speaks up only for records that nobody else takes, as ``logging.lastResort`` does: so logging that the application
configures, earlier or later, is respected, nothing is said twice, and the root logger stays as it is.
Knows ``Console``; not what is logged.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from wsgiserve.console import Color, Console

__all__ = ["ACCESS_LOGGER", "ERROR_LOGGER", "SERVER_LOGGER", "ConsoleHandler", "configure", "is_handled_by_user"]

SERVER_LOGGER, ERROR_LOGGER, ACCESS_LOGGER = "wsgiserve", "wsgiserve.errors", "wsgiserve.access"

_LEVEL_COLORS: dict[int, Color] = {logging.WARNING: "yellow", logging.ERROR: "red", logging.CRITICAL: "red"}

# What every record has; anything else was given as ``extra``.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "request_id"}


def configure(console: Console, level: int = logging.INFO) -> ConsoleHandler:
    """Let the server's records be seen on the console, unless the user's own logging shows them.

    Called again, it changes the one handler that there is. A level that somebody else gave to the logger stays.

    Returns:
        The handler; its ``write`` is for all else that goes to the console.
    """
    logger = logging.getLogger(SERVER_LOGGER)
    handler = next((known for known in logger.handlers if isinstance(known, ConsoleHandler)), None)
    if handler is None:
        handler = ConsoleHandler(console)
        logger.addHandler(handler)
    else:
        handler.use(console)
    if logger.level in (logging.NOTSET, handler.logger_level):
        logger.setLevel(level)
        handler.logger_level = level
    return handler


class ConsoleHandler(logging.StreamHandler[Any]):
    """Writes a record that no other handler takes."""

    logger_level: int | None = None
    """The level that ``configure`` gave to the logger."""

    def __init__(self, console: Console) -> None:
        super().__init__(console.stream)
        self.setFormatter(_FORMATTERS[console.form](console))

    def use(self, console: Console) -> None:
        """Write elsewhere or otherwise from now on."""
        self.setStream(console.stream)
        self.setFormatter(_FORMATTERS[console.form](console))

    def write(self, text: str) -> None:
        """Write text that is no record, whole, whichever threads write. What cannot be written is lost."""
        self.acquire()
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):
            # Whoever read the pipe is gone, the disk is full, or the stream is closed. No reason to fail a request.
            pass
        finally:
            self.release()

    def emit(self, record: logging.LogRecord) -> None:
        """Write it in one piece, if it is ours to write."""
        if not is_handled_by_user(record.name, record.levelno):
            super().emit(record)


def is_handled_by_user(name: str, level: int, *, below: str | None = None) -> bool:
    """Is there a handler for records of this logger, besides ours?

    Args:
        below: the highest logger to look at; None for the root logger.
    """
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None:
        if any(handler.level <= level and not isinstance(handler, ConsoleHandler) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate and logger.name != below else None
    return False


class _ConsoleFormatter(logging.Formatter):
    """Message, traceback and stack as they are, but for characters that would do something to a terminal."""

    def __init__(self, console: Console) -> None:
        super().__init__("%(message)s")
        self._console = console

    def text(self, record: logging.LogRecord) -> str:
        request = f"{record.request}: " if hasattr(record, "request") else ""
        return self._console.clean(request + super().format(record))


class _PrettyFormatter(_ConsoleFormatter):
    """``12:04:31  error  what happened``; the word only from warning on."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{self._console.clock(record.created)}  {self._level(record)}{self.text(record)}"

    def _level(self, record: logging.LogRecord) -> str:
        if record.levelno == logging.INFO:
            return ""
        word = record.levelname.lower()
        color = _LEVEL_COLORS.get(record.levelno)
        return f"{self._console.paint(word, color) if color else word}  "


class _PlainFormatter(_ConsoleFormatter):
    """``ERROR what happened``. No clock: who keeps the lines adds one."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname} {self.text(record)}"


class _JSONFormatter(logging.Formatter):
    """One object on one line, with the keys that structlog's users expect; ``extra`` fields are keys of their own."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        import json  # 1 ms, for one of the forms

        self._dumps = json.dumps

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "event": record.getMessage(),
            "timestamp": self.timestamp(record.created),
            "level": record.levelname.lower(),
            "request_id": getattr(record, "request_id", None),
            "logger": record.name,
        }
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD and key not in fields}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = self.formatStack(record.stack_info)
        present = {key: value for key, value in (fields | extra).items() if value is not None}
        return self._dumps(present, default=str)

    def timestamp(self, created: float) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(created))
        return f"{seconds}.{int(created % 1 * 1000):03d}Z"


_FORMATTERS: dict[str, Any] = {"pretty": _PrettyFormatter, "plain": _PlainFormatter, "json": _JSONFormatter}
