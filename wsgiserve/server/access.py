"""What one finished request tells the log. Floor 3; formatting it is the business of ``wsgiserve/accesslog.py``."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Access", "AccessFields", "AccessLog", "flush_of", "log_access", "shortcut_of"]

log = logging.getLogger("wsgiserve.access")


class Access(NamedTuple):
    """One line of the access log, before anybody made text of it."""

    finished: float
    """Wall clock, seconds since the epoch, when the response was complete."""
    seconds: float
    """From the complete request head to the end of the response."""
    peer: str
    """Address of the client as ``REMOTE_ADDR`` gives it."""
    method: str
    target: str
    """Request-target as sent; printable ASCII, the parser refuses anything else."""
    version: str
    """``HTTP/1.0`` or ``HTTP/1.1``."""
    status: int
    size: int
    """Bytes of response content sent, framing not counted."""
    number: int
    """Of the request; no other one of this server has it. Serial, from 1, but for processes; shown as a short id."""
    note: str
    """Empty, or what is worth a column: ``✗ KeyError: 'sku'  cart.py:88``."""


AccessFields = tuple[float, float, str, str, str, str, int, int, int, str]
"""What an ``Access`` is made of, in the same order. Every ``Access`` is one, too."""

AccessLog = Callable[[Access], None]
"""Called with each finished request. If it has a method ``flush``, that is called whenever the server pauses: when
nothing else is to be done at once, or a thread goes to rest."""


def flush_of(log: AccessLog | None) -> Callable[[], None]:
    """Its ``flush``, or something that does nothing."""
    flush: Callable[[], None] = getattr(log, "flush", _do_nothing)
    return flush


def shortcut_of(log: AccessLog) -> Callable[[AccessFields], object]:
    """What calls it with an ``Access`` of these fields.

    That is its ``remember``, if it has one: which takes the fields as they are, and so costs less.
    """
    shortcut: Callable[[AccessFields], object] | None = getattr(log, "remember", None)
    return shortcut or (lambda fields: log(Access._make(fields)))


def _do_nothing() -> None:
    pass


def log_access(access: Access) -> None:
    """The access log of a server that nobody gave one: a record of the logger ``wsgiserve.access``, level INFO.

    The record carries the whole ``Access`` as ``record.access``, for formatters that want more than the text.
    """
    log.info(
        '%s "%s %s %s" %d %d %.1fms',
        access.peer,
        access.method,
        access.target,
        access.version,
        access.status,
        access.size,
        access.seconds * 1000,
        extra={"access": access},
    )
