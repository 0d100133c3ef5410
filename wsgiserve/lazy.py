"""What a start does not wait for: names and modules that nobody has asked for yet, and the collection of garbage.

Source: PEP 562.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

__all__ = ["LazyModule", "lazy_names", "without_collections"]


class LazyModule:
    """Stands for a module that takes long to import, and that most starts do not need.

    Unlike importlib's ``LazyLoader`` it leaves ``sys.modules`` alone: others import what they import as ever.

    Args:
        name: of the module.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


def lazy_names(
    namespace: dict[str, Any], homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The functions ``__getattr__`` and ``__dir__`` for a module.

    Args:
        namespace: the module's ``globals()``.
        homes: modules, with the names that each of them has.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def get(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {namespace['__name__']!r} has no attribute {name!r}")
        value = namespace[name] = getattr(import_module(home_of[name]), name)
        return value

    def names() -> list[str]:
        return sorted({*namespace, *home_of})

    return get, names


@contextmanager
def without_collections() -> Iterator[None]:
    """Collect no garbage meanwhile. Imports make none, and looking for it is a twentieth of a start.

    For imports of our own: an application may have a mind of its own about its garbage.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
