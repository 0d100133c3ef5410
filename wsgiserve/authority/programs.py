"""Programs of others that put authorities where they are trusted: what they are called with, and what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

__all__ = ["ProgramFailed", "as_root", "run"]


class ProgramFailed(Exception):
    """It is not installed, or says that it did not work; the text is what it says."""


def run(command: Sequence[str]) -> str:
    """Run a program to its end; what it printed on standard output.

    It may ask for a password on the terminal, as sudo does.

    Raises:
        ProgramFailed: it is not there, or its exit code is not 0.
    """
    try:
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise ProgramFailed(f"{command[0]}: {error.strerror or error}") from error
    if ended.returncode != 0:
        said = (ended.stderr or ended.stdout).strip().splitlines()
        raise ProgramFailed(f"{command[0]} says: {said[-1]}" if said else f"{command[0]} ended with {ended.returncode}")
    return ended.stdout


def as_root(command: Sequence[str]) -> list[str]:
    """The same for somebody who is not the administrator."""
    return [*command] if os.geteuid() == 0 or shutil.which("sudo") is None else ["sudo", *command]
