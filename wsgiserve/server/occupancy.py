"""How many of those who can run a request do."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Occupancy"]


class Occupancy(NamedTuple):
    """``7/8 threads busy``."""

    busy: int
    of: int
    who: str
    """``threads`` or ``processes``."""

    @property
    def is_full(self) -> bool:
        """Whether another request would have to wait."""
        return self.busy >= self.of

    def __str__(self) -> str:
        return f"{self.busy}/{self.of} {self.who} busy"
