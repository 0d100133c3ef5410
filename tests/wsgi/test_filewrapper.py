"""``wsgi.file_wrapper``: an iterable anywhere, and the kernel's business where that gives the same bytes."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

from wsgiserve.wsgi import FileWrapper

CONTENT = b"0123456789" * 10


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    return file


def test_it_is_an_iterable_of_blocks() -> None:
    assert list(FileWrapper(io.BytesIO(CONTENT), 40)) == [CONTENT[:40], CONTENT[40:80], CONTENT[80:]]


def test_it_reads_from_where_the_file_stands() -> None:
    file = io.BytesIO(CONTENT)
    file.seek(95)
    assert list(FileWrapper(file)) == [CONTENT[95:]]


def test_closing_it_closes_the_file() -> None:
    file = io.BytesIO(CONTENT)
    FileWrapper(file).close()
    assert file.closed


class Reader:
    """What PEP 3333 asks of a file and no more."""

    def read(self, size: int) -> bytes:
        return b""


def test_what_cannot_be_closed_need_not_be() -> None:
    wrapper = FileWrapper(Reader())
    assert list(wrapper) == []
    wrapper.close()


@pytest.mark.parametrize("opened", [lambda path: path.open("rb"), lambda path: path.open("rb", buffering=0)])
def test_a_regular_file_can_be_sent_from_where_it_stands(opened: Callable[[Path], Any], path: Path) -> None:
    with opened(path) as file:
        file.read(7)
        found = FileWrapper(file).kernel_file()
        assert found == (file.fileno(), 7, len(CONTENT) - 7)
        file.seek(len(CONTENT) - 1)
        assert FileWrapper(file).kernel_file() == (file.fileno(), len(CONTENT) - 1, 1)


def test_a_temporary_file_too_with_what_was_just_written() -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(CONTENT)
        file.seek(10)
        found = FileWrapper(file).kernel_file()
        assert found is not None
        assert found[1:] == (10, len(CONTENT) - 10)


def test_what_was_written_and_not_flushed_is_not_lost(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"more")
        file.tell = lambda: 0  # type: ignore[method-assign]  # seek would flush too
        found = FileWrapper(file).kernel_file()
        assert found is not None
        assert found.size == path.stat().st_size == len(CONTENT) + 4


class DelegatingFile:
    """As Django's File does: its read() is the file's own, and ``with_file`` is not the only name for it."""

    def __init__(self, file: Any) -> None:
        self.with_file = file

    read = property(lambda self: self.with_file.read)
    close = property(lambda self: self.with_file.close)


def test_a_wrapper_that_hands_on_the_files_own_read_is_as_good_as_the_file(path: Path) -> None:
    with path.open("rb") as file:
        found = FileWrapper(DelegatingFile(file)).kernel_file()
        assert found == (file.fileno(), 0, len(CONTENT))


class LimitedReader:
    """Shows the file and everything of it, but gives fewer bytes."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def read(self, size: int) -> bytes:
        taken: bytes = self.file.read(min(size, max(5 - self.file.tell(), 0)))
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


class LowerCaseFile(io.FileIO):
    """A file of the operating system whose bytes are others than those on the disk."""

    def read(self, size: int | None = -1, /) -> bytes:
        return (super().read(-1 if size is None else size) or b"").lower()


@contextmanager
def _fifo() -> Iterator[Any]:
    reading, writing = os.pipe()
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        yield pipe


@contextmanager
def _packed(path: Path) -> Iterator[Any]:
    path.write_bytes(gzip.compress(CONTENT))
    with gzip.open(path) as unpacked:
        yield unpacked


@contextmanager
def _buffered_packed(path: Path) -> Iterator[Any]:
    with _packed(path) as unpacked:
        yield io.BufferedReader(unpacked)


@contextmanager
def _at_its_end(path: Path, offset: int) -> Iterator[Any]:
    with path.open("rb") as file:
        file.seek(offset)
        yield file


@contextmanager
def _limited(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        yield LimitedReader(file)


OTHERS: dict[str, Callable[[Path], Any]] = {
    "text": lambda path: path.open(),
    "packed": _packed,
    "packed, buffered": _buffered_packed,
    "in memory": lambda path: io.BytesIO(CONTENT),
    "temporary, in memory": lambda path: tempfile.SpooledTemporaryFile(),  # noqa: SIM115 - closed by the test
    "temporary text": lambda path: tempfile.NamedTemporaryFile("w+"),  # noqa: SIM115 - likewise
    "pipe": lambda path: _fifo(),
    "with a read() of its own": lambda path: _limited(path),
    "subclass with a read() of its own": LowerCaseFile,
    "not open for reading": lambda path: path.open("ab", buffering=0),
    "at its end": lambda path: _at_its_end(path, len(CONTENT)),
    "beyond its end": lambda path: _at_its_end(path, 1000),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_files_have_to_be_read(kind: str, path: Path) -> None:
    with OTHERS[kind](path) as file:
        assert FileWrapper(file).kernel_file() is None


@pytest.mark.parametrize("filelike", [Reader(), object(), None])
def test_what_is_no_file_has_to_be_read_too(filelike: Any) -> None:
    assert FileWrapper(filelike).kernel_file() is None


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux shows such files, others may not")
def test_a_file_without_a_size_has_to_be_read_to_know_what_it_holds() -> None:
    with Path("/proc/self/status").open("rb") as file:
        wrapper = FileWrapper(file)
        assert wrapper.kernel_file() is None
        assert b"Pid:" in b"".join(wrapper)


def test_a_closed_file_is_an_error_and_not_an_empty_one(path: Path) -> None:
    with path.open("rb") as file:
        pass
    with pytest.raises(ValueError, match="closed"):
        FileWrapper(file).kernel_file()


def test_it_is_its_own_iterator_so_that_whoever_keeps_that_alone_can_close_the_file() -> None:
    file = io.BytesIO(b"abcdef")
    blocks: Any = iter(FileWrapper(file, 4))
    assert [next(blocks), next(blocks), next(blocks, None)] == [b"abcd", b"ef", None]
    blocks.close()
    assert file.closed


def test_a_part_of_a_file_is_sought_and_not_read_up_to() -> None:
    wrapper = FileWrapper(io.BytesIO(b"abcdef"), 2)
    assert wrapper.seekable()
    wrapper.seek(3)
    assert wrapper.tell() == 3
    assert list(wrapper) == [b"de", b"f"]


class Stream:
    """A file that can be read and nothing else."""

    def read(self, size: int = -1) -> bytes:
        return b""


def test_what_cannot_be_sought_says_so() -> None:
    assert not FileWrapper(Stream()).seekable()


def test_werkzeug_sends_a_part_without_reading_the_rest_and_closes_the_file() -> None:
    file = io.BytesIO(bytes(1000) + b"abc" + bytes(1000))
    environ = {"HTTP_RANGE": "bytes=1000-1002", "wsgi.file_wrapper": FileWrapper, "REQUEST_METHOD": "GET"}
    response = Response(wrap_file(environ, file, 10), direct_passthrough=True)
    response.make_conditional(environ, accept_ranges=True, complete_length=2003)
    assert b"".join(response.response) == b"abc"  # type: ignore[arg-type]
    assert file.tell() < 1100
    response.close()
    assert file.closed
