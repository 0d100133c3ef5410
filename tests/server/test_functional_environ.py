"""What the application is told, and what the access log is, over every server class and kind of listener."""

from __future__ import annotations

import json
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.server import apps, handlers
from tests.server.client import Client, connect, request
from tests.server.conftest import Start
from tests.server.served import Served
from wsgiserve.http11 import Limits


def environ(client: Client, *headers: str, target: str = "/") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.exchange(request(target, *headers)).body)
    return found


def subset(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {key: found.get(key) for key in expected}


def test_the_environ_over_tcp(start: Start) -> None:
    served = start(apps.environ_as_json)
    client = served.connect()
    host, port = client.sock.getsockname()
    expected = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/\xff",
        "QUERY_STRING": "c=%20d",
        "REQUEST_URI": "/a%20b/%FF?c=%20d",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(served.address[1]),
        "REMOTE_ADDR": host,
        "REMOTE_PORT": str(port),
        "HTTP_HOST": "example.com",
        "HTTP_X_NAME": "one,two",
        "wsgi.url_scheme": "http",
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "HTTPS": None,
    }
    found = environ(client, "X-Name: one", "X-Name: two", target="/a%20b/%FF?c=%20d")
    assert subset(found, expected) == expected


def test_multithread_and_multiprocess_are_those_of_the_mode(kind: str, start: Start) -> None:
    found = environ(start(apps.environ_as_json).connect())
    modes = {"single": (False, False), "pool": (True, False), "thread": (True, False), "fork": (False, True)}
    assert (found["wsgi.multithread"], found["wsgi.multiprocess"]) == modes[kind]


def test_the_environ_of_one_request_is_not_that_of_the_next(start: Start) -> None:
    client = start(apps.environ_as_json).connect()
    assert environ(client, "X-Name: one")["HTTP_X_NAME"] == "one"
    assert "HTTP_X_NAME" not in environ(client)


def test_a_mounted_application_sees_its_prefix_as_script_name_and_nothing_outside_of_it(start: Start) -> None:
    served = start(apps.environ_as_json, script_name="/shop")
    client = served.connect()
    expected = {"SCRIPT_NAME": "/shop", "PATH_INFO": "/cart"}
    assert subset(environ(client, target="/shop/cart"), expected) == expected
    response = client.exchange(request("/else"))
    assert (response.status, response.headers["connection"]) == (404, "close")
    assert served.stop().accesses[1].status == 404


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 on this machine")
def test_the_environ_over_ipv6(start: Start) -> None:
    served = start(apps.environ_as_json, host="::1")
    found = environ(served.connect())
    expected = {"SERVER_NAME": "[::1]", "SERVER_PORT": str(served.address[1]), "REMOTE_ADDR": "::1"}
    assert subset(found, expected) == expected
    served.connect(b"nonsense\r\n\r\n").rest()
    assert any(logged.text.startswith("[::1]:") for logged in served.stop().logs)


@pytest.mark.parametrize(
    ("host", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("0.0.0.0", "127.0.0.2"), ("127.0.0.2", "127.0.0.2"), ("::", "::1")],
)
def test_the_server_has_the_name_that_its_client_has_reached(host: str, reached: str, start: Start) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 on this machine")
    served = start(apps.environ_as_json, host=host)
    for _ in range(2):
        with closing(connect((reached, served.address[1]))) as client:
            found = environ(client)
            assert found["SERVER_NAME"] == (f"[{reached}]" if ":" in reached else reached)
            assert found["SERVER_PORT"] == str(served.address[1])


