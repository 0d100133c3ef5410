"""inotify(7), as far as a reloader needs it: which names in which directories have changed.

Linux only. Own code because of what a library costs that looks for events in rounds: at ten milliseconds each, 100
wake-ups a second and 0.35 % of a processor while nothing happens (watchfiles 1.3). This has a descriptor to wait for.
Source: inotify(7), inotify_add_watch(2).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

__all__ = ["Event", "Inotify"]

_CLOEXEC, _NONBLOCK = os.O_CLOEXEC, os.O_NONBLOCK

_IN_ATTRIB, _IN_CLOSE_WRITE, _IN_MOVED_FROM, _IN_MOVED_TO = 0x4, 0x8, 0x40, 0x80
_IN_CREATE, _IN_DELETE = 0x100, 0x200
_IN_Q_OVERFLOW, _IN_IGNORED = 0x4000, 0x8000
_IN_ONLYDIR, _IN_EXCL_UNLINK, _IN_ISDIR = 0x01000000, 0x04000000, 0x40000000

# Not IN_MODIFY: a file that is still being written would be read half.
_WATCHED = (
    _IN_ATTRIB
    | _IN_CLOSE_WRITE
    | _IN_MOVED_FROM
    | _IN_MOVED_TO
    | _IN_CREATE
    | _IN_DELETE
    | _IN_ONLYDIR
    | _IN_EXCL_UNLINK
)

_EVENT = struct.Struct("iIII")


class Event(NamedTuple):
    """Something happened to a path; None: to more of them than the kernel could remember."""

    path: Path | None
    is_folder: bool
    is_new: bool


class Inotify:
    """One descriptor for many directories.

    Raises:
        OSError: the system has no more of them (EMFILE), or no inotify at all.
    """

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._add: ctypes._NamedFuncPointer = libc.inotify_add_watch
        self._fd: int = _checked(libc.inotify_init1(_CLOEXEC | _NONBLOCK))
        self._folders: dict[int, Path] = {}

    def fileno(self) -> int:
        """Readable when there are events."""
        return self._fd

    def add(self, folder: Path) -> None:
        """Watch a directory, but none below it. One that is gone, or may not be read, is left out.

        Raises:
            OSError: ENOSPC, when the user's watches are used up (fs.inotify.max_user_watches).
        """
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            watch = _checked(self._add(self._fd, os.fsencode(folder), ctypes.c_uint32(_WATCHED)))
            self._folders[watch] = folder

    def read(self) -> list[Event]:
        """All events that have come."""
        events = []
        with suppress(BlockingIOError):
            while data := os.read(self._fd, 65_536):
                events += self._parse(data)
        return events

    def close(self) -> None:
        """Stop watching."""
        os.close(self._fd)

    def _parse(self, data: bytes) -> list[Event]:
        events = []
        start = 0
        while start < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, start)
            start += _EVENT.size + length
            name = os.fsdecode(data[start - length : start].rstrip(b"\0"))
            if mask & _IN_Q_OVERFLOW:
                events.append(Event(None, False, False))
            elif mask & _IN_IGNORED:
                self._folders.pop(watch, None)
            elif watch in self._folders:
                new = bool(mask & (_IN_CREATE | _IN_MOVED_TO))
                events.append(Event(self._folders[watch] / name, bool(mask & _IN_ISDIR), new))
        return events


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
