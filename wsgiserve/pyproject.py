"""``pyproject.toml``: the nearest one, the table in it that is ours, and what looks as if it should be.

Knows no options. Source: TOML 1.0; the PyPA's specification of ``pyproject.toml`` for the table ``tool``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from wsgiserve import messages

__all__ = ["Pyproject", "read_pyproject"]

# Lines without which a file has no table that is ours, nor one that should be. Others are left to those who read them:
# importing tomllib and parsing takes 5 ms, and what is wrong in somebody else's table keeps nobody from serving.
_MAY_BE_OURS = r"""(?im)^[ \t\["']*tool["' \t]*(?:[\]=]|\..*(?:wsgi|serve|\\))"""

# How like the right name another one must be: "wsgi-serve" is, and "uwsgi" is not.
_NEAR = 0.85


class Pyproject(NamedTuple):
    """What was read."""

    shown: str
    """The file's name, for a person who is in the current directory."""
    text: str
    tables: Mapping[str, Any]
    """Those below ``tool``."""

    def options(self) -> Mapping[str, Any]:
        """The keys of our table; none if there is none.

        Raises:
            UserError: it is no table.
        """
        table = self.tables.get("wsgiserve", {})
        if not isinstance(table, dict):
            fix = "write [tool.wsgiserve], and options below it."
            raise messages.bad_config(self.shown, "is not a table.", None, fix)
        return table

    def misspelt(self) -> str:
        """The name of a table that was probably meant to be ours; empty if there is none."""
        names = {name.lower(): name for name in self.tables if name != "wsgiserve"}
        if not any("wsgi" in name or "serve" in name for name in names):
            return ""  # difflib is imported in 1 ms, and finds names near that have one of the halves
        from difflib import get_close_matches

        near = get_close_matches("wsgiserve", names, n=1, cutoff=_NEAR)
        return names[near[0]] if near else ""

    def line_of(self, key: str) -> int | None:
        """The line of a key in our table; None where TOML is written in a way that this does not find."""
        inside = False
        for number, line in enumerate(self.text.splitlines(), 1):
            if line.lstrip().startswith("["):
                inside = line.strip().startswith("[tool.wsgiserve]")
            elif inside and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
                return number
        return None


def read_pyproject(directory: Path) -> Pyproject | None:
    """The nearest one upwards; a repository's top is the last place to look.

    Raises:
        UserError: it cannot be read, or is not TOML.
    """
    file = _find(directory)
    if file is None:
        return None
    shown = os.path.relpath(file, directory)
    try:
        text = file.read_text("utf-8")
        tool = _parse(text).get("tool", {}) if re.search(_MAY_BE_OURS, text) else {}
    except (OSError, ValueError) as error:  # not readable, not UTF-8, not TOML
        raise messages.unreadable_config(shown, error) from None
    return Pyproject(shown, text, tool if isinstance(tool, dict) else {})


def _parse(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)


def _find(directory: Path) -> Path | None:
    for folder in (directory, *directory.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            return file
        if (folder / ".git").exists():
            return None
    return None
