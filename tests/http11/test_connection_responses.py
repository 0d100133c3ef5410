"""The writing side of a connection: responses into bytes, and whether the connection lives on."""

from __future__ import annotations

import pytest

from wsgiserve.errors import LocalProtocolError, RemoteProtocolError
from wsgiserve.http11 import CLOSE, KEEP_ALIVE, Connection, Limits, Request, RequestParser, ResponseHead
from wsgiserve.http11.connection import Verdict
from wsgiserve.http11.framing import Framing

Version = tuple[int, int]


def asked(
    method: str = "GET", version: str = "1.1", fields: str = "", *, ours: Version = (1, 1), rest: bytes = b""
) -> Connection:
    """A connection that waits for the response to one request."""
    http = Connection(RequestParser(Limits()), ours)
    http.receive_data(f"{method} / HTTP/{version}\r\nHost: a.example\r\n{fields}\r\n".encode() + rest)
    assert isinstance(http.next_event(), Request)
    return http


def ok(length: int | None = None, status: int = 200) -> ResponseHead:
    return ResponseHead(status, b"Reason", b"X-A: 1\r\n", length)


KEEP = "Connection: keep-alive\r\n"
EMPTY = b"Content-Length: 0\r\n"
LENGTH = b"Content-Length: 5\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CLOSES = b"Connection: close\r\n"
KEEPS = b"Connection: keep-alive\r\n"


@pytest.mark.parametrize(
    ("method", "version", "fields", "ours", "status", "length", "framing", "said", "verdict"),
    [
        ("GET", "1.1", "", (1, 1), 200, 5, Framing.LENGTH, LENGTH, KEEP_ALIVE),
        ("GET", "1.1", "", (1, 1), 200, None, Framing.CHUNKED, CHUNKED, KEEP_ALIVE),
        ("GET", "1.1", "Connection: close\r\n", (1, 1), 200, 5, Framing.LENGTH, LENGTH + CLOSES, CLOSE),
        ("GET", "1.1", "Connection: close\r\n", (1, 1), 200, None, Framing.CHUNKED, CHUNKED + CLOSES, CLOSE),
        ("GET", "1.0", "", (1, 1), 200, 5, Framing.LENGTH, LENGTH + CLOSES, CLOSE),
        ("GET", "1.0", "", (1, 1), 200, None, Framing.UNTIL_CLOSE, CLOSES, CLOSE),
        ("GET", "1.0", KEEP, (1, 1), 200, 5, Framing.LENGTH, LENGTH + KEEPS, KEEP_ALIVE),
        ("GET", "1.0", KEEP, (1, 1), 200, None, Framing.UNTIL_CLOSE, CLOSES, CLOSE),
        ("GET", "1.0", KEEP, (1, 1), 304, None, Framing.NO_CONTENT, KEEPS, KEEP_ALIVE),
        ("HEAD", "1.1", "", (1, 1), 200, 5, Framing.NO_CONTENT, LENGTH, KEEP_ALIVE),
        ("HEAD", "1.1", "", (1, 1), 200, None, Framing.NO_CONTENT, b"", KEEP_ALIVE),
        ("GET", "1.1", "", (1, 1), 204, None, Framing.NO_CONTENT, b"", KEEP_ALIVE),
        ("GET", "1.1", "", (1, 1), 204, 5, Framing.NO_CONTENT, b"", KEEP_ALIVE),
        ("GET", "1.1", "", (1, 1), 205, None, Framing.LENGTH, EMPTY, KEEP_ALIVE),
        ("GET", "1.1", "", (1, 1), 205, 5, Framing.LENGTH, EMPTY, KEEP_ALIVE),
        ("GET", "1.1", "", (1, 1), 304, None, Framing.NO_CONTENT, b"", KEEP_ALIVE),
        ("GET", "1.1", "", (1, 1), 304, 5, Framing.NO_CONTENT, LENGTH, KEEP_ALIVE),
        ("GET", "1.1", "", (1, 0), 200, 5, Framing.LENGTH, LENGTH + CLOSES, CLOSE),
        ("GET", "1.1", "", (1, 0), 200, None, Framing.UNTIL_CLOSE, CLOSES, CLOSE),
        ("GET", "1.0", KEEP, (1, 0), 200, 5, Framing.LENGTH, LENGTH + CLOSES, CLOSE),
    ],
)
def test_what_a_response_head_says_of_its_content_and_the_connection(
    method: str,
    version: str,
    fields: str,
    ours: Version,
    status: int,
    length: int | None,
    framing: Framing,
    said: bytes,
    verdict: Verdict,
) -> None:
    http = asked(method, version, fields, ours=ours)
    head = http.send_response(ok(length, status))
    line = b"HTTP/%d.%d %d Reason\r\nX-A: 1\r\n" % (*ours, status)
    assert (http.framing, head) == (framing, line + said + b"\r\n")
    http.send_data(b"hello")
    http.end()
    assert http.finish() is verdict


