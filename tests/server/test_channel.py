"""A connection between two requests, step by step, with a clock that stands still."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.client import request
from tests.server.doubles import Bench, FakePoller
from tests.server.running import descriptors
from wsgiserve.errors import ClientDisconnected
from wsgiserve.server.channel import Channel
from wsgiserve.server.deadlines import UNSET, Deadlines
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.outbox import TURN_BYTES, Outbox
from wsgiserve.server.poller import new_poller
from wsgiserve.server.stream import RECEIVE_BYTES, PlainStream
from wsgiserve.server.tlsstream import TLSStream
from wsgiserve.wsgi.filewrapper import KernelFile

DEADLINES = Deadlines(head=10, body=20, keep_alive=15, write=30, tls_handshake=5)

GET = request()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch, deadlines=DEADLINES)
    yield made
    made.close()


def due(bench: Bench) -> float:
    """Seconds to the deadline; one that is not set yet is set by who looks."""
    if bench.connection.deadline == UNSET:
        bench.connection.lock.release()
        bench.server._sweep.look(bench.server.connections, bench.clock.now)
        bench.connection.lock.acquire()
    return bench.connection.deadline - bench.clock.now


def answer(bench: Bench, data: bytes = GET) -> None:
    """Have a request arrive, and handle it."""
    assert bench.arrive(data)
    bench.connection.handle_one_request()


# What is there to receive


def test_a_request_is_found_however_its_bytes_arrive(bench: Bench) -> None:
    for byte in GET[:-1]:
        assert not bench.arrive(bytes([byte]))
    assert bench.arrive(GET[-1:])
    assert bench.connection.path == "/"


def test_nothing_is_received_before_the_poller_says_so(bench: Bench) -> None:
    bench.stream.arrived.append(GET)
    assert not bench.connection.advance()
    bench.connection.readable = True
    assert bench.connection.advance()


def test_an_event_between_the_look_and_the_receiving_is_not_lost(bench: Bench) -> None:
    def event() -> None:
        bench.connection.readable = True
        bench.stream.before_recv = lambda: None

    bench.stream.before_recv = event
    bench.stream.arrived.append(None)
    assert bench.arrive(GET)


def test_what_filled_the_buffer_is_asked_again_without_an_event(bench: Bench) -> None:
    filling = request("/", f"X-Fill: {'x' * 8000}") * 9
    assert bench.arrive(filling[:RECEIVE_BYTES])
    assert bench.connection.readable


def test_what_did_not_fill_the_buffer_has_emptied_the_socket(bench: Bench) -> None:
    assert bench.arrive(GET * 100)
    assert not bench.connection.readable


def test_a_client_that_hung_up_is_asked_until_its_end(bench: Bench) -> None:
    # The end came with the request, and there will be no other event to tell of it.
    bench.connection.hung_up = True
    answer(bench)
    bench.stream.arrived.append(b"")
    assert bench.connection.readable
    assert not bench.connection.advance()
    assert bench.connection.closed


def test_the_end_of_the_client_between_requests_is_the_end(bench: Bench) -> None:
    assert not bench.arrive(b"")
    assert bench.stream.said == ["goodbye", "close"]
    assert bench.server.connections == {}


def test_an_error_in_receiving_is_the_end(bench: Bench) -> None:
    assert not bench.arrive(ClientDisconnected("receiving: reset"))
    assert bench.stream.said == ["close"]


# When the poller is asked to watch it


@pytest.fixture
def fresh(bench: Bench) -> Bench:
    """It has just been accepted."""
    bench.connection.watched = False
    return bench


def test_a_connection_is_watched_from_when_its_client_is_waited_for(fresh: Bench) -> None:
    assert not fresh.arrive(None)
    assert fresh.poller.asked == ["register"]
    assert not fresh.arrive(GET[:5])
    answer(fresh, GET[5:])
    assert fresh.connection.rests
    assert fresh.poller.asked == ["register"]


def test_a_connection_whose_first_request_is_there_is_watched_after_the_response(fresh: Bench) -> None:
    assert fresh.arrive(GET)
    assert fresh.poller.asked == []
    fresh.connection.handle_one_request()
    assert fresh.poller.asked == ["register"]


def test_a_connection_that_ends_with_its_first_response_is_never_watched(fresh: Bench) -> None:
    answer(fresh, request("/", "Connection: close"))
    assert fresh.stream.said == ["goodbye", "close"]
    assert fresh.poller.asked == []


def test_who_is_heard_out_after_the_first_response_is_watched(fresh: Bench) -> None:
    answer(fresh, request("/", "Connection: close") + b"x")
    assert fresh.stream.said == ["goodbye", "shutdown"]
    assert fresh.poller.asked == ["register"]


def test_who_is_slow_to_take_the_first_response_is_watched(fresh: Bench) -> None:
    fresh.stream.room = 20
    answer(fresh, request("/", "Connection: close"))
    assert fresh.poller.asked == ["register", "wait_write"]


@pytest.mark.parametrize("data", [None, GET, GET[:5]], ids=["nothing", "a request", "a part of one"])
def test_a_connection_that_cannot_be_watched_is_closed_and_logged(
    data: bytes | None, fresh: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(fileno: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fresh.server, "poller", FakePoller())
    monkeypatch.setattr(fresh.server.poller, "register", no_space, raising=False)
    if fresh.arrive(data):
        fresh.connection.handle_one_request()
    assert fresh.connection.closed
    assert fresh.server.connections == {}
    (record,) = [record for record in caplog.records if record.name == "wsgiserve"]
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        "cannot watch another connection: No space left on device; closed it",
    )


def test_a_thread_that_comes_to_its_end_after_the_servers_closes_its_connection(fresh: Bench) -> None:
    fresh.server.poller = new_poller()
    fresh.server.poller.close()
    answer(fresh)
    assert fresh.stream.said == ["close"]


def test_nothing_is_received_on_a_connection_that_was_closed(fresh: Bench) -> None:
    fresh.connection.close()
    asked: list[str] = []
    fresh.stream.before_recv = lambda: asked.append("recv")
    assert not fresh.arrive(GET)
    assert asked == []


# How long a client may take


def test_a_new_connection_has_the_time_of_a_head(bench: Bench) -> None:
    assert not bench.arrive(None)
    assert due(bench) == 10


def test_the_time_for_a_head_runs_from_its_first_byte_and_drips_do_not_prolong_it(bench: Bench) -> None:
    bench.clock.now += 5
    bench.arrive(GET[:1])
    assert due(bench) == 10
    bench.clock.now += 9
    bench.arrive(GET[1:2])
    assert due(bench) == 1


def test_an_idle_connection_has_its_time_from_the_response_and_no_byte_of_a_record_prolongs_it(bench: Bench) -> None:
    answer(bench)
    bench.arrive(None)
    assert due(bench) == 15
    bench.clock.now += 10
    bench.arrive(None)  # as with TLS, when a record is not complete
    assert due(bench) == 5


def test_each_response_gives_the_connection_its_idle_time_anew(bench: Bench) -> None:
    for _ in range(3):
        answer(bench)
        bench.arrive(None)
        assert due(bench) == 15
        bench.clock.now += 10


def test_each_head_has_a_time_of_its_own(bench: Bench) -> None:
    for _ in range(3):
        bench.arrive(GET[:5])
        assert due(bench) == 10
        bench.clock.now += 9
        answer(bench, GET[5:])


@pytest.mark.parametrize(
    ("first", "then"),
    [(request(method="POST", body=b"1234")[:-2], b"34"), (GET + b"\r", b"\n")],
    ids=["content nobody read", "an empty line"],
)
def test_what_belongs_to_the_last_request_does_not_use_up_the_time_of_the_next(
    first: bytes, then: bytes, bench: Bench
) -> None:
    answer(bench, first)
    assert not bench.arrive(None)
    assert due(bench) == 10
    bench.clock.now += 9
    assert not bench.arrive(then)
    assert due(bench) == 15
    bench.clock.now += 14
    assert not bench.arrive(GET[:5])
    assert due(bench) == 10


def test_a_part_of_a_head_is_answered_408_when_time_is_up(bench: Bench) -> None:
    bench.arrive(GET[:5])
    bench.connection.expire()
    assert bench.stream.sent.startswith(b"HTTP/1.1 408 ")
    assert bench.stream.said == ["goodbye", "shutdown"]
    assert due(bench) == 2


def test_an_idle_connection_is_closed_in_silence_when_time_is_up(bench: Bench) -> None:
    answer(bench)
    sent = bench.stream.sent
    bench.arrive(None)
    bench.connection.expire()
    assert (bench.stream.sent, bench.stream.said) == (sent, ["goodbye", "close"])


def test_a_client_whose_content_is_drained_is_not_answered_when_time_is_up(bench: Bench) -> None:
    answer(bench, request(method="POST", body=b"1234")[:-2])
    sent = bench.stream.sent
    bench.arrive(None)
    bench.connection.expire()
    assert (bench.stream.sent, bench.connection.closed) == (sent, True)


@pytest.mark.parametrize("begun", [GET[:5], None], ids=["begun", "nothing"])
def test_a_request_that_comes_when_time_is_just_up_is_neither_reset_nor_refused(
    begun: bytes | None, bench: Bench
) -> None:
    bench.arrive(begun)
    bench.clock.now = bench.connection.deadline
    rest = GET[len(begun or b"") :]
    bench.theirs.sendall(rest)
    bench.connection.expire()
    assert not bench.connection.closed
    bench.stream.arrived.append(rest)
    assert bench.connection.advance()


def test_bytes_that_come_when_time_is_just_up_and_are_not_enough_are_the_last(bench: Bench) -> None:
    bench.arrive(GET[:5])
    bench.clock.now = bench.connection.deadline
    bench.theirs.sendall(GET[5:6])
    bench.connection.expire()
    assert bench.stream.sent == b""
    bench.stream.arrived.append(GET[5:6])
    assert not bench.connection.advance()
    assert bench.stream.sent.startswith(b"HTTP/1.1 408 ")


def test_a_server_that_stops_does_not_wait_longer_for_a_first_request_than_it_said(bench: Bench) -> None:
    bench.server.stopping = True
    bench.arrive(None)
    bench.clock.now = bench.connection.deadline
    bench.theirs.sendall(b"\r\n")
    bench.connection.expire()
    assert not bench.connection.closed
    bench.stream.arrived.append(b"\r\n")
    assert not bench.connection.advance()
    assert bench.connection.closed


def test_a_server_that_stops_closes_an_idle_connection_and_waits_for_a_head_that_has_begun(bench: Bench) -> None:
    bench.server.stopping = True
    assert not bench.arrive(GET[:5])
    assert not bench.connection.closed
    answer(bench, GET[5:])
    assert bench.stream.said == ["goodbye", "shutdown"]  # there may be more from it on its way
    assert b"Connection: close\r\n" in bench.stream.sent


def test_a_client_that_sends_without_a_pause_has_no_more_time_than_others(bench: Bench) -> None:
    bench.arrive(GET[:5])
    bench.clock.now += 9.9
    bench.arrive(GET[5:6])
    assert bench.stream.sent == b""
    bench.clock.now += 0.2
    bench.arrive(GET[6:7])
    assert bench.stream.sent.startswith(b"HTTP/1.1 408 ")


def test_who_did_not_ask_for_the_end_is_heard_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Old(WSGIRequestHandler):
        protocol_version = "HTTP/1.0"

    bench = Bench(monkeypatch, Old)
    answer(bench)
    assert bench.stream.said == ["goodbye", "shutdown"]
    bench.close()


def test_who_has_just_connected_to_a_server_that_stops_has_half_a_second_to_ask(bench: Bench) -> None:
    bench.server.stopping = True
    for _ in range(2):
        assert not bench.arrive(None)
    assert bench.stream.said == []
    assert due(bench) == 0.5
    assert bench.arrive(GET)


def test_an_idle_connection_of_a_server_that_stops_is_closed(bench: Bench) -> None:
    answer(bench)
    bench.server.stopping = True
    assert not bench.arrive(None)
    assert bench.stream.said == ["goodbye", "close"]


def test_a_request_that_comes_before_an_idle_connection_is_closed_is_not_lost(bench: Bench) -> None:
    answer(bench)
    bench.theirs.send(GET)  # the poller has not told of it yet
    bench.server.stopping = True
    assert not bench.arrive(None)
    assert bench.stream.said == []
    assert not bench.connection.settle()
    assert bench.arrive(GET)


# Refusing


def test_a_refusal_is_answered_and_the_client_heard_out(bench: Bench) -> None:
    bench.arrive(b"nonsense\r\n\r\n")
    assert bench.stream.sent.startswith(b"HTTP/1.1 400 ")
    assert bench.stream.said == ["goodbye", "shutdown"]
    assert not bench.arrive(b"more", b"and more", None)
    assert not bench.connection.closed
    assert not bench.arrive(b"")
    assert bench.connection.closed


def test_a_refusal_that_the_kernel_has_no_room_for_waits_for_it(bench: Bench) -> None:
    bench.stream.room = 20
    bench.arrive(b"nonsense\r\n\r\n")
    assert bench.stream.said == []
    assert bench.poller.asked == ["wait_write"]
    assert due(bench) == 30
    bench.stream.room = None
    bench.connection.advance()
    assert bench.stream.sent.endswith(b".\n")
    assert bench.stream.said == ["goodbye", "shutdown"]
    assert bench.poller.asked == ["wait_write", "wait_read"]


def test_a_client_that_is_gone_when_it_is_refused_is_no_matter(bench: Bench) -> None:
    bench.stream.said.append("gone")
    bench.arrive(b"nonsense\r\n\r\n")
    assert bench.connection.closed


def test_too_much_content_that_nobody_read_is_not_answered_a_second_time(bench: Bench) -> None:
    answer(bench, request("/", "Transfer-Encoding: chunked", method="POST"))
    sent = bench.stream.sent
    chunk = b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n"
    assert not bench.arrive(*[chunk] * 5)
    for _ in range(5):
        bench.arrive()
    assert bench.stream.sent == sent
    assert bench.stream.said == ["goodbye", "shutdown"]


# Lingering


@pytest.mark.parametrize(
    "data",
    [request("/", "Connection: close", "Content-Length: 9", method="POST"), request("/", "Connection: close") + b"x"],
    ids=["content nobody read", "another request"],
)
def test_a_client_that_may_still_be_sending_is_heard_out_after_the_last_response(data: bytes, bench: Bench) -> None:
    answer(bench, data)
    assert bench.stream.said == ["goodbye", "shutdown"]


def test_a_client_that_has_sent_all_is_not_waited_for_after_the_last_response(bench: Bench) -> None:
    answer(bench, request("/", "Connection: close"))
    assert bench.stream.said == ["goodbye", "close"]


def test_lingering_takes_turns(bench: Bench) -> None:
    bench.arrive(b"nonsense\r\n\r\n")
    assert not bench.arrive(*[b"x"] * 40)
    assert len(bench.stream.arrived) == 24
    assert bench.connection.readable
    assert not bench.connection.closed


def test_a_client_that_never_pauses_does_not_linger_for_ever(bench: Bench) -> None:
    bench.arrive(b"nonsense\r\n\r\n")
    bench.clock.now += 2
    bench.arrive(*[b"x"] * 40)
    assert bench.connection.closed


@pytest.mark.parametrize("end", [b"", ClientDisconnected("receiving: reset")])
def test_lingering_ends_with_the_client(end: bytes | Exception, bench: Bench) -> None:
    bench.arrive(b"nonsense\r\n\r\n")
    bench.arrive(b"x", end)
    assert bench.connection.closed


def test_lingering_ends_when_time_is_up(bench: Bench) -> None:
    bench.arrive(b"nonsense\r\n\r\n")
    bench.connection.expire()
    assert bench.connection.closed


# Flushing


@pytest.fixture
def parked(bench: Bench) -> Bench:
    """The client took half of a response, and its next request is there already."""
    bench.stream.room = 100
    answer(bench, request("/a" * 500) + request("/next"))
    assert len(bench.stream.sent) == 100
    return bench


def test_the_rest_of_a_response_waits_for_room_and_then_the_next_request_is_found(parked: Bench) -> None:
    assert parked.poller.asked == ["wait_write"]
    assert due(parked) == 30
    parked.stream.room = None
    assert parked.connection.advance()
    assert parked.stream.sent.endswith(b"/a" * 500)
    assert parked.connection.path == "/next"
    assert parked.poller.asked == ["wait_write", "wait_read"]
    parked.connection.handle_one_request()
    assert parked.stream.sent.endswith(b"/next")


def test_a_client_that_takes_all_it_can_get_takes_turns_with_others(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (2 * TURN_BYTES + 10))
    with path.open("rb") as file:
        bench.connection._outbox = Outbox(b"", KernelFile(file.fileno(), 0, 2 * TURN_BYTES + 10), 2 * TURN_BYTES + 10)
        bench.connection._wait_to_flush(keep=True)
        for turn in (1, 2):
            assert not bench.connection.advance()
            assert len(bench.stream.sent) == turn * TURN_BYTES
            assert bench.connection.readable  # and no event is needed for the next turn
        bench.connection.advance()
    assert len(bench.stream.sent) == 2 * TURN_BYTES + 10


def test_a_client_that_takes_something_gets_more_time(parked: Bench) -> None:
    parked.clock.now += 20
    assert not parked.connection.advance()
    assert due(parked) == 10
    parked.stream.room = 1
    assert not parked.connection.advance()
    assert due(parked) == 30


def test_at_the_deadline_it_is_tried_whether_the_client_has_taken_anything(parked: Bench) -> None:
    # The kernel tells of room only when a third of its buffer is free: 400 kB of the 1.2 MB that TCP has for a client
    # take one who reads 10 kB a second longer than the deadline is.
    parked.clock.now += 30
    parked.stream.room = 10
    parked.connection.expire()
    assert not parked.connection.closed
    assert due(parked) == 30


def test_at_the_deadline_a_response_may_come_to_its_end(parked: Bench) -> None:
    parked.clock.now += 30
    parked.stream.room = None
    parked.connection.expire()
    assert parked.connection.readable  # so that somebody goes on
    assert parked.connection.advance()
    assert parked.connection.path == "/next"


def test_a_client_that_takes_nothing_is_closed_at_the_deadline(parked: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "wsgiserve")
    parked.clock.now += 30
    parked.connection.expire()
    assert parked.stream.said == ["close"]
    assert "192.0.2.7:4711: the client took no byte of the response for 30 s; closed" in caplog.messages


@pytest.mark.parametrize("how", ["advance", "expire"])
def test_a_client_that_leaves_before_it_has_all_is_closed(how: str, parked: Bench) -> None:
    parked.stream.said.append("gone")
    getattr(parked.connection, how)()
    assert parked.connection.closed


def test_a_response_that_is_the_last_is_followed_by_the_end(bench: Bench) -> None:
    bench.stream.room = 100
    answer(bench, request("/a" * 500, "Connection: close"))
    bench.stream.room = None
    assert not bench.connection.advance()
    assert bench.stream.said == ["goodbye", "shutdown"]


def test_memory_for_unsent_responses_is_given_back(parked: Bench) -> None:
    assert parked.server._parked > 900
    parked.connection.close()
    assert parked.server._parked == 0


def test_a_file_that_waits_for_a_client_that_leaves_is_closed(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    before = descriptors()
    bench.stream.room = 10
    assert bench.arrive(GET)
    with path.open("rb") as file:
        bench.connection.send_file(b"head", KernelFile(file.fileno(), 0, 100), 100)
    assert len(descriptors()) == len(before) + 1
    bench.connection.settle_response()
    bench.stream.said.append("gone")
    bench.connection.advance()
    assert bench.connection.closed
    assert descriptors() == before


def test_a_file_that_shrinks_while_it_is_sent_is_an_error_in_the_log(
    bench: Bench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    with path.open("r+b") as file:
        outbox = Outbox(b"", KernelFile(file.fileno(), 0, 100), 100)
        bench.connection._outbox = outbox
        bench.connection._wait_to_flush(keep=True)
        bench.stream.room = 10
        bench.connection.advance()
        file.truncate(5)
        bench.stream.room = None
        bench.connection.advance()
    assert bench.connection.closed
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "the file became shorter while it was sent; closed the connection" in record.message


# The handshake


class FakeTLS(TLSStream):
    """Over a plain socket; its handshake does as it is told."""

    __slots__ = ("steps",)

    def __init__(self, sock: Any) -> None:
        PlainStream.__init__(self, sock)
        self.tls = sock
        self.steps: list[str] = []

    def handshake(self) -> bool:
        step = self.steps.pop(0)
        self._needs_write = step == "write"
        if step == "fail":
            error = ClientDisconnected("TLS handshake: it fails")
            error.__cause__ = ssl.SSLError(1, "it fails")
            raise error
        return step == "done"


@pytest.fixture
def shaking(bench: Bench) -> FakeTLS:
    """The bench's connection, in its handshake."""
    stream = FakeTLS(bench.ours)
    bench.connection.stream = stream
    bench.connection._step = Channel._handshake
    return stream


