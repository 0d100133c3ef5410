"""``wsgi.input`` with a look at how it is read: past the end, for how long, and whether at all."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from types import FrameType

from wsgiserve.wsgi import Input

__all__ = ["LintInput"]


class LintInput(io.BufferedIOBase):
    """The same file.

    Args:
        input: what is read.
        length: bytes of content; None if only reading tells where it ends.
        past_end: called with the reading frame when more is asked for than there is. Not without ``length``, where
            nobody could know.

    Attributes:
        waited: seconds in which it was read.
    """

    def __init__(self, input: Input, length: int | None, past_end: Callable[[FrameType], None]) -> None:  # noqa: A002
        self._input = input
        self._left = length
        self._past_end = past_end
        self._touched = False
        self.waited = 0.0

    @property
    def is_read(self) -> bool:
        """Whether nothing is left; without a length, whether anybody has begun, who knows best when to end."""
        return self._touched if self._left is None else not self._left

    def readable(self) -> bool:
        """True: that is what it is for."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """As ``Input.read``; without a size, a server that does not know the end would wait for ever."""
        if self._left is not None and (size is None or size < 0 or size > self._left):
            self._past_end(_reader())
        return self._timed(lambda: self._input.read(size))

    def read1(self, size: int = -1, /) -> bytes:
        """As ``Input.read1``."""
        if self._left == 0 and size != 0:
            self._past_end(_reader())
        return self._timed(lambda: self._input.read1(size))

    def readline(self, size: int | None = -1, /) -> bytes:
        """As ``Input.readline``; a line that ends with the content, and not with a newline, is read past the end."""
        line = self._timed(lambda: self._input.readline(size))
        is_whole = line.endswith(b"\n") or len(line) == size
        if self._left == 0 and not is_whole:
            self._past_end(_reader())
        return line

    def _timed(self, read: Callable[[], bytes]) -> bytes:
        self._touched = True
        started = time.perf_counter()
        try:
            data = read()
        finally:
            self.waited += time.perf_counter() - started
        if self._left is not None:
            self._left -= len(data)
        return data


def _reader() -> FrameType:
    """Who reads: the first frame that is none of this file's, nor that of io's own, which are no frames of Python."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    return frame
