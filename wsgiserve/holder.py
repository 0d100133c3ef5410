"""Which process listens on a port, so that a message can name it. Linux's /proc; elsewhere nobody is found.

Source: proc(5), /proc/net/tcp and /proc/PID/fd.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

__all__ = ["Holder", "port_holder"]

_LISTEN = "0A"  # TCP_LISTEN, as /proc/net/tcp writes it


class Holder(NamedTuple):
    """A process that listens on a port."""

    pid: int
    command: str


def port_holder(port: int) -> Holder | None:
    """The process listening on a TCP port; None if there is none, or we may not see whose it is."""
    inodes = set(_listening_inodes(port))
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            if any(str(fd.readlink()) in wanted for fd in process.glob("fd/*")):
                return Holder(int(process.name), _command(process))
    return None


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _command(process: Path) -> str:
    words = (process / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    # The first word is a path that says little: "python manage.py runserver" is what its owner typed.
    return " ".join([Path(words[0]).name, *words[1:]])[:100]
