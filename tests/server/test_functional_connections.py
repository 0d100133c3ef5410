"""Connections over every server class: kept, closed, pipelined, and how each response tells where it ends."""

from __future__ import annotations

import re
import time

import pytest

from tests.server import apps
from tests.server.client import Client, request
from tests.server.conftest import Start


def at_end(client: Client) -> bool:
    return client.rest() == b""


def test_a_connection_is_kept_for_the_next_request(start: Start) -> None:
    client = start(apps.hello).connect()
    for path in ("/one", "/two", "/three"):
        response = client.exchange(request(path))
        assert (response.status, response.body) == (200, b"GET " + path.encode())
        assert response.version == "HTTP/1.1"
        assert "connection" not in response.headers


def test_pipelined_requests_are_answered_in_order(start: Start) -> None:
    served = start(apps.echo)
    requests, expected = [], []
    for number in range(25):
        body = f"body {number}".encode() * number
        chunks = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        requests += [
            request(f"/{number}"),
            request(f"/{number}", method="HEAD"),
            request(f"/{number}", method="POST", body=body),
            request(f"/{number}", "Transfer-Encoding: chunked", method="PUT") + chunks + b"0\r\n\r\n",
        ]
        expected += [("GET", b"GET:"), ("HEAD", b""), ("POST", b"POST:" + body), ("PUT", b"PUT:" + body)]
    client = served.connect(b"".join(requests))
    for method, body in expected:
        assert client.read(method).body == body
    client.finish()
    assert at_end(client)
    assert [access.method for access in served.stop().accesses] == [method for method, _ in expected]


def test_a_pipeline_that_arrives_byte_by_byte_is_answered_alike(start: Start) -> None:
    client = start(apps.echo).connect()
    for byte in request("/a", method="POST", body=b"12345") + request("/b") + request("/c", "Connection: close"):
        client.send(bytes([byte]))
    assert [client.read().body for _ in range(3)] == [b"POST:12345", b"GET:", b"GET:"]
    assert at_end(client)


def test_a_client_that_sends_all_and_half_closes_gets_all_answers(start: Start) -> None:
    client = start(apps.hello).connect(b"".join(request(f"/{number}") for number in range(40)))
    client.finish()
    assert [client.read().body for number in range(40)] == [f"GET /{number}".encode() for number in range(40)]
    assert at_end(client)


def test_connection_close_is_honoured_and_announced(start: Start) -> None:
    client = start(apps.hello).connect()
    response = client.exchange(request("/", "Connection: close"))
    assert (response.body, response.headers["connection"]) == (b"GET /", "close")
    assert at_end(client)


def test_nothing_is_answered_after_connection_close(start: Start) -> None:
    served = start(apps.hello)
    client = served.connect(request("/one", "Connection: close") + request("/two"))
    assert client.read().body == b"GET /one"
    assert at_end(client)
    client.close()
    assert [access.target for access in served.stop().accesses] == ["/one"]


def test_http_1_0_closes_after_the_response(start: Start) -> None:
    client = start(apps.hello).connect()
    response = client.exchange(request("/", version="HTTP/1.0"))
    assert (response.body, response.headers["connection"]) == (b"GET /", "close")
    assert at_end(client)


def test_http_1_0_keeps_the_connection_if_asked_to(start: Start) -> None:
    client = start(apps.hello).connect()
    for _ in range(2):
        response = client.exchange(request("/", "Connection: keep-alive", version="HTTP/1.0"))
        assert response.headers["connection"] == "keep-alive"
        assert response.headers["content-length"] == "5"


def test_http_1_0_never_gets_chunks_and_the_body_ends_with_the_connection(start: Start) -> None:
    client = start(apps.two_blocks).connect()
    response = client.exchange(request("/", "Connection: keep-alive", version="HTTP/1.0"))
    assert "transfer-encoding" not in response.headers
    assert (response.headers["connection"], response.body) == ("close", b"one,two")
    assert at_end(client)


def test_a_body_of_unknown_length_is_chunked_and_the_connection_kept(start: Start) -> None:
    client = start(apps.two_blocks).connect()
    for _ in range(2):
        client.send(request())
        head = client.read_head()
        assert b"\r\nTransfer-Encoding: chunked\r\n" in head
        assert b"Content-Length" not in head
        assert client.file.read(22) == b"4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_head_has_the_header_of_get_and_no_body(start: Start) -> None:
    client = start(apps.status).connect()
    got = client.exchange(request("/200"))
    head = client.exchange(request("/200", method="HEAD"), "HEAD")
    assert (got.body, head.body) == (b"a body", b"")
    assert head.headers["content-length"] == got.headers["content-length"] == "6"
    assert client.exchange(request("/200")).body == b"a body"


@pytest.mark.parametrize("status", [204, 304])
def test_204_and_304_have_no_body_and_the_connection_is_kept(status: int, start: Start) -> None:
    client = start(apps.status).connect()
    client.send(request(f"/{status}") + request("/200"))
    assert client.read_head().startswith(b"HTTP/1.1 %d Whatever\r\n" % status)
    assert client.read().body == b"a body"


def test_a_list_has_its_length_and_the_response_says_when_and_by_whom(start: Start) -> None:
    response = start(apps.hello).connect().exchange(request("/abc"))
    assert response.headers["content-length"] == "8"
    assert response.headers["server"] == "wsgiserve"
    assert response.headers["date"].endswith(" GMT")


def test_an_empty_line_between_requests_is_ignored(start: Start) -> None:
    client = start(apps.echo).connect(request("/", method="POST", body=b"a") + b"\r\n")
    assert client.read().body == b"POST:a"
    assert client.exchange(request()).body == b"GET:"


def test_a_request_that_is_none_is_answered_once_and_what_follows_is_not_read(start: Start) -> None:
    served = start(apps.hello)
    client = served.connect(request("/good") + b"GET /bad HTTP/1.1\r\nHost : x\r\n\r\n" + request("/never"))
    assert client.read().body == b"GET /good"
    refusal = client.read()
    assert (refusal.status, refusal.headers["connection"]) == (400, "close")
    assert at_end(client)
    client.close()
    journal = served.stop()
    good, refused = journal.accesses
    assert (good.target, refused.method, refused.target, refused.status) == ("/good", "-", "-", 400)
    assert refused.note.startswith("✗ ")
    assert journal.loud() == []


# How long a request waited

ONE_AT_A_TIME = {"single": {}, "pool": {"threads": 1}, "thread": {"max_threads": 1}, "fork": {"processes": 1}}


def test_the_log_tells_how_long_a_request_waited_and_for_whom(kind: str, start: Start) -> None:
    served = start(apps.late_reader, **ONE_AT_A_TIME[kind])
    first = served.connect(request("/first", "Connection: close"))
    served.wait_for(lambda journal: journal.notes)
    second = served.connect(request("/second", "Connection: close"))
    time.sleep(0.2)  # what passes here is what is measured
    for _ in range(2):
        served.gate.release()
    assert [first.read().status, second.read().status] == [200, 200]
    queued = served.stop().queued
    found = re.fullmatch(r"queue (\d+) ms · 1/1 (threads|processes) busy", queued["/second"])
    assert found is not None, queued
    assert int(found[1]) >= 190
    assert found[2] == ("processes" if kind == "fork" else "threads")
