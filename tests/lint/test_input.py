"""``LintInput`` gives what ``Input`` gives, and notices who reads past the end."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from wsgiserve.lint.input import LintInput
from wsgiserve.wsgi import Input

CONTENT = b"one\ntwo\nthree"


def lint_input(content: bytes = CONTENT, *, chunked: bool = False) -> tuple[LintInput, list[str]]:
    """One over content that comes in two pieces, and the functions that read past its end."""
    pieces = iter([content[:5], content[5:]])
    readers: list[str] = []

    def note(frame: FrameType) -> None:
        readers.append(frame.f_code.co_name)

    length = None if chunked else len(content)
    return LintInput(Input(lambda wanted: next(pieces, b"")), length, note), readers


Read = Callable[[Any], object]


@pytest.mark.parametrize(
    "read",
    [
        lambda body: body.read(len(CONTENT)),
        lambda body: [body.read(5), body.read(8)],
        lambda body: [body.readline(), body.readline(), body.readline(5)],
        lambda body: [body.readline(100), body.readline(100)],
        lambda body: [body.read1(3), body.read1()],
        lambda body: [body.read(13), body.read(0)],
    ],
)
def test_reading_what_there_is_is_right(read: Read) -> None:
    body, readers = lint_input()
    pieces = iter([CONTENT[:5], CONTENT[5:]])
    assert read(body) == read(Input(lambda wanted: next(pieces, b"")))
    assert readers == []


@pytest.mark.parametrize(
    "read",
    [
        lambda body: body.read(),
        lambda body: body.read(None),
        lambda body: body.read(14),
        lambda body: [body.read(13), body.read(1)],
        lambda body: [body.read(13), body.read1(1)],
        lambda body: [body.read(13), body.readline()],
        lambda body: list(body),
        lambda body: body.readlines(),
        lambda body: [body.read(8), body.readline(6)],
    ],
)
def test_reading_more_is_noticed(read: Read) -> None:
    body, readers = lint_input()
    read(body)
    assert readers
    assert set(readers) == {"<lambda>"}


def test_of_chunked_content_nobody_could_know() -> None:
    body, readers = lint_input(chunked=True)
    assert not body.is_read
    assert body.read() == CONTENT
    assert readers == []
    assert body.is_read


def test_it_knows_whether_all_is_read() -> None:
    body, _ = lint_input()
    assert not body.is_read
    body.read(12)
    assert not body.is_read
    body.read(1)
    assert body.is_read
    assert lint_input(b"")[0].is_read


def test_lines_and_buffers_are_those_of_io() -> None:
    body, _ = lint_input()
    assert body.readable()
    assert list(body) == [b"one\n", b"two\n", b"three"]
    buffer = bytearray(3)
    again = lint_input()[0]
    assert (again.readinto(buffer), bytes(buffer)) == (3, b"one")
