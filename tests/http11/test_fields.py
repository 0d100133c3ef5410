"""Field lines to pairs, pairs to what framing and routing need."""

from __future__ import annotations

import pytest

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11.events import FieldSection
from wsgiserve.http11.fields import HOP_BY_HOP, SECRET, field_section, list_members, parse_field_line


def section(*lines: bytes) -> FieldSection:
    return field_section([parse_field_line(line) for line in lines])


def refusal(*lines: bytes) -> tuple[int, str]:
    with pytest.raises(RemoteProtocolError) as caught:
        section(*lines)
    return caught.value.status, str(caught.value)


def test_a_field_line_is_a_name_in_lower_case_and_a_value_as_sent() -> None:
    assert parse_field_line(b"X-Some-Name: \tSome Value ") == (b"x-some-name", b"Some Value")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b" X-A: 1", "a folded field line"),
        (b"\tmore", "a folded field line"),
        (b"X-A", "a field line without a colon"),
        (b"", "a field line without a colon"),
        (b"X-A : 1", "white space between a field name and its colon"),
        (b"X-A\t \t: 1", "white space between a field name and its colon"),
        (b"X-A: a\x00b", "a control character in a field value"),
        (b"X-A: a\rb", "a control character in a field value"),
        (b":", "an invalid field name"),
        (b": a", "an invalid field name"),
        (b"X A: 1", "an invalid field name"),
        (b"X\x00A: \x00", "an invalid field name"),
        ("é: 1".encode(), "an invalid field name"),
    ],
)
def test_a_bad_field_line_is_told_what_is_wrong_with_it(line: bytes, reason: str) -> None:
    assert refusal(line) == (400, reason)


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"A, b\t,C ", [b"a", b"b", b"c"]),
        (b" , a,, ,b,", [b"a", b"b"]),
        (b"a b", [b"a b"]),
    ],
)
def test_a_list_has_members_in_lower_case_and_no_empty_ones(value: bytes, members: list[bytes]) -> None:
    assert list_members(value) == members


def test_an_empty_section_says_nothing() -> None:
    empty = section()
    assert (empty.pairs, empty.host, empty.content_length) == ((), None, None)
    assert (empty.chunked, empty.close, empty.keep_alive, empty.expect_continue) == (False, False, False, False)


def test_pairs_stay_as_sent_and_in_order() -> None:
    lines = [b"X-B: 2", b"Host: a.example", b"x-a: 1", b"X-B: 1"]
    assert section(*lines).pairs == ((b"x-b", b"2"), (b"host", b"a.example"), (b"x-a", b"1"), (b"x-b", b"1"))


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (b"Host: a", b"host: a", "more than one Host field"),
        (b"Content-Length: 1", b"CONTENT-LENGTH: 1", "more than one Content-Length field"),
        (b"Content-Type: a/b", b"Content-type: c/d", "more than one Content-Type field"),
        (b"Host:", b"Host: a", "more than one Host field"),
    ],
)
def test_fields_that_route_or_frame_stand_once(first: bytes, second: bytes, reason: str) -> None:
    assert refusal(first, b"X-A: 1", second) == (400, reason)


@pytest.mark.parametrize("value", [b"", b"a", b"a.example:80", b"192.0.2.1", b"[::1]:80", b"a:"])
def test_a_valid_host_is_kept_as_sent(value: bytes) -> None:
    assert section(b"Host: " + value).host == value


@pytest.mark.parametrize("value", [b":80", b"a b", b"a/b", b"a, b", b"[::1", b"::1", b"a:b", b"a@b", b"a%zz", b"\xff"])
def test_an_invalid_host_is_refused(value: bytes) -> None:
    assert refusal(b"Host: " + value) == (400, "an invalid Host field")


@pytest.mark.parametrize(
    ("value", "length"),
    [(b"0", 0), (b"3", 3), (b"003", 3), (b"0" * 5000, 0), (b"9" * 19, int("9" * 19)), (b"0" * 5000 + b"7", 7)],
)
def test_content_length_is_digits(value: bytes, length: int) -> None:
    assert section(b"Content-Length: " + value).content_length == length


