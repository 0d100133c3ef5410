"""Plays cases against a server, one after the other, and keeps what was said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wsgiserve.conform.case import MUST, Case, Level
from wsgiserve.conform.client import Client, FailedError, Said, Target
from wsgiserve.conform.responses import BrokenResponseError

__all__ = ["Findings", "Outcome", "answers", "play", "play_all"]


class Outcome(NamedTuple):
    """How one case went.

    Attributes:
        failure: what the server did in place of what the case wants; none if it did that.
    """

    case: Case
    failure: str
    said: Sequence[Said]


@dataclass
class Findings:
    """All that is known about one server.

    Attributes:
        restarts: how often it had to be started again, because it had stopped to answer.
    """

    name: str
    version: str
    outcomes: list[Outcome] = field(default_factory=list)
    restarts: int = 0

    def failed(self, *levels: Level) -> list[Outcome]:
        """The cases of these levels that it does not pass."""
        return [outcome for outcome in self.outcomes if outcome.failure and outcome.case.level in levels]

    def passed(self, level: Level) -> tuple[int, int]:
        """How many cases of a level it passes, and of how many."""
        outcomes = [outcome for outcome in self.outcomes if outcome.case.level is level]
        return sum(not outcome.failure for outcome in outcomes), len(outcomes)

    @property
    def conforms(self) -> bool:
        """Whether it does all that it MUST."""
        return not self.failed(MUST)


def answers(target: Target) -> bool:
    """Whether the probe is served there."""
    client = Client(target, "alive")
    try:
        return client.get("/alive").echo().environ.get("PATH_INFO") == "/alive"
    except (FailedError, BrokenResponseError, OSError):
        return False
    finally:
        client.close()


def play(case: Case, target: Target, token: str) -> Outcome:
    """One case.

    Args:
        token: names its journal; 64 small letters, digits and hyphens at most.
    """
    client = Client(target, token)
    try:
        case.play(client)
        failure = ""
    except (FailedError, BrokenResponseError) as error:
        failure = str(error)
    except OSError as error:
        failure = f"no connection: {error}"
    finally:
        client.close()
    return Outcome(case, failure, client.said)


def play_all(
    cases: Iterable[Case], target: Target, tested: Findings, *, revive: Callable[[], bool], done: Callable[[], None]
) -> None:
    """Play cases into ``tested``.

    Args:
        revive: called after each failure, for a server that does not answer any more.
        done: called after each case.
    """
    run = os.urandom(6).hex()
    for number, case in enumerate(cases):
        outcome = play(case, target, f"{run}-{number}")
        tested.outcomes.append(outcome)
        if outcome.failure:
            tested.restarts += revive()
        done()
