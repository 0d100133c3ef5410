"""``wsgi.input`` beside ``io.BytesIO``: the same bytes, however they arrive."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiserve.wsgi import Input


def feed(*pieces: bytes) -> Input:
    """An input whose content arrives in these pieces; asking beyond the end is a mistake."""
    waiting = [*pieces, b""]

    def receive() -> bytes:
        return waiting.pop(0) if waiting else b""

    return Input(receive)


LINES = b"first\nsecond\n\nlast"

sizes = st.one_of(st.none(), st.integers(-1, 12))
calls = st.lists(
    st.tuples(st.sampled_from(["read", "readline", "readlines", "next", "read1", "readinto"]), sizes), max_size=12
)


def call(file: io.BufferedIOBase | io.BytesIO, name: str, size: int | None) -> object:
    if name == "next":
        return next(iter(file), None)
    if name == "readinto":
        target = bytearray(size if size and size > 0 else 0)
        return file.readinto(target), bytes(target)
    if name == "readlines":
        return file.readlines(size)  # type: ignore[arg-type]  # typeshed leaves out None
    if name == "read1":
        return None  # gives what has arrived, which differs by the cut; has a test of its own
    return getattr(file, name)(size)


@given(content=st.binary(max_size=60), cuts=st.lists(st.integers(0, 60), max_size=8), calls=calls)
def test_reading_is_reading_a_file(content: bytes, cuts: list[int], calls: list[tuple[str, int | None]]) -> None:
    edges = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    pieces = [content[start:end] for start, end in itertools.pairwise(edges)]
    ours, model = feed(*pieces), io.BytesIO(content)
    for name, size in calls:
        assert call(ours, name, size) == call(model, name, size)
    assert ours.read() == model.read()


@pytest.mark.parametrize("cut", range(1, len(LINES)))
def test_lines_are_whole_wherever_they_were_cut(cut: int) -> None:
    assert list(feed(LINES[:cut], LINES[cut:])) == [b"first\n", b"second\n", b"\n", b"last"]


def test_read1_gives_what_is_there_and_waits_only_for_something() -> None:
    file = feed(b"abc", b"def")
    assert [file.read1(2), file.read1(2), file.read1(), file.read1(), file.read1(0)] == [b"ab", b"c", b"def", b"", b""]


def test_nothing_is_asked_for_before_it_is_needed() -> None:
    asked: list[int] = []
    file = Input(lambda: asked.append(1) or b"abc")  # type: ignore[func-returns-value]
    assert file.read(0) == b""
    assert file.readline(0) == b""
    assert not asked
    assert file.read(2) == b"ab"
    assert file.read(1) == b"c"
    assert asked == [1]


def test_an_expired_input_is_at_its_end() -> None:
    file = feed(b"abc", b"def")
    assert file.read(1) == b"a"
    file.expire()
    assert file.read() == file.readline() == file.read1() == b""


def test_a_closed_input_says_so() -> None:
    file = feed(b"abc")
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.read()


def test_an_error_comes_back_each_time() -> None:
    def receive() -> bytes:
        raise ConnectionError("gone")

    file = Input(receive)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            file.read()


def test_the_standard_library_can_wrap_it() -> None:
    text = io.TextIOWrapper(feed(b"a\xc3", b"\xa9\nb"), encoding="utf-8")  # type: ignore[type-var]  # typeshed: wants a raw
    assert text.read() == "aé\nb"
    assert feed().readable()
    assert not feed().writable()
    assert not feed().seekable()