def test_date_and_server_are_passed_on() -> None:
    head = asked().send_response(ok(0), date=b"now", server=b"s/1")
    assert head.endswith(b"Content-Length: 0\r\nDate: now\r\nServer: s/1\r\n\r\n")


@pytest.mark.parametrize(
    ("status", "declared", "known", "said"),
    [
        (200, None, 7, b"Content-Length: 7"),
        (200, 5, 7, b"Content-Length: 5"),
        (200, None, 0, b"Content-Length: 0"),
        (204, None, 0, b""),
        (304, None, 0, b""),
        (304, 5, 0, b"Content-Length: 5"),
    ],
)
def test_a_length_that_the_server_knows_is_said_where_it_is_that_of_the_content(
    status: int, declared: int | None, known: int, said: bytes
) -> None:
    head = asked().send_response(ok(declared, status), length=known)
    assert b"".join(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length")) == said


# Content


def test_content_of_a_length_goes_out_as_it_is() -> None:
    http = asked()
    http.send_response(ok(5))
    assert [http.send_data(b"abc"), http.nothing_follows] == [b"abc", False]
    assert [http.send_data(b"de"), http.nothing_follows] == [b"de", True]
    assert (http.end(), http.content_sent, http.excess) == (b"", 5, 0)


def test_content_beyond_the_length_is_left_out_and_counted() -> None:
    http = asked()
    http.send_response(ok(5))
    assert [http.send_data(b"abc"), http.send_data(b"defg"), http.send_data(b"hij")] == [b"abc", b"de", b""]
    assert (http.end(), http.content_sent, http.excess) == (b"", 5, 5)
    assert http.finish() is KEEP_ALIVE


@pytest.mark.parametrize(("sent", "missing"), [(b"", 5), (b"abc", 2)])
def test_content_that_falls_short_of_the_length_closes(sent: bytes, missing: int) -> None:
    http = asked()
    http.send_response(ok(5))
    http.send_data(sent)
    with pytest.raises(LocalProtocolError) as caught:
        http.end()
    assert str(caught.value) == (f"the body is {missing} bytes shorter than its Content-Length ({len(sent)} were sent)")
    assert http.finish() is CLOSE


def test_content_without_a_length_goes_out_in_chunks() -> None:
    http = asked()
    http.send_response(ok())
    assert [http.send_data(b"abc"), http.send_data(b"d" * 16)] == [b"3\r\nabc\r\n", b"10\r\n" + b"d" * 16 + b"\r\n"]
    assert not http.nothing_follows
    assert (http.end(), http.content_sent, http.excess) == (b"0\r\n\r\n", 19, 0)


def test_an_empty_block_is_no_last_chunk() -> None:
    http = asked()
    http.send_response(ok())
    assert http.send_data(b"") == b""


def test_an_old_client_reads_until_the_connection_closes() -> None:
    http = asked(version="1.0")
    http.send_response(ok())
    assert (http.send_data(b"abc"), http.end(), http.nothing_follows, http.content_sent) == (b"abc", b"", False, 3)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 205), ("GET", 304)])