@pytest.mark.parametrize("value", [b"", b"+3", b"-3", b"3_0", b"0x3", b"3.0", b"3, 3", b"3 3", b"three", b"\xb2"])
def test_content_length_is_nothing_but_digits(value: bytes) -> None:
    assert refusal(b"Content-Length: " + value) == (400, "an invalid Content-Length field")


@pytest.mark.parametrize("digits", [20, 4301, 100_000])
def test_a_content_length_beyond_all_limits_is_too_long_and_never_converted(digits: int) -> None:
    assert refusal(b"Content-Length: " + b"1" * digits)[0] == 413


CODING = (501, "a transfer coding other than chunked")
NOT_LAST = (400, "chunked is not the last transfer coding, and used once")


@pytest.mark.parametrize("lines", [[b"chunked"], [b"CHUNKED"], [b", chunked ,"], [b"", b"chunked"]])
def test_the_one_transfer_coding_is_chunked(lines: list[bytes]) -> None:
    assert section(*(b"Transfer-Encoding: " + line for line in lines)).chunked


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        ([b""], NOT_LAST),
        ([b"gzip"], NOT_LAST),
        ([b"identity"], NOT_LAST),
        ([b"xchunked"], NOT_LAST),
        ([b"chunkedx"], NOT_LAST),
        ([b"chunked;q=1"], NOT_LAST),
        ([b'"chunked"'], NOT_LAST),
        ([b"chunked chunked"], NOT_LAST),
        ([b"gzip, chunked"], CODING),
        ([b"gzip", b"chunked"], CODING),
        ([b"chunked, chunked"], NOT_LAST),
        ([b"chunked", b"Chunked"], NOT_LAST),
        ([b"chunked, gzip"], NOT_LAST),
        ([b"chunked", b"identity"], NOT_LAST),
        ([b"chunked, gzip, chunked"], NOT_LAST),
    ],
)
def test_any_other_transfer_coding_is_refused(lines: list[bytes], refused: tuple[int, str]) -> None:
    assert refusal(*(b"Transfer-Encoding: " + line for line in lines)) == refused


@pytest.mark.parametrize(
    ("lines", "close", "keep_alive"),
    [
        ([b"close"], True, False),
        ([b"Close"], True, False),
        ([b"keep-alive"], False, True),
        ([b"Keep-Alive, TE"], False, True),
        ([b"x-a,close"], True, False),
        ([b"keep-alive", b"close"], True, True),
        ([b"closed, not-keep-alive"], False, False),
        ([b""], False, False),
    ],
)
def test_connection_options(lines: list[bytes], close: bool, keep_alive: bool) -> None:
    fields = section(*(b"Connection: " + line for line in lines))
    assert (fields.close, fields.keep_alive) == (close, keep_alive)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"100-continue"], True),
        ([b"100-Continue"], True),
        ([b"100-continue, 100-continue", b"100-continue"], True),
        ([b""], False),
        ([], False),
    ],
)
def test_the_one_expectation_is_100_continue(lines: list[bytes], expected: bool) -> None:
    assert section(*(b"Expect: " + line for line in lines)).expect_continue is expected


@pytest.mark.parametrize(
    "lines", [[b"200-ok"], [b"100-continue, 200-ok"], [b"100-continue", b"x"], [b"100-continue;x"]]
)
def test_any_other_expectation_fails(lines: list[bytes]) -> None:
    refused = refusal(*(b"Expect: " + line for line in lines))
    assert refused == (417, "an expectation other than 100-continue")


def test_lists_of_names_are_in_lower_case_as_names_are_compared() -> None:
    assert all(name == name.lower() for name in HOP_BY_HOP | SECRET)
    assert {b"connection", b"transfer-encoding", b"upgrade"} < HOP_BY_HOP
    assert {b"authorization", b"cookie"} < SECRET
