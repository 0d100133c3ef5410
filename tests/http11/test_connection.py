"""The reading side of a connection: requests and content out of bytes, unread content, errors, the client's end."""

from __future__ import annotations

import pytest

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11 import (
    CLOSE,
    CLOSED,
    KEEP_ALIVE,
    NEED_DATA,
    Connection,
    Data,
    EndOfMessage,
    Limits,
    Request,
    RequestParser,
    ResponseHead,
)
from wsgiserve.http11.connection import DRAIN_BYTES, Verdict

HOST = b"Host: a.example\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"


def post(length: int, body: bytes = b"", fields: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + fields + b"Content-Length: %d\r\n\r\n" % length + body


def chunked(body: bytes = b"", fields: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + fields + b"Transfer-Encoding: chunked\r\n\r\n" + body


def connection(data: bytes = b"", **limits: int) -> Connection:
    made = Connection(RequestParser(Limits(**limits)))
    if data:
        made.receive_data(data)
    return made


def next_request(http: Connection) -> Request:
    request = http.next_event()
    assert isinstance(request, Request)
    return request


def answer(http: Connection) -> Verdict:
    """Send an empty response."""
    http.send_response(ResponseHead(200, b"OK", b"", 0))
    http.end()
    return http.finish()


def refusal(http: Connection) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        http.next_event()
    return caught.value


# Requests and content


def test_a_new_connection_waits_for_bytes() -> None:
    http = connection()
    assert http.next_event() is NEED_DATA
    assert (http.request, http.error, http.started, http.can_answer) == (None, None, False, True)


def test_a_request_without_content_is_complete_at_once_and_no_event_follows_it() -> None:
    http = connection(GET)
    request = next_request(http)
    assert (http.request, http.complete, http.next_event()) == (request, True, NEED_DATA)


def test_content_follows_its_request_and_ends() -> None:
    http = connection(post(3, b"abc"))
    next_request(http)
    assert not http.complete
    assert [http.next_event() for _ in range(3)] == [Data(b"abc"), EndOfMessage(), NEED_DATA]


def test_content_is_complete_with_its_last_byte() -> None:
    http = connection(post(3, b"abc"))
    next_request(http)
    http.next_event()
    assert http.complete
    assert answer(http) is KEEP_ALIVE
    assert not http.started


def test_chunked_content_is_complete_with_its_trailers() -> None:
    http = connection(chunked(b"3\r\nabc\r\n0\r\n"))
    next_request(http)
    assert [http.next_event(), http.next_event(), http.complete] == [Data(b"abc"), NEED_DATA, False]
    http.receive_data(b"\r\n")
    assert [http.next_event(), http.complete] == [EndOfMessage(), True]


def test_content_is_given_out_as_it_arrives() -> None:
    http = connection(post(6))
    next_request(http)
    seen = [http.next_event()]
    for piece in (b"abc", b"de", b"fGET"):
        http.receive_data(piece)
        seen += [http.next_event(), http.next_event()]
    assert seen == [NEED_DATA, Data(b"abc"), NEED_DATA, Data(b"de"), NEED_DATA, Data(b"f"), EndOfMessage()]
    assert http.started


def test_the_next_request_waits_until_this_one_is_finished() -> None:
    http = connection(GET + GET)
    first = next_request(http)
    assert http.next_event() is NEED_DATA
    assert answer(http) is KEEP_ALIVE
    assert http.request is None
    assert next_request(http) == first


def test_started_tells_a_half_sent_request_from_an_idle_connection() -> None:
    http = connection(GET + b"GE")
    assert http.started
    next_request(http)
    answer(http)
    assert http.next_event() is NEED_DATA
    assert http.started
    http.receive_data(GET[2:])
    next_request(http)
    answer(http)
    assert not http.started


def test_empty_lines_are_counted_anew_for_each_request() -> None:
    http = connection((b"\r\n" * 4 + GET) * 2)
    next_request(http)
    answer(http)
    next_request(http)


def test_an_empty_line_in_two_pieces_is_waited_for() -> None:
    http = connection(b"\r")
    assert http.next_event() is NEED_DATA
    http.receive_data(b"\n")
    assert (http.next_event(), http.started) == (NEED_DATA, False)


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


def test_unread_chunks_are_dropped_too() -> None:
    http = connection(chunked(b"3\r\nabc\r\n"))
    next_request(http)
    assert answer(http) is KEEP_ALIVE
    assert http.next_event() is NEED_DATA
    http.receive_data(b"3\r\nabc\r\n0\r\nX-A: 1\r\n\r\n" + GET)
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


# Errors


@pytest.mark.parametrize("data", [b"(", GET.replace(b"Host", b"Host ")])
def test_an_error_is_raised_again_and_nothing_behind_it_is_read(data: bytes) -> None:
    http = connection(data + GET)
    error = refusal(http)
    http.receive_data(GET)
    assert refusal(http) is refusal(http) is http.error is error
    assert http.request is None


def test_an_error_in_content_closes_after_the_response() -> None:
    http = connection(chunked(b"x\r\n"))
    next_request(http)
    error = refusal(http)
    assert http.error is error
    assert b"\r\nConnection: close\r\n" in http.send_response(ResponseHead(400, b"Bad Request", b"", 0))
    assert http.finish() is CLOSE


def test_an_error_in_content_after_the_response_head_closes_too() -> None:
    http = connection(chunked(b"x\r\n"))
    next_request(http)
    assert b"Connection" not in http.send_response(ResponseHead(200, b"OK", b"", 0))
    refusal(http)
    assert http.finish() is CLOSE


# The client's end


def test_an_end_between_requests_is_no_error() -> None:
    http = connection(b"\r\n")
    http.receive_data(b"")
    assert [http.next_event(), http.next_event()] == [CLOSED, CLOSED]


@pytest.mark.parametrize("part", [b"G", GET[:-1], b"\r", b"\r\nG"])
def test_an_end_in_a_head_is_an_error(part: bytes) -> None:
    http = connection(part)
    assert http.next_event() is NEED_DATA
    http.receive_data(b"")
    error = refusal(http)
    assert (error.status, str(error)) == (400, "the request ended before its head was complete")


@pytest.mark.parametrize("part", [post(3), post(3, b"ab"), chunked(), chunked(b"3\r\nabc\r\n0\r\n")])
def test_an_end_in_content_is_an_error(part: bytes) -> None:
    http = connection(part)
    next_request(http)
    while http.next_event() is not NEED_DATA:
        pass
    http.receive_data(b"")
    assert str(refusal(http)) == "the request ended before its content was complete"


def test_a_request_before_the_end_is_answered_and_the_connection_closed() -> None:
    http = connection(GET)
    http.receive_data(b"")
    next_request(http)
    assert answer(http) is CLOSE


def test_every_request_before_the_end_is_answered() -> None:
    http = connection(GET + GET)
    http.receive_data(b"")
    next_request(http)
    assert answer(http) is KEEP_ALIVE
    next_request(http)
    assert answer(http) is CLOSE


def test_unread_content_that_will_never_come_closes() -> None:
    http = connection(post(3))
    http.receive_data(b"")
    next_request(http)
    assert answer(http) is CLOSE


def test_unread_content_that_ends_early_is_an_error_that_nobody_answers() -> None:
    http = connection(post(3, b"ab"))
    http.receive_data(b"")
    next_request(http)
    assert answer(http) is KEEP_ALIVE
    refusal(http)
    assert not http.can_answer


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
