"""Results for a terminal: a bar while it goes on, what failed, and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wsgiserve.conform.case import MUST, SHOULD, Case, Level
from wsgiserve.conform.cases import THEMES
from wsgiserve.conform.reports import shown
from wsgiserve.conform.running import Findings, Outcome
from wsgiserve.console import Color, Console

__all__ = ["Bar", "listed", "table", "told"]

_BAR = 30
_COLORS: dict[Level, Color] = {Level.MUST: "red", Level.SHOULD: "yellow", Level.MAY: "cyan"}


class Bar:
    """How far it is; nothing where nobody looks on.

    Args:
        console: of standard error.
        total: how many steps there are.
    """

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        self._label = ""

    def begin(self, label: str) -> None:
        """Say what comes now."""
        self._label = label
        self._draw()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        self._draw()

    def end(self) -> None:
        """Take it away."""
        self._write("\r\x1b[2K")

    def _draw(self) -> None:
        filled = _BAR * self._done // self._total
        self._write(f"\r\x1b[2K  {'━' * filled}{' ' * (_BAR - filled)}  {self._done}/{self._total}  {self._label}")

    def _write(self, text: str) -> None:
        if self._console.form == "pretty":
            self._console.stream.write(text)
            self._console.stream.flush()


def listed(cases: Sequence[Case]) -> str:
    """One line for each case."""
    width = max(len(case.id) for case in cases)
    return "".join(f"{case.id:<{width}}  {case.level:<6}  {case.rule} ({case.section})\n" for case in cases)


def told(tested: Findings, console: Console, *, with_bytes: bool) -> str:
    """What a server does not pass."""
    return "".join(line for outcome in tested.failed(*Level) for line in _told(outcome, console, with_bytes=with_bytes))


def _told(outcome: Outcome, console: Console, *, with_bytes: bool) -> Iterator[str]:
    case = outcome.case
    level = console.paint(f"{case.level:<6}", _COLORS[case.level])
    yield f"  {level}  {case.id}: {case.rule} ({case.section})\n          {console.clean(outcome.failure)}\n"
    if with_bytes:
        yield f"          why: {case.why}\n"
        if case.known:
            yield f"          known: {case.known}\n"
        for said in outcome.said:
            yield f"          {said.connection} {said.who}: {shown(said.data) or '(end)'}\n"


def table(results: Sequence[Findings]) -> str:
    """Totals; for several servers also how many MUST and SHOULD of each theme they do not pass."""
    totals = [
        ("server", "version", *Level, ""),
        *(
            (
                tested.name,
                tested.version,
                *("{}/{}".format(*tested.passed(level)) for level in Level),
                f"started again {tested.restarts} times" if tested.restarts else "",
            )
            for tested in results
        ),
    ]
    failing = list(_matrix(results)) if len(results) > 1 else []
    return _aligned(totals) + ("\n" + _aligned(failing) if len(failing) > 1 else "")


def _matrix(results: Sequence[Findings]) -> Iterator[tuple[str, ...]]:
    yield ("MUST and SHOULD that fail", *(tested.name for tested in results))
    failed = [{outcome.case.id for outcome in tested.failed(MUST, SHOULD)} for tested in results]
    for theme in THEMES:
        counts = [len({case.id for case in theme.cases} & one) for one in failed]
        if any(counts):
            yield (theme.title, *(str(count or "·") for count in counts))


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in rows
    )
