"""``wsgi.input`` beside a file on a disk: the same bytes, however they arrive."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wsgi.playing import parse
from wsgiserve.errors import ClientTimeout
from wsgiserve.http11 import NEED_DATA, Connection, Data, EndOfMessage, Request
from wsgiserve.wsgi import Input, WholeInput


def feed(*pieces: bytes) -> Input:
    """An input whose content arrives in these pieces."""
    waiting = iter(pieces)
    return Input(lambda wanted: next(waiting, b""))


LINES = b"first\nsecond\n\nlast"

sizes = st.one_of(st.none(), st.integers(-1, 12))
calls = st.lists(
    st.tuples(st.sampled_from(["read", "readline", "readlines", "next", "read1", "readinto"]), sizes), max_size=12
)


def call(file: io.BufferedIOBase, name: str, size: int | None) -> object:
    if name == "next":
        return next(iter(file), None)
    if name == "readinto":
        target = bytearray(size if size and size > 0 else 0)
        return file.readinto(target), bytes(target)
    if name == "read1":
        return _read1_as_read(file, size if size and size > 0 else 0)
    return getattr(file, name)(size)


def _read1_as_read(file: io.BufferedIOBase, size: int) -> bytes:
    """How much ``read1`` gives depends on the cut, but something unless at the end, and never too much."""
    parts: list[bytes] = []
    while size:
        part = file.read1(size)
        if not part:
            break
        assert len(part) <= size
        size -= len(part)
        parts.append(part)
    return b"".join(parts)


@given(
    content=st.one_of(st.binary(max_size=60), st.text("a\n", max_size=60).map(str.encode)),
    cuts=st.lists(st.integers(0, 60), max_size=8),
    calls=calls,
)
def test_reading_is_reading_a_file(content: bytes, cuts: list[int], calls: list[tuple[str, int | None]]) -> None:
    edges = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    pieces = [content[start:end] for start, end in itertools.pairwise(edges)]
    # A BufferedReader is what open() gives. BytesIO takes the hint of readlines() otherwise.
    ours, model = feed(*pieces), io.BufferedReader(io.BytesIO(content))
    for name, size in calls:
        assert call(ours, name, size) == call(model, name, size)
    assert ours.read() == model.read()


@pytest.mark.parametrize("cut", range(1, len(LINES)))
def test_lines_are_whole_wherever_they_were_cut(cut: int) -> None:
    assert list(feed(LINES[:cut], LINES[cut:])) == [b"first\n", b"second\n", b"\n", b"last"]
    assert feed(LINES[:cut], LINES[cut:]).readlines() == [b"first\n", b"second\n", b"\n", b"last"]


def test_read1_gives_what_is_there_and_waits_only_for_something() -> None:
    file = feed(b"abc", b"def")
    assert [file.read1(1), file.read1(0), file.read1(1), file.read1(2)] == [b"a", b"", b"b", b"c"]
    assert [file.read1(0), file.read1(), file.read1(), file.read1(0)] == [b"", b"def", b"", b""]


def test_a_line_is_as_long_as_its_limit_wherever_it_was_cut() -> None:
    file = feed(b"a", b"bc", b"def\ng", b"h")
    assert [file.readline(4), file.readline(2), file.readline(9), file.readline(9)] == [b"abcd", b"ef", b"\n", b"gh"]


def test_nothing_is_asked_for_before_it_is_needed() -> None:
    asked: list[int] = []
    file = Input(lambda wanted: asked.append(wanted) or b"abc")  # type: ignore[func-returns-value]
    assert file.read(0) == b""
    assert file.readline(0) == b""
    assert not asked
    assert file.read(2) == b"ab"
    assert file.read(1) == b"c"
    assert asked == [0]


def test_much_is_asked_for_as_it_is_wanted_until_all_of_it_is_there() -> None:
    asked: list[int] = []
    pieces = iter([bytes(10), bytes(16_384 - 11), bytes(5), b""])

    def receive(wanted: int) -> bytes:
        asked.append(wanted)
        return next(pieces)

    file = Input(receive)
    assert file.read(16_384) == bytes(16_384)
    assert file.read(16_383) == bytes(4)
    assert asked == [16_384, 16_374, 1, 0]


# Where the content ends


def exchange(data: bytes) -> tuple[Connection, Input]:
    """A request's input as the server makes it; waiting for bytes that are not there is a mistake."""
    http, _ = parse(data)

    def receive(wanted: int) -> bytes:
        while not http.complete:
            event = http.next_event()
            assert event is not NEED_DATA
            if isinstance(event, Data):
                return event.data
            assert isinstance(event, EndOfMessage)
        return b""

    return http, Input(receive)


