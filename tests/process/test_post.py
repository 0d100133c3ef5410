"""Who may follow a worker that has ended, and when."""

from __future__ import annotations

import socket
from math import inf

import pytest

from wsgiserve.process.channel import Channel
from wsgiserve.process.post import Child, Post, pause


def child(started: float) -> Child:
    ours, theirs = socket.socketpair()
    theirs.close()
    ours.close()
    return Child(4711, Channel(ours), started)


@pytest.mark.parametrize(
    ("short_lives", "seconds"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (6, 16), (7, 30), (500, 30)]
)
def test_the_first_short_life_is_followed_at_once_and_then_it_takes_ever_longer(
    short_lives: int, seconds: float
) -> None:
    assert pause(short_lives) == seconds


def test_a_long_life_makes_up_for_short_ones_before_it() -> None:
    post = Post(0)
    seconds = []
    for now in (100.0, 101.0, 102.0):
        post.fill(child(started=now - 1))
        seconds.append(post.vacate(now))
    post.fill(child(started=200.0))
    seconds.append(post.vacate(260.0))
    post.fill(child(started=260.0))
    seconds.append(post.vacate(261.0))
    assert seconds == [0, 1, 2, 0, 0]
    assert (post.due, post.child, post.generation) == (261.0, None, 5)


def test_who_could_not_even_be_started_counts_as_a_short_life() -> None:
    post = Post(3)
    assert [post.vacate(5.0), post.vacate(5.0)] == [0.0, 1.0]
    assert post.due == 6.0
    assert post.generation == 0


def test_nobody_is_to_end_who_was_not_told_to() -> None:
    assert child(0.0).due == inf
