"""What is found, what is done about it, and what is left as it is."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tests.lint.bench import ask, request
from tests.server.doubles import Bench
from wsgiserve.lint import Finding, Linter, LintingHandler, gateway, linting
from wsgiserve.server.access import Access

Environ = dict[str, Any]
Start = Callable[..., Callable[[bytes], None]]

TEXT = [("Content-Type", "text/plain")]


def hello(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    return [b"hello"]


def untyped(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"hello"]


def test_a_request_without_a_fault_has_no_finding_and_no_note() -> None:
    result = ask(hello)
    assert result.answers[0].endswith(b"\r\n\r\nhello")
    assert (result.findings, result.told, result.accesses[0].note) == ([], [], "")


def test_a_finding_is_told_with_its_place_and_noted_in_the_access_line() -> None:
    result = ask(untyped)
    (finding,) = result.told
    assert (finding.code, finding.request) == ("W206", "GET /")
    assert finding.place.startswith(f"{__file__}:")
    assert finding.place.endswith(" in untyped")
    assert result.accesses[0].note == "lint W206 a body without Content-Type"


def test_the_answer_is_the_same_as_without() -> None:
    assert ask(untyped).answers[0].endswith(b"\r\n\r\nhello")


def test_it_is_told_once_and_noted_each_time() -> None:
    result = ask(untyped, [request(), request(target="/other")])
    assert (result.codes, len(result.findings), len(result.told)) == (["W206"], 2, 1)
    assert all("W206" in access.note for access in result.accesses)


def test_who_has_waited_for_a_thread_is_the_one_request_that_did(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Finding] = []
    accesses: list[Access] = []
    handler = linting(Linter(tell=found.append), LintingHandler)
    bench = Bench(monkeypatch, handler, app=hello, access_log=accesses.append)
    bench.stream.silent = 0.4
    for target in ("/late", "/next"):
        assert bench.arrive(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        bench.connection.handle_one_request()
    bench.close()
    assert [(finding.code, finding.request) for finding in found] == [("P304", "GET /late")]
    assert [access.note.partition("  lint ")[::2] for access in accesses] == [
        ("queue 400 ms · 1/1 threads busy", f"P304 {found[0].rule}"),
        ("", ""),
    ]


def test_the_note_has_the_codes_of_all_findings() -> None:
    def two(environ: Environ, start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"hello"

    assert ask(two).accesses[0].note == "lint W206 a body without Content-Type, P302"


def test_what_the_server_refuses_is_a_finding_that_its_log_tells() -> None:
    result = ask(lambda environ, start_response: [b"x"])
    assert (result.codes, result.told) == (["E106"], [])
    assert result.accesses[0].note == "✗ against PEP 3333 (E106), see above"


def test_a_refusal_that_the_application_catches_is_a_finding_too() -> None:
    def careful(environ: Environ, start_response: Start) -> Iterable[bytes]:
        try:
            start_response("200", [])
        except Exception:
            start_response("500 Oops", TEXT, sys.exc_info())
        return [b"sorry"]

    result = ask(careful)
    assert result.answers[0].startswith(b"HTTP/1.1 500 Oops\r\n")
    assert result.codes == ["E101"]


# Strictly


@pytest.mark.parametrize("headers", [[], [*TEXT, ("Set-Cookie", "a=" + "b" * 5000)], TEXT * 2])
def test_strictly_a_finding_before_the_head_is_answered_with_500(headers: list[tuple[str, str]]) -> None:
    def app(environ: Environ, start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return [b"hello"]

    result = ask(app, strict=True)
    assert result.answers[0].startswith(b"HTTP/1.1 500 ")
    assert len(result.findings) == 1
    assert result.told == []


def test_strictly_it_is_500_though_the_application_swallows_it() -> None:
    def stubborn(environ: Environ, start_response: Start) -> Iterable[bytes]:
        try:
            environ["wsgi.input"].read()
        except Exception:
            start_response("200 OK", TEXT)
        return [b"hello"]

    result = ask(stubborn, [request("POST", "/", b"hello")], strict=True)
    assert result.codes == ["E111"]


def test_strictly_a_finding_after_the_head_closes_the_connection() -> None:
    keep = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
    result = ask(hello, [keep], strict=True)
    assert result.answers[0].endswith(b"\r\n\r\nhello")
    assert result.codes == ["W203"]
    assert result.accesses[0].note == "✗ against PEP 3333 (W203), see above"


def test_strictly_what_only_costs_is_told() -> None:
    def one_block(environ: Environ, start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        yield b"hello"

    result = ask(one_block, strict=True)
    assert result.answers[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert [finding.code for finding in result.told] == ["P302"]


# Single rules, where the page's example is not the whole of it


def test_a_body_for_head_is_no_finding() -> None:
    assert ask(hello, [request("HEAD")]).findings == []


def test_a_list_of_one_block_is_no_finding() -> None:
    assert ask(hello).findings == []


def test_a_stream_of_events_may_be_of_small_blocks_or_one() -> None:
    def events(environ: Environ, start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        for _ in range(int(environ["QUERY_STRING"])):
            yield b"data: 1\n\n"

    assert ask(events, [request(target="/?1"), request(target="/?500")]).findings == []


def test_content_that_is_refused_need_not_be_read() -> None:
    def refuse(environ: Environ, start_response: Start) -> Iterable[bytes]:
        start_response("403 Forbidden", TEXT)
        return [b"no"]

    assert ask(refuse, [request("POST", "/", b"hello")]).findings == []


def test_chunked_content_may_be_read_to_its_end_and_must_be_read() -> None:
    flags: list[object] = []

    def app(environ: Environ, start_response: Start) -> Iterable[bytes]:
        flags.append(environ.get("wsgi.input_terminated"))
        content = environ["wsgi.input"].read() if environ["PATH_INFO"] == "/read" else b""
        start_response("200 OK", TEXT)
        return [content]

    read, unread = (
        ask(app, [request("POST", target, b"", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n"])
        for target in ("/read", "/unread")
    )
    assert read.answers[0].endswith(b"hello")
    assert (read.codes, unread.codes) == ([], ["W203"])
    assert flags == [True, True]


def test_the_flag_for_reading_to_the_end_is_left_out_where_a_length_says_it() -> None:
    seen: list[object] = []

    def app(environ: Environ, start_response: Start) -> Iterable[bytes]:
        seen.append(environ.get("wsgi.input_terminated"))
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return hello(environ, start_response)

    assert ask(app, [request(), request("POST", "/", b"hello")]).findings == []
    assert seen == [None, None]


def test_another_iterator_for_each_request_is_no_finding() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"one"
        yield b"two"

    def app(environ: Environ, start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        return blocks()

    assert ask(app, [request()] * 20).findings == []


def test_who_takes_the_socket_over_is_no_application_any_more() -> None:
    def take(environ: Environ, start_response: Start) -> Iterable[bytes]:
        sock: socket.socket = environ["werkzeug.socket"]
        sock.sendall(b"our own words")
        return []

    result = ask(take)
    assert result.answers == [b"our own words"]
    assert (result.findings, result.told) == ([], [])


def test_waiting_for_content_counts_from_a_second_on() -> None:
    assert gateway._PATIENCE == 1.0
