"""A home directory of its own for each test, and programs that stand in for those that change what a machine trusts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., Path]


@pytest.fixture(autouse=True)
def _cryptography() -> None:
    """By which the certificates are made."""
    pytest.importorskip("cryptography")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's, with no stores in it; mkcert, if it is installed, has no authority there."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_DATA_HOME", "CAROOT"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for, besides those of the system's own tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("install", "mkdir", "rm"):
        (folder / tool).symlink_to(f"/bin/{tool}" if Path(f"/bin/{tool}").exists() else f"/usr/bin/{tool}")
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def program(bin_folder: Path, tmp_path: Path) -> Program:
    """Make a program of this name: it notes its arguments, prints what it is told to, and ends with an exit code."""

    def make(name: str, *, says: str = "", complains: str = "", code: int = 0) -> Path:
        calls = tmp_path / f"{name}.calls"
        script = bin_folder / name
        script.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$*\" >> {calls}\nprintf '%s' '{says}'\n"
            f"printf '%s' '{complains}' >&2\nexit {code}\n"
        )
        script.chmod(0o755)
        return calls

    return make
