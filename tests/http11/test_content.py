"""The readers of content: what they take from a buffer, what they leave, and what they copy."""

from __future__ import annotations

import pytest

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11 import Data, EndOfMessage, Limits, RequestParser
from wsgiserve.http11.content import ChunkedReader, LengthReader

Step = tuple[bytes | EndOfMessage | None, int]


def chunked(**limits: int) -> ChunkedReader:
    return ChunkedReader(RequestParser(Limits(**limits)))


def steps(reader: ChunkedReader | LengthReader, buffer: bytes, start: int = 0) -> list[Step]:
    """Events and the offsets behind them, until nothing more can be read or the content ends."""
    found: list[Step] = []
    while True:
        event, start = reader(buffer, start)
        found.append((event.data if isinstance(event, Data) else event, start))
        if not isinstance(event, Data):
            return found


def test_length_takes_just_its_bytes_and_leaves_the_rest() -> None:
    assert steps(LengthReader(3), b"--abcdef", 2) == [(b"abc", 5), (EndOfMessage(), 5)]


def test_length_takes_what_has_arrived_and_remembers_what_is_missing() -> None:
    reader = LengthReader(5)
    assert steps(reader, b"ab") == [(b"ab", 2), (None, 2)]
    assert reader.remaining == 3
    assert steps(reader, b"cde") == [(b"cde", 3), (EndOfMessage(), 3)]
    assert reader.remaining == 0


def test_length_does_not_copy_a_buffer_that_is_all_content() -> None:
    buffer = b"a" * 1000
    event, _ = LengthReader(5000)(buffer, 0)
    assert isinstance(event, Data)
    assert event.data is buffer


def test_chunks_come_out_one_by_one_and_the_rest_is_left() -> None:
    buffer = b"--3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\nGET"
    assert steps(chunked(), buffer, 2) == [(b"abc", 8), (b"de", 17), (EndOfMessage(), len(buffer) - 3)]


def test_a_chunk_that_has_arrived_in_part_is_given_out_in_part() -> None:
    reader = chunked()
    assert steps(reader, b"5\r\nab") == [(b"ab", 5), (None, 5)]
    assert steps(reader, b"cde\r\n") == [(b"cde", 3), (None, 5)]
    assert steps(reader, b"0\r\n\r\n") == [(EndOfMessage(), 5)]


def test_chunked_content_does_not_know_how_much_is_to_come() -> None:
    reader = chunked()
    steps(reader, b"5\r\nab")
    assert reader.remaining is None


@pytest.mark.parametrize("part", [b"", b"5", b'5;a="b', b"5\r"])
def test_nothing_is_taken_before_a_size_is_complete(part: bytes) -> None:
    assert steps(chunked(), part) == [(None, 0)]


def test_a_size_is_found_when_the_buffer_was_cut_before_it() -> None:
    reader = chunked()
    assert steps(reader, b"3\r\nabc\r\n1") == [(b"abc", 6), (None, 8)]
    assert steps(reader, b"1;a") == [(None, 0)]  # the caller cuts off what was read
    assert steps(reader, b"1;a\r\nd\r\n0\r\n\r\n") == [(b"d", 6), (EndOfMessage(), 13)]


def test_trailers_come_with_the_end() -> None:
    end = EndOfMessage(((b"x-a", b"1"), (b"x-b", b"")))
    assert steps(chunked(), b"0\r\nX-A: 1\r\nX-B:\r\n\r\nGET") == [(end, 19)]


@pytest.mark.parametrize("cut", range(3, 19))
def test_trailers_wait_for_their_empty_line(cut: int) -> None:
    reader, buffer = chunked(), b"0\r\nX-A: 1\r\nX-B:\r\n\r\n"
    assert steps(reader, buffer[:cut]) == [(None, 3)]
    assert steps(reader, buffer[3:]) == [(EndOfMessage(((b"x-a", b"1"), (b"x-b", b""))), 16)]


def refusal(reader: ChunkedReader, buffer: bytes) -> tuple[int, str]:
    with pytest.raises(RemoteProtocolError) as caught:
        steps(reader, buffer)
    return caught.value.status, str(caught.value)


TOO_LONG = (400, "the chunk extensions are too long")


def test_extensions_are_counted_over_all_chunks() -> None:
    assert steps(chunked(chunk_extensions=4), b"1;a\r\nx\r\n0;b\r\n\r\n")[-1] == (EndOfMessage(), 15)
    assert refusal(chunked(chunk_extensions=3), b"1;a\r\nx\r\n0;b\r\n") == TOO_LONG


def test_no_extension_is_taken_where_none_is_allowed() -> None:
    assert steps(chunked(chunk_extensions=0), b"1\r\nx\r\n0\r\n\r\n")[-1] == (EndOfMessage(), 11)
    assert refusal(chunked(chunk_extensions=0), b"1;a\r\n") == TOO_LONG


def test_extensions_beyond_the_limit_are_refused_in_the_chunk_that_has_them() -> None:
    # A short size leaves room in the longest line; a later size would have paid for it.
    assert refusal(chunked(chunk_extensions=3), b"1;abc\r\n") == TOO_LONG


def test_a_long_size_is_allowed_when_the_extensions_are_used_up() -> None:
    buffer = b"1;ab\r\nx\r\n%016x\r\n" % 0 + b"\r\n"
    assert steps(chunked(chunk_extensions=3), buffer)[-1] == (EndOfMessage(), len(buffer))


def test_a_line_without_an_end_is_refused_when_it_is_longer_than_any_valid_one() -> None:
    assert steps(chunked(chunk_extensions=3), b"1;aa" + b"a" * 16) == [(None, 0)]
    assert refusal(chunked(chunk_extensions=3), b"1;aa" + b"a" * 17) == TOO_LONG


def test_a_line_without_an_end_is_measured_by_what_earlier_extensions_have_left() -> None:
    before = b"1;ab\r\nx\r\n"
    assert steps(chunked(chunk_extensions=5), before + b"1;" + b"a" * 17)[-1] == (None, len(before))
    assert refusal(chunked(chunk_extensions=5), before + b"1;" + b"a" * 18) == TOO_LONG


def test_content_beyond_the_limit_is_refused_before_it_is_read() -> None:
    assert refusal(chunked(body=5), b"3\r\nabc\r\n3\r\n")[0] == 413
    assert refusal(chunked(), b"f" * 16 + b"\r\n")[0] == 413


@pytest.mark.parametrize("body", [b"3\n", b"\n", b"1\r\nx\r\n\n", b"0\r\n\n", b"0\r\nX-A: 1\n"])
def test_a_line_that_ends_with_lf_is_refused_without_waiting_for_a_crlf(body: bytes) -> None:
    assert refusal(chunked(), body) == (400, "a line ends with LF instead of CRLF")


@pytest.mark.parametrize("behind", [b"x", b"\n", b"\rx", b"\r\r"])
def test_a_chunk_is_followed_by_crlf(behind: bytes) -> None:
    assert refusal(chunked(), b"3\r\nabc" + behind) == (400, "a chunk is not followed by CRLF")
