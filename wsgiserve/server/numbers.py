"""The numbers of requests, where several processes give them: none of them gives the number of another's.

Floor 3. A number is shown as four letters (``accesslog.request_id``), so numbers count modulo 36⁴. Each worker has a
class of residues of its own, of a modulus that divides this: so they stay apart also when they begin anew. Within a
class, whoever follows somebody whose last number nobody knows begins far from where that one began: the golden part of
all numbers keeps any amount of beginnings as far apart as possible.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import gcd

__all__ = ["far_apart", "numbers_of", "step_of"]

_DIFFERENT = 36**4

_GOLDEN = (5**0.5 - 1) / 2


def step_of(workers: int) -> int:
    """How far apart two numbers of one worker are, if there are so many workers."""
    return next(step for step in itertools.count(workers) if _DIFFERENT % step == 0)


def far_apart(step: int = 1) -> int:
    """How far apart two beginnings in the same class are; a multiple of ``step`` that comes back to one after all."""
    around = round(_DIFFERENT / step * _GOLDEN)
    return step * next(multiple for multiple in itertools.count(around) if gcd(multiple, _DIFFERENT) == 1)


def numbers_of(post: int, generation: int, workers: int) -> Iterator[int]:
    """The numbers of a worker's requests.

    Args:
        post: its place among those that live at the same time, from 0.
        generation: how many there were before it at this place.
    """
    step = step_of(workers)
    return itertools.count(1 + post + generation * far_apart(step) % _DIFFERENT, step)
