"""A connection during a request: sending, receiving and taking over, with a client that does as it is told."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.server.client import request
from tests.server.doubles import Bench
from wsgiserve.errors import ClientDisconnected, ClientTimeout, RemoteProtocolError
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.wsgi.filewrapper import KernelFile

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

DEADLINES = Deadlines(head=10, body=20, keep_alive=15, write=30, tls_handshake=5)

TEXT = bytes(range(100))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A request has arrived, and is about to be handled."""
    made = Bench(monkeypatch, deadlines=DEADLINES)
    assert made.arrive(request("/", "Content-Length: 10", "Expect: 100-continue", method="POST"))
    yield made
    made.close()


def room(bench: Bench, bytes_: int, *, told: bool = True) -> None:
    """When the next one waits for room, the client takes some bytes; the kernel may not tell of so little."""

    def wait() -> bool:
        bench.stream.room = bytes_
        return told

    bench.stream.waits.append(wait)


# Sending


def test_sending_goes_on_until_the_client_has_all(bench: Bench) -> None:
    bench.stream.room = 10
    room(bench, 50)
    room(bench, 50)
    bench.connection.send(TEXT)
    assert bench.stream.sent == TEXT
    assert bench.stream.said == ["waited 30 s for room"] * 2


def test_what_is_followed_at_once_wakes_nobody(bench: Bench) -> None:
    bench.connection.send(b"head", True)
    bench.connection.send(b"body")
    assert (bench.stream.begun, bench.stream.sent) == (b"head", b"headbody")


def test_a_client_that_takes_less_than_the_kernel_tells_of_is_not_given_up(bench: Bench) -> None:
    bench.stream.room = 0
    room(bench, 1, told=False)
    room(bench, 99, told=False)
    bench.connection.send(TEXT)
    assert bench.stream.sent == TEXT


def test_a_client_that_takes_nothing_is_given_up(bench: Bench) -> None:
    bench.stream.room = 0
    room(bench, 0, told=False)
    with pytest.raises(ClientTimeout, match="took no byte of the response for 30 s"):
        bench.connection.send(TEXT)


def test_the_last_block_does_not_wait_for_its_client(bench: Bench) -> None:
    bench.stream.room = 10
    bench.connection.send_last(TEXT, True)
    assert bench.stream.sent == TEXT[:10]
    assert bench.server._parked == 90


