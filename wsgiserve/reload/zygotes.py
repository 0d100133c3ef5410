"""The zygote that forks workers, and the one that will follow it because it has imported more.

A zygote that is followed ends with the last worker that it has forked: nobody else could tell how that ended.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

from wsgiserve.reload.process import Process
from wsgiserve.reload.warm import Warm

__all__ = ["Zygotes"]


class Zygotes:
    """At most two that are of use.

    Args:
        selector: in which it waits for them; its data is what to call.
        roots: of the project.
        listeners: descriptors that workers inherit.
        env_files: whose variables are set before anything is imported.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        roots: Sequence[str],
        listeners: Sequence[int],
        env_files: Sequence[Path],
    ) -> None:
        self._selector = selector
        self._roots = roots
        self._listeners = listeners
        self._env_files = env_files
        self._modules: dict[str, None] = {}  # of others, that workers have imported; in order
        self._serving: Warm | None = None
        self._following: Warm | None = None

    def fork(self, channel: socket.socket) -> Process | None:
        """A process that has everything imported; None if there is no zygote that is ready for it."""
        warm = self._serving
        return warm.fork(channel) if warm is not None and warm.fits() else None

    def learn(self, modules: Iterable[str]) -> None:
        """A worker has imported these, when it was loaded or in the middle of a request."""
        self._modules |= dict.fromkeys(modules)

    def keep_warm(self) -> None:
        """See to it that later workers find imported what all up to now have."""
        newest = self._following or self._serving
        if newest is None or not newest.modules.issuperset(self._modules) or (newest.warm and not newest.fits()):
            self._start(frozenset() if newest is None else newest.left_out)

    def stop(self) -> None:
        """Fork no more, until the next ``keep_warm``."""
        for warm in (self._serving, self._following):
            self._close(warm)
        self._serving = self._following = None

    def _start(self, left_out: frozenset[str]) -> None:
        self._close(self._following)
        warm = self._following = Warm(list(self._modules), self._roots, self._listeners, self._env_files, left_out)
        self._selector.register(warm.sock, selectors.EVENT_READ, lambda: self._hear(warm))

    def _hear(self, warm: Warm) -> None:
        told = warm.hear()
        if told == "unfit":
            self._start(warm.left_out)
        elif told == "warm":
            self._close(self._serving)
            self._serving, self._following = warm, None
        else:
            self._close(warm)
            self._serving = None if warm is self._serving else self._serving
            self._following = None if warm is self._following else self._following

    def _close(self, warm: Warm | None) -> None:
        if warm is not None:
            self._selector.unregister(warm.sock)
            warm.close()
