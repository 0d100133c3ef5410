"""Editors that open a file when a link is followed, and how to say so to each.

Source: the editors' own pages on URLs that they handle; ``TERM_PROGRAM`` and ``TERMINAL_EMULATOR`` are set by the
terminals within editors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

__all__ = ["editor_link", "editor_template", "parse_editor"]

_TEMPLATES = {
    "vscode": "vscode://file{file}:{line}:{column}",
    "pycharm": "pycharm://open?file={file}&line={line}&column={column}",
    "zed": "zed://file{file}:{line}:{column}",
    "cursor": "cursor://file{file}:{line}:{column}",
    "sublime": "subl://open?url=file://{file}&line={line}&column={column}",
}

# A scheme and an authority: javascript: has none.
_TEMPLATE = r"(?i)[a-z][a-z0-9+.-]*://\S*"

# The program's name, as people put it into VISUAL and EDITOR.
_PROGRAMS = {
    "code": "vscode",
    "code-insiders": "vscode",
    "cursor": "cursor",
    "zed": "zed",
    "zeditor": "zed",
    "subl": "sublime",
    "sublime_text": "sublime",
    "pycharm": "pycharm",
    "charm": "pycharm",
}


def parse_editor(value: object) -> str:
    """A known name, or a template with ``{file}``; raises ValueError with the rest of a sentence."""
    if isinstance(value, str):
        if value.lower() in _TEMPLATES:
            return value.lower()
        if re.fullmatch(_TEMPLATE, value) and "{file}" in value:
            return value
    raise ValueError(f"takes one of {', '.join(_TEMPLATES)}, or a URL such as x://{{file}}:{{line}}:{{column}}")


def editor_template(editor: str | None, environ: Mapping[str, str]) -> str:
    """The template of links: of an editor that was named, or else is in use here; empty if none is known."""
    if editor is None:
        editor = _guess(environ)
    return _TEMPLATES.get(editor, editor)


def _guess(environ: Mapping[str, str]) -> str:
    for variable in ("VISUAL", "EDITOR"):
        words = environ.get(variable, "").split()
        if words and Path(words[0]).name in _PROGRAMS:
            return _PROGRAMS[Path(words[0]).name]
    if environ.get("TERM_PROGRAM") == "vscode":
        return "cursor" if "CURSOR_TRACE_ID" in environ else "vscode"
    if environ.get("TERM_PROGRAM") == "zed":
        return "zed"
    return "pycharm" if environ.get("TERMINAL_EMULATOR") == "JetBrains-JediTerm" else ""


def editor_link(template: str, file: str, line: int, column: int) -> str:
    """The link to a place; empty without a template, and for what is no file."""
    if not template or not Path(file).is_absolute():
        return ""
    place = {"file": quote(file), "line": str(line), "column": str(column)}
    return re.sub(r"\{(file|line|column)\}", lambda match: place[match[1]], template)
