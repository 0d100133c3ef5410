"""How long requests wait for something, on average, and whether that is long enough to have others served meanwhile.

Floor 3, pure: times come in as arguments. What counts is waiting. Requests that compute would only fight for the
interpreter, all of them and whoever polls; and one whose thread was ready to run, but did not, has met a busy machine,
as any other would have. Without the GIL nobody fights, and whoever notes them counts computing as waiting.
"""

from __future__ import annotations

from math import inf

__all__ = ["Pace"]

# Handing over costs two context switches and a fight for the interpreter, 20 to 50 µs. Below about 150 µs of waiting
# the others wait less for the leader to finish than for a hand-over.
_FAST_SECONDS = 150e-6

# Where requests take so long, somebody has to look how much of it they wait. That costs three or four system calls, of
# which short ones are spared.
_DOUBTFUL_SECONDS = _FAST_SECONDS / 2

# An average that is no more than this comes of nothing that was long lately.
_FORGOTTEN_SECONDS = 1e-6

# Weight of the newest request in the average, and the most that one request counts: a rare slow one (up to 15 %, at
# these numbers) is the deputy's business and does not make all the others pay for a hand-over.
_WEIGHT = 0.1
_LONGEST_SECONDS = 1e-3

# A client that has waited for so long sleeps, and to wake it costs 10 to 20 µs; where requests take so long, responses
# wait for each other. A hello takes 12 to 20 µs, is slower that way, and must not be taken for one of them. Those whose
# clients are woken together take less: so little that they would be sent one by one again, but for the second number.
_ASLEEP_SECONDS = 30e-6
_STILL_ASLEEP_SECONDS = 20e-6

# Up to here a request is served while the response of another one may wait: longer ones would have it wait for long.
_HOLDING_SECONDS = 2 * _FAST_SECONDS

# While requests are slow, their times include waiting for each other. So once in a while some of them are looked at
# with nobody else polling, until those that were begun before are done and one is seen alone; each look at what is
# still slow has all others wait for the deputy, so the next one is twice as far off.
_LOOK_AGAIN_SECONDS = 0.1
_LOOK_AGAIN_AT_MOST_SECONDS = 6.4
_LOOK_SECONDS = 0.005


class Pace:
    """Of the requests that threads serve; each of them may note, and a note that gets lost is one request less.

    Attributes:
        doubtful: they take so long that it is worth to look whether they wait.
        slow: they wait long enough for others to be served meanwhile.
        holds: they take so long that their clients sleep meanwhile, and not so long that another's response may not
            wait for the end of some of them.
    """

    __slots__ = ("_lasted", "_look_after", "_look_at", "_looked_at", "_waited", "doubtful", "holds", "slow")

    def __init__(self) -> None:
        self.doubtful = False
        self.slow = False
        self.holds = False
        self._lasted = 0.0
        self._waited = 0.0
        self._look_after = _LOOK_AGAIN_SECONDS
        self._look_at = inf
        self._looked_at = -inf

    def note(self, seconds: float, count: int) -> None:
        """So many requests took so long, one after the other, and nobody knows how much of it they waited."""
        each = seconds / count
        if each < _STILL_ASLEEP_SECONDS:  # and counts as nothing, so that servers of short ones have nothing to count
            if not self._lasted:
                return
            each = 0.0
        self._lasted = _moved(self._lasted, each, count)
        # No more than makes them doubtful: they may have met a busy machine.
        self._waited = _moved(self._waited, min(each, _DOUBTFUL_SECONDS), count)
        if self._lasted < _FORGOTTEN_SECONDS:
            self._lasted = self._waited = 0.0
        self._judge()

    def note_waits(self, seconds: float, count: int, waits: int, waited: float, now: float) -> None:
        """So many requests took so long, and so many of them waited, each for so long."""
        self._lasted = _moved(self._lasted, seconds / count, count)
        self._waited = _moved(_moved(self._waited, 0.0, count - waits), waited, waits)
        is_slow = self._waited >= _FAST_SECONDS
        if is_slow and not self.slow:
            self._look_again(now - seconds, now)
        self.slow = is_slow
        self._judge()

    def _judge(self) -> None:
        self.doubtful = self.slow or self._lasted >= _DOUBTFUL_SECONDS or self._waited >= _DOUBTFUL_SECONDS
        asleep = _STILL_ASLEEP_SECONDS if self.holds else _ASLEEP_SECONDS
        self.holds = asleep <= self._lasted < _HOLDING_SECONDS and not self.slow

    # While they are slow

    def looks(self, now: float) -> bool:
        """Whether a request that begins now is to be looked at: served as if they were fast."""
        if now < self._look_at:
            return False
        if self._looked_at < self._look_at:
            self._looked_at = now  # it begins
        return True

    def note_look(self, waited: float, now: float) -> None:
        """One that was looked at waited for so long."""
        if waited < _FAST_SECONDS:
            self._waited = _FAST_SECONDS * (1 - _WEIGHT)  # so that a single slow one shows itself
            self.slow = False
            self._judge()
        elif now - self._looked_at >= _LOOK_SECONDS:
            self.end_look(now)

    def end_look(self, now: float) -> None:
        """They are still slow."""
        self._look_again(self._looked_at, now)

    def _look_again(self, started: float, now: float) -> None:
        """What began at ``started`` was slow, and most of what came before it."""
        is_still = started - self._looked_at < self._look_after
        longer = min(2 * self._look_after, _LOOK_AGAIN_AT_MOST_SECONDS)
        self._look_after = longer if is_still else _LOOK_AGAIN_SECONDS
        self._look_at = now + self._look_after


def _moved(average: float, seconds: float, count: int) -> float:
    """The moving average after so many that were so long."""
    seconds = min(seconds, _LONGEST_SECONDS)
    return seconds + (average - seconds) * (1 - _WEIGHT) ** count
