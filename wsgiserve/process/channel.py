"""Messages between the supervisor and a worker: JSON objects over a socket pair, each with its length before it.

Knows nothing of what they say.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from typing import Any

__all__ = ["Channel", "Message"]

Message = dict[str, Any]

_LENGTH = struct.Struct("!I")


class Channel:
    """One end.

    Args:
        sock: one of a pair of connected stream sockets, blocking.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()

    def fileno(self) -> int:
        """Readable when ``receive`` would not wait for the beginning of a message."""
        return self._sock.fileno()

    def send(self, message: Message) -> bool:
        """Send a message, from any thread; False when the other side is gone."""
        data = json.dumps(message).encode()
        try:
            with self._lock:
                self._sock.sendall(_LENGTH.pack(len(data)) + data)
        except OSError:
            return False
        return True

    def receive(self) -> Message | None:
        """The next message, waiting for it; None when the other side is gone. By one thread at a time."""
        head = self._receive_exactly(_LENGTH.size)
        if head is None:
            return None
        data = self._receive_exactly(*_LENGTH.unpack(head))
        if data is None:
            return None
        message: Message = json.loads(data)
        return message

    def close(self) -> None:
        """Close this end."""
        self._sock.close()

    def _receive_exactly(self, count: int) -> bytes | None:
        data = b""
        while len(data) < count:
            try:
                part = self._sock.recv(count - len(data))
            except OSError:
                return None
            if not part:
                return None
            data += part
        return data
