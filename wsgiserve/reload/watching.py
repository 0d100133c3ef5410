"""Which files of a project have changed since the last look: told by the kernel, or found by looking at all of them.

Both watches have one interface, so the supervisor need not know which it has.
Source: inotify(7) "Limitations and caveats"; proc_pid_mountinfo(5).
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from wsgiserve.reload.changes import Project
from wsgiserve.reload.hints import no_events, unwatchable, watch_limit
from wsgiserve.reload.inotify import Inotify
from wsgiserve.server.hints import Hint

__all__ = ["POLL_SECONDS", "KernelWatch", "PollingWatch", "Watch", "file_system", "new_watch"]

# Between two looks at all files: about what a person takes from the editor to the browser.
POLL_SECONDS = 0.3

# Changes made on the other side of these are no event on this one.
_WITHOUT_EVENTS = frozenset(
    ["9p", "nfs", "nfs4", "cifs", "smb3", "smbfs", "vboxsf", "prl_fs", "fuse.sshfs", "virtiofs"]
)


class Watch(Protocol):
    """Tells what has changed."""

    @property
    def kind(self) -> str:
        """For a person: ``inotify``."""

    def fileno(self) -> int | None:
        """Descriptor that is readable when there is something to ``read``; None: ``read`` every POLL_SECONDS."""

    def read(self) -> list[Path]:
        """Paths on which something has happened, each once, that matter by their name."""

    def add(self, path: Path) -> None:
        """The project has one more root."""

    def close(self) -> None:
        """Stop watching."""


class KernelWatch:
    """By inotify, directory by directory: those that are left alone cost nothing.

    Raises:
        OSError: the system has no more watches to give.
    """

    kind = "inotify"

    def __init__(self, project: Project, folders: Sequence[Path]) -> None:
        self._project = project
        self._inotify = Inotify()
        try:
            for folder in folders:
                self._inotify.add(folder)
        except OSError:
            self._inotify.close()
            raise

    def fileno(self) -> int:
        return self._inotify.fileno()

    def read(self) -> list[Path]:
        found: dict[Path, None] = {}
        for event in self._inotify.read():
            if event.path is None:
                found |= dict.fromkeys(self._project.files(self._project.folders()))
            elif event.is_folder and event.is_new:
                found |= dict.fromkeys(self._look_into(event.path))
            elif self._project.matters(event.path):
                found[event.path] = None
        return list(found)

    def add(self, path: Path) -> None:
        for folder in self._project.folders_below(path) if path.is_dir() else [path.parent]:
            self._inotify.add(folder)

    def close(self) -> None:
        self._inotify.close()

    def _look_into(self, folder: Path) -> list[Path]:
        """Watch a new directory, and find what was put there before it was watched."""
        folders = self._project.folders_below(folder)
        for each in folders:
            self._inotify.add(each)
        return self._project.files(folders)


class PollingWatch:
    """By looking at the times of all files."""

    kind = "polling"

    def __init__(self, project: Project) -> None:
        self._project = project
        self._seen = self._look()

    def fileno(self) -> None:
        return None

    def read(self) -> list[Path]:
        before, self._seen = self._seen, self._look()
        return [path for path in before.keys() | self._seen.keys() if before.get(path) != self._seen.get(path)]

    def add(self, path: Path) -> None:
        # What is there now is no news.
        self._seen = self._look() | self._seen

    def close(self) -> None:
        pass

    def _look(self) -> dict[Path, tuple[int, int, int]]:
        found = {}
        for path in self._project.files(self._project.folders()):
            try:
                status = path.stat()
            except OSError:
                continue
            found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return found


def new_watch(project: Project, folders: Sequence[Path], tell: Callable[[Hint], None], *, poll: bool = False) -> Watch:
    """The best watch for these directories; what is not the best is told.

    Args:
        folders: all of the project's.
        poll: look at the files, whatever the kernel could tell.
    """
    if poll or sys.platform != "linux":
        return PollingWatch(project)
    for root in project.roots:
        system = file_system(root)
        if system in _WITHOUT_EVENTS:
            tell(no_events(str(root), system, round(POLL_SECONDS * 1000)))
            return PollingWatch(project)
    try:
        return KernelWatch(project, folders)
    except OSError as error:
        tell(_explain(error, project, len(folders)))
        return PollingWatch(project)


def _explain(error: OSError, project: Project, folders: int) -> Hint:
    if error.errno == errno.ENOSPC:
        limit = Path("/proc/sys/fs/inotify/max_user_watches").read_text().strip()
        return watch_limit(limit, ", ".join(map(str, project.roots)), folders)
    return unwatchable(error.strerror or str(error))


def file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The type of the file system that a path is on; empty when that is not known."""
    best = ("", "")
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        _, point, system = line.split(" ")[:3]
        point = point.replace("\\040", " ")
        below = os.path.commonpath([point, path]) == point
        if below and len(point) >= len(best[0]):  # of two at one point, the later one hides the earlier
            best = (point, system)
    return best[1]
