"""Messages between two processes, here between two ends of one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from wsgiserve.process.channel import Channel, Message


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    one, other = map(Channel, socket.socketpair())
    yield one, other
    one.close()
    other.close()


def test_messages_arrive_as_they_were_sent(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    messages: list[Message] = [{}, {"a": 1, "b": [None, "ü", "x" * 100]}, {"c": True}]
    for message in messages:
        assert one.send(message)
    assert [other.receive() for _ in messages] == messages


def test_a_message_may_be_larger_than_the_kernels_buffer(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    message = {"a": "x" * 5_000_000}
    thread = threading.Thread(target=one.send, args=(message,))
    thread.start()
    assert other.receive() == message
    thread.join()


def test_whose_other_side_is_gone_is_told(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    other.close()
    assert one.receive() is None
    assert not one.send({})


@pytest.mark.parametrize("part", [b"\0", b"\0\0\0\5", b"\0\0\0\5abc"])
def test_half_a_message_is_none(part: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(part)
        theirs.close()
        assert Channel(ours).receive() is None


def test_a_reset_is_an_end(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    other.send({})  # which nobody reads
    one.close()
    assert other.receive() is None
