"""``wsgi.file_wrapper``: an iterable anywhere, and the kernel's business where that gives the same bytes."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wsgiserve.wsgi import FileWrapper

CONTENT = b"0123456789" * 10


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    return file


def test_it_is_an_iterable_of_blocks() -> None:
    assert list(FileWrapper(io.BytesIO(CONTENT), 40)) == [CONTENT[:40], CONTENT[40:80], CONTENT[80:]]


def test_closing_it_closes_the_file() -> None:
    file = io.BytesIO(CONTENT)
    FileWrapper(file).close()
    assert file.closed


def test_what_cannot_be_closed_need_not_be() -> None:
    class Reader:
        def read(self, size: int) -> bytes:
            return b""

    FileWrapper(Reader()).close()


@pytest.mark.parametrize("opened", [lambda path: path.open("rb"), lambda path: path.open("rb", buffering=0)])
def test_a_regular_file_can_be_sent_from_where_it_stands(opened: Callable[[Path], Any], path: Path) -> None:
    with opened(path) as file:
        file.read(7)
        found = FileWrapper(file).kernel_file()
        assert found == (file.fileno(), 7, len(CONTENT) - 7)


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
        found = FileWrapper(file).kernel_file()
        assert found is not None
        assert found[1:] == (len(CONTENT) + 4, 0)
        assert path.stat().st_size == len(CONTENT) + 4


def test_a_file_that_stands_behind_its_end_has_nothing_to_send(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(1000)
        found = FileWrapper(file).kernel_file()
        assert found is not None
        assert found.size == 0


def test_other_files_have_to_be_read(path: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(CONTENT))
    fifo_read, fifo_write = os.pipe()
    os.close(fifo_write)
    with path.open() as text, gzip.open(packed) as unpacked, os.fdopen(fifo_read, "rb") as pipe:
        for file in (text, unpacked, pipe, io.BytesIO(CONTENT), object()):
            assert FileWrapper(file).kernel_file() is None
