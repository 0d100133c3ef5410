"""The reading side of a connection: requests and content out of bytes, errors, the client's end."""

from __future__ import annotations

import gc
import weakref
from contextlib import suppress

import pytest

from tests.http11.connections import GET, HOST, answer, chunked, connection, next_request, post, refusal
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
    RequestParser,
    ResponseHead,
)

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


@pytest.mark.parametrize("before", [b"", GET, b"\r\n", GET + b"\r\n"])
@pytest.mark.parametrize(
    ("part", "status"),
    [
        (b"GET / HTTP/1.1\n", 400),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET /" + b"a" * 50, 414),
        (b"GET / HTTP/1.1\r\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\n", 400),
        (b"GET / HTTP/1.1\r\nHost: " + b"a" * 80, 431),
    ],
)
def test_a_head_that_more_bytes_cannot_mend_is_refused_at_once(before: bytes, part: bytes, status: int) -> None:
    http = connection(before + part, request_line=40, head=60)
    if GET in before:
        next_request(http)
        answer(http)
    assert refusal(http).status == status


@pytest.mark.parametrize("before", [b"", GET, b"\r\n", GET + b"\r\n"])
@pytest.mark.parametrize(
    "part",
    [
        b"GET / HTTP/1.1\r",
        b"GET / HTTP/1.1\r\n" + HOST,
        b"GET /" + b"a" * 35 + b"\r",
        b"GET / HTTP/1.1\r\nHost: " + b"a" * 54 + b"\r\n\r",
    ],
)
def test_a_head_that_more_bytes_may_complete_is_waited_for(before: bytes, part: bytes) -> None:
    http = connection(before + part, request_line=40, head=60)
    if GET in before:
        next_request(http)
        answer(http)
    assert (http.next_event(), http.started) == (NEED_DATA, True)


# Errors


@pytest.mark.parametrize("data", [b"(", GET.replace(b"Host", b"Host ")])
def test_an_error_is_raised_again_and_nothing_behind_it_is_read(data: bytes) -> None:
    http = connection(data + GET)
    error = refusal(http)
    http.receive_data(GET)
    assert refusal(http) == refusal(http) == http.error == error
    assert http.request is None


def test_an_error_in_content_closes_after_the_response() -> None:
    http = connection(chunked(b"x\r\n"))
    next_request(http)
    error = refusal(http)
    assert http.error == error
    assert b"\r\nConnection: close\r\n" in http.send_response(ResponseHead(400, b"Bad Request", b"", 0))
    assert http.finish() is CLOSE


def test_an_error_in_content_after_the_response_head_closes_too() -> None:
    http = connection(chunked(b"x\r\n"))
    next_request(http)
    assert b"Connection" not in http.send_response(ResponseHead(200, b"OK", b"", 0))
    refusal(http)
    assert http.finish() is CLOSE


def test_a_refused_connection_does_not_wait_for_the_garbage_collector() -> None:
    class Watched(Connection):
        __slots__ = ("__weakref__",)

    def raise_error_of(connection: Connection) -> None:
        raise connection.error or AssertionError

    http = Watched(RequestParser(Limits()))
    http.receive_data(b"(")
    for _ in range(2):
        with suppress(RemoteProtocolError):
            http.next_event()
    with suppress(RemoteProtocolError):
        raise_error_of(http)
    watch = weakref.ref(http)
    gc.disable()
    try:
        del http
        assert watch() is None
    finally:
        gc.enable()


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


def test_a_head_that_was_read_twice_is_known_by_its_bytes() -> None:
    parser = RequestParser(Limits())
    for number in range(4):
        http = Connection(parser)
        request = http.receive_again(GET)
        assert (request is not None) == (number > 1)
        if request is None:
            http.receive_data(GET)
            next_request(http)
        else:
            assert http.request is request
            assert not http.idle
            assert answer(http) is KEEP_ALIVE
            assert http.receive_again(GET) is request


@pytest.mark.parametrize(
    "data",
    [
        b"GET /?token=1 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: a=1\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n",
        GET[:-2],
        GET + b"G",
    ],
)
def test_what_carries_a_secret_or_content_or_is_not_whole_is_not_known(data: bytes) -> None:
    parser = RequestParser(Limits())
    for _ in range(4):
        http = Connection(parser)
        assert http.receive_again(data) is None
        http.receive_data(data)
        http.next_event()