def test_a_handshake_waits_for_what_it_needs(bench: Bench, shaking: FakeTLS) -> None:
    shaking.steps = ["read", "write", "write", "read", "write", "done"]
    bench.theirs.sendall(GET)
    for _ in range(5):
        assert not bench.connection.advance()
    assert bench.poller.asked == ["wait_write", "wait_read", "wait_write"]
    assert bench.connection.advance()  # the request came with the last message
    assert bench.poller.asked[-1] == "wait_read"


def test_after_the_handshake_the_time_for_the_head_begins(bench: Bench, shaking: FakeTLS) -> None:
    shaking.steps = ["done"]
    bench.clock.now += 4
    assert not bench.connection.advance()
    assert due(bench) == 10


def test_a_handshake_that_fails_leaves_the_client_time_to_read_the_alert(bench: Bench, shaking: FakeTLS) -> None:
    shaking.steps = ["fail"]
    bench.theirs.sendall(b"what the server does not read")
    assert not bench.connection.advance()
    assert bench.theirs.recv(1) == b""  # and not reset
    assert not bench.connection.advance()
    assert not bench.connection.closed
    bench.theirs.close()
    bench.connection.readable = True
    assert not bench.connection.advance()
    assert bench.connection.closed


def test_the_end_of_a_client_is_watched_for_though_the_handshake_waited_for_room(
    bench: Bench, shaking: FakeTLS
) -> None:
    shaking.steps = ["write", "fail"]
    bench.connection.advance()
    bench.connection.advance()
    assert bench.poller.asked == ["wait_write", "wait_read"]


