"""Which files a script is made of, as far as another process can know: by where they lie.

The supervisor of a project is told its directories; a script that ends in ``run_simple()`` tells nothing, but Python
knows where it imports from. Whether a file has really been imported is asked of the process that did (``imported.py``).
Source: werkzeug 3.1 ``_reloader`` for what callers of ``run_simple`` expect of extra files and of patterns.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple, Self

from wsgiserve.foreign import is_foreign
from wsgiserve.reload.changes import Project
from wsgiserve.reload.lookout import Lookout
from wsgiserve.reload.watching import POLL_SECONDS
from wsgiserve.server.hints import Hint

__all__ = ["Places", "ScriptLookout", "Sources", "Wishes", "places"]

_CODE = (".py", ".so")


class Wishes(NamedTuple):
    """What the caller of ``run_simple`` has said about reloading."""

    extra_files: tuple[str, ...] = ()
    exclude_patterns: tuple[str, ...] = ()
    interval: float = 1.0
    """Seconds between two looks, if ``stat``."""
    stat: bool = False
    """Look at the files, whatever the kernel could tell."""


class Places(NamedTuple):
    """Where an interpreter has imported from, or would."""

    own: frozenset[str]
    """Directories of the user's; what lies below them counts too."""
    imported: frozenset[str]
    """Directories in which modules lie that have been imported, installed ones too, but Python's own."""
    files: frozenset[str]
    """Single files: a script without suffix, a zip archive."""

    def __or__(self, other: Self) -> Places:
        return Places(*(mine | theirs for mine, theirs in zip(self, other, strict=True)))


def places() -> Places:
    """Of this interpreter."""
    own, imported, files = set(), set(), set()
    for entry in map(os.path.realpath, sys.path):
        if is_foreign(entry + os.sep):
            continue
        if Path(entry).is_dir():
            own.add(entry)
        elif Path(entry).is_file():
            files.add(entry)
    for file in _files_of_modules():
        if is_foreign(file) and "-packages" not in file:
            continue
        imported.add(os.path.dirname(file))  # noqa: PTH120 - there may be thousands
        if not file.endswith(_CODE):
            files.add(file)
    return Places(frozenset(own), frozenset(imported), frozenset(files))


def _files_of_modules() -> Iterator[str]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str) and not file.startswith("<"):
            yield os.path.realpath(file)


class Sources(Project):
    """The files that matter to a script; any Python file may, until it is known what is imported.

    Args:
        where: the script imports from.
        wishes: extra files count whatever they are; of a directory, the Python files in and below it. Patterns are for
            ``fnmatch`` and whole paths; what they match never counts.
    """

    def __init__(self, where: Places, wishes: Wishes) -> None:
        extra = {path for name in wishes.extra_files for path in _both_names(name)}
        self._extra_folders = {path for path in extra if path.is_dir()}
        self._extra_files = extra - self._extra_folders | set(map(Path, where.files))
        self._excluded = wishes.exclude_patterns
        self._named: set[Path] = set()
        self._imported = sorted(map(Path, where.imported))
        super().__init__(_outermost([*map(Path, where.own), *self._extra_folders]))

    def folders(self) -> list[Path]:
        """Every directory in which a change may matter."""
        single = sorted({path.parent for path in self._extra_files})
        return list(dict.fromkeys([*super().folders(), *self._imported, *single]))

    def matters(self, path: Path) -> bool:
        """Whether a change of this file may matter, as far as its name tells."""
        if any(fnmatch(str(path), pattern) for pattern in self._excluded):
            return False
        return self._is_named(path) or (path.suffix in _CODE and not self._is_ignored_file(path))

    def is_extra(self, path: Path) -> bool:
        """Whether it counts even if it is not imported."""
        return self._is_named(path) or not self._extra_folders.isdisjoint(path.parents)

    def add_extra(self, names: Iterable[str]) -> list[Path]:
        """More files that count, and directories in which everything does; those that are new."""
        paths = {path for name in names for path in _both_names(name)} - self._named
        self._named |= paths
        return sorted(path for path in paths if self.watch(path))

    def _is_named(self, path: Path) -> bool:
        return path in self._extra_files or not self._named.isdisjoint((path, *path.parents))

    def _is_ignored_folder(self, path: Path) -> bool:
        # A script may lie anywhere, in a home directory for example: do not go down where there is no Python.
        if super()._is_ignored_folder(path):
            return True
        return not (path.parent in self.roots or _has_code(path) or _has_code(path.parent))


def _both_names(name: str) -> set[Path]:
    """Of a link and of what it leads to: either may be replaced."""
    path = Path(name)
    return {path.parent.resolve() / path.name, path.resolve()}


def _outermost(folders: Iterable[Path]) -> list[Path]:
    """Those that are not below another one."""
    known = set(folders)
    return sorted(folder for folder in known if known.isdisjoint(folder.parents))


def _has_code(folder: Path) -> bool:
    try:
        return any(name.endswith(_CODE) for name in os.listdir(folder))  # noqa: PTH208 - names are enough
    except OSError:
        return False


class ScriptLookout(Lookout):
    """Watches the sources of a script.

    Args:
        tell: called with what a person should know about how they are watched.

    Attributes:
        where: the script imports from.
    """

    def __init__(self, where: Places, wishes: Wishes, tell: Callable[[Hint], None]) -> None:
        self.where = where
        self.sources = Sources(where, wishes)
        interval = wishes.interval if wishes.stat else POLL_SECONDS
        super().__init__(self.sources, tell, poll=wishes.stat, interval=interval)
        if self.fileno() is None:
            self.kind = "stat"  # as werkzeug calls it

    def add_named(self, names: Iterable[str]) -> None:
        """The application has named more files."""
        for path in self.sources.add_extra(names):
            self.add(path)
