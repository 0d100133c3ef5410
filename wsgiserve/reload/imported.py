"""What an interpreter has imported, and whose it is.

Looks at all modules between a change and the answer to it, and there may be thousands: so it compares strings.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from types import ModuleType

__all__ = ["foreign_modules", "has_own", "modules_of"]


def modules_of(paths: Iterable[str], since: int = 0) -> dict[str, str]:
    """Those of the paths that are files of modules, after the first ``since`` ones, each with a module's name.

    Args:
        paths: as ``realpath`` gives them.
    """
    wanted = {os.path.basename(path): path for path in paths}  # noqa: PTH119 - see above
    found = {}
    for name, module in islice(list(sys.modules.items()), since, None):
        file = _file(module)
        if os.path.basename(file) in wanted:  # noqa: PTH119
            path = os.path.realpath(file)
            if path in paths:
                found[path] = name
    return found


def has_own(roots: Iterable[str], since: int) -> bool:
    """Whether a module of the project has been imported, after the first ``since`` modules."""
    return any(_is_own(_file(module), roots) for module in islice(list(sys.modules.values()), since, None))


def foreign_modules(roots: Iterable[str], since: int = 0) -> list[str]:
    """What has been imported, after the first ``since`` modules, and is neither the project's nor ours; in order."""
    names = []
    for name, module in islice(list(sys.modules.items()), since, None):
        spec = getattr(module, "__spec__", None)
        if getattr(spec, "name", None) != name or name.partition(".")[0] in ("__main__", "wsgiserve"):
            continue
        if not _is_own(_file(module), roots):
            names.append(name)
    return names


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