def test_a_handshake_that_takes_too_long_is_the_end(bench: Bench, shaking: FakeTLS) -> None:
    bench.connection.expire()
    assert bench.theirs.recv(1) == b""
    assert bench.connection.closed


# Whoever owns it


def test_abort_closes_what_nobody_owns(bench: Bench) -> None:
    bench.connection.lock.release()
    bench.connection.abort()
    assert bench.stream.said == ["close"]


def test_abort_ends_the_socket_of_what_somebody_owns_and_leaves_the_rest_to_the_owner(bench: Bench) -> None:
    bench.connection.abort()
    assert bench.stream.said == ["abort"]
    assert not bench.connection.closed


def test_an_owner_that_had_looked_before_looks_again_instead_of_letting_go(bench: Bench) -> None:
    assert not bench.arrive(None)
    bench.connection.abort()
    assert not bench.connection.settle()
    bench.stream.arrived.append(b"")
    bench.connection.advance()
    assert bench.connection.closed


def test_abort_closes_what_its_owner_lets_go_of_meanwhile(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.stream, "abort", lambda: bench.connection.settle() or pytest.fail("it is still owned"))
    bench.connection.abort()
    assert bench.connection.closed
    assert bench.stream.said == ["close"]


def test_a_connection_that_was_handed_over_is_closed_without_a_word(bench: Bench) -> None:
    bench.connection.hand_over()
    assert bench.stream.said == ["close"]
    assert bench.server.connections == {}


def test_closing_twice_is_closing_once(bench: Bench) -> None:
    bench.connection.close()
    bench.connection.close()
    assert bench.stream.said == ["close"]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (("192.0.2.7", 4711), "192.0.2.7:4711"),
        (("2001:db8::1", 4711, 0, 0), "[2001:db8::1]:4711"),
        ("", "local client"),
        (b"", "local client"),
    ],
)
def test_the_client_has_a_name_in_the_log(address: object, name: str, bench: Bench) -> None:
    bench.connection.client_address = address
    assert bench.connection.peer == name
