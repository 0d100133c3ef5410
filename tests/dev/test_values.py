"""Values as short texts, whatever their classes do."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.datastructures import Headers, ImmutableMultiDict
from werkzeug.local import LocalProxy

from wsgiserve.dev.masking import MASK
from wsgiserve.dev.values import Budget, describe_locals, describe_value


class Broken:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


@dataclass
class User:
    name: str
    password: str


class Rows(list[Any]):
    """A list that is not one to ``type()``."""


class Itself:
    def __repr__(self) -> str:
        return repr([self])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        ("tea", "'tea'"),
        (b"\x00", "b'\\x00'"),
        (None, "None"),
        ({"a": [1, (2,)]}, "{'a': [1, (2,)]}"),
        (OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (Rows([1]), "[1]"),
        (Broken(RuntimeError()), "<Broken, whose __repr__ raises RuntimeError>"),
        ([Broken(SystemExit())], "[<Broken, whose __repr__ raises SystemExit>]"),
        (Itself(), "<Itself, whose __repr__ raises RecursionError>"),
        ([10**5000], "[<int, whose __repr__ raises ValueError>]"),
    ],
)
def test_a_value_is_described(value: Any, text: str) -> None:
    assert describe_value(value) == text


def test_a_proxy_of_what_is_over_is_described() -> None:
    assert describe_value([LocalProxy(lambda: 1 / 0)]).startswith("[<LocalProxy object at")


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10**7,
        b"x" * 10**7,
        list(range(10**6)),
        Rows(range(10**6)),
        {n: n for n in range(10**5)},
        [["x" * 999] * 99],
    ],
    ids=["text", "bytes", "list", "derived", "dict", "nested"],
)
def test_a_large_value_is_cut(value: Any) -> None:
    assert len(describe_value(value)) < 450
    assert "…" in describe_value(value) or "..." in describe_value(value)


def test_what_contains_itself_ends() -> None:
    value: dict[str, Any] = {}
    value["itself"] = value
    assert describe_value(value).count("itself") < 10


SECRET = "hunter2"


@pytest.mark.parametrize(
    "value",
    [
        {"password": SECRET},
        {"deep": [{"api_key": SECRET}]},
        {"passwords": [["a"], ["b", SECRET]]},
        ImmutableMultiDict([("password", SECRET)]),
        Headers([("Authorization", SECRET)]),
        [("Cookie", SECRET)],
        User("a", SECRET),
        f"postgres://me:{SECRET}@db/x",
        {"url": f"postgres://me:{SECRET}@db/x"},
        f"postgres://me:{SECRET}@db/" + "x" * 10_000,
        f"https://x/?token={SECRET}",
    ],
)
def test_secrets_are_masked(value: Any) -> None:
    assert SECRET not in describe_value(value)
    assert MASK in describe_value(value)


def test_a_secret_name_masks_its_value() -> None:
    assert describe_locals({"password": SECRET, "user": "a"}, Budget()) == [("password", MASK), ("user", "'a'")]


def test_the_environment_is_a_mapping_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("SECRET_KEY", SECRET)
    assert describe_value(os.environ) == f"_Environ({{'SECRET_KEY': {MASK}}})"


def test_pythons_own_names_are_left_out_and_too_many_are_counted() -> None:
    variables = {"__name__": "shop", **{f"n{number}": number for number in range(50)}}
    described = describe_locals(variables, Budget())
    assert described[0] == ("n0", "0")
    assert described[-1] == ("…", "and 10 more")
    assert len(described) == 41


def test_values_are_not_looked_at_when_time_is_up() -> None:
    ((name, text),) = describe_locals({"a": Broken(AssertionError("looked at"))}, Budget(seconds=0))
    assert (name, text) == ("a", "(not looked at: the values before took too long)")
