"""What is read without click is what click would read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from wsgiserve import cli
from wsgiserve.cli import CommandLine
from wsgiserve.config import options
from wsgiserve.errors import UserError
from wsgiserve.words import read_usual

WORDS = [
    *["shop:app", "a=b", "-", "--", "", "/x", "8000", "é", "-p", "-p80", "-p=80", "-H", "-wp", "-h", "--hel", "--port"],
    *["--port=80", "--port=", "--port=a=b", "--po", "--dev", "--prod", "--dev=1", "--factory", "--factory=1", "--host"],
    *[
        "--host=::1",
        "--access-log",
        "--no-access-log",
        "--app",
        "--app_dir",
        "--app-dir",
        "--open",
        "--open=/x",
        "--uds",
    ],
]


def with_click(monkeypatch: pytest.MonkeyPatch, words: Sequence[str]) -> Any:
    with monkeypatch.context() as patch:
        patch.setattr(cli, "read_usual", lambda *_: None)
        return result(words)


def result(words: Sequence[str]) -> Any:
    try:
        given = CommandLine(options()).parse(words)
    except UserError as error:
        return error.what
    return given, list(given.values)


@pytest.mark.parametrize(
    "words",
    [
        ["shop:app", "--prod", "--port", "80", "--host", "::1", "--host=::", "-w", "2", "--no-access-log"],
        ["--port=80", "--port", "81", "shop:app", "--dev", "--factory"],
        ["--env-file=a=b", "-p", "0"],
        [],
    ],
)
def test_a_usual_command_is_read_without_click(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_usual(options(), words) is not None
    assert result(words) == with_click(monkeypatch, words)


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["-h"],
        ["--", "a"],
        ["a", "b"],
        ["--port"],
        ["--port="],
        ["--port", "-1"],
        ["-p80"],
        ["--dev=1"],
        [""],
    ],
)
def test_what_is_not_usual_is_left_to_click(words: list[str]) -> None:
    assert read_usual(options(), words) is None


def test_no_command_means_something_else_than_with_click(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(0)
    for _ in range(1000):
        words = draw.choices(WORDS, k=draw.randint(1, 4))
        if read_usual(options(), words) is not None:
            assert result(words) == with_click(monkeypatch, words), words
