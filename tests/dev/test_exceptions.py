"""From an exception to what a page shows of it."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from tests.dev import raising
from wsgiserve.dev.exceptions import describe_exception, fold
from wsgiserve.dev.masking import MASK
from wsgiserve.dev.report import Chain, Frame
from wsgiserve.errors import LocalProtocolError


def chain_of(function: Callable[[], object]) -> Chain:
    return describe_exception(raising.caught(function))


def innermost(function: Callable[[], object]) -> Frame:
    return chain_of(function)[0]["frames"][-1]


def marked(frame: Frame) -> list[str]:
    lines = dict(enumerate(frame["source"], frame["first"]))
    return [lines[mark["line"]][mark["start"] : mark["end"]] for mark in frame["marks"]]


def test_an_exception_is_its_class_its_words_and_its_calls() -> None:
    (raised,) = chain_of(raising.plain)
    assert (raised["type"], raised["message"], raised["relation"]) == ("KeyError", "'coffee'", "")
    assert [frame["function"] for frame in raised["frames"]] == ["caught", "plain"]


def test_a_frame_has_its_place_and_the_lines_around_it() -> None:
    frame = innermost(raising.plain)
    assert frame["file"] == raising.__file__
    assert frame["name"].endswith("tests/dev/raising.py")
    assert frame["own"]
    assert frame["source"][frame["line"] - frame["first"]] == "    return 1 + prices[sku]"
    assert "def plain() -> object:" in frame["source"]


@pytest.mark.parametrize(
    ("function", "marks"),
    [
        (raising.plain, ["prices[sku]"]),
        (raising.unicode, ['prices["coffee"]']),
        (raising.multiline, ["int(", '"x",', "base=10,", ")"]),
        (raising.suppressed, []),
    ],
)
def test_where_in_the_line_it_was(function: Callable[[], object], marks: list[str]) -> None:
    assert marked(innermost(function)) == marks


def test_the_column_is_where_the_mark_begins_and_counts_characters() -> None:
    frame = innermost(raising.unicode)
    assert frame["column"] == frame["source"][frame["line"] - frame["first"]].index("prices[") + 1


def test_variables_are_described_and_secrets_masked() -> None:
    assert innermost(raising.plain)["locals"] == [
        ("prices", "{'tea': 3}"),
        ("sku", "'coffee'"),
        ("password", MASK),
    ]


@pytest.mark.parametrize(
    ("function", "relations"),
    [
        (raising.chained, [("ValueError", ""), ("KeyError", "context")]),
        (raising.cause, [("ValueError", ""), ("KeyError", "cause")]),
        (raising.suppressed, [("ValueError", "")]),
    ],
)
def test_what_led_to_it(function: Callable[[], object], relations: list[tuple[str, str]]) -> None:
    assert [(raised["type"], raised["relation"]) for raised in chain_of(function)] == relations


def test_a_circle_of_causes_ends() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert [raised["message"] for raised in describe_exception(one)] == ["one", "other"]


def test_a_group_has_its_members_with_their_causes() -> None:
    (raised,) = chain_of(raising.group)
    assert [[member["type"] for member in chain] for chain in raised["group"]] == [
        ["KeyError"],
        ["ValueError", "KeyError"],
    ]


def test_a_group_of_many_says_how_many() -> None:
    (raised,) = describe_exception(ExceptionGroup("many", [ValueError(str(number)) for number in range(25)]))
    assert len(raised["group"]) == 10
    assert raised["notes"] == ["Only the first 10 of its 25 exceptions are shown."]


def test_groups_in_groups_end() -> None:
    group: Exception = ValueError("innermost")
    for _ in range(50):
        group = ExceptionGroup("outer", [group])
    assert json.dumps(describe_exception(group)).count("outer") < 10


def test_a_syntax_error_ends_at_the_line_that_could_not_be_read() -> None:
    raised = chain_of(raising.syntax_error)[0]
    frame = raised["frames"][-1]
    assert raised["message"] == "invalid syntax"
    assert (frame["file"], frame["line"], frame["own"]) == ("/nowhere/shop.py", 2, True)
    assert frame["source"][-1] == "def f(:"
    assert marked(frame) == [":"]


def test_notes_are_kept_and_nonsense_is_not() -> None:
    error = ValueError("x")
    error.add_note("see postgres://me:pw@db")
    assert describe_exception(error)[0]["notes"] == [f"see postgres://me:{MASK}@db"]
    error.__notes__ = 3  # type: ignore[assignment]  # anybody may
    assert describe_exception(error)[0]["notes"] == []


def test_a_broken_exception_is_described() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert describe_exception(Mute())[0]["message"] == "<its __str__ raises RuntimeError>"


def test_an_application_that_broke_a_rule_is_told_where() -> None:
    raised = describe_exception(LocalProtocolError("the body yields str", code="E105", blame="shop.py:3 in app"))[0]
    assert raised["notes"] == ["at shop.py:3 in app"]


def test_a_recursion_is_folded() -> None:
    raised = chain_of(raising.deep)[0]
    functions = [frame["function"] for frame in raised["frames"]]
    assert functions[:4] == ["caught", "deep", "_even", "_odd"]
    length, times = raised["frames"][3]["repeats"]
    assert length == 2
    assert times > 100
    assert len(functions) < 10


def test_of_many_calls_those_in_the_middle_are_left_out() -> None:
    names = [f"f{number}" for number in range(200)]
    code = "\n".join(
        f"def {name}():\n    {following}()" for name, following in zip(names, [*names[1:], "fail"], strict=True)
    )
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    frames = chain_of(namespace["f0"])[0]["frames"]
    assert len(frames) == 60
    assert frames[29]["omitted"] == 141  # with that of raising.caught
    assert frames[-1]["function"] == "f199"


@pytest.mark.parametrize(
    ("items", "folded"),
    [
        ("", []),
        ("abc", [("a", 0, 0), ("b", 0, 0), ("c", 0, 0)]),
        ("aaa", [("a", 0, 0), ("a", 0, 0), ("a", 0, 0)]),
        ("aaaa", [("a", 1, 3)]),
        ("xabababababy", [("x", 0, 0), ("a", 0, 0), ("b", 2, 4), ("y", 0, 0)]),
        ("ababababa", [("a", 0, 0), ("b", 2, 3), ("a", 0, 0)]),
    ],
)
def test_folding(items: str, folded: list[tuple[str, int, int]]) -> None:
    assert [tuple(one) for one in fold(items, str)] == folded


def test_the_report_keeps_nothing_alive() -> None:
    class Large:
        pass

    seen: list[weakref.ref[Large]] = []

    def fail() -> None:
        large = Large()
        seen.append(weakref.ref(large))
        raise ValueError

    report = chain_of(fail)
    gc.collect()
    assert seen[0]() is None
    assert json.loads(json.dumps(report))[0]["type"] == "ValueError"