@pytest.mark.parametrize(
    "before", [b"", b"G", GET, b"\r\n", b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\n"]
)
def test_a_known_head_is_only_taken_by_a_connection_of_which_nothing_else_has_come(before: bytes) -> None:
    parser = RequestParser(Limits())
    for _ in range(2):
        first = Connection(parser)
        first.receive_data(GET)
        first.next_event()
    http = Connection(parser)
    http.receive_data(before)
    assert http.receive_again(GET) is None
    assert not before or Connection(parser).receive_again(GET) is not None


POST = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n%b\r\nabc"


def posted(*fields: bytes) -> Connection:
    """A connection that has had two of these, both in the long way."""
    http = connection()
    data = POST % b"".join(fields)
    for _ in range(2):
        assert http.receive_again(data) is None
        http.receive_data(data)
        next_request(http)
        assert http.whole_content() == b"abc"
        assert answer(http) is KEEP_ALIVE
    return http


@pytest.mark.parametrize("fields", [b"", b"Expect: 100-continue\r\n"])
def test_a_request_with_content_is_known_by_its_head_if_all_of_its_content_has_come(fields: bytes) -> None:
    again, anew = posted(fields), Connection(RequestParser(Limits()))
    data = (POST % fields).replace(b"abc", b"xyz")
    request = again.receive_again(data)
    anew.receive_data(data)
    assert request == next_request(anew)
    assert again.request is request
    for http in (again, anew):
        assert not http.idle
        assert http.whole_content() == b"xyz"
        assert http.send_continue() == b""
    assert answer(again) is answer(anew)


def test_content_can_be_received_without_events_where_its_length_is_known_and_none_has_come() -> None:
    http = connection(post(6, b"ab"))
    next_request(http)
    assert http.content_left == 0
    assert http.next_event() == Data(b"ab")
    assert http.content_left == 4
    http.receive_content(b"cd")
    assert (http.content_left, http.complete) == (2, False)
    http.receive_content(b"ef")
    assert (http.content_left, http.complete) == (0, True)
    assert answer(http) is KEEP_ALIVE
    http.receive_data(GET)
    assert next_request(http).line.method == b"GET"


def test_content_that_is_received_without_events_needs_no_100() -> None:
    http = connection(post(1, b"", b"Expect: 100-continue\r\n"))
    next_request(http)
    assert http.continue_expected
    http.receive_content(b"a")
    assert not http.continue_expected


@pytest.mark.parametrize("data", [GET, chunked(b""), post(3, b"abc"), post(3, b"abc") + GET])
def test_other_content_is_not_received_without_events(data: bytes) -> None:
    http = connection(data)
    assert http.content_left == 0
    next_request(http)
    assert http.content_left == 0


def test_content_that_has_ended_early_is_not_received_without_events() -> None:
    http = connection(post(3))
    next_request(http)
    http.receive_data(b"")
    assert http.content_left == 0


@pytest.mark.parametrize("data", [POST[:-1], POST + b"d", POST[:10], POST.replace(b"/", b"/other"), GET])
def test_of_a_request_with_content_nothing_is_taken_but_all_of_it(data: bytes) -> None:
    http = posted()
    assert http.receive_again(data.replace(b"%b", b"")) is None
    assert http.idle
    http.receive_data(GET)
    assert next_request(http).line.method == b"GET"


def test_a_client_that_had_content_and_has_none_is_known_again() -> None:
    http = posted()
    for known in (False, False, True):
        request = http.receive_again(GET)
        assert (request is not None) == known
        if request is None:
            http.receive_data(GET)
            next_request(http)
        answer(http)


BROWSER = b"GET /?%d HTTP/1.1\r\n" + HOST + b"Cookie: a=%d\r\nX-A: 1\r\n\r\n"


def test_a_browser_is_known_by_what_stands_around_its_cookie() -> None:
    http = connection()
    for number in range(4):
        data = BROWSER % (number, number)
        request = http.receive_again(data)
        assert (request is not None) == (number > 1)
        if request is None:
            http.receive_data(data)
            request = next_request(http)
        assert http.request is request
        assert (request.line.query, request.fields.pairs[1]) == (b"%d" % number, (b"cookie", b"a=%d" % number))
        assert answer(http) is KEEP_ALIVE
    assert http.receive_again(BROWSER[:-2] % (4, 4)) is None


def test_a_head_without_a_cookie_is_known_again_after_those_with_one() -> None:
    http = connection()
    for data in (GET, GET, BROWSER % (1, 1), BROWSER % (2, 2), GET):
        assert http.receive_again(data) is None
        http.receive_data(data)
        next_request(http)
        assert answer(http) is KEEP_ALIVE
    assert http.receive_again(GET) is not None


@pytest.mark.parametrize("expects", [b"", b"Expect: 100-continue\r\n"])
def test_content_that_is_there_with_its_head_is_taken_at_once(expects: bytes) -> None:
    http = connection(post(3, b"abc", expects) + GET)
    next_request(http)
    assert not http.complete
    assert http.whole_content() == b"abc"
    assert (http.complete, http.send_continue(), http.next_event()) == (True, b"", NEED_DATA)
    assert answer(http) is KEEP_ALIVE
    assert next_request(http).line.method == b"GET"


@pytest.mark.parametrize("data", [GET, post(0), post(3, b"ab"), post(3), chunked(b"3\r\nabc\r\n0\r\n\r\n")])
def test_content_that_is_none_or_not_all_there_or_of_unknown_length_is_not_taken(data: bytes) -> None:
    http, other = connection(data), connection(data)
    next_request(http)
    next_request(other)
    assert http.whole_content() is None
    assert (http.complete, http.next_event()) == (other.complete, other.next_event())


def test_the_rest_of_content_that_was_read_in_part_is_taken_when_it_is_there() -> None:
    http = connection(post(5, b"ab"))
    next_request(http)
    assert http.next_event() == Data(b"ab")
    assert http.whole_content() is None
    http.receive_data(b"cde")
    assert http.whole_content() == b"cde"
    assert http.complete
