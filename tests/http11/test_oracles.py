"""What we accept, h11 and llhttp read the same way; what one of them refuses, we accept for a reason below.

The bytes are the wire samples, joined, cut and damaged by a generator with fixed seeds: the same on every run.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from tests.http11.oracles import Message, Reading, by_h11, by_llhttp, by_us
from tests.wire.damage import damaged
from wsgiserve.conform.samples import samples

CASES = 60_000

# llhttp stops at an Upgrade whatever the server answers, and gives the content away as the next protocol's.
SEEDS = [sample.data for sample in [*samples("valid"), *samples("invalid")] if sample.name != "valid/upgrade-ignored"]


class Refusal(NamedTuple):
    """A message that we read and that an oracle refused, as we read it; and all the bytes."""

    oracle: str
    message: Message
    data: bytes


class Reason(NamedTuple):
    """Why a message is right though an oracle refuses it: the rule, and what such messages look like."""

    oracle: str
    rule: str
    applies: Callable[[Message, bytes], object]


def _empty_members(message: Message, _: bytes) -> bool:
    return any(name == b"transfer-encoding" and b"," in value for name, value in message.fields)


def _long_length(message: Message, _: bytes) -> bool:
    return any(name == b"content-length" and len(value) > 20 for name, value in message.fields)


def _unknown_method(message: Message, _: bytes) -> bool:
    return message.method not in (b"GET", b"POST", b"OPTIONS")


def _in_data(pattern: bytes) -> Callable[[Message, bytes], object]:
    return lambda _, data: re.search(pattern, data)


BWS = _in_data(rb"\n[0-9A-Fa-f]+[ \t]+;")
FRAMING_IN_TRAILERS = _in_data(rb"\n0+\r\n(?:.+\r\n)*(?i:host|content-length|transfer-encoding|connection):")

REASONS = [
    Reason("h11", "RFC 9110 §5.6.1.2: a recipient MUST ignore empty list members", _empty_members),
    Reason("llhttp", "RFC 9110 §5.6.1.2: a recipient MUST ignore empty list members", _empty_members),
    Reason("h11", "RFC 9110 §5.6.3: a recipient MUST parse bad white space, around chunk extensions too", BWS),
    Reason("llhttp", "RFC 9110 §5.6.3: a recipient MUST parse bad white space, around chunk extensions too", BWS),
    Reason("h11", "RFC 9110 §6.5.1: trailers are kept apart, and frame nothing", FRAMING_IN_TRAILERS),
    Reason("llhttp", "RFC 9110 §6.5.1: trailers are kept apart, and frame nothing", FRAMING_IN_TRAILERS),
    Reason(
        "h11",
        "RFC 9112 §2.2: empty lines before a request-line SHOULD be ignored",
        _in_data(rb"\A\r\n|\n\r\n\r\n|abc\r\n[A-Z]"),
    ),
    Reason("h11", "RFC 9110 §8.6: Content-Length is 1*DIGIT, however many", _long_length),
    Reason("h11", "RFC 9112 §9.3: HTTP/1.0 persists with keep-alive", _in_data(rb"(?is)HTTP/1\.0.*keep-alive")),
    Reason("llhttp", "RFC 9110 §9.1: methods are extensible", _unknown_method),
    Reason("llhttp", "RFC 9110 §2.5: a higher minor version is the highest we speak", _in_data(rb"HTTP/1\.[2-9]")),
    Reason("llhttp", "RFC 9112 §C.2.2: Proxy-Connection is not Connection", _in_data(rb"(?i)proxy-connection")),
]


@cache
def readings() -> list[tuple[bytes, Reading, dict[str, Reading]]]:
    """Each case of which we accept at least one message, and what everybody read."""
    choose = random.Random(20260112)
    cases = (damaged(SEEDS, choose) for _ in range(CASES))
    ours = ((data, by_us(data)) for data in cases)
    return [(data, us, {"h11": by_h11(data), "llhttp": by_llhttp(data)}) for data, us in ours if us.messages]


def refusals() -> Iterator[Refusal]:
    """What each oracle did not read; behind it, it is out of step."""
    for data, us, oracles in readings():
        for name, they in oracles.items():
            number = len(they.messages)
            if they.refused and number < len(us.messages):
                yield Refusal(name, us.messages[number], data)


def reason_for(refusal: Refusal) -> Reason | None:
    reasons = (reason for reason in REASONS if reason.oracle == refusal.oracle)
    return next((reason for reason in reasons if reason.applies(refusal.message, refusal.data)), None)


def test_enough_is_accepted_for_a_comparison() -> None:
    assert len(readings()) > CASES / 10


def test_messages_that_an_oracle_accepts_too_are_the_same() -> None:
    for data, us, oracles in readings():
        for name, they in oracles.items():
            common = min(len(us.messages), len(they.messages))
            assert us.messages[:common] == they.messages[:common], (name, data)


def test_no_oracle_waits_for_more_where_a_message_ends() -> None:
    for data, us, oracles in readings():
        for name, they in oracles.items():
            assert they.refused or len(they.messages) >= len(us.messages), (name, data)


def test_what_an_oracle_refuses_is_accepted_for_a_reason() -> None:
    assert [refusal for refusal in refusals() if reason_for(refusal) is None] == []


def test_every_reason_is_needed() -> None:
    assert {reason_for(refusal) for refusal in refusals()} >= set(REASONS)
