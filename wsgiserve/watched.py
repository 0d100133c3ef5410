"""Files that an application reads and that nobody would know of: it names them, and a change of one reloads it.

Source: ``extra_files`` of werkzeug's ``run_simple``, from the other side.
"""

from __future__ import annotations

import os
from collections.abc import Callable

__all__ = ["on_watch", "watch"]

_named: dict[str, None] = {}
_tell: list[Callable[[list[str]], object]] = []


def watch(*paths: str | os.PathLike[str]) -> None:
    """Reload the application when one of these files, or a file in one of these directories, has changed.

    Call it where the file is read. Where nothing reloads it does nothing, so it may stand in code for production.

    Args:
        paths: relative ones begin at the current directory.
    """
    names = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - names travel as texts
    _named.update(dict.fromkeys(names))
    for tell in _tell:
        tell(names)


def on_watch(tell: Callable[[list[str]], object]) -> None:
    """Call ``tell`` with absolute paths, now and for each call of ``watch``."""
    _tell.append(tell)
    if _named:
        tell(list(_named))
