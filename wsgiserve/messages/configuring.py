"""Messages 16 to 18: options and configuration; and the one for our own faults."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from wsgiserve.errors import UserError
from wsgiserve.frames import describe
from wsgiserve.messages.form import INTERNAL, USAGE, did_you_mean, nearest

__all__ = [
    "bad_config",
    "bad_option",
    "dotenv_extra",
    "env_file_missing",
    "env_file_unreadable",
    "internal_error",
    "unknown_option",
    "unreadable_config",
    "watch_path",
]


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


def watch_path(path: str, flag: str = "--watch") -> UserError:
    """Message 18."""
    return UserError(
        "watch-path",
        f"{flag} {path} does not exist.",
        why="nothing there could ever change.",
        fix=_did_you_mean_path(path) or "name a directory or a file that is there.",
        exit_code=USAGE,
    )


def env_file_missing(path: str) -> UserError:
    """The file with variables that was asked for is not there."""
    return UserError(
        "env-file",
        f"--env-file {path} does not exist.",
        why="",
        fix=_did_you_mean_path(path) or "name a file that is there, or leave the option out.",
        exit_code=USAGE,
    )


def env_file_unreadable(name: str, error: Exception) -> UserError:
    """A file with variables is not text, or may not be read."""
    return UserError(
        "env-file",
        f"{name} cannot be read.",
        why=f"{error}.",
        fix="it has to be a text of lines NAME=value, in UTF-8.",
        exit_code=USAGE,
    )


def dotenv_extra() -> UserError:
    """There is nothing to read a file with variables with."""
    return UserError(
        "dotenv-extra",
        '--env-file needs the "dotenv" extra.',
        why="such files are read by the python-dotenv package, which is not installed.",
        fix="pip install 'wsgiserve[dotenv]'",
        exit_code=USAGE,
    )


def _did_you_mean_path(path: str) -> str:
    typed = Path(path)
    near = nearest(typed.name, [found.name for found in typed.parent.glob("*")])
    if not near:
        return ""
    shown = str(typed.with_name(near))
    return f"did you mean {'./' if path.startswith('./') else ''}{shown}?"


def internal_error(error: Exception) -> UserError:
    """For an error that no message foresees; it is printed below its traceback."""
    return UserError(
        "internal-error",
        f"wsgiserve itself failed: {describe(error)}.",
        why="this is a bug in wsgiserve, not in your application.",
        fix="please report it, with the traceback above and what  wsgiserve --show-config  prints.",
        exit_code=INTERNAL,
    )
