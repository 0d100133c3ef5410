"""What an interpreter has imported, and whose it is.

Looks at all modules between a change and the answer to it, and there may be thousands: so it compares strings.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from types import ModuleType

__all__ = ["foreign_modules", "has_own", "modules_of", "own_files"]


def modules_of(paths: Iterable[str], besides: Collection[str] = frozenset()) -> dict[str, str]:
    """Those of the paths that are files of modules ``besides`` these, each with a module's name.

    Args:
        paths: as ``realpath`` gives them, or its directory's and the name of a link.
    """
    wanted = {os.path.basename(path): path for path in paths}  # noqa: PTH119 - see above
    found = {}
    for name, module in _modules(besides):
        file = _file(module)
        if os.path.basename(file) in wanted:  # noqa: PTH119
            folder, base = os.path.split(file)
            for path in (os.path.realpath(file), os.path.join(os.path.realpath(folder), base)):  # noqa: PTH118
                if path in paths:
                    found[path] = name
    return found


def has_own(roots: Iterable[str], besides: Collection[str]) -> bool:
    """Whether a module of the project has been imported, ``besides`` these modules."""
    return any(_is_own(_file(module), roots) for _, module in _modules(besides))


def own_files(roots: Iterable[str]) -> list[str]:
    """The files of the project's modules that have been imported."""
    return [file for _, module in _modules(()) if _is_own(file := _file(module), roots)]


def foreign_modules(roots: Iterable[str], besides: Collection[str] = frozenset()) -> list[str]:
    """What has been imported ``besides`` these modules, and is neither the project's nor ours; in order."""
    names = []
    for name, module in _modules(besides):
        spec = getattr(module, "__spec__", None)
        if getattr(spec, "name", None) != name or name.partition(".")[0] in ("__main__", "wsgiserve"):
            continue
        if not _is_own(_file(module), roots):
            names.append(name)
    return names


def _modules(besides: Collection[str]) -> Iterator[tuple[str, ModuleType]]:
    # By name: a module that takes itself out, or that failed, shifts the place of all after it.
    return ((name, module) for name, module in list(sys.modules.items()) if name not in besides)


def _file(module: ModuleType) -> str:
    with suppress(Exception):  # modules can be anything
        file = module.__file__
        if isinstance(file, str):
            return file
    return ""


def _is_own(file: str, roots: Iterable[str]) -> bool:
    if "site-packages" in file or "dist-packages" in file:
        return False
    return any(file.startswith(root + os.sep) for root in roots)
