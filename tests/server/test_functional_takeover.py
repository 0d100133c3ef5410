"""``werkzeug.socket`` over every server class: applications that speak a protocol of their own, such as WebSocket."""

from __future__ import annotations

import os
import socket

import pytest

from tests.server import apps
from tests.server.client import request
from tests.server.conftest import Start


@pytest.mark.parametrize("returns", ["list", "blocks", "file", "empty", "none"])
def test_the_application_has_the_connection_to_itself_whatever_it_returns(returns: str, start: Start) -> None:
    served = start(apps.takes_over)
    client = served.connect(request(f"/{returns}"))
    assert client.read_head().startswith(b"HTTP/1.1 101 ")
    for line in (b"one\n", b"two\n", b"bye\n"):
        client.send(line)
        assert client.file.readline() == line.upper()
    assert client.rest() == b""
    served.wait_for(lambda journal: journal.accesses)
    assert served.connect(request("/", "Connection: close")).read().body == b"GET /"
    journal = served.stop()
    taken, good = journal.accesses
    assert (taken.target, taken.status, taken.size, taken.note) == (f"/{returns}", 101, 0, "socket taken over")
    assert good.status == 200
    assert journal.loud() == []


def test_a_failure_after_taking_over_is_logged_and_the_connection_closed(start: Start) -> None:
    served = start(apps.takes_over)
    client = served.connect(request("/fails"))
    client.read_head()
    client.send(b"bye\n")
    assert client.rest() == b"BYE\n"
    journal = served.stop()
    (failure,) = journal.loud()
    assert "closed the connection, which the application had taken over" in failure.text
    assert "KeyError: 'sku'" in failure.text
    assert journal.access.status == 101
    assert journal.access.note.startswith("✗ KeyError: 'sku'  apps.py:")


def test_a_client_that_resets_a_taken_over_connection_is_no_failure(start: Start) -> None:
    served = start(apps.takes_over)
    client = served.connect(request("/list"))
    client.read_head()
    client.reset()
    journal = served.wait_for(lambda journal: journal.accesses)
    assert (journal.access.status, journal.access.note) == (101, "✗ client left")
    assert journal.loud() == []


def test_last_words_arrive_though_the_client_has_not_been_heard_out(start: Start) -> None:
    # Closed with bytes unread, the socket would be reset, and what is on its way to the client destroyed.
    client = start(apps.takes_over).connect(request("/empty"))
    client.read_head()
    client.send(b"bye\n" + b"x" * 100_000)
    assert client.rest() == b"BYE\n"


def test_the_client_may_leave_first(start: Start) -> None:
    served = start(apps.takes_over)
    client = served.connect(request("/list"))
    client.read_head()
    client.finish()
    assert client.rest() == b""
    journal = served.stop()
    assert (journal.access.status, journal.loud()) == (101, [])


def test_an_application_may_close_the_socket_and_its_number_does_not_become_another_ones(start: Start) -> None:
    served = start(apps.takes_over)
    client = served.connect(request("/closes"))
    client.read_head()
    client.send(b"bye\n")
    assert client.rest() == b"BYE\n"  # while the application still runs
    served.gate.release()
    served.wait_for(lambda journal: journal.accesses)
    assert served.connect(request("/", "Connection: close")).read().body == b"GET /"
    assert served.stop().loud() == []


def test_looking_at_the_socket_does_not_take_it_over(start: Start) -> None:
    served = start(apps.looks)
    client = served.connect()
    for _ in range(2):
        assert client.exchange(request()).body == b"GET /"
    journal = served.stop()
    assert journal.notes == [[True, True], [True, 0.0, 0, False]] * 2
    assert [access.status for access in journal.accesses] == [200, 200]


def test_a_socket_cannot_be_taken_over_after_its_request(start: Start) -> None:
    served = start(apps.uses_the_socket_of_before)
    client = served.connect()
    assert client.exchange(request("/one")).body == b"GET /one"
    served.wait_for(lambda journal: journal.accesses)
    served.gate.release()
    journal = served.wait_for(lambda journal: journal.notes)
    assert journal.notes == ["the request is over, and the socket is the server's again"]
    assert client.exchange(request("/two")).body == b"GET /two"
    served.gate.release()


@pytest.mark.parametrize("leave", ["bye", "close", "abort"])
def test_a_websocket_of_flask_sock(leave: str, start: Start) -> None:
    if not os.environ.get("WSGISERVE_TEST_ALL"):
        pytest.importorskip("flask_sock")
    import simple_websocket

    served = start(apps.websocket_app)
    host, port = served.address
    ws = simple_websocket.Client.connect(f"ws://{host}:{port}/echo")
    for message in ("one", "two" * 50_000, b"three"):
        ws.send(message)
        assert ws.receive(timeout=20) == message
    if leave == "bye":
        ws.send("bye")
        with pytest.raises(simple_websocket.ConnectionClosed) as closed:
            ws.receive(timeout=20)
        assert closed.value.reason == 1000
    elif leave == "close":
        ws.close()
    else:
        ws.sock.shutdown(socket.SHUT_RDWR)
    ws.thread.join(20)
    ws.sock.close()
    journal = served.wait_for(lambda journal: journal.accesses)
    assert served.connect(request("/none", "Connection: close")).read().status == 404
    journal = served.stop()
    assert [(access.target, access.status) for access in journal.accesses] == [("/echo", 101), ("/none", 404)]
    assert journal.accesses[0].note == "socket taken over"
    assert journal.loud() == []
