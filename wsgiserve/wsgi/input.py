"""``wsgi.input``: a request's content as a file.

Floor 2. Reads through a callable and knows nothing of where the bytes come from; asking for them is what makes the
server send ``100 Continue``. Never reads beyond the content, so nothing here waits for bytes that will not come.
Source: PEP 3333 "Input and Error Streams"; io.BufferedIOBase for what read(), read1() and readline() mean.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NoReturn

__all__ = ["Input", "WholeInput"]

# Who reads so much at once is given exactly that, so that each further read has what is received, and nothing has to be
# cut off for it and put together again: copying so was a quarter of what an upload took. For less, more is received.
_MANY = 16_384


class Input(io.BufferedIOBase):
    """A readable, binary, unseekable file.

    Args:
        receive: gives the next bytes of content, waiting for them; ``b""`` at the end, as often as it is asked. It is
            told how many are wanted, or 0 for as many as there are, and may give fewer or more. What it raises
            (ClientDisconnected, RemoteProtocolError) goes to the reader, and is raised again each time it reads on.
    """

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._buffer = b""
        self._start = 0

    def expire(self) -> None:
        """End the content: the request is over, and bytes that arrive from now on belong to another one."""
        self._receive = _nothing
        self._buffer = b""
        self._start = 0

    def readable(self) -> bool:
        """True: that is what it is for."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """``size`` bytes, fewer only at the end; everything to the end without a size."""
        if size is None or size < 0:
            return self._take_all()
        if size < _MANY or self._start < len(self._buffer):
            return self._read_on(self._take(size), size)
        # Who reads an upload in large pieces comes this way for each of them, so no call is made that can be spared.
        if self.closed:
            self._check_open()
        try:
            received = self._receive(size)
        except Exception as error:
            self._give_up(error)
            raise
        return received if not received or len(received) == size else self._read_on(received, size)

    def _read_on(self, part: bytes, size: int) -> bytes:
        """``size`` bytes that begin with ``part``; what that has beyond them is kept."""
        parts: list[bytes] = []
        wanted = size if size >= _MANY else 0
        while True:
            if len(part) > size:
                self._buffer, self._start = part, size
                part = part[:size]
            parts.append(part)
            size -= len(part)
            if not size or not (part := self._receive_next(wanted and size)):
                return b"".join(parts)

    def read1(self, size: int = -1, /) -> bytes:
        """What has arrived, at most ``size`` bytes; waits only if nothing has."""
        if self._start == len(self._buffer) and size != 0:
            self._fill()
        return self._take(size if size >= 0 else len(self._buffer))

    def readline(self, size: int | None = -1, /) -> bytes:
        """To the next newline, included, or ``size`` bytes, or the end, whichever comes first."""
        limit = -1 if size is None or size < 0 else size
        parts: list[bytes] = []
        while limit and (self._start < len(self._buffer) or self._fill()):
            part = self._take_line(limit)
            parts.append(part)
            # At a newline nothing is left to be read, as if the limit had been reached.
            limit = 0 if part.endswith(b"\n") else limit - len(part) if limit > 0 else limit
        return b"".join(parts)

    def _fill(self) -> bool:
        """Replace the empty buffer by the next bytes; False at the end."""
        self._check_open()
        self._buffer = self._receive_next(0)
        self._start = 0
        return bool(self._buffer)

    def _receive_next(self, wanted: int) -> bytes:
        try:
            return self._receive(wanted)
        except Exception as error:
            self._give_up(error)
            raise

    def _give_up(self, error: Exception) -> None:
        # What this read had taken is lost. A second one, after a time-out for instance, must not go on behind the gap
        # as if nothing were missing.
        self._receive = _raising(error)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("read of closed wsgi.input")

    def _take(self, size: int) -> bytes:
        self._check_open()
        part = self._buffer[self._start : self._start + size]
        self._start += len(part)
        return part

    def _take_all(self) -> bytes:
        parts = [self._take(len(self._buffer))]
        while self._fill():
            parts.append(self._take(len(self._buffer)))
        return b"".join(parts)

    def _take_line(self, limit: int) -> bytes:
        stop = len(self._buffer) if limit < 0 else self._start + limit
        end = self._buffer.find(b"\n", self._start, stop) + 1 or stop
        return self._take(end - self._start)


class WholeInput(io.BytesIO):
    """The same for content that is all there: made and read for less than half of what the other costs.

    It can do no more than that one: what an application may do must not depend on how its client cuts what it sends.
    """

    __slots__ = ()

    def expire(self) -> None:
        """End the content: the request is over."""
        if not self.closed:
            self.read()

    def seekable(self) -> bool:
        """False: what has been read is gone."""
        return False

    def writable(self) -> bool:
        """False: it is the client's."""
        return False

    def _unsupported(self, *_: object) -> NoReturn:
        raise io.UnsupportedOperation("wsgi.input can only be read, and once")

    seek = tell = truncate = write = writelines = getbuffer = getvalue = _unsupported


def _nothing(wanted: int) -> bytes:
    return b""


def _raising(error: Exception) -> Callable[[int], bytes]:
    def receive(wanted: int) -> bytes:
        raise error

    return receive
