"""The unsent rest of a response: bytes first, then a piece of a file, whatever the client takes at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.doubles import FakeStream
from tests.server.running import descriptors
from wsgiserve.errors import ClientDisconnected, LocalProtocolError
from wsgiserve.server.outbox import TURN_BYTES, Outbox
from wsgiserve.wsgi.filewrapper import KernelFile

TEXT = bytes(range(100))


@pytest.fixture
def stream() -> FakeStream:
    return FakeStream(-1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "file"
    found.write_bytes(TEXT)
    return found


@pytest.fixture
def file(path: Path) -> Iterator[KernelFile]:
    """From its twentieth byte on."""
    with path.open("rb") as opened:
        yield KernelFile(opened.fileno(), 20, 80)


@pytest.mark.parametrize("room", [1, 7, 49, 50, 51, 99, 100, 1000])
def test_bytes_and_file_arrive_in_order_whatever_is_taken_at_a_time(
    room: int, stream: FakeStream, file: KernelFile
) -> None:
    outbox = Outbox(b"x" * 50, file, 50)
    while not outbox.done:
        stream.room = room
        assert outbox.flush(stream) > 0
    assert stream.sent == b"x" * 50 + TEXT[20:70]


def test_the_client_need_not_be_woken_by_what_comes_before_a_file(stream: FakeStream, file: KernelFile) -> None:
    Outbox(b"head", file, 50).flush(stream)
    assert stream.begun == b"head"
    Outbox(b"all there is").flush(stream)
    assert stream.begun == b"head"


def test_flush_tells_how_much_was_taken(stream: FakeStream, file: KernelFile) -> None:
    outbox = Outbox(b"x" * 50, file, 50)
    stream.room = 60
    assert outbox.flush(stream) == 60
    assert outbox.flush(stream) == 0
    assert not outbox.done
    stream.room = None
    assert outbox.flush(stream) == 40
    assert outbox.done
    assert outbox.flush(stream) == 0


def test_a_turn_is_over_however_much_the_client_would_take(stream: FakeStream, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"f" * (TURN_BYTES + 5))
    with path.open("rb") as opened:
        outbox = Outbox(b"d" * (TURN_BYTES + 5), KernelFile(opened.fileno(), 0, TURN_BYTES + 5), TURN_BYTES + 5)
        sent = []
        while not outbox.done:
            sent.append(outbox.flush(stream))
    assert sum(sent) == len(stream.sent) == 2 * TURN_BYTES + 10
    assert max(sent) < 2 * TURN_BYTES
    assert stream.sent == b"d" * (TURN_BYTES + 5) + b"f" * (TURN_BYTES + 5)


def test_size_is_what_is_left_in_memory(stream: FakeStream, file: KernelFile) -> None:
    outbox = Outbox(memoryview(TEXT)[10:], file, 50)
    assert outbox.size == 90
    stream.room = 30
    outbox.flush(stream)
    assert outbox.size == 60


def test_an_empty_outbox_is_done(file: KernelFile) -> None:
    assert Outbox(b"").done
    assert Outbox(b"", file, 0).done


def test_a_kept_outbox_needs_the_applications_file_no_more(stream: FakeStream, path: Path) -> None:
    with path.open("rb") as opened:
        outbox = Outbox(b"", KernelFile(opened.fileno(), 0, 100), 100)
        outbox.keep()
        outbox.keep()  # once is enough
    outbox.flush(stream)
    assert stream.sent == TEXT
    outbox.close()


def test_only_what_was_kept_is_closed(stream: FakeStream, file: KernelFile) -> None:
    before = len(descriptors())
    Outbox(b"", file, 50).close()
    outbox = Outbox(b"", file, 50)
    outbox.keep()
    assert len(descriptors()) == before + 1
    outbox.close()
    outbox.close()
    assert len(descriptors()) == before
    os.fstat(file.fileno)


def test_what_was_given_up_is_sent_by_nobody(stream: FakeStream, file: KernelFile) -> None:
    outbox = Outbox(TEXT, file, 50)
    outbox.close()
    assert outbox.done
    assert outbox.flush(stream) == 0
    assert stream.sent == b""


def test_bytes_need_no_descriptor(stream: FakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "dup")
    outbox = Outbox(TEXT)
    outbox.keep()
    outbox.close()


def test_a_file_that_became_shorter_is_an_error(stream: FakeStream, file: KernelFile, path: Path) -> None:
    path.write_bytes(TEXT[:30])
    outbox = Outbox(b"", file, 50)
    with pytest.raises(LocalProtocolError, match="the file became shorter"):
        outbox.flush(stream)
    assert stream.sent == TEXT[20:30]


def test_a_client_that_left_is_one(stream: FakeStream) -> None:
    stream.said.append("gone")
    with pytest.raises(ClientDisconnected):
        Outbox(TEXT).flush(stream)
