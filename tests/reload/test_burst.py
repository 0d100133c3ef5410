"""When changes are over, by a clock that the tests set."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from wsgiserve.reload.burst import Burst
from wsgiserve.reload.changes import Project


@pytest.fixture
def burst(tmp_path: Path) -> Burst:
    return Burst(Project([tmp_path]))


def test_without_changes_nothing_is_due(burst: Burst) -> None:
    burst.add([], 5.0)
    assert (bool(burst), burst.due, burst.is_over(6.0)) == (False, inf, False)


def test_it_is_over_when_nothing_more_happens_for_a_moment(burst: Burst, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x")
    burst.add([file], 5.0)
    assert not burst.is_over(5.005)
    burst.add([file], 5.008)
    burst.add([], 5.012)  # a look that finds nothing is nothing that happens
    assert not burst.is_over(5.015)
    assert burst.is_over(5.02)
    assert burst.take() == [file]
    assert (bool(burst), burst.due) == (False, inf)


def test_the_first_change_may_count_at_once_but_not_those_that_follow_it(tmp_path: Path) -> None:
    burst = Burst(Project([tmp_path]), at_once=True)
    for step in (0.0, 0.05):
        burst.add([tmp_path / "a.py"], 5.0 + step)
        assert burst.is_over(5.0 + step)
        burst.take()
        burst.add([tmp_path / "a.py"], 5.005 + step)
        assert not burst.is_over(5.01 + step)
        assert burst.is_over(5.02 + step)
        burst.take()


def test_what_goes_on_and_on_counts_in_the_end(burst: Burst, tmp_path: Path) -> None:
    for step in range(31):
        burst.add([tmp_path / "a.py"], 5.0 + step / 100)
    assert burst.due == pytest.approx(5.3)


def test_what_git_is_about_is_waited_for_but_not_for_ever(burst: Burst, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index.lock").touch()
    burst.add([tmp_path / "a.py"], 5.0)
    assert not burst.is_over(5.1)
    assert 5.1 < burst.due < 5.2
    assert burst.is_over(7.1)


def test_a_save_that_changes_nothing_is_not_told(burst: Burst, tmp_path: Path) -> None:
    burst.add([tmp_path / "gone.py"], 5.0)
    assert burst.take() == [tmp_path / "gone.py"]
    burst.add([tmp_path / "gone.py"], 6.0)
    assert burst.take() == []
