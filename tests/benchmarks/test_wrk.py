"""What wrk prints with our scripts, and which of it puts a server out."""

from __future__ import annotations

import json

import pytest

from benchmarks.drivers.wrk import read
from benchmarks.trial import FaultError

TOLD = {"requests": 1000, "bytes": 100_000, "microseconds": 2_000_000, "errors": 3, "wrong": 0, "p50": 250, "p99": 1500}


def printed(**changes: int) -> str:
    return f"Running 2s test @ http://127.0.0.1:1/\n  1000 requests in 2.00s\n\n{json.dumps(TOLD | changes)}\n"


def test_rates_are_per_second_and_latencies_in_milliseconds() -> None:
    assert read(printed(), 100, 32) == {"rate": 500.0, "p50": 0.25, "p99": 1.5, "errors": 3, "served": 1000}


def test_answers_that_were_half_there_in_the_end_are_allowed() -> None:
    assert read(printed(bytes=100_000 + 32 * 100), 100, 32)["rate"] == 500.0


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (printed(wrong=2), "2 of 1,000 answers were errors"),
        (printed(requests=0), "answered nothing under load; 3 connections failed"),
        (printed(bytes=50_000), "answers were 50 bytes long in place of 100"),
        ("unable to connect to 127.0.0.1:1 Connection refused\n", "unable to connect"),
    ],
)
def test_a_server_is_out(output: str, reason: str) -> None:
    with pytest.raises(FaultError, match=reason):
        read(output, 100, 32)


def test_answers_whose_lengths_differ_are_not_added_up() -> None:
    assert read(printed(bytes=50_000), 0, 32)["rate"] == 500.0
