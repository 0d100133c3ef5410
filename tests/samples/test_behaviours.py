"""What a client gets of each behaviour, whatever werkzeug would make of it; and what the log and ``close()`` tell."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sample_apps.behaviours import BEHAVIOURS
from tests.oracle.cases import LINES, NOT_COMPARED
from tests.oracle.serving import Served, Spec
from tests.oracle.wire import Response, exchange
from tests.server.running import until

Serve = Callable[[Spec], Served]

FAILED = (500, b"500 Internal Server Error\n\n")
BROKEN = "broken off"

# What the client sees: the status, then the body or how it begins; BROKEN where the response must not look whole.
EXPECTED: dict[str, tuple[object, ...]] = {
    "output/one_block": (200, b"one block\n"),
    "output/list_of_blocks": (200, b"first\nsecond\nthird\n"),
    "output/tuple_of_blocks": (200, b"first\nsecond\n"),
    "output/empty_list": (200, b""),
    "output/empty_blocks": (200, b"first\nsecond\n"),
    "output/generator": (200, b"block 1\nblock 2\nblock 3\n"),
    "output/large": (200, bytes(range(256)) * 4096),
    "output/write_only": (200, b"written first\nwritten second\n"),
    "output/write_and_iterate": (200, b"written\nreturned\n"),
    "output/file_with_length": (200, b"a line of a file\n" * 4096),
    "output/file_like": (200, b"not a real file\n" * 1000),
    "output/file_and_close": (200, b"closed by the server\n"),
    "starting/at_first_block": (201, b"started late\n"),
    "starting/after_first_block": FAILED,
    "starting/never": FAILED,
    "starting/twice": FAILED,
    "starting/twice_after_output": (200, b"first\n", BROKEN),
    "starting/exc_info_before_output": (503, b"replaced\n"),
    "starting/exc_info_after_output": (200, b"before the error\n", BROKEN),
    "starting/exc_info_after_write": (200, b"before the error\n", BROKEN),
    "failures/raises_at_once": FAILED,
    "failures/raises_before_output": FAILED,
    "failures/raises_first_block": FAILED,
    "failures/raises_while_output": (200, b"first\n", BROKEN),
    "failures/raises_with_length": (200, b"first\n", BROKEN),
    "failures/raises_after_output": (200, b"whole\n"),
    "failures/in_close": (200, b"whole\n"),
    "failures/system_exit": FAILED,
    "closing/counted": (200, b"counted"),
    "closing/counted_error": (200, b"first\n", BROKEN),
    "lengths/too_short": (200, b"short\n", BROKEN),
    "lengths/too_short_generator": (200, b"short\nshort\n", BROKEN),
    "lengths/empty_but_claimed": (200, b"", BROKEN),
    "lengths/too_long": (200, b"right"),
    "lengths/too_long_generator": (200, b"right"),
    "lengths/too_long_write": (200, b"right"),
    "lengths/zero": (200, b""),
    "lengths/no_number": FAILED,
    "lengths/twice": FAILED,
    "bodiless/always_a_body": (200, b"body\n"),
    "bodiless/no_content": (204, b""),
    "bodiless/no_content_empty": (204, b""),
    "bodiless/reset_content": (205, b""),
    "bodiless/not_modified": (304, b""),
    "bodiless/not_modified_with_length": (304, b""),
    "fields/hop_by_hop": FAILED,
    "fields/own_chunked": FAILED,
    "fields/injection_in_value": FAILED,
    "fields/injection_in_name": FAILED,
    "fields/injection_in_status": FAILED,
    "fields/control_in_value": FAILED,
    "fields/space_in_name": FAILED,
    "fields/status_without_reason": FAILED,
    "fields/own_server_and_date": (200, b"text\n"),
    "fields/cookies": (200, b"text\n"),
    "fields/latin1_value": (200, b"text\n"),
    "fields/leading_space_value": (200, b"text\n"),
    "fields/many": (200, b"text\n"),
    "fields/huge": (200, b"text\n"),
    "wrong_types/str_block": FAILED,
    "wrong_types/str_block_later": (200, b"bytes\n", BROKEN),
    "wrong_types/str_body": FAILED,
    "wrong_types/bytes_body": FAILED,
    "wrong_types/none_body": FAILED,
    "wrong_types/str_write": FAILED,
    "wrong_types/bytes_status": FAILED,
    "wrong_types/number_value": FAILED,
    "wrong_types/headers_not_a_list": FAILED,
    "environs/errors": (200, b"text\n"),
}

# What each way of reading gets of LINES.
READ = {
    "whole": ["first line\nsecond line\nno end"],
    "exact": ["first line\nsecond line\nno end"],
    "by_threes": ["fir", "st ", "lin", "e\ns", "eco", "nd ", "lin", "e\nn", "o e", "nd"],
    "by_lines": ["first line\n", "second line\n", "no end"],
    "by_lines_of_four": ["firs", "t li", "ne\n", "seco", "nd l", "ine\n", "no e", "nd"],
    "by_readlines": ["first line\n", "second line\n", "no end"],
    "by_readlines_hint": ["first line\n", "second line\nno end"],
    "by_iteration": ["first line\n", "second line\n", "no end"],
    "past_the_end": ["first line\nsecond line\nno end", "", "", ""],
    "half": ["first line\nsec"],
    "nothing": [],
    "zero_bytes": ["", "", "first line\nsecond line\nno end"],
}


@pytest.fixture
def served(kind: str, serve: Serve) -> Served:
    return serve(Spec("sample_apps.behaviours:app", kind))


def ask(served: Served, name: str, method: str = "GET", content: bytes = b"") -> Response:
    """One request on a connection of its own."""
    length = f"Content-Length: {len(content)}\r\n" if content else ""
    head = f"{method} /{name} HTTP/1.1\r\nHost: test\r\n{length}Connection: close\r\n\r\n"
    (response,), junk = exchange(served.connect(), [head.encode() + content], [method])
    assert junk == b""
    return response


def test_every_behaviour_has_its_expectation() -> None:
    reading = {f"reading/{name}" for name in READ} | {"reading/echo_while_reading"}
    assert EXPECTED.keys() | reading == BEHAVIOURS.keys() - NOT_COMPARED


@pytest.mark.parametrize("name", EXPECTED)
def test_what_the_client_sees(served: Served, name: str) -> None:
    status, body, *broken = EXPECTED[name]
    response = ask(served, name)
    shown = response.body[: len(FAILED[1])] if status == 500 else response.body
    assert (response.status, shown, response.whole) == (status, body, not broken)


@pytest.mark.parametrize("name", READ)
def test_what_each_way_of_reading_gets(served: Served, name: str) -> None:
    assert json.loads(ask(served, f"reading/{name}", "POST", LINES).body) == READ[name]


def test_what_is_sent_while_reading_is_what_was_read(served: Served) -> None:
    content = os.urandom(50_000)
    assert ask(served, "reading/echo_while_reading", "POST", content).body == content


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("failures/raises_at_once", "ValueError: raised at once"),
        ("failures/raises_while_output", "ValueError: raised while output"),
        ("failures/raises_after_output", "ValueError: raised after output"),
        ("failures/in_close", "ValueError: raised in close"),
        ("failures/system_exit", "SystemExit"),
        ("starting/exc_info_after_output", "KeyError: 'found after output'"),
        ("starting/never", "start_response"),
        ("lengths/too_short", "Content-Length"),
        ("lengths/too_long", "Content-Length"),
        ("fields/hop_by_hop", "Keep-Alive"),
        ("fields/injection_in_value", "X-Name"),
        ("wrong_types/str_block", "str"),
        ("environs/errors", "one line"),
        ("output/file_and_close", "the wrapped file is closed"),
    ],
)
def test_what_the_log_says(kind: str, serve_anew: Serve, name: str, text: str) -> None:
    served = serve_anew(Spec("sample_apps.behaviours:app", kind))
    ask(served, name)
    assert_soon(lambda: text in served.log(), served)


def assert_soon(condition: Callable[[], bool], served: Served) -> None:
    """After a further request on a new connection has been answered, or after a few: what follows a response, such as
    ``close()``, may run after the client has all of it."""

    def fulfilled_or_asked() -> bool:
        fulfilled = condition()
        if not fulfilled:
            ask(served, "lengths/zero")
        return fulfilled

    until(fulfilled_or_asked)


@contextmanager
def one_more_close(kind: str, serve_anew: Serve) -> Iterator[Served]:
    """A server on which ``close()`` of a counted body must be called exactly once within the block."""
    served = serve_anew(Spec("sample_apps.behaviours:app", kind))
    yield served
    assert_soon(lambda: ask(served, "closing/count").body == b"1\n", served)


@pytest.mark.parametrize(
    ("name", "method"), [("counted", "GET"), ("counted", "HEAD"), ("counted", "POST"), ("counted_error", "GET")]
)
def test_close_is_called_once(kind: str, serve_anew: Serve, name: str, method: str) -> None:
    with one_more_close(kind, serve_anew) as served:
        ask(served, f"closing/{name}", method)


def test_close_is_called_once_when_the_client_leaves(kind: str, serve_anew: Serve) -> None:
    with one_more_close(kind, serve_anew) as served, served.connect() as connection:
        connection.sendall(b"GET /closing/counted_endless HTTP/1.1\r\nHost: test\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_connection_lives_through_everything_that_is_right(served: Served) -> None:
    names = [name for name, expected in EXPECTED.items() if BROKEN not in expected and expected[0] != 500]
    names = [name for name in names if not name.startswith(("lengths/too_long", "failures/"))]
    requests = [f"GET /{name} HTTP/1.1\r\nHost: test\r\n\r\n".encode() for name in names]
    connection = served.connect()
    connection.settimeout(20)
    responses, _ = exchange(connection, [b"".join(requests) + LAST], ["GET"] * (len(names) + 1))
    assert [response.status for response in responses] == [EXPECTED[name][0] for name in names] + [200]


LAST = b"GET /lengths/zero HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"


def test_the_list_names_every_behaviour_with_its_rule(served: Served) -> None:
    lines = ask(served, "").body.decode().splitlines()
    assert [line.split()[0].strip("/") for line in lines] == list(BEHAVIOURS)
    assert all(len(line.split()) > 1 for line in lines)


def test_a_request_cut_off_in_its_content_reaches_no_reader_as_whole(served: Served) -> None:
    before = len(served.environs())
    with served.connect() as connection:
        connection.sendall(b"POST /reading/whole HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc")
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b" 200 " not in answer
    assert len(served.environs()) == before + 1
