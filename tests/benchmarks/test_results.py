"""Runs are kept, merged, and compared with what was aimed at."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import charts, publishing, report
from benchmarks.cases import CASES
from benchmarks.documents import insert
from benchmarks.environment import ROOT
from benchmarks.plot import Axis, ticks
from benchmarks.results import Results
from benchmarks.targets import Target, best_peer

HELLO = next(case for case in CASES if case.name == "hello-32")


def results(**rates: list[float]) -> Results:
    """Of hello over 32 connections; an underscore in a server's name stands for a space."""
    made = Results()
    for name, runs in rates.items():
        for rate in runs:
            made.add("hello-32", name.replace("_", " "), {"rate": rate, "p50": 1.0, "p99": 2.0, "errors": 1})
    return made


def test_results_survive_their_file_and_are_merged_run_by_run(tmp_path: Path) -> None:
    first, second = results(wsgiserve=[1.0, 5.0]), results(wsgiserve=[3.0], bjoern=[4.0])
    first.environments.append({"date": "2026-12-01"})
    second.exclude("hello-32", "bjoern", "answered 500")
    for number, each in enumerate((first, second)):
        (tmp_path / f"{number}.json").write_text(each.as_json())
    merged = Results.read(sorted(tmp_path.iterdir()))
    assert merged.environments == [{"date": "2026-12-01"}]
    assert merged.median("hello-32", "wsgiserve", "rate") == 3.0
    assert merged.outcome("hello-32", "bjoern").out == "answered 500"


def test_who_is_out_has_no_median_and_is_no_best_peer() -> None:
    made = results(wsgiserve=[5.0], fastwsgi=[9.0], bjoern=[4.0], werkzeug=[1.0], limit_in_C=[99.0])
    assert best_peer(made, "hello-32", "rate") == ("fastwsgi", 9.0)
    assert best_peer(made, "hello-32", "rate", "best pure-Python peer") == ("werkzeug", 1.0)
    made.exclude("hello-32", "fastwsgi", "answered 500")
    assert best_peer(made, "hello-32", "rate") == ("bjoern", 4.0)


@pytest.mark.parametrize(
    ("target", "figure", "reached"),
    [
        (Target("hello-32", "rate", 1.0, "bjoern"), "1.25 ×", True),
        (Target("hello-32", "rate", 1.3, "bjoern"), "1.25 ×", False),
        (Target("hello-32", "rate", 1.0, "best peer"), "0.50 × (fastwsgi)", False),
        (Target("hello-32", "rate", 4.0), "5", True),
        (Target("hello-32", "p99", 1.5, at_least=False), "2.00", False),
        (Target("hello-32", "p99", 2.0, "own:p50", at_least=False), "2.00 ×", True),
        (Target("hello-32", "rate", 1.0, "case:hello-32"), "1.00 ×", True),
        (Target("hello-32", "rate", 1.0, "granian"), "", None),
        (Target("browser", "rate", 1.0, "best peer"), "", None),
    ],
)
def test_a_target_is_computed_from_what_was_measured(target: Target, figure: str, reached: bool | None) -> None:
    verdict = target.verdict(results(wsgiserve=[5.0], bjoern=[4.0], fastwsgi=[10.0]))
    assert (verdict.figure, verdict.reached) == (figure, reached)


def test_a_table_has_medians_spreads_ratios_and_who_is_out() -> None:
    made = results(wsgiserve=[2000.0, 1000.0, 6000.0], bjoern=[4000.0], fastwsgi=[1.0])
    made.exclude("hello-32", "fastwsgi", "answered 500")
    made.add("hello-32", "bjoern", {"starved": 1.0})
    lines = report.table(HELLO, made).splitlines()
    assert lines[2:4] == [
        "| bjoern | 4,000 | 4,000 – 4,000 | 1.00 | 2.00 | 1 | 0.50 × |",
        "| wsgiserve | 2,000 | 1,000 – 6,000 | 1.00 | 2.00 | 3 | 1.00 × |",
    ]
    assert lines[-3] == "Out of it: fastwsgi (answered 500)."
    assert lines[-1] == "Left a newcomer without an answer until the load was over: bjoern (1 of the rounds)."


def test_where_less_is_better_the_ratio_and_the_order_are_turned_round() -> None:
    case = next(case for case in CASES if case.name == "cold")
    made = Results()
    for name, milliseconds in (("wsgiserve", 50.0), ("granian", 100.0)):
        made.add("cold", name, {"milliseconds": milliseconds})
    assert report.best_first(case, made) == ["wsgiserve", "granian"]
    assert report.ratio(case, made, "granian") == "2.00 ×"


def test_pictures_have_what_was_measured() -> None:
    made = results(wsgiserve=[2000.0, 3000.0, 4000.0], bjoern=[4000.0])
    picture = charts.bars(made, ["hello-32", "browser"])
    assert all(text in picture for text in (">3,000<", ">bjoern<", 'class="ours"', "prefers-color-scheme: dark"))
    for case in CASES:
        if case.family == "threads":
            made.add(case.name, "wsgiserve", {"rate": 100.0 * case.x})
    curves = charts.growth(made)
    assert curves.count("<polyline") == 1
    assert curves.count("<circle") == len([case for case in CASES if case.family == "threads"])


def test_an_axis_stays_between_its_ends() -> None:
    axis = Axis(1, 100, 0, 200)
    assert [axis.at(value) for value in (0.1, 1, 10, 100, 1000)] == [0, 0, 100, 200, 200]
    assert Axis(0, 4, 10, 50, logarithmic=False).at(1) == 20


def test_ticks_are_round_and_few() -> None:
    assert ticks(3, 60) == [5, 10, 20, 50]
    assert ticks(1, 100_000) == [1, 10, 100, 1000, 10_000, 100_000]


def test_figures_take_the_place_of_those_before(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("before\n<!-- performance: cases -->\nold\n<!-- end -->\nafter\n<!-- end -->\n")
    insert(document, "performance: cases", "new\n")
    assert document.read_text() == "before\n<!-- performance: cases -->\nnew\n<!-- end -->\nafter\n<!-- end -->\n"
    with pytest.raises(ValueError, match="no place for performance: curves"):
        insert(document, "performance: curves", "new\n")


def test_what_is_published_is_what_the_published_runs_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/performance.md"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    monkeypatch.setattr(publishing, "ROOT", tmp_path)
    publishing.publish(Results.read([ROOT / "docs/performance.json"]))
    written = sorted(each.relative_to(tmp_path) for each in tmp_path.rglob("*.*"))
    assert [each.name for each in written] == [
        *("README.md", "performance-growth.svg", "performance.json", "performance.md", "performance.svg")
    ]
    for each in written:
        assert (tmp_path / each).read_text() == (ROOT / each).read_text()
