"""What we accept, h11 and llhttp read the same way; where one refuses or accepts alone, a row says who is right.

The bytes are the wire samples, joined, cut and damaged by a generator with fixed seeds: the same on every run. For
others, ``python -m tests.fuzz differential``.
"""

from __future__ import annotations

import random
from functools import cache

from tests.http11.disagreements import PAGE, ROWS, Disagreement, disagreements, page, row_of
from tests.http11.oracles import by_us
from tests.wire.damage import damaged
from wsgiserve.conform.samples import samples

CASES = 60_000

SEEDS = [sample.data for sample in [*samples("valid"), *samples("invalid")]]


@cache
def cases() -> list[bytes]:
    choose = random.Random(20260112)
    return [*SEEDS, *(damaged(SEEDS, choose) for _ in range(CASES))]


@cache
def found() -> list[Disagreement]:
    """All of them; that what both accept is the same is checked on the way."""
    return [one for data in cases() for one in disagreements(data)]


def test_enough_is_accepted_for_a_comparison() -> None:
    assert sum(1 for data in cases() if by_us(data).messages) > CASES / 10


def test_each_disagreement_has_a_row() -> None:
    assert [one for one in found() if row_of(one) is None] == []


def test_each_row_is_met_with_each_of_its_oracles() -> None:
    met = {(row.what, one.oracle) for one in found() if (row := row_of(one)) is not None}
    assert met == {(row.what, oracle) for row in ROWS for oracle in row.oracles}


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text("utf-8")
    assert text == page(text), "python -m tests.http11.disagreements writes it anew"
    assert all(row.rule in text for row in ROWS)
    assert (CASES, "sixty thousand damaged ones" in text) == (60_000, True)