def test_the_environ_over_a_unix_socket(start: Start, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("u") / "socket"
    served = start(apps.environ_as_json, host=f"unix://{path}")
    found = environ(served.connect())
    expected = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": "<local>", "REMOTE_PORT": "0"}
    assert subset(found, expected) == expected
    assert served.stop().access.peer == "<local>"
    assert not Path(path).exists()


# The access log


def test_an_access_has_every_field_right(start: Start) -> None:
    served = start(apps.two_blocks)
    before = time.time()
    client = served.connect()
    assert client.exchange(request("/a?b=c", "Connection: keep-alive", version="HTTP/1.0")).status == 200
    served.wait_for(lambda journal: journal.accesses)  # another connection is another thread's or process's
    assert served.connect(request("/d", method="HEAD")).read("HEAD").status == 200
    first, second = served.stop().accesses
    after = time.time()
    assert before <= first.finished <= second.finished <= after
    assert 0 < first.seconds < after - before
    assert first[2:8] == ("127.0.0.1", "GET", "/a?b=c", "HTTP/1.0", 200, 7)
    assert second[2:8] == ("127.0.0.1", "HEAD", "/d", "HTTP/1.1", 200, 0)
    assert (first.note, second.note) == ("", "")
    assert first.number != second.number


def test_seconds_are_those_that_the_application_took(start: Start) -> None:
    served = start(apps.late_reader)
    client = served.connect(request(method="POST", body=b"abcd"))
    served.wait_for(lambda journal: journal.notes)
    started = time.monotonic()
    served.wait_for(lambda journal: time.monotonic() > started + 0.02)
    waited = time.monotonic() - started
    served.gate.release()
    client.read()
    assert served.stop().access.seconds >= waited


def test_chunks_do_not_count_in_the_size_and_what_the_server_says_itself_does(start: Start) -> None:
    served = start(apps.large, limits=Limits(body=5))
    served.connect(request("/generator?1")).read()
    said = len(served.connect(request(method="POST", body=b"123456")).read().body)
    refused = len(served.connect(b"nonsense\r\n\r\n").read().body)
    sizes = sorted((access.status, access.size) for access in served.stop().accesses)
    assert sizes == [(200, 1048576), (400, refused), (413, said)]
    assert said > refused > 0


def test_without_an_access_log_requests_are_answered_all_the_same(start: Start) -> None:
    served = start(apps.hello, access_log=None)
    assert served.connect(request()).read().body == b"GET /"
    assert served.connect(b"nonsense\r\n\r\n").read().status == 400
    assert served.stop().accesses == []


# Handlers as people write them for werkzeug


def answer(served: Served, *headers: str) -> bytes:
    return served.connect(request("/path?query", "Connection: close", *headers)).rest()


def test_log_request_may_be_overridden_and_knows_its_request(start: Start) -> None:
    served = start(apps.hello, handler=handlers.LogsRequests)
    answer(served, "X-Name: me")
    journal = served.stop()
    line = "GET /path?query HTTP/1.1"
    assert journal.notes == [["GET", "/path?query", "HTTP/1.1", line, 200, 9], ["me", "/path", "127.0.0.1"]]
    (logged,) = [logged for logged in journal.logs if logged.logger == "wsgiserve.access"]
    assert logged.text.startswith("127.0.0.1 - - [")
    assert logged.text.endswith(f'] "{line}" 200 9')
    assert journal.accesses == []


def test_log_request_may_log_nothing(start: Start) -> None:
    served = start(apps.hello, handler=handlers.LogsNothing)
    assert answer(served).startswith(b"HTTP/1.1 200 OK")
    journal = served.stop()
    assert (journal.accesses, journal.logs) == ([], [])


def test_log_may_be_overridden_and_gets_refusals_too(start: Start) -> None:
    served = start(apps.hello, handler=handlers.LogsElsewhere)
    answer(served)
    served.connect(b"nonsense\r\n\r\n").rest()
    answered, refused = served.stop().notes
    assert answered == ["info", '"GET /path?query HTTP/1.1" 200 9']
    assert refused[0] == "error"
    assert refused[1].startswith("code 400, message ")


def test_the_time_in_a_line_may_be_overridden(start: Start) -> None:
    served = start(apps.hello, handler=handlers.SaysWhen)
    answer(served)
    (logged,) = served.stop().logs
    assert logged.text.startswith("127.0.0.1 - - [noon] ")


def test_make_environ_may_be_overridden(start: Start) -> None:
    served = start(apps.environ_as_json, handler=handlers.ChangesEnviron)
    found = environ(served.connect(), "X-Name: me")
    assert (found["REMOTE_USER"], found["COMMAND"]) == ("me", "GET")


def test_the_address_may_be_overridden_and_the_access_log_stays_what_it_is(start: Start) -> None:
    served = start(apps.environ_as_json, handler=handlers.BehindProxy)
    client = served.connect()
    found = environ(client, "X-Real-IP: 192.0.2.1")
    assert (found["REMOTE_ADDR"], found["REMOTE_PORT"]) == ("192.0.2.1", "4711")
    assert environ(client)["REMOTE_ADDR"] == "127.0.0.1"
    assert [access.peer for access in served.stop().accesses] == ["192.0.2.1", "127.0.0.1"]


def test_the_server_field_may_be_overridden(start: Start) -> None:
    served = start(apps.hello, handler=handlers.CallsItself)
    assert b"\r\nServer: Apache\r\n" in answer(served)
    assert b"\r\nServer: Apache\r\n" in served.connect(b"nonsense\r\n\r\n").rest()


def test_protocol_version_1_0_neither_keeps_connections_nor_sends_chunks(start: Start) -> None:
    served = start(apps.two_blocks, handler=handlers.SpeaksOldHTTP)
    head, _, body = served.connect(request()).rest().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"Connection: close" in head
    assert b"chunked" not in head
    assert body == b"one,two"


def test_connection_dropped_hears_of_clients_that_leave(start: Start) -> None:
    served = start(apps.endless, handler=handlers.HearsOfLeavers)
    client = served.connect(request("/endless"))
    client.read_head()
    client.reset()
    notes = served.wait_for(lambda journal: journal.accesses).notes
    assert notes == ["closed", ["ClientDisconnected", "/endless"]]


def test_run_wsgi_may_be_wrapped(start: Start) -> None:
    served = start(apps.hello, handler=handlers.TimesRequests)
    answer(served)
    assert served.stop().notes == [["ran", True]]


def test_a_handler_that_fails_ends_its_connection_and_nothing_else(start: Start) -> None:
    served = start(apps.hello, handler=handlers.FailsToLog)
    for _ in range(2):
        assert answer(served).endswith(b"GET /path")
    failures = served.stop().loud()
    assert [failure.level for failure in failures] == ["CRITICAL", "CRITICAL"]
    assert all("RuntimeError: no log" in failure.text for failure in failures)


def test_passthrough_errors_ends_the_server_with_the_exception(kind: str, start: Start) -> None:
    served = start(apps.failing, passthrough_errors=True)
    client = served.connect(request("/before"))
    assert client.read().status == 500
    if kind == "fork":  # it is the child that ends
        assert served.connect(request()).read().body == b"GET /"
        return
    served.process.join(20)
    assert served.process.exitcode == 1