@pytest.mark.parametrize("length", [None, 5])
def test_no_content_goes_out_where_none_may_be(method: str, status: int, length: int | None) -> None:
    http = asked(method)
    http.send_response(ok(length, status))
    assert http.nothing_follows
    assert (http.send_data(b"hello"), http.skip_content(), http.end()) == (b"", 0, b"")
    assert (http.content_sent, http.excess) == (0, 5)


def test_content_that_the_caller_sends_by_other_means_counts_as_sent() -> None:
    http = asked()
    http.send_response(ok(5))
    http.send_data(b"ab")
    assert http.skip_content() == 3
    assert (http.nothing_follows, http.content_sent, http.end()) == (True, 5, b"")
    assert http.skip_content() == 0


# What becomes of the connection


def test_a_connection_that_is_told_so_closes_after_the_response() -> None:
    http = asked()
    http.close_after_response()
    assert CLOSES in http.send_response(ok(0))
    assert http.finish() is CLOSE


def test_a_connection_that_is_told_so_late_closes_all_the_same() -> None:
    http = asked()
    assert CLOSES not in http.send_response(ok(0))
    http.close_after_response()
    assert http.finish() is CLOSE


def test_a_finished_response_leaves_nothing_to_the_next() -> None:
    http = asked(rest=b"HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n")
    http.send_response(ok(2))
    http.send_data(b"abcde")
    assert http.finish() is KEEP_ALIVE
    assert (http.request, http.framing, http.content_sent, http.excess) == (None, None, 0, 0)
    http.next_event()
    assert http.send_response(ok()) == b"HTTP/1.1 200 Reason\r\nX-A: 1\r\n\r\n"
    assert http.framing is Framing.NO_CONTENT


def test_each_request_decides_for_itself_whether_it_is_the_last() -> None:
    http = asked(version="1.0", fields=KEEP, rest=b"GET / HTTP/1.0\r\n\r\n")
    http.send_response(ok(0))
    assert http.finish() is KEEP_ALIVE
    http.next_event()
    http.send_response(ok(0))
    assert http.finish() is CLOSE


def long_way(http: Connection, head: ResponseHead, content: bytes) -> bytes:
    data = http.send_response(head, date=b"today", server=b"s/1", length=len(content))
    return data + http.send_data(content) + http.end()


@pytest.mark.parametrize("length", [None, 5])
def test_a_whole_response_is_what_the_long_way_makes_of_it(length: int | None) -> None:
    head = ok(length)
    for content in (b"hello", b"hello", b"other"):
        whole, long = asked(), asked()
        assert whole.send_whole(head, content, b"today", b"s/1") == long_way(long, head, content)
        assert (whole.framing, whole.content_sent, whole.nothing_follows) == (Framing.LENGTH, 5, True)
        assert whole.finish() is long.finish() is KEEP_ALIVE
        assert whole.idle
        assert long.idle


