"""Content in both directions over every server class: whole, in time, and where it belongs."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from pathlib import Path

import pytest

from tests.server import apps
from tests.server.client import Client, connect, request
from tests.server.conftest import Start
from tests.server.served import Journal

TEN_MEBIBYTES = apps.pattern(10 * apps.MEBIBYTE)


def chunked(body: bytes, size: int) -> bytes:
    """A body in chunks of a size."""
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def described(body: bytes) -> bytes:
    """What ``apps.digest`` answers to it."""
    return f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()


def _has_notes(number: int, journal: Journal) -> bool:
    return len(journal.notes) >= number


# Requests


def test_content_is_read_by_its_length(start: Start) -> None:
    client = start(apps.echo).connect()
    for body in (b"first", b"the second"):
        assert client.exchange(request(method="POST", body=body)).body == b"POST:" + body


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunked_content_is_read_to_its_last_chunk(size: int, start: Start) -> None:
    client = start(apps.echo).connect()
    body = apps.pattern(1000)
    head = request("/", "Transfer-Encoding: chunked", method="POST")
    for _ in range(2):
        assert client.exchange(head + chunked(body, size)).body == b"POST:" + body


def test_chunk_extensions_and_trailers_are_no_content(start: Start) -> None:
    client = start(apps.echo).connect()
    head = request("/", "Transfer-Encoding: chunked", method="POST")
    assert client.exchange(head + b"3;a=b\r\nabc\r\n0;c\r\nX-Trailer: d\r\n\r\n").body == b"POST:abc"
    assert client.exchange(request()).body == b"GET:"


def test_content_arrives_while_the_application_reads(start: Start) -> None:
    served = start(apps.late_reader)
    client = served.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n")
    served.wait_for(lambda journal: journal.notes)
    served.gate.release()
    for byte in b"abcdef":
        client.send(bytes([byte]))
    assert client.read().body == b"ab|cdef"


READINGS: list[tuple[str, list[object]]] = [
    ("read()+read()", ["one\ntwo\n\nlast", ""]),
    ("read(0)+read(5)+read(100)+read(1)", ["", "one\nt", "wo\n\nlast", ""]),
    ("readline()+readline(2)+readline()+readline()+readline()+readline()", ["one\n", "tw", "o\n", "\n", "last", ""]),
    ("readlines()+readlines()", [["one\n", "two\n", "\n", "last"], []]),
    ("readlines(5)+read()", [["one\n", "two\n"], "\nlast"]),
    ("list()+list()", [["one\n", "two\n", "\n", "last"], []]),
    ("read(4)+list()+read()", ["one\n", ["two\n", "\n", "last"], ""]),
]


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_wsgi_input_reads_as_a_file_that_ends_with_the_content(framing: str, start: Start) -> None:
    body = b"one\ntwo\n\nlast"
    client = start(apps.read_as_told).connect()
    for calls, expected in READINGS:
        if framing == "length":
            client.send(request(f"/?{calls}", method="POST", body=body))
        else:
            client.send(request(f"/?{calls}", "Transfer-Encoding: chunked", method="POST") + chunked(body, 2))
        client.send(request("/?read()", method="PUT"))
        assert json.loads(client.read().body) == expected
        assert json.loads(client.read().body) == [""]


def test_the_input_of_a_request_that_is_over_is_at_its_end(start: Start) -> None:
    client = start(apps.keeps_its_input).connect()
    client.send(request(method="POST", body=b"a") + request(method="POST", body=b"b"))
    assert client.read().body == b"nothing before"
    assert client.read().body == b"before: "


@pytest.mark.parametrize("size", [0, 5000, 200_000])
def test_content_that_nobody_reads_is_drained_and_the_connection_kept(size: int, start: Start) -> None:
    client = start(apps.unread).connect()
    body = apps.pattern(size)
    heads = {
        "length": request(method="POST", body=body),
        "chunked": request("/", "Transfer-Encoding: chunked", method="POST") + chunked(body, 4096),
    }
    for message in heads.values():
        response = client.exchange(message)
        assert response.body == b"not read"
        assert "connection" not in response.headers
    assert client.exchange(request()).body == b"not read"


def test_much_content_that_nobody_reads_ends_the_connection_and_the_response_can_still_be_read(start: Start) -> None:
    served = start(apps.refuse)
    client = served.connect(request(method="POST", body=TEN_MEBIBYTES[: 2 * apps.MEBIBYTE]))
    response = client.read()
    assert (response.status, response.body, response.headers["connection"]) == (413, b"too much", "close")
    assert client.rest() == b""
    client.close()
    journal = served.stop()
    assert (journal.access.status, journal.access.note) == (413, "")
    assert journal.loud() == []


def test_endless_chunked_content_that_nobody_reads_ends_the_connection(start: Start) -> None:
    client = start(apps.unread).connect()
    client.send(request("/", "Transfer-Encoding: chunked", method="POST"))
    assert client.read().body == b"not read"
    client.send(chunked(TEN_MEBIBYTES[: apps.MEBIBYTE], 65536)[:-5])
    assert client.rest() == b""


def test_a_declared_length_beyond_the_limit_is_answered_413_before_the_content(start: Start) -> None:
    served = start(apps.echo)
    client = served.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 100_000)
    response = client.read()
    assert (response.status, response.headers["connection"]) == (413, "close")
    assert client.rest() == b""


# Expect: 100-continue


def expecting(length: int) -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n".encode()


def test_100_continue_is_sent_once_and_when_the_application_reads(start: Start) -> None:
    served = start(apps.late_reader)
    client = served.connect(expecting(4))
    served.wait_for(lambda journal: journal.notes)
    client.sock.setblocking(False)
    with pytest.raises(BlockingIOError):  # the application runs, and has not read: nothing was sent
        client.sock.recv(1)
    client.sock.settimeout(20)
    served.gate.release()
    assert client.read_head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"ab")
    client.send(b"cd")
    assert client.read_head().startswith(b"HTTP/1.1 200 OK\r\n")
    assert client.file.read(5) == b"ab|cd"
    served.gate.release()
    assert client.exchange(request(method="POST", body=b"abcd")).body == b"ab|cd"


def test_100_continue_is_not_sent_to_a_client_that_sends_its_content_anyway(start: Start) -> None:
    client = start(apps.echo).connect(expecting(4) + b"abcd")
    assert client.read_head().startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_application_that_does_not_read_spares_the_client_its_content(start: Start) -> None:
    client = start(apps.refuse).connect(expecting(4))
    assert client.read_head().startswith(b"HTTP/1.1 413 ")
    assert client.rest() == b"too much"


def test_http_1_0_clients_do_not_get_100_continue(start: Start) -> None:
    client = start(apps.echo).connect(request("/", "Expect: 100-continue", "Content-Length: 2", version="HTTP/1.0"))
    client.send(b"ab")
    assert client.read_head().startswith(b"HTTP/1.1 200 OK\r\n")


# Responses


@pytest.mark.parametrize(
    ("way", "version"),
    [("generator", "HTTP/1.1"), ("generator", "HTTP/1.0"), ("write", "HTTP/1.1"), ("length", "HTTP/1.1")],
)
def test_each_block_is_with_the_client_before_the_next_is_asked_for(way: str, version: str, start: Start) -> None:
    served = start(apps.step_by_step)
    client = served.connect(request(f"/{way}", version=version))
    head = client.read_head()
    for number in range(3):
        if b"chunked" in head:
            assert client.file.readline() == b"5\r\n"
        assert client.file.read(5) == f"step{number}".encode()
        if b"chunked" in head:
            assert client.file.readline() == b"\r\n"
        assert len(served.wait_for(partial(_has_notes, number + 1)).notes) == number + 1
        served.gate.release()
    assert (b"chunked" in head) == (way != "length" and version == "HTTP/1.1")
    assert served.wait_for(lambda journal: "ended" in journal.notes)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_ten_mebibytes_go_up_unharmed(framing: str, start: Start) -> None:
    client = start(apps.digest).connect()
    if framing == "length":
        client.send(request(method="PUT", body=TEN_MEBIBYTES))
    else:
        client.send(request("/", "Transfer-Encoding: chunked", method="PUT") + chunked(TEN_MEBIBYTES, 99_999))
    assert client.read().body == described(TEN_MEBIBYTES)


@pytest.mark.parametrize("way", ["list", "generator", "write", "file"])
def test_ten_mebibytes_come_down_unharmed_and_the_next_response_after_them(way: str, start: Start) -> None:
    client = start(apps.large).connect(request(f"/{way}?10") + request(f"/{way}?0"))
    assert client.read().body == TEN_MEBIBYTES
    assert client.read().body == b""


# Files


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "file"
    found.write_bytes(TEN_MEBIBYTES)
    return found


def test_a_file_has_its_length_and_is_closed(path: Path, start: Start) -> None:
    served = start(apps.file)
    client = served.connect(request(f"/0?{path}") + request(f"/10485000?{path}"))
    response = client.read()
    assert response.headers["content-length"] == str(len(TEN_MEBIBYTES))
    assert response.body == TEN_MEBIBYTES
    assert client.read().body == TEN_MEBIBYTES[10485000:]
    client.close()
    journal = served.stop()
    assert journal.notes == ["file closed"] * 2
    assert [access.size for access in journal.accesses] == [len(TEN_MEBIBYTES), len(TEN_MEBIBYTES) - 10485000]


@pytest.mark.parametrize(("name", "part"), [("5-100", slice(5, 105)), ("10485000-0", slice(0, 0))])
def test_of_a_file_only_the_declared_length_is_sent(name: str, part: slice, path: Path, start: Start) -> None:
    client = start(apps.file).connect(request(f"/{name}?{path}") + request(f"/0-3?{path}"))
    assert client.read().body == TEN_MEBIBYTES[part]
    assert client.read().body == TEN_MEBIBYTES[:3]


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_head_of_a_file_sends_nothing_of_it(version: str, path: Path, start: Start) -> None:
    client = start(apps.file).connect(request(f"/0?{path}", "Connection: close", method="HEAD", version=version))
    assert b"Content-Length: 10485760\r\n" in client.read_head()
    assert client.rest() == b""


def test_a_file_shorter_than_its_declared_length_breaks_off(path: Path, start: Start) -> None:
    served = start(apps.file)
    client = served.connect(request(f"/10485750-100?{path}"))
    assert b"Content-Length: 100\r\n" in client.read_head()
    assert client.rest() == TEN_MEBIBYTES[-10:]
    client.close()
    (failure,) = served.stop().loud()
    assert "90 bytes shorter than its Content-Length" in failure.text


def slow_client(address: object) -> Client:
    return connect(address, receive_bytes=4096)


@pytest.mark.parametrize("way", ["list", "file"])
def test_a_client_that_is_slow_to_read_gets_all_and_others_are_served_meanwhile(
    way: str, path: Path, start: Start
) -> None:
    served = start(apps.large_or_file)
    client = slow_client(served.address)
    served.clients.append(client)
    client.send(request(f"/0?{path}" if way == "file" else "/list?10") + request())
    # The application is done with it: the rest is the server's.
    served.wait_for(lambda journal: journal.accesses)
    for _ in range(3):
        assert served.connect().exchange(request("/", "Connection: close")).body == b"GET /"
    if way == "file":
        assert served.journal.notes == ["file closed"]
    assert client.read().body == TEN_MEBIBYTES
    assert client.read().body == b"GET /"


def test_a_client_that_leaves_a_parked_response_costs_nothing(path: Path, start: Start) -> None:
    served = start(apps.large_or_file)
    for target in ("/list?10", f"/0?{path}"):
        client = slow_client(served.address)
        client.send(request(target))
        assert client.read_head().startswith(b"HTTP/1.1 200")
        client.reset()
    journal = served.stop()
    assert journal.loud() == []
    assert len(journal.accesses) == 2


def test_a_half_closed_client_gets_all_of_a_parked_response(start: Start) -> None:
    served = start(apps.large_or_file)
    client = slow_client(served.address)
    client.send(request("/list?10"))
    client.finish()
    assert client.read().body == TEN_MEBIBYTES
    assert client.rest() == b""
    client.close()
