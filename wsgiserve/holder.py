"""Which process listens on an address, so that a message can name it. Linux's /proc; elsewhere nobody is found.

Source: proc(5), /proc/net/tcp and /proc/PID/fd.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

from wsgiserve.console import escape

__all__ = ["Holder", "port_holder"]

_LISTEN = "0A"  # TCP_LISTEN, as /proc/net/tcp writes it

_LONGEST_COMMAND = 80  # characters: a line of a terminal

_Address = IPv4Address | IPv6Address


class Holder(NamedTuple):
    """A process that listens on a port."""

    pid: int
    command: str


def port_holder(host: str, port: int) -> Holder | None:
    """The process that keeps us from listening there; None if there is none, or we may not see whose the socket is.

    Somebody is told to kill it: who listens on the same port of another address must not be named.
    """
    wanted = _addresses(host, port)
    listening = list(_listening(port))
    inodes = {inode for address, inode in listening if _is_in_the_way(address, wanted)}
    # A socket on :: may hold the port for IPv4 as well.
    inodes = inodes or {inode for address, inode in listening if address == IPv6Address("::")}
    return _owner({f"socket:[{inode}]" for inode in inodes}) if inodes else None


def _owner(sockets: set[str]) -> Holder | None:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            if any(str(fd.readlink()) in sockets for fd in process.glob("fd/*")):
                return Holder(int(process.name), _command(process))
    return None


def _addresses(host: str, port: int) -> set[_Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return set()
    return {ip_address(str(address[4][0]).partition("%")[0]) for address in found}


def _listening(port: int) -> Iterator[tuple[_Address, str]]:
    """Address and inode of each socket that listens on a port."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                address, _, number = fields[1].partition(":")
                if fields[3] == _LISTEN and int(number, 16) == port:
                    yield _decode(address), fields[9]


def _decode(text: str) -> _Address:
    """An address from words of four bytes, each written as one number of this machine's byte order."""
    words = bytes.fromhex(text)
    if sys.byteorder == "little":
        words = b"".join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
    return ip_address(words)


def _is_in_the_way(address: _Address, wanted: set[_Address]) -> bool:
    same_family = [other for other in wanted if other.version == address.version]
    return any(address == other or address.is_unspecified or other.is_unspecified for other in same_family)


def _command(process: Path) -> str:
    words = (process / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    # The first word is a path that says little: "python manage.py runserver" is what its owner typed.
    command = escape(" ".join([Path(words[0]).name, *words[1:]]))
    return command if len(command) <= _LONGEST_COMMAND else command[: _LONGEST_COMMAND - 1] + "…"
