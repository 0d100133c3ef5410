"""Where the servers are installed: an environment of its own in ``build/``, with the interpreter that runs us.

What comes as wheels is the extra ``bench`` of this project, which is installed as a link to the checkout. The rest is
tried one by one: what cannot be built here is left out, and named.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import venv
from datetime import date
from pathlib import Path

__all__ = ["CERTIFICATE", "ROOT", "about", "absent", "prepare", "python", "script", "versions"]

ROOT = Path(__file__).parents[1]
_FOLDER = ROOT / "build" / f"bench-{sys.implementation.cache_tag}"
_STAMP = _FOLDER / "installed.json"
# They have no wheels for every interpreter, and need a compiler, Python's headers, and libev's for bjoern.
_BUILT = ("bjoern", "fastwsgi", "pyuwsgi", "pyruvate")
# How the system avoids congestion: with BBR large content costs twice what it does with CUBIC, also on the loopback.
_CONGESTION = Path("/proc/sys/net/ipv4/tcp_congestion_control")
CERTIFICATE = _FOLDER / "certificate"
"""A folder with ``server.pem`` and ``server.key``, for localhost."""


def python() -> Path:
    """The interpreter of the environment."""
    return script("python")


def script(name: str) -> Path:
    """A program of the environment."""
    return _FOLDER / "bin" / name


def prepare() -> Path:
    """Make the environment if need be, and say with which interpreter it is used.

    It is made anew when setup.cfg has changed; remove its folder to try again what could not be built.
    """
    wanted = hashlib.sha256((ROOT / "setup.cfg").read_bytes()).hexdigest()
    if not _STAMP.exists() or json.loads(_STAMP.read_text())["setup"] != wanted:
        venv.create(_FOLDER, with_pip=True)
        _say("installing the servers; once")
        # A plain line in a .pth file: a finder of setuptools would be imported at each start that is measured.
        _pip("--config-settings", "editable_mode=compat", "-e", f"{ROOT}[bench]", check=True)
        failed = {name: error for name in _BUILT if (error := _pip(name))}
        _STAMP.write_text(json.dumps({"setup": wanted, "failed": failed}))
    # As pip does with the others: whoever has PYTHONDONTWRITEBYTECODE set would measure our compilation at each start.
    subprocess.run([python(), "-m", "compileall", "-q", ROOT / "wsgiserve", ROOT / "benchmarks"], check=True)
    if not CERTIFICATE.exists():
        CERTIFICATE.mkdir()
        subprocess.run([python(), "-m", "trustme", "-q", "-d", CERTIFICATE], check=True)
    return python()


def absent() -> dict[str, str]:
    """Packages that could not be installed, and the last line of why."""
    failed: dict[str, str] = json.loads(_STAMP.read_text())["failed"]
    return failed


def versions() -> dict[str, str]:
    """Of everything in the environment, by names in lower case."""
    found = importlib.metadata.distributions(path=[str(next(_FOLDER.glob("lib/python*/site-packages"))), str(ROOT)])
    return {each.metadata["Name"].lower(): each.version for each in found}


def about() -> dict[str, object]:
    """When, where and with what."""
    return {
        "date": date.today().isoformat(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}, TCP with {_CONGESTION.read_text().strip()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "commit": _commit(),
        "versions": versions(),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _commit() -> str:
    """Of the checkout; a tree that was changed since says so."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _pip(*arguments: str, check: bool = False) -> str:
    """The last line of what went wrong, empty if nothing did."""
    command: list[str | Path] = [python(), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=not check, text=True, check=check)
    if not done.returncode:
        return ""
    lines: list[str] = [
        line for line in done.stderr.splitlines() if "error" in line.lower()
    ] or done.stderr.splitlines()
    _say(f"{arguments[-1]} cannot be installed: {lines[0].strip()}")
    return lines[0].strip()


def _say(text: str) -> None:
    print(text, file=sys.stderr)
