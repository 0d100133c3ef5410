"""The ids of requests: no two processes give the same one."""

from __future__ import annotations

from itertools import chain, islice
from math import gcd

import pytest

from tests.server.running import at_once
from wsgiserve.accesslog import request_id
from wsgiserve.server.numbers import far_apart, numbers_of, step_of

IDS = 36**4

WORKERS = [1, 2, 3, 5, 7, 16, 25, 512]


@pytest.mark.parametrize("workers", WORKERS)
def test_workers_that_live_at_the_same_time_share_no_id_however_many_requests_they_have(workers: int) -> None:
    step = step_of(workers)
    assert IDS % step == 0, "a class of residues stays what it is when the ids begin anew"
    classes = set()
    for post in range(workers):
        for generation in (0, 1, 2, 31):
            first, second = islice(numbers_of(post, generation, workers), 2)
            assert second - first == step >= workers
            classes.add((first % step, post))
    assert len(classes) == workers


@pytest.mark.parametrize("workers", WORKERS)
def test_the_children_of_a_worker_stay_in_its_class_and_have_all_of_it(workers: int) -> None:
    step = step_of(workers)
    assert far_apart(step) % step == 0
    assert gcd(far_apart(step) // step, IDS) == 1


@pytest.mark.parametrize("workers", WORKERS)
def test_who_follows_a_worker_begins_far_from_where_those_before_began(workers: int) -> None:
    firsts = sorted(next(numbers_of(0, generation, workers)) % IDS for generation in range(10))
    gaps = [later - earlier for earlier, later in zip(firsts, [*firsts[1:], firsts[0] + IDS], strict=True)]
    assert min(gaps) > IDS / 30


def test_the_first_worker_begins_as_a_server_alone_does() -> None:
    assert [request_id(number) for number in islice(numbers_of(0, 0, 2), 3)] == ["0001", "0003", "0005"]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_two_threads_are_given_the_same_number(workers: int) -> None:
    numbers = numbers_of(0, 0, workers)
    given: list[list[int]] = []
    at_once(4, lambda: given.append(list(islice(numbers, 50_000))))
    assert len(set(chain.from_iterable(given))) == 200_000
