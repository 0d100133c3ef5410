"""Which kinds of requests have turned out to be slow, and for how long that is believed.

Floor 3, pure: time comes in as an argument. What a kind is says whoever asks; here it is a key. One that was slow is
called slow for a second. Then it has to show itself again, at the cost of a moment in which everybody waits for it, and
for that it is believed twice as long each time: a report that always takes its time is met once a minute, and one that
was slow because a cache was empty is soon as good as any other.
"""

from __future__ import annotations

__all__ = ["SlowKinds"]

# How long the first time is believed, and the last.
_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 64.0

# Of kinds at a time. Whoever asks for paths that do not exist makes as many as he likes.
_KINDS = 512


class SlowKinds:
    """What is known of them. One thread notes; others may ask meanwhile.

    Attributes:
        until: by kind, until when it is called slow. Empty as long as nothing has been slow, which is quickly seen.
    """

    __slots__ = ("_seconds", "until")

    def __init__(self) -> None:
        self.until: dict[bytes, float] = {}
        self._seconds: dict[bytes, float] = {}

    def note(self, kind: bytes, now: float) -> None:
        """It was slow."""
        if len(self._seconds) >= _KINDS:
            self._seconds.clear()
            self.until.clear()
        seconds = self._seconds.get(kind, _FIRST_SECONDS)
        self._seconds[kind] = min(2 * seconds, _LONGEST_SECONDS)
        self.until[kind] = now + seconds

    def is_slow(self, kind: bytes, now: float) -> bool:
        """Whether it is called slow. If that time is over, nobody is told so any more until it was noted again."""
        until = self.until.get(kind)
        if until is None:
            return False
        if now < until:
            return True
        self.until.pop(kind, None)
        return False
