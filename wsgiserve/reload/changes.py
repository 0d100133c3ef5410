"""What a change of a file means: a new worker, or nothing; and which directories need not be looked into at all.

Knows names, and a little of what lies beside them; watches nothing.
Source: watchfiles' ``DefaultFilter`` and werkzeug's reloader for what people expect to be left alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatch
from hashlib import blake2b
from pathlib import Path

__all__ = ["Project", "find_root"]

_RESTART = ("*.py", "*.pyx", "*.so", ".env", ".env.*", ".flaskenv", "pyproject.toml", "*.po", "*.mo")
_TEMPLATES = ("*.html", "*.htm", "*.jinja", "*.jinja2", "*.j2", "*.mako")
# A text is a template where it lies among templates; elsewhere it may be anything.
_TEMPLATES_IN_FOLDERS = ("*.txt", "*.xml", "*.md")
_TEMPLATE_FOLDERS = frozenset(["templates", "jinja2"])

_IGNORED_FOLDERS = frozenset(
    [
        *("__pycache__", ".git", ".hg", ".svn", ".tox", ".nox", ".venv", ".idea", ".vscode", "node_modules"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "site-packages", "htmlcov"),
        *("build", "dist", "staticfiles", "media", "uploads"),
    ]
)
# Of editors, while they save.
_IGNORED_FILES = ("*~", ".#*", "#*#", "*.swp", "*.swx", "*.tmp", "*.bak", "___jb_*", "*.sw?", "4913")

_MARKS_OF_A_ROOT = ("pyproject.toml", "setup.py", ".git", "manage.py")

# Larger files are told apart by size and time alone.
_HASHED_BYTES = 1 << 20
# Files whose content is known from the start. Of any beyond, the first save counts even if it changed nothing.
_FILES_AT_START = 5_000


def find_root(directory: Path) -> Path:
    """The project that a directory belongs to: upwards to the first one that looks like the top of a project."""
    for folder in (directory, *directory.parents):
        if any((folder / mark).exists() for mark in _MARKS_OF_A_ROOT):
            return folder
    return directory


class Project:
    """The files that matter.

    Args:
        roots: directories, or single files, that are watched.
        ignored: patterns of paths, relative to a root or of any name, that are left alone.
        more: patterns of further files that need a new worker.
    """

    def __init__(self, roots: Sequence[Path], ignored: Sequence[str] = (), more: Sequence[str] = ()) -> None:
        self.roots = [root.resolve() for root in roots]
        self._ignored = tuple(ignored)
        self._more = tuple(more)
        self._digests: dict[Path, bytes] = {}

    def folders(self) -> list[Path]:
        """Every directory in which a change may matter, those of watched files included."""
        found: dict[Path, None] = {}
        for root in self.roots:
            if root.is_dir():
                found |= dict.fromkeys(self.folders_below(root))
            else:
                found[root.parent] = None
        return list(found)

    def folders_below(self, top: Path) -> list[Path]:
        """A directory and all below it that are not left alone; none if it is not there, or is left alone itself."""
        found: list[Path] = []
        if self._is_ignored_folder(top) and top not in self.roots:
            return found
        for folder, names, _ in os.walk(top):
            names[:] = [name for name in names if not self._is_ignored_folder(Path(folder, name))]
            found.append(Path(folder))
        return found

    def files(self, folders: Sequence[Path]) -> list[Path]:
        """All files in directories, but not below, that need a new worker when they change."""
        found = []
        for folder in folders:
            try:
                found += [Path(entry.path) for entry in os.scandir(folder) if self.matters(Path(entry.path))]
            except OSError:  # it is gone again
                continue
        return found

    def matters(self, path: Path) -> bool:
        """Whether a change of this file needs a new worker, as far as its name tells."""
        if any(root in path.parents for root in self.roots):
            return self._restarts(path) and not self._is_ignored_file(path)
        return path in self.roots

    def learn(self, paths: Sequence[Path]) -> None:
        """Remember what is in these files, so that a save that changes nothing is known for one."""
        for path in paths[:_FILES_AT_START]:
            self._digests[path] = _digest(path)

    def changed(self, path: Path) -> bool:
        """Whether a file has other content than when it was last looked at."""
        digest = _digest(path)
        before = self._digests.get(path)
        self._digests[path] = digest
        return digest != before

    def short(self, path: Path) -> str:
        """Relative to its root."""
        for root in self.roots:
            if root in path.parents:
                return str(path.relative_to(root))
        return str(path)

    def _restarts(self, path: Path) -> bool:
        name = path.name
        if _is_any(name, _RESTART + _TEMPLATES) or _is_any(name, self._more) or _is_any(str(path), self._more):
            return True
        return _is_any(name, _TEMPLATES_IN_FOLDERS) and not _TEMPLATE_FOLDERS.isdisjoint(path.parent.parts)

    def _is_ignored_file(self, path: Path) -> bool:
        return _is_any(path.name, _IGNORED_FILES) or self._is_unwanted(path)

    def _is_ignored_folder(self, path: Path) -> bool:
        if path.name in _IGNORED_FOLDERS or path.name.endswith(".egg-info"):
            return True
        return self._is_unwanted(path) or (path / "pyvenv.cfg").exists()

    def _is_unwanted(self, path: Path) -> bool:
        if not self._ignored:
            return False
        names = [path.name, *(str(path.relative_to(root)) for root in self.roots if root in path.parents)]
        return any(_is_any(name, self._ignored) for name in names)


def _is_any(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _digest(path: Path) -> bytes:
    """Of a file's content; empty when there is none."""
    try:
        status = path.stat()
        if status.st_size > _HASHED_BYTES:
            return f"{status.st_size} {status.st_mtime_ns}".encode()
        return blake2b(path.read_bytes(), digest_size=16).digest()
    except OSError:
        return b""