HEAD = b"POST / HTTP/1.1\r\nHost: example\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: example\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: 18\r\n\r\n" + LINES,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n7\r\nfirst\ns\r\nb\r\necond\n\nlast\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("name", ["read", "readline", "readlines", "read1", "next"])
def test_no_way_of_reading_waits_for_more_or_takes_of_the_next_request(request_: bytes, name: str) -> None:
    http, file = exchange(request_ + NEXT)
    taken = b""
    while part := call(file, name, 4 if name == "read1" else None):
        assert isinstance(part, bytes | list)
        taken += b"".join(part) if isinstance(part, list) else part
    assert taken == LINES
    for _ in range(2):
        assert file.read(5) == file.readline() == file.read1(5) == file.read() == b""
        assert list(file) == []
    http.finish()
    following = http.next_event()
    assert isinstance(following, Request)
    assert following.line.target == b"/next"


@pytest.mark.parametrize("file", [feed(b"abc", b"def"), WholeInput(b"abcdef")], ids=["in pieces", "whole"])
def test_an_expired_input_is_at_its_end(file: Input | WholeInput) -> None:
    assert file.read(1) == b"a"
    file.expire()
    assert file.read() == file.readline() == file.read1() == b""


# When it cannot be read


@pytest.mark.parametrize(
    ("name", "size"),
    [("read", 2), ("read", 20_000), ("read1", 2), ("readline", 2), ("readlines", 2), ("next", None)],
)
@pytest.mark.parametrize("taken", [0, 1, 3])
@pytest.mark.parametrize("file", [lambda: feed(b"abc"), lambda: WholeInput(b"abc")], ids=["in pieces", "whole"])
def test_a_closed_input_says_so_whatever_has_arrived(
    name: str, size: int | None, taken: int, file: Callable[[], Input | WholeInput]
) -> None:
    closed = file()
    closed.read(taken)
    closed.close()
    closed.expire()
    with pytest.raises(ValueError, match="closed"):
        call(closed, name, size)


def _slow(pieces: int) -> Iterator[bytes]:
    yield from [b"abc"] * pieces
    raise ClientTimeout("too slow")


@pytest.mark.parametrize(
    ("name", "size"),
    [("read", None), ("read", 100), ("read", 20_000), ("readline", None), ("readlines", None), ("next", None)],
)
@pytest.mark.parametrize("pieces", [0, 1])
def test_after_an_error_nobody_reads_on_behind_the_gap(name: str, size: int | None, pieces: int) -> None:
    arriving, gone = _slow(pieces), ClientTimeout("too slow")

    def receive(wanted: int) -> bytes:
        try:
            return next(arriving)
        except StopIteration:
            return b"what came later"
        except ClientTimeout:
            raise gone from None

    file = Input(receive)
    for _ in range(2):
        with pytest.raises(ClientTimeout) as caught:
            call(file, name, size)
        assert caught.value is gone


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("write", [b"x"]), ("seek", [0]), ("tell", []), ("truncate", [0]), ("fileno", []), ("detach", [])],
)
@pytest.mark.parametrize("file", [feed(b"abc"), WholeInput(b"abc")], ids=["in pieces", "whole"])
def test_what_a_stream_of_content_cannot_do_it_says(
    method: str, arguments: list[object], file: Input | WholeInput
) -> None:
    with pytest.raises(io.UnsupportedOperation):
        getattr(file, method)(*arguments)


@pytest.mark.parametrize("method", ["getvalue", "getbuffer", "writelines"])
def test_content_that_has_arrived_as_a_whole_gives_away_no_more_than_other_content(method: str) -> None:
    with pytest.raises(io.UnsupportedOperation):
        getattr(WholeInput(b"abc"), method)()


@pytest.mark.parametrize("file", [feed(b"abc"), WholeInput(b"abc")], ids=["in pieces", "whole"])
def test_it_says_what_it_is(file: Input | WholeInput) -> None:
    assert (file.readable(), file.writable(), file.seekable(), file.isatty()) == (True, False, False, False)


# Around it


@pytest.mark.parametrize("cut", range(12))
def test_text_can_be_read_through_it(cut: int) -> None:
    content = "a\u00e9\u20ac\r\nb\n".encode()
    file = feed(content[:cut], content[cut:]) if cut else WholeInput(content)
    text = io.TextIOWrapper(file, encoding="utf-8")  # type: ignore[type-var]  # typeshed wants more than is asked for
    assert list(text) == ["aé€\n", "b\n"]


@pytest.mark.parametrize("cut", range(len(LINES)))
def test_a_buffer_can_be_put_around_it(cut: int) -> None:
    file = feed(LINES[:cut], LINES[cut:]) if cut else WholeInput(LINES)
    buffered = io.BufferedReader(file, 4)
    assert buffered.peek(1)[:1] == b"f"
    assert [buffered.read(3), buffered.readline(), buffered.read()] == [b"fir", b"st\n", b"second\n\nlast"]
