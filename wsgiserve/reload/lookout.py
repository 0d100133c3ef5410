"""A lookout: watches the files of a project, and tells which have changed when a burst of changes is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from math import inf
from pathlib import Path

from wsgiserve.reload.burst import Burst
from wsgiserve.reload.changes import Project
from wsgiserve.reload.watching import POLL_SECONDS, new_watch
from wsgiserve.server.hints import Hint

__all__ = ["Lookout"]


class Lookout:
    """From the watch and the clock to changes that count.

    Args:
        project: whose files; what is in them now is what later changes are compared with.
        tell: called with what a person should know about how it is watched.
        poll: look at the files, whatever the kernel could tell.
        interval: seconds between two looks at all of them, where the kernel tells nothing.
        at_once: as ``Burst`` has it.

    Attributes:
        kind: for a person: ``inotify``.
        held: changes are kept, and count when this is over.
    """

    def __init__(
        self,
        project: Project,
        tell: Callable[[Hint], None],
        *,
        poll: bool = False,
        interval: float = POLL_SECONDS,
        at_once: bool = False,
    ) -> None:
        self.held = False
        self._project = project
        folders = project.folders()
        self._watch = new_watch(project, folders, tell, poll=poll)
        self.kind = self._watch.kind
        self._interval = interval
        self._look_due = inf if self._watch.fileno() is not None else time.monotonic() + interval
        self._burst = Burst(project, at_once=at_once)
        files = project.files(folders)
        project.learn(files)
        self._follow(files)

    def fileno(self) -> int | None:
        """Descriptor that is readable when there is something to ``look`` at; None: when ``due``."""
        return self._watch.fileno()

    @property
    def due(self) -> float:
        """By the monotonic clock, when to call ``changed`` though the descriptor is silent."""
        return self._look_due if self.held else min(self._look_due, self._burst.due)

    def watch_also(self, paths: Iterable[str]) -> None:
        """The application has named files and directories, which may be no news."""
        for path in map(Path, paths):
            if self._project.watch(path):
                self.add(path.resolve())

    def add(self, path: Path) -> None:
        """The project has one more root."""
        self._project.learn([path])
        self._watch.add(path)

    def look(self) -> None:
        """Take note of what has happened."""
        self._burst.add(self._project.as_named(self._watch.read()), time.monotonic())

    def changed(self) -> Sequence[Path]:
        """The files that have other content than before, once nothing more happens to them."""
        now = time.monotonic()
        if now >= self._look_due:
            self._look_due = now + self._interval
            self.look()
        changed = self._burst.take() if not self.held and self._burst.is_over(now) else ()
        self._follow(changed)
        return changed

    def _follow(self, files: Iterable[Path]) -> None:
        for target in self._project.follow(files):
            self.add(target)

    def close(self) -> None:
        """Stop watching."""
        self._watch.close()