def test_the_last_block_waits_when_too_much_waits_already(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsgiserve.server.loop._PARKED_BYTES", 89)
    bench.stream.room = 10
    room(bench, 90)
    bench.connection.send_last(TEXT, True)
    assert bench.stream.sent == TEXT
    assert bench.server._parked == 0


def test_while_the_application_runs_another_thread_goes_on_sending(bench: Bench) -> None:
    bench.server.multithread = True
    bench.stream.room = 10
    bench.connection.send_last(TEXT, False)
    assert (len(bench.stream.sent), bench.poller.asked) == (10, ["wait_write"])
    bench.stream.room = 20
    bench.connection.flush_meanwhile()
    assert (len(bench.stream.sent), bench.poller.asked) == (30, ["wait_write"] * 2)
    bench.stream.room = None
    bench.connection.flush_meanwhile()
    assert bench.stream.sent == TEXT
    assert bench.poller.asked == ["wait_write"] * 2  # its owner is to say what comes next
    bench.connection.flush_meanwhile()
    bench.connection.settle_response()
    assert not bench.connection.advance()
    assert bench.poller.asked[-1] == "wait_read"
    assert bench.server._parked == 0


def test_with_one_thread_it_has_to_send_all_itself(bench: Bench) -> None:
    bench.stream.room = 10
    room(bench, 90)
    bench.connection.send_last(TEXT, False)
    assert bench.stream.sent == TEXT
    assert bench.connection._outbox is None


def test_what_does_not_fit_is_not_waited_for_twice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.server.multithread = True
    monkeypatch.setattr("wsgiserve.server.loop._PARKED_BYTES", 89)
    bench.stream.room = 10
    room(bench, 90)
    bench.connection.send_last(TEXT, False)
    assert bench.poller.asked == []


def test_a_client_that_leaves_meanwhile_is_its_owners_to_find(bench: Bench) -> None:
    bench.server.multithread = True
    bench.stream.room = 10
    bench.connection.send_last(TEXT, False)
    bench.stream.said.append("gone")
    bench.connection.flush_meanwhile()
    assert not bench.connection.closed
    bench.connection.settle_response()
    bench.connection.advance()
    assert bench.connection.closed


@pytest.fixture
def file(tmp_path: Path) -> Iterator[KernelFile]:
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    with path.open("rb") as opened:
        yield KernelFile(opened.fileno(), 10, 90)


def test_a_file_goes_out_behind_its_head(bench: Bench, file: KernelFile) -> None:
    bench.connection.send_file(b"head", file, 50)
    assert bench.stream.sent == b"head" + TEXT[10:60]
    assert bench.connection._outbox is None


def test_the_rest_of_a_file_does_not_wait_for_its_client_and_needs_the_applications_file_no_more(
    bench: Bench, file: KernelFile
) -> None:
    bench.stream.room = 10
    bench.connection.send_file(b"head", file, 90)
    with Path(os.devnull).open("rb") as other:
        os.dup2(other.fileno(), file.fileno)  # closed, and the number is another one's
    bench.stream.room = None
    bench.connection.settle_response()
    bench.connection.advance()
    assert bench.stream.sent == b"head" + TEXT[10:]


def test_without_a_descriptor_for_it_the_rest_of_a_file_waits(
    bench: Bench, file: KernelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dup(fileno: int) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("wsgiserve.server.outbox.os.dup", dup)
    bench.stream.room = 1
    room(bench, 93)
    bench.connection.send_file(b"head", file, 90)
    assert bench.stream.sent == b"head" + TEXT[10:]
    assert bench.connection._outbox is None
    assert bench.server._parked == 0


# Receiving


def test_content_is_received_as_it_comes_and_100_continue_sent_once(bench: Bench) -> None:
    connection = bench.connection
    bench.stream.arrived.extend([None, b"abc", b"defghij"])
    bench.stream.waits.append(lambda: True)
    assert connection.receive_content() == b"abc"
    assert bench.stream.said == ["waited 20 s for bytes"]
    assert connection.receive_content() == b"defghij"
    assert connection.receive_content() == b""
    assert connection.receive_content() == b""
    assert bench.stream.sent == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(("wanted", "asked_for"), [(0, 65536), (100, 100), (100_000, 100_000), (10**9, 262144)])
def test_no_more_is_received_than_is_wanted(bench: Bench, wanted: int, asked_for: int) -> None:
    bench.stream.arrived.append(b"abc")
    assert bench.connection.receive_content(wanted) == b"abc"
    assert bench.stream.asked_for == asked_for


def test_chunks_are_received_as_they_come_whatever_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, deadlines=DEADLINES)
    assert bench.arrive(request("/", "Transfer-Encoding: chunked", method="POST"))
    bench.stream.arrived.append(b"3\r\nabc\r\n")
    assert bench.connection.receive_content(3) == b"abc"
    assert bench.stream.asked_for == 65536
    bench.close()


MUCH = 1_000_000


@pytest.fixture
def much(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A request with much content is being read; the poller has been asked for what it is asked for meanwhile."""
    made = Bench(monkeypatch, deadlines=DEADLINES)
    assert made.arrive(request("/", f"Content-Length: {MUCH}", method="POST"))
    made.stream.arrived.extend([b"a", b"b"])
    assert made.connection.receive_content() + made.connection.receive_content() == b"ab"
    assert made.poller.asked == ["wait_hang_up"]
    yield made
    made.close()


@pytest.mark.parametrize(
    ("length", "expected"), [(MUCH, [MUCH]), (MUCH + 1, [MUCH, MUCH + 1]), (1 << 30, [MUCH, 2 << 20])]
)
def test_the_kernel_is_asked_to_take_in_more_where_more_is_to_come(
    much: Bench, length: int, expected: list[int]
) -> None:
    much.stream.arrived.append(bytes(MUCH - 2))
    much.connection.receive_content(MUCH)
    much.connection.settle_response()
    assert much.arrive(request("/", f"Content-Length: {length}", method="POST"))
    much.stream.arrived.extend([b"a", b"b"])
    much.connection.receive_content()
    much.connection.receive_content()
    assert much.stream.expected == expected


def test_the_poller_is_hushed_before_the_kernel_is_asked_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, deadlines=DEADLINES)
    asked_before: list[list[str]] = []
    monkeypatch.setattr(bench.stream, "expect", lambda count: asked_before.append(bench.poller.asked.copy()))
    assert bench.arrive(request("/", f"Content-Length: {MUCH}", method="POST"))
    bench.stream.arrived.append(b"a")
    bench.connection.receive_content()
    assert asked_before == [["wait_hang_up"]]
    bench.close()


def test_the_kernel_is_asked_for_nothing_on_a_socket_that_is_the_applications(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, deadlines=DEADLINES)
    assert bench.arrive(request("/", f"Content-Length: {MUCH}", method="POST"))
    bench.connection.detached = True
    bench.stream.arrived.append(b"a")
    bench.connection.receive_content()
    assert not bench.stream.expected
    bench.close()


def test_the_poller_looks_again_when_much_content_has_come(much: Bench) -> None:
    much.stream.arrived.append(bytes(MUCH - 3))
    much.connection.receive_content(MUCH)
    assert much.poller.asked == ["wait_hang_up"]
    much.stream.arrived.append(b"c")
    assert much.connection.receive_content(MUCH) == b"c"
    assert much.poller.asked == ["wait_hang_up", "wait_read"]


def test_the_poller_looks_again_when_the_next_request_has_come_with_the_end_of_much_content(much: Bench) -> None:
    much.stream.arrived.append(bytes(MUCH - 2) + request("/next"))
    assert len(much.connection.receive_content(MUCH)) == MUCH - 2
    much.connection.settle_response()
    assert much.poller.asked == ["wait_hang_up", "wait_read"]


def test_the_poller_looks_again_when_much_content_is_left_unread(much: Bench) -> None:
    much.connection.settle_response()
    assert much.poller.asked[:2] == ["wait_hang_up", "wait_read"]


def test_the_poller_looks_again_when_a_request_with_much_content_fails(much: Bench) -> None:
    much.connection.fail_response(500, "broken")
    assert much.poller.asked[:2] == ["wait_hang_up", "wait_read"]


def test_who_waits_for_room_goes_on_waiting_for_it_when_much_content_has_come(much: Bench) -> None:
    much.server.multithread = True
    much.stream.room = 0
    much.connection.send_last(b"so far", done=False)
    much.stream.arrived.append(bytes(MUCH - 2))
    much.connection.receive_content(MUCH)
    assert much.poller.asked == ["wait_hang_up", "wait_write"]


def test_who_waits_for_room_is_told_of_it_while_much_content_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, deadlines=DEADLINES)
    bench.server.multithread = True
    assert bench.arrive(request("/", f"Content-Length: {MUCH}", method="POST"))
    bench.stream.room = 0
    bench.connection.send_last(b"so far", done=False)
    bench.stream.arrived.append(b"a")
    bench.connection.receive_content()
    assert bench.poller.asked == ["wait_write"]
    bench.close()


def test_a_client_that_sends_no_content_is_given_up(bench: Bench) -> None:
    bench.stream.waits.append(lambda: False)
    with pytest.raises(ClientTimeout, match="no byte of the content came for 20 s"):
        bench.connection.receive_content()


def test_a_client_that_leaves_within_its_content_is_no_end_of_it(bench: Bench) -> None:
    bench.stream.arrived.extend([b"abc", b""])
    assert bench.connection.receive_content() == b"abc"
    with pytest.raises(ClientDisconnected, match="before the end"):
        bench.connection.receive_content()


def test_what_follows_the_content_is_remembered(bench: Bench) -> None:
    bench.connection.readable = False
    bench.connection.hung_up = True
    bench.stream.arrived.append(b"abcdefghij")
    assert bench.connection.receive_content() == b"abcdefghij"
    assert bench.connection.readable


def test_broken_content_is_the_clients_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    assert bench.arrive(request("/", "Transfer-Encoding: chunked", method="POST"))
    bench.stream.arrived.append(b"nonsense\r\n")
    with pytest.raises(RemoteProtocolError):
        bench.connection.receive_content()
    bench.close()


# Taking over


@pytest.fixture
def taken(bench: Bench) -> Bench:
    """The application has the socket."""
    bench.connection.running = True
    bench.connection.take_over()
    return bench


def test_a_socket_that_was_taken_over_blocks_and_is_out_of_sight(taken: Bench) -> None:
    assert taken.ours.gettimeout() is None
    taken.connection.take_over()  # each use of it is one
    assert taken.poller.asked == ["unregister"]


def test_a_socket_counts_as_taken_over_once_another_thread_could_use_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    monkeypatch.setattr(bench.poller, "unregister", lambda fileno: seen.append(bench.connection.detached))
    bench.connection.running = True
    bench.connection.take_over()
    assert (seen, bench.connection.detached) == ([False], True)


def test_the_server_is_silent_on_a_socket_that_was_taken_over(taken: Bench) -> None:
    taken.connection.send(TEXT)
    taken.connection.send_last(TEXT, True)
    assert not taken.connection.sends_files
    assert taken.stream.sent == b""


def test_a_socket_that_was_taken_over_is_closed_as_any_other(taken: Bench) -> None:
    taken.connection.settle_response()
    assert taken.ours.gettimeout() == 0.0
    assert taken.poller.asked == ["unregister", "register"]
    assert taken.stream.said == ["goodbye", "shutdown"]


def test_the_server_does_not_answer_a_failure_on_a_socket_that_was_taken_over(taken: Bench) -> None:
    taken.connection.fail_response(500, "it failed")
    assert taken.stream.sent == b""
    assert taken.stream.said == ["goodbye", "shutdown"]


def test_a_socket_that_the_application_has_closed_is_closed(taken: Bench) -> None:
    taken.ours.close()
    taken.connection.fail_response(500, "it failed")
    assert taken.connection.closed


def test_a_socket_can_only_be_taken_over_while_the_application_runs(bench: Bench) -> None:
    with pytest.raises(OSError, match="the request is over"):
        bench.connection.take_over()
    assert not bench.connection.detached


# The end


def test_a_failure_after_a_response_that_waits_for_its_client_leaves_it_whole(bench: Bench) -> None:
    bench.stream.room = 10
    bench.connection.send_last(TEXT, True)
    bench.connection.fail_response(500, "it failed")
    bench.stream.room = None
    bench.connection.advance()
    assert bench.stream.sent == TEXT
    assert bench.stream.said == ["goodbye", "shutdown"]


def test_a_failure_before_the_response_is_answered(bench: Bench) -> None:
    bench.connection.fail_response(500, "it failed")
    assert bench.stream.sent.startswith(b"HTTP/1.1 500 ")
    assert bench.stream.sent.endswith(b"it failed\n")


def test_the_date_of_a_whole_response_is_of_when_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    monkeypatch.setattr("time.time", lambda: 784110777.0 + now)

    def slow(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        nonlocal now
        now += 4 * (environ["PATH_INFO"] == "/slow")
        start_response("200 OK", [])
        return [b"done"]

    bench = Bench(monkeypatch, app=slow)
    for path, date in [("/", b"37"), ("/slow", b"41"), ("/", b"41")]:
        bench.stream.sent = b""
        assert bench.arrive(request(path))
        bench.connection.handle_one_request()
        assert b"Date: Sun, 06 Nov 1994 08:49:%b GMT" % date in bench.stream.sent
    bench.close()
