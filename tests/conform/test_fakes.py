"""No case passes for the wrong reason: each is failed by a server that does just this wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pytest

from tests.conform.fake import Script, broken, replayed
from wsgiserve.conform import probe
from wsgiserve.conform.case import Broken, Case
from wsgiserve.conform.cases import CASES
from wsgiserve.conform.client import Client, FailedError, Said, Target
from wsgiserve.conform.responses import BrokenResponseError
from wsgiserve.testing import serve


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """Ours, with the probe."""
    with serve(probe) as server:
        yield Target(("127.0.0.1", server.port), None, 20.0)


def token(case: Case) -> str:
    return case.id.replace("/", "-")


def recorded(case: Case, target: Target) -> list[Script]:
    """What was said on each connection of a case that passes."""
    client = Client(target, token(case))
    try:
        case.play(client)
    finally:
        client.close()
    by_connection = sorted(client.said, key=lambda said: said.connection)
    return [list(group) for _, group in groupby(by_connection, lambda said: said.connection)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_broken_server_fails(case: Case, target: Target) -> None:
    scripts = recorded(case, target)
    apart = case.id.startswith("streaming/")
    with replayed(scripts, token(case), 20.0, apart=apart) as client:
        case.play(client)  # the same answers pass
    with (
        replayed(broken(scripts, case.broken), token(case), 0.5) as client,
        pytest.raises((FailedError, BrokenResponseError)),
    ):
        case.play(client)


READ = [
    case
    for case in CASES
    if case.broken == Broken(rb"HTTP/1\.1 200 OK", b"HTTP/1.1 400 Bad Request") and "asterisk" not in case.id
]


@pytest.mark.parametrize("case", READ, ids=lambda case: case.id)
@pytest.mark.parametrize("key", ["REQUEST_METHOD", "PATH_INFO"])
def test_a_server_that_reads_something_else_fails(case: Case, key: str, target: Target) -> None:
    mangled = Broken(f'"{key}"'.encode(), f'"{key[:-1]}X"'.encode())
    with (
        replayed(broken(recorded(case, target), mangled), token(case), 20.0) as client,
        pytest.raises(FailedError, match=key),
    ):
        case.play(client)


def test_what_is_recorded_is_what_was_said(target: Target) -> None:
    (case,) = (case for case in CASES if case.id == "request-line/origin-form")
    (script,) = recorded(case, target)
    assert script[0] == Said(1, "client", b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
    assert script[1].data.startswith(b"HTTP/1.1 200 OK\r\n")
