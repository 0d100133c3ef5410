"""What a shell offers behind ``wsgiserve`` when Tab is pressed: modules, words, files.

The rest is click's: names of options, and the scripts for bash, zsh and fish.
Source: click's "Shell Completion"; the variable is named as it names it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem, shell_complete

from wsgiserve.options import Kind

__all__ = ["answer", "complete_app", "complete_value"]

_FILES = ("PATH", "[PATH]")


def answer(command: click.Command, variable: str, instruction: str) -> int:
    """Answer a shell that has set the variable to an instruction; the exit code."""
    return shell_complete(command, {}, "wsgiserve", variable, instruction)


def complete_value(kind: Kind, incomplete: str) -> list[CompletionItem]:
    """Values of an option that begin so."""
    if kind.metavar in _FILES:
        return [CompletionItem(incomplete, type="file")]
    words = kind.metavar.split("|") if "|" in kind.metavar else []
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def complete_app(incomplete: str) -> list[CompletionItem]:
    """Modules below the current directory that begin so; files, if it looks like one."""
    if os.sep in incomplete or incomplete.startswith("."):
        return [CompletionItem(incomplete, type="file")]
    package, _, begun = incomplete.rpartition(".")
    prefix = f"{package}." if package else ""
    names = _modules(Path(*package.split(".")))
    return [CompletionItem(prefix + name) for name in names if name.startswith(begun)]


def _modules(folder: Path) -> Iterable[str]:
    packages = (found.parent.name for found in folder.glob("*/__init__.py"))
    modules = (found.stem for found in folder.glob("*.py") if not found.stem.startswith("__"))
    return sorted(name for name in {*packages, *modules} if name.isidentifier())
