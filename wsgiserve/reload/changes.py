"""What a change of a file means: a new worker, or nothing; and which directories need not be looked into at all.

Files fall into classes. What the application is made of *restarts* it; a *template* does unless the framework reads it
anew by itself; what is sent to browsers as it is (*refresh*, *style*) is news for them alone; all else is *nothing*.

Knows names, and a little of what lies beside them; watches nothing.
Source: watchfiles' ``DefaultFilter`` and werkzeug's reloader for what people expect to be left alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from hashlib import blake2b
from importlib.util import cache_from_source
from pathlib import Path
from typing import Literal, NamedTuple

__all__ = ["Effect", "Project", "find_root", "forget_bytecode", "forget_older_bytecode"]

_RESTART = ("*.py", "*.pyx", "*.so", ".env", ".env.*", ".flaskenv", "pyproject.toml", "*.po", "*.mo")
_TEMPLATES = ("*.html", "*.htm", "*.jinja", "*.jinja2", "*.j2", "*.mako")
# A text is a template where it lies among templates; elsewhere it may be anything.
_TEMPLATES_IN_FOLDERS = ("*.txt", "*.xml", "*.md")
_TEMPLATE_FOLDERS = frozenset(["templates", "jinja2"])
_STYLE = ("*.css",)
_REFRESH = (
    *("*.js", "*.mjs", "*.map", "*.svg", "*.png", "*.jpg", "*.jpeg", "*.gif", "*.webp", "*.avif", "*.ico"),
    *("*.woff", "*.woff2", "*.ttf", "*.mp4", "*.webm", "*.mp3", "*.pdf", "*.webmanifest"),
)

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


class Effect(NamedTuple):
    """What a change of a file does, and why."""

    kind: Literal["restart", "template", "refresh", "style", "nothing"]
    why: str
    """``it is a template (*.html)``"""


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
        self._links: dict[Path, set[Path]] = {}
        self._digests: dict[Path, bytes] = {}

    def folders(self) -> list[Path]:
        """Every directory in which a change may matter, those of watched files included."""
        found: dict[Path, None] = {}
        for root in self.roots:
            if root.is_dir():
                found |= dict.fromkeys(self.folders_below(root))
            else:
                found[root.parent] = None
        return list(found | dict.fromkeys(path.parent for path in self._links))

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
        if path in self.roots or path in self._links:
            return True
        if any(root in path.parents for root in self.roots):
            return self._restarts(path) and not self._is_ignored_file(path)
        return False

    def effect(self, path: Path) -> Effect:
        """What a change of this file does, and the rule that says so."""
        if path in self.roots:
            return Effect("restart", "it was named as a file to watch")
        if path in self._links:
            return self.effect(self.as_named([path])[0])
        root = next((root for root in self.roots if root in path.parents), None)
        if root is None:
            return Effect(
                "nothing", f"it is not below {' or '.join(map(str, self.roots))}, and nothing else is watched"
            )
        for folder in reversed(path.parents[: len(path.relative_to(root).parts) - 1]):
            if self._is_ignored_folder(folder):
                return Effect("nothing", f"{self.short(folder)} and all below it is left alone")
        if self._is_ignored_file(path):
            return Effect("nothing", "files of that name are left alone")
        return self._effect_of_name(path)

    def is_template(self, path: Path) -> bool:
        """Whether a file is one by its name."""
        return _matching(path.name, _TEMPLATES) != "" or self._is_text_template(path)

    def watch(self, path: Path) -> bool:
        """Watch one more file or directory; False if that is no news."""
        path = path.resolve()
        if path in self.roots or (path.is_dir() and self.effect(path / "__init__.py").kind != "nothing"):
            return False
        self.roots.append(path)
        return True

    def follow(self, paths: Iterable[Path]) -> list[Path]:
        """Have what links among these files lead to count as they do, wherever it lies; what is news of it."""
        new = []
        for link in paths:
            target = Path(os.path.realpath(link)) if link.is_symlink() else link  # resolve() fails at a loop
            if target in self._links:
                self._links[target].add(link)
            elif target != link and target.is_file() and not self.matters(target):
                self._links[target] = {link}
                new.append(target)
        return new

    def as_named(self, paths: Iterable[Path]) -> list[Path]:
        """Files as the project names them, which is by their links if those are what it has."""
        return [name for path in paths for name in sorted(self._links.get(path, {path}))]

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

    def names(self, paths: Iterable[Path], modules: Mapping[str, str] | None = None) -> str:
        """For a line of the log: ``shop/cart.py -> shop.cart, templates/base.html``.

        Args:
            modules: names, by the path of their file.
        """
        names = []
        for path in paths:
            module = (modules or {}).get(str(path))
            names.append(self.short(path) + (f" -> {module}" if module else ""))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more

    def _restarts(self, path: Path) -> bool:
        return bool(_matching(path.name, _RESTART) or self._wanted(path)) or self.is_template(path)

    def _effect_of_name(self, path: Path) -> Effect:
        name = path.name
        if wanted := self._wanted(path):
            return Effect("restart", f"--reload-on {wanted} names it")
        if pattern := _matching(name, _RESTART):
            return Effect("restart", f"applications are made of such files ({pattern})")
        if self.is_template(path):
            return Effect("template", "it is a template")
        if pattern := _matching(name, _STYLE):
            return Effect("style", f"it is for browsers, which get it anew ({pattern})")
        if pattern := _matching(name, _REFRESH):
            return Effect("refresh", f"it is for browsers, which get it anew ({pattern})")
        return Effect("nothing", f"no rule is for such files; --reload-on '*{path.suffix or name}' would be one")

    def _wanted(self, path: Path) -> str:
        return _matching(path.name, self._more) or _matching(str(path), self._more)

    def _is_text_template(self, path: Path) -> bool:
        return bool(_matching(path.name, _TEMPLATES_IN_FOLDERS)) and not _TEMPLATE_FOLDERS.isdisjoint(path.parent.parts)

    def _is_ignored_file(self, path: Path) -> bool:
        return bool(_matching(path.name, _IGNORED_FILES)) or self._is_unwanted(path)

    def _is_ignored_folder(self, path: Path) -> bool:
        if path.name in _IGNORED_FOLDERS or path.name.endswith(".egg-info"):
            return True
        return self._is_unwanted(path) or (path / "pyvenv.cfg").exists()

    def _is_unwanted(self, path: Path) -> bool:
        if not self._ignored:
            return False
        names = [path.name, str(path), *(str(path.relative_to(root)) for root in self.roots if root in path.parents)]
        return any(_matching(name, self._ignored) for name in names)


def forget_bytecode(paths: Iterable[Path]) -> None:
    """Python takes bytecode for fresh if its source has the same size and the same second of change."""
    for path in paths:
        if path.suffix == ".py":
            with suppress(OSError, NotImplementedError):
                Path(cache_from_source(str(path))).unlink()


def forget_older_bytecode(paths: Iterable[Path]) -> None:
    """The same of what was written before its source was saved; nobody may have watched when it was."""
    forget_bytecode(path for path in paths if _has_older_bytecode(path))


def _has_older_bytecode(path: Path) -> bool:
    with suppress(OSError, NotImplementedError):
        return Path(cache_from_source(str(path))).stat().st_mtime_ns <= path.stat().st_mtime_ns
    return False


def _matching(name: str, patterns: Sequence[str]) -> str:
    """The first pattern that matches; empty if none does."""
    return next((pattern for pattern in patterns if fnmatch(name, pattern)), "")


def _digest(path: Path) -> bytes:
    """Of a file's content; empty when there is none."""
    try:
        status = path.stat()
        if status.st_size > _HASHED_BYTES:
            return f"{status.st_size} {status.st_mtime_ns}".encode()
        return blake2b(path.read_bytes(), digest_size=16).digest()
    except OSError:
        return b""
