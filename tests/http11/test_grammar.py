"""The patterns, each against what its ABNF allows and what it does not, and against hostile input."""

from __future__ import annotations

import ipaddress
import random
import re
import time

import pytest

from wsgiserve.http11 import grammar

TCHARS = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_tchar_is_what_the_rfc_lists() -> None:
    allowed = {byte for byte in range(256) if re.fullmatch(grammar.TCHAR, bytes([byte]))}
    assert allowed == set(TCHARS)


def test_field_values_hold_vchar_and_obs_text_and_blanks_inside() -> None:
    allowed = {byte for byte in range(256) if grammar.FIELD_LINE.fullmatch(b"x:a" + bytes([byte]) + b"a")}
    assert allowed == {*range(0x21, 0x7F), *range(0x80, 0x100), 0x20, 0x09}


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (b"a:b", b"a", b"b"),
        (b"a: b c\t d \t", b"a", b"b c\t d"),
        (b"a:", b"a", b""),
        (b"a: \t ", b"a", b""),
        (b"a::", b"a", b":"),
    ],
)
def test_field_lines_are_split_at_the_first_colon_and_stripped(line: bytes, name: bytes, value: bytes) -> None:
    match = grammar.FIELD_LINE.fullmatch(line)
    assert match is not None
    assert match.groups() == (name, value)


@pytest.mark.parametrize("line", [b"", b":", b":a", b"a", b"a :b", b" a:b", b"a:b\n", b"a:\r", b"a\n:b"])
def test_what_is_no_field_line(line: bytes) -> None:
    assert grammar.FIELD_LINE.fullmatch(line) is None


def test_targets_in_origin_form_hold_all_vchar_but_the_fragment_sign() -> None:
    def allowed(before: bytes) -> set[int]:
        return {byte for byte in range(256) if grammar.ORIGIN_FORM.fullmatch(before + bytes([byte]))}

    assert allowed(b"/") == allowed(b"/?") == set(range(0x21, 0x7F)) - {ord("#")}


def ipv6_texts() -> list[str]:
    """Addresses right and wrong: groups joined in all ways, with and without a gap, an IPv4 tail, an extra colon."""
    choose = random.Random(3986)
    texts = ["::", ":::", "1::", "::1", "1", ":", ""]
    for _ in range(3000):
        groups = [f"{choose.getrandbits(16):x}" for _ in range(choose.randint(1, 9))]
        if choose.random() < 0.3:
            groups.append(choose.choice(["192.0.2.1", "255.255.255.255", "256.0.0.1", "1.2.3", "01.2.3.4"]))
        if choose.random() < 0.7:
            groups.insert(choose.randint(0, len(groups)), "")
        text = ":".join(groups)
        texts.append(choose.choice(["", "", "", ":"]) + text + choose.choice(["", "", "", ":", "g", "00000"]))
    return texts


def is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def test_ipv6_addresses_are_those_of_the_standard_library() -> None:
    texts = ipv6_texts()
    valid = [text for text in texts if is_ipv6(text)]
    assert len(texts) / 10 < len(valid) < len(texts)
    assert [text for text in texts if grammar.HOST.fullmatch(f"[{text}]".encode())] == valid


@pytest.mark.parametrize("size", [b"", b"g", b"+1", b"0x1", b" 1", b"1 ", b"1_0", b"1" * 17])
def test_what_is_no_chunk_size(size: bytes) -> None:
    assert grammar.CHUNK_LINE.fullmatch(size) is None


# Each is refused, or taken, only after its last byte was looked at.
HOSTILE = [
    pytest.param(grammar.FIELD_LINE, b"x:", b" ", b"\0", id="blanks before a control byte"),
    pytest.param(grammar.FIELD_LINE, b"x:", b"a ", b"\0", id="words before a control byte"),
    pytest.param(grammar.FIELD_LINE, b"x:a", b" ", b"\0", id="blanks inside, before a control byte"),
    pytest.param(grammar.FIELD_LINE, b"", b"x", b"", id="a name without a colon"),
    pytest.param(grammar.NAME_AND_SPACE, b"x", b" ", b"x", id="blanks without a colon"),
    pytest.param(grammar.NAME_AND_SPACE, b"", b"x", b"\0", id="a name without a blank"),
    pytest.param(grammar.REQUEST_LINE, b"GET /", b"a", b" HTTP/1.x", id="a target without a version"),
    pytest.param(grammar.REQUEST_LINE, b"GET ", b"/ HTTP/1.1", b"", id="version after version"),
    pytest.param(grammar.ORIGIN_FORM, b"/", b"?", b"#", id="question marks before a fragment"),
    pytest.param(grammar.ABSOLUTE_FORM, b"http://a/", b"/?", b"#", id="an absolute-form with a fragment"),
    pytest.param(grammar.ABSOLUTE_FORM, b"http://", b"a", b"@", id="an authority with userinfo"),
    pytest.param(grammar.HOST, b"", b"a", b"/", id="a name before a slash"),
    pytest.param(grammar.HOST, b"", b"%41", b"%", id="pct-encoded before a lonely percent sign"),
    pytest.param(grammar.HOST, b"[", b"1:", b"]", id="groups of an address"),
    pytest.param(grammar.HOST, b"[", b":", b"]", id="gaps of an address"),
    pytest.param(grammar.HOST, b"[v1.", b"a:", b"", id="an address of the future without an end"),
    pytest.param(grammar.AUTHORITY_FORM, b"", b"a.", b":", id="a name without a port"),
    pytest.param(grammar.CHUNK_LINE, b"1", b";a", b"\0", id="extensions before a control byte"),
    pytest.param(grammar.SECRET_GET, b"GET / HTTP/1.1", b"\r\nCookie: a", b"\0", id="cookies before a control byte"),
    pytest.param(grammar.SECRET_GET, b"GET / HTTP/1.1\r\nCookie: a", b" ", b"\0", id="blanks in a cookie"),
    pytest.param(grammar.SECRET_GET, b"GET / HTTP/1.1", b"\r\n", b"", id="line ends without a cookie"),
    pytest.param(grammar.SECRET_GET, b"GET /", b"a", b"", id="a target without an end"),
    pytest.param(grammar.CHUNK_LINE, b"1;a", b" ", b"\0", id="blanks after an extension"),
    pytest.param(grammar.CHUNK_LINE, b"1", b' ; a = "b"', b"\0", id="blanks around extensions"),
    pytest.param(grammar.CHUNK_LINE, b'1;a="', b"\\a", b"", id="a quoted-string without an end"),
    pytest.param(grammar.CHUNK_LINE, b"1", b';a="', b"", id="quotes in quotes"),
]


def seconds(pattern: re.Pattern[bytes], text: bytes) -> float:
    """Time of this thread alone, the least of several: what else the machine does is not counted."""
    times = []
    for _ in range(5):
        start = time.thread_time()
        pattern.fullmatch(text)
        times.append(time.thread_time() - start)
    return min(times)


@pytest.mark.parametrize(("pattern", "start", "unit", "end"), HOSTILE)
def test_no_pattern_goes_back_over_what_it_has_read(
    pattern: re.Pattern[bytes], start: bytes, unit: bytes, end: bytes
) -> None:
    short, long = (start + unit * (size // len(unit)) + end for size in (1024, 8192))
    # Linear is 8 times, quadratic 64 times. A microsecond is what the clock and the caches may add. Side by side, and
    # more than once: a virtual machine's processor may be three times as slow for the milliseconds of one of them.
    assert min(seconds(pattern, long) / (seconds(pattern, short) + 1e-6) for _ in range(5)) < 24
