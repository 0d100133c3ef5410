"""Where settings come from, as the banner tells it.

Apart from it, since the command knows it before it imports a server.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Origins"]


class Origins(NamedTuple):
    """Where settings come from that a person might not think of."""

    mode: str = ""
    """Where the mode was said, if it was."""
    others: str = ""
    """Variables and files that are honoured though they are not ours: ``FLASK_RUN_PORT, .flaskenv``."""
    notes: tuple[str, ...] = ()
    """What was not honoured, and why."""
