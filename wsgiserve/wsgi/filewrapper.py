"""``wsgi.file_wrapper``: a file as a response body, sent by the kernel where it can be.

Floor 2, no sockets. The wrapper is a plain iterable, as PEP 3333 asks, and works as one anywhere; ``kernel_file`` says
whether the file behind it may be given to ``sendfile`` instead.
Source: PEP 3333 "Optional Platform-Specific File Handling".
"""

from __future__ import annotations

import io
import os
import stat
from typing import Any, NamedTuple, Self

__all__ = ["FileWrapper", "KernelFile"]

# Larger blocks than the 8 KiB of PEP 3333's example: a block costs a send, and 64 KiB is what a socket takes at once.
_BLOCK_SIZE = 65_536


class KernelFile(NamedTuple):
    """The rest of a regular file."""

    fileno: int
    offset: int
    """Where the file stood when it was wrapped around the response, in bytes."""
    size: int
    """Bytes from there to the end of the file."""


class FileWrapper:
    """An iterator over a file's blocks that closes it; its own one, so that who keeps ``iter()`` of it can close it.

    ``seekable``, ``seek`` and ``tell`` are for frameworks that send a part of it, as werkzeug does.

    Args:
        filelike: anything with ``read(size)``; ``close`` is called if there is one.
        block_size: bytes to read at a time; a suggestion, ignored when the kernel sends the file.
    """

    def __init__(self, filelike: Any, block_size: int = _BLOCK_SIZE) -> None:
        self.filelike = filelike
        self.block_size = block_size

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        block: bytes = self.filelike.read(self.block_size)
        if not block:
            raise StopIteration
        return block

    def seekable(self) -> bool:
        """Whether ``seek`` can be called."""
        seekable = getattr(self.filelike, "seekable", None)
        return bool(seekable()) if seekable is not None else hasattr(self.filelike, "seek")

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As the file's."""
        position: int = self.filelike.seek(offset, whence)
        return position

    def tell(self) -> int:
        """As the file's."""
        position: int = self.filelike.tell()
        return position

    def close(self) -> None:
        """Close the file, if it can be closed."""
        close = getattr(self.filelike, "close", None)
        if close is not None:
            close()

    def kernel_file(self) -> KernelFile | None:
        """The file as the kernel knows it, None if reading it in Python is the only way to get its bytes."""
        file = _regular_file(self.filelike)
        if file is None:
            return None
        if file.writable():
            file.flush()  # or what the application wrote a moment ago would be missing
        offset = file.tell()
        size = os.fstat(file.fileno()).st_size - offset
        # Nothing is left, or so it seems: the files of /proc have the size 0, whatever they hold. Reading will tell.
        return KernelFile(file.fileno(), offset, size) if size > 0 else None


def _regular_file(filelike: Any) -> Any:
    """The open file whose bytes ``filelike.read`` gives, unchanged; None if there is none, or not on a disk."""
    if type(filelike).__module__ == "tempfile":
        filelike = getattr(filelike, "file", filelike)  # what NamedTemporaryFile wraps
    # A wrapper that hands on the file's own read(), as Django's File does, gives the file's bytes. One that decrypts or
    # stops early has a read() of its own, whatever else it shows of the file.
    file = getattr(getattr(filelike, "read", None), "__self__", None)
    # Not whatever has a fileno(): that of a GzipFile gives compressed bytes, that of a text file undecoded ones. And no
    # subclasses, for the reason above.
    if type(file) not in (io.FileIO, io.BufferedReader, io.BufferedRandom):
        return None
    raw = getattr(file, "raw", file)
    if type(raw) is not io.FileIO or not raw.readable():
        return None
    return file if stat.S_ISREG(os.fstat(raw.fileno()).st_mode) else None