@pytest.mark.parametrize(
    ("fields", "rest"),
    [
        ("Content-Length: 3\r\n", b"abc"),
        ("Content-Length: 3\r\nExpect: 100-continue\r\n", b"abc"),
        ("Content-Length: 3\r\nConnection: close\r\n", b"abc"),
        ("Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
    ],
)
def test_content_that_was_read_to_its_end_leaves_nothing_to_decide(fields: str, rest: bytes) -> None:
    whole, long = (asked("POST", fields=fields, rest=rest) for _ in range(2))
    assert whole.send_whole(ok(), b"hello", b"today", b"s/1") == b""
    for http in (whole, long):
        while not http.complete:
            http.next_event()
    assert whole.send_whole(ok(), b"hello", b"today", b"s/1") == long_way(long, ok(), b"hello")
    assert whole.finish() is long.finish()
    assert whole.idle == long.idle


def test_after_content_that_was_broken_the_long_way_has_to_be_gone() -> None:
    http = asked("POST", fields="Transfer-Encoding: chunked\r\n", rest=b"0\r\nwrong\r\n\r\n")
    with pytest.raises(RemoteProtocolError):
        http.next_event()
    assert http.send_whole(ok(), b"hello", b"today", b"s/1") == b""


def test_a_head_that_was_written_before_is_written_anew_when_something_has_changed() -> None:
    head = ok()
    for date, server, content in [(b"a", b"s", b"1"), (b"b", b"s", b"1"), (b"b", b"t", b"1"), (b"b", b"t", b"12")] * 2:
        said = asked().send_whole(head, content, date, server)
        assert said.partition(b"X-A: 1\r\n")[2] == (
            b"Content-Length: %d\r\nDate: %b\r\nServer: %b\r\n\r\n%b" % (len(content), date, server, content)
        )


@pytest.mark.parametrize(
    ("method", "version", "fields", "ours", "status", "length", "content"),
    [
        ("HEAD", "1.1", "", (1, 1), 200, None, b"hello"),
        ("GET", "1.0", "", (1, 1), 200, None, b"hello"),
        ("GET", "1.0", KEEP, (1, 1), 200, None, b"hello"),
        ("GET", "1.1", "Content-Length: 3\r\n", (1, 1), 200, None, b"hello"),
        ("GET", "1.1", "", (1, 0), 200, None, b"hello"),
        ("GET", "1.1", "", (1, 1), 204, None, b"hello"),
        ("GET", "1.1", "", (1, 1), 205, None, b"hello"),
        ("GET", "1.1", "", (1, 1), 304, None, b"hello"),
        ("GET", "1.1", "", (1, 1), 200, 6, b"hello"),
        ("GET", "1.1", "", (1, 1), 200, 4, b"hello"),
        ("GET", "1.1", "", (1, 1), 200, None, b""),
    ],
)
def test_where_there_is_something_to_decide_the_long_way_has_to_be_gone(
    method: str, version: str, fields: str, ours: Version, status: int, length: int | None, content: bytes
) -> None:
    head = ok(length, status)
    http = asked(method, version, fields, ours=ours)
    assert http.send_whole(head, content, b"", b"") == b""
    assert http.framing is None
    # Nor does it help that the head was written before, for a request that has nothing unusual.
    head.written = b"", b"", len(content), True, b"wrong"
    if (method, version, fields, ours) != ("GET", "1.1", "", (1, 1)):
        assert http.send_whole(head, content, b"", b"") == b""


def test_a_response_that_was_begun_cannot_be_sent_whole() -> None:
    http = asked()
    http.send_response(ok(5))
    assert http.send_whole(ok(), b"hello", b"", b"") == b""


@pytest.mark.parametrize("fields", ["", "Connection: close\r\n"])
def test_a_whole_response_on_a_connection_that_is_to_be_closed_says_so(fields: str) -> None:
    head = ok()
    for _ in range(2):
        whole, long = asked(fields=fields), asked(fields=fields)
        if not fields:
            assert asked().send_whole(head, b"hello", b"today", b"s/1") == long_way(asked(), head, b"hello")
            whole.close_after_response()
            long.close_after_response()
        said = whole.send_whole(head, b"hello", b"today", b"s/1")
        assert said == long_way(long, head, b"hello")
        assert CLOSES in said
        assert whole.finish() is CLOSE


@pytest.mark.parametrize("rest", [b"", b"\r\n", b"GET /"])
def test_a_connection_is_idle_when_nothing_has_come_since_the_response(rest: bytes) -> None:
    http = asked(rest=rest)
    assert not http.idle
    http.send_whole(ok(), b"hello", b"", b"")
    http.finish()
    assert http.idle == (rest == b"")


def test_a_connection_whose_content_is_drained_is_not_idle() -> None:
    http = asked("POST", fields="Content-Length: 5\r\n", rest=b"he")
    http.send_response(ok(0))
    http.finish()
    assert not http.idle
