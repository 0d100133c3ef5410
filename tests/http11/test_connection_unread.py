"""Content that nobody read, and content that a client holds back: what becomes of the connection."""

from __future__ import annotations

import pytest

from tests.http11.connections import GET, answer, chunked, connection, next_request, post, refusal
from wsgiserve.http11 import CLOSE, KEEP_ALIVE, NEED_DATA, Data, EndOfMessage, ResponseHead
from wsgiserve.http11.connection import DRAIN_BYTES, Verdict

# Content that nobody read


@pytest.mark.parametrize("rest", [b"abc", b"ab", b""])
def test_unread_content_is_dropped_before_the_next_request(rest: bytes) -> None:
    http = connection(post(3, rest))
    next_request(http)
    assert answer(http) is KEEP_ALIVE
    assert http.started
    if len(rest) < 3:
        assert http.next_event() is NEED_DATA
        http.receive_data(b"abc"[len(rest) :])
    http.receive_data(GET.replace(b"GET", b"PUT"))
    assert next_request(http).line.method == b"PUT"


UNREAD_CHUNKS = b"3\r\nabc\r\n1;a\r\nd\r\n0\r\nX-A: 1\r\n\r\n"


@pytest.mark.parametrize("cut", range(len(UNREAD_CHUNKS)))
def test_unread_chunks_are_dropped_too_wherever_they_were_cut(cut: int) -> None:
    http = connection(chunked(UNREAD_CHUNKS[:cut]))
    next_request(http)
    assert answer(http) is KEEP_ALIVE
    assert http.next_event() is NEED_DATA
    http.receive_data(UNREAD_CHUNKS[cut:] + GET)
    assert next_request(http).line.method == b"GET"


def test_half_read_content_is_dropped_too() -> None:
    http = connection(post(6, b"abc"))
    next_request(http)
    assert http.next_event() == Data(b"abc")
    assert answer(http) is KEEP_ALIVE
    http.receive_data(b"def" + GET)
    assert next_request(http).line.method == b"GET"


@pytest.mark.parametrize(("length", "verdict"), [(DRAIN_BYTES, KEEP_ALIVE), (DRAIN_BYTES + 1, CLOSE)])
def test_more_unread_content_than_a_new_connection_costs_closes(length: int, verdict: Verdict) -> None:
    http = connection(post(length))
    next_request(http)
    assert answer(http) is verdict


def test_what_is_left_counts_and_not_what_was_read() -> None:
    http = connection(post(DRAIN_BYTES + 3, b"abc"))
    next_request(http)
    http.next_event()
    assert answer(http) is KEEP_ALIVE


def test_unread_chunks_are_dropped_up_to_the_same_size() -> None:
    http = connection(chunked())
    next_request(http)
    assert answer(http) is KEEP_ALIVE
    http.receive_data(b"%x\r\n" % DRAIN_BYTES + b"a" * DRAIN_BYTES + b"\r\n")
    assert http.next_event() is NEED_DATA
    http.receive_data(b"1\r\na\r\n")
    assert str(refusal(http)) == "too much content follows a request that was answered without it"


def test_an_error_in_dropped_content_is_not_answered_twice() -> None:
    http = connection(chunked())
    next_request(http)
    answer(http)
    http.receive_data(b"not a size\r\n")
    refusal(http)
    assert not http.can_answer


def test_an_error_behind_dropped_content_is_answered() -> None:
    http = connection(post(3))
    next_request(http)
    answer(http)
    http.receive_data(b"abc(")
    refusal(http)
    assert http.can_answer


# 100 Continue

EXPECT = b"Expect: 100-continue\r\n"


def test_continue_is_sent_once_to_a_client_that_waits() -> None:
    http = connection(post(3, fields=EXPECT))
    next_request(http)
    assert http.continue_expected
    assert [http.send_continue(), http.send_continue()] == [b"HTTP/1.1 100 Continue\r\n\r\n", b""]


def test_continue_is_not_sent_to_a_client_that_does_not_wait() -> None:
    http = connection(post(3))
    next_request(http)
    assert http.send_continue() == b""


@pytest.mark.parametrize("data", [post(3, b"a", EXPECT), chunked(b"1\r\na\r\n", EXPECT), chunked(b"0\r\n\r\n", EXPECT)])
def test_continue_is_not_sent_once_content_has_been_read(data: bytes) -> None:
    http = connection(data)
    next_request(http)
    http.next_event()
    assert http.send_continue() == b""


def test_continue_is_not_sent_after_the_response_head() -> None:
    http = connection(post(3, fields=EXPECT))
    next_request(http)
    http.send_response(ResponseHead(200, b"OK", b"", 0))
    assert http.send_continue() == b""


def test_a_client_that_still_waits_at_the_response_is_told_that_it_is_the_last() -> None:
    http = connection(post(3, fields=EXPECT))
    next_request(http)
    assert b"\r\nConnection: close\r\n" in http.send_response(ResponseHead(417, b"", b"", 0))
    assert http.finish() is CLOSE


def test_a_client_that_was_told_to_continue_keeps_its_connection() -> None:
    http = connection(post(3, fields=EXPECT))
    next_request(http)
    http.send_continue()
    http.receive_data(b"abc")
    assert [http.next_event(), http.next_event()] == [Data(b"abc"), EndOfMessage()]
    assert answer(http) is KEEP_ALIVE
