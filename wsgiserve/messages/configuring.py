"""Messages 16 to 18: options and configuration; and the one for our own faults."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from wsgiserve.errors import UserError
from wsgiserve.frames import describe
from wsgiserve.messages.form import INTERNAL, USAGE, did_you_mean, nearest

__all__ = ["bad_config", "bad_option", "internal_error", "unknown_option", "unreadable_config", "watch_path"]


def unknown_option(option: str, known: Iterable[str]) -> UserError:
    """Message 16."""
    # Without the dashes, which all have in common.
    near = did_you_mean(option.lstrip("-"), [name.lstrip("-") for name in known if name.startswith("--")], "--{}")
    return UserError(
        "unknown-option",
        f"no such option: {option}",
        why="",
        fix=near or "wsgiserve --help lists them all.",
        exit_code=USAGE,
    )


def bad_option(what: str, fix: str = "wsgiserve --help explains the options.") -> UserError:
    """An option is there, and its value is not one of those it takes, or does not go with the others."""
    return UserError("bad-option", what, why="", fix=fix, exit_code=USAGE)


def bad_config(file: str, what: str, line: int | None, fix: str) -> UserError:
    """Message 17. ``what`` follows ``pyproject.toml [tool.wsgiserve]:``."""
    return UserError(
        "bad-config",
        f"{file} [tool.wsgiserve]: {what}",
        why=f"line {line}" if line else "",
        fix=fix,
        exit_code=USAGE,
    )


def unreadable_config(file: str, error: Exception) -> UserError:
    """Message 17, for a file that is not TOML, or may not be read."""
    return UserError(
        "bad-config",
        f"{file} cannot be read.",
        why=f"{error}.",
        fix="mend the file; wsgiserve looks for [tool.wsgiserve] in it.",
        exit_code=USAGE,
    )


def watch_path(path: str) -> UserError:
    """Message 18."""
    typed = Path(path)
    near = nearest(typed.name, [found.name for found in typed.parent.glob("*")])
    shown = f"./{typed.with_name(near)}" if path.startswith("./") else str(typed.with_name(near or typed.name))
    return UserError(
        "watch-path",
        f"--watch {path} does not exist.",
        why="nothing there could ever change.",
        fix=f"did you mean {shown}?" if near else "name a directory or a file that is there.",
        exit_code=USAGE,
    )


def internal_error(error: Exception) -> UserError:
    """For an error that no message foresees; it is printed below its traceback."""
    return UserError(
        "internal-error",
        f"wsgiserve itself failed: {describe(error)}.",
        why="this is a bug in wsgiserve, not in your application.",
        fix="please report it, with the traceback above and what  wsgiserve --show-config  prints.",
        exit_code=INTERNAL,
    )
