"""``install``: programs that call werkzeug's ``run_simple``, as ``Flask.run`` and ``flask run`` do, get ours instead.

The names of ``wsgiserve.serving`` take the place of those of ``werkzeug.serving``: there, and in every module that has
imported them already, under whatever name. Werkzeug is only looked at, and no file is changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType, TracebackType
from typing import Any, Self

__all__ = ["Installation", "install", "uninstall"]


class Installation:
    """What a call of ``install`` has replaced. As a context manager it puts that back at the end."""

    def __init__(self) -> None:
        self._replaced: list[tuple[dict[str, Any], str, object, object]] = []

    def replace(self, namespace: dict[str, Any], name: str, ours: object) -> None:
        """Remember what is there, and put ours in its place."""
        self._replaced.append((namespace, name, namespace[name], ours))
        namespace[name] = ours

    def uninstall(self) -> None:
        """Put back what was there before, where nobody else has put something since."""
        while self._replaced:
            namespace, name, theirs, ours = self._replaced.pop()
            if namespace.get(name) is ours:
                namespace[name] = theirs

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.uninstall()


_installations: list[Installation] = []


def install() -> Installation:
    """Have werkzeug's ``run_simple`` and all that belongs to it be ours, in this process.

    Call it before ``app.run()``; best before the first import of Flask, since a class that derives from werkzeug's
    ``WSGIRequestHandler`` goes on to do so. Called again, it finds nothing to replace.

    Returns:
        A handle to undo what this call did; ``uninstall()`` undoes all of them.
    """
    import werkzeug
    import werkzeug.serving

    from wsgiserve import serving

    ours = {
        id(theirs): getattr(serving, name)
        for name in serving.__all__
        if _is_code(theirs := getattr(werkzeug.serving, name)) and not _is_ours(theirs)
    }
    installation = Installation()
    for module in _modules():
        for name, value in list(vars(module).items()):
            if id(value) in ours:
                installation.replace(vars(module), name, ours[id(value)])
    _installations.append(installation)
    return installation


def uninstall() -> None:
    """Undo every ``install``. What a module has imported meanwhile it keeps."""
    while _installations:
        _installations.pop().uninstall()


def _modules() -> Iterator[ModuleType]:
    """All that may have imported something of werkzeug's."""
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType) and not _is_ours(module):
            yield module


def _is_code(value: object) -> bool:
    """Whether it is a function or a class; a number is the same object wherever it stands."""
    return isinstance(value, type) or callable(value)


def _is_ours(value: object) -> bool:
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
    return name.partition(".")[0] == "wsgiserve"
