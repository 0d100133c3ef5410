"""What is still to be sent of a response that nothing follows: bytes, then perhaps a piece of a file.

Floor 3. Kept by a connection that waits in the poller, so that a slow client costs memory or a descriptor and not a
thread.
"""

from __future__ import annotations

import os
from threading import RLock

from wsgiserve.errors import LocalProtocolError
from wsgiserve.server.stream import Stream
from wsgiserve.wsgi.filewrapper import KernelFile

__all__ = ["TURN_BYTES", "Outbox"]

# What one turn sends: then others get theirs, or a client that is fast enough would have the thread to itself. Whole
# TLS records, because a record that was not taken must be offered again as it was.
TURN_BYTES = 1 << 20


class Outbox:
    """The unsent rest. Two threads may flush it: its owner, and the one that polls while the application still runs.

    Args:
        data: goes first.
        file: then ``count`` bytes of it. It is the application's, who closes it when its request ends: ``keep`` makes
            the outbox outlive that.

    Attributes:
        lock: held while it is flushed or closed.
    """

    __slots__ = ("_count", "_data", "_fileno", "_offset", "_owned", "lock")

    def __init__(self, data: bytes | memoryview, file: KernelFile | None = None, count: int = 0) -> None:
        self._data = memoryview(data)
        self._count = count if file else 0
        self._offset = file.offset if file else 0
        self._fileno = file.fileno if file else -1
        self._owned = False
        self.lock = RLock()

    @property
    def size(self) -> int:
        """Bytes held in memory; those of a file are not."""
        return len(self._data)

    def keep(self) -> None:
        """Become independent of the application's file.

        Raises:
            OSError: there is no descriptor to be had.
        """
        if self._count and not self._owned:
            self._fileno = os.dup(self._fileno)
            self._owned = True

    def flush(self, stream: Stream) -> int:
        """Send what the client takes now, as long as this is its turn.

        Returns:
            The number of bytes, 0 if it takes none; from TURN_BYTES on it might take more. Ask ``done`` what is left.
        Raises:
            ClientDisconnected: the client is gone.
            LocalProtocolError: the file has become shorter since its length was promised.
            OSError: the file cannot be read.
        """
        with self.lock:
            return self._flush(stream)

    def _flush(self, stream: Stream) -> int:
        total = 0
        while self._data and total < TURN_BYTES:
            # A head that woke the client before its file came would cost a file of 1 MiB a seventh of its rate.
            sent = stream.send_some(self._data[:TURN_BYTES], self._count > 0)
            if not sent:
                return total
            total += sent
            self._data = self._data[sent:]
        while self._count and total < TURN_BYTES:
            sent_or_end = stream.send_file_some(self._fileno, self._offset, min(self._count, TURN_BYTES))
            if sent_or_end is None:
                raise LocalProtocolError("the file became shorter while it was sent", code="E112")
            if not sent_or_end:
                return total
            total += sent_or_end
            self._offset += sent_or_end
            self._count -= sent_or_end
        return total

    @property
    def done(self) -> bool:
        """Whether everything has been sent."""
        return not self._data and not self._count

    def close(self) -> None:
        """Give up what was not sent."""
        with self.lock:
            self._data, self._count = memoryview(b""), 0
            if self._owned:
                self._owned = False
                os.close(self._fileno)
