"""The handler by itself: what it says to the log, and what it keeps when a request or a connection is over."""

from __future__ import annotations

import gc
import logging
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tests.server.client import request
from tests.server.doubles import Bench
from wsgiserve.server.access import Access
from wsgiserve.server.handler import WSGIRequestHandler

Call = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Logs:
    """Benches with an access log."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.accesses: list[Access] = []
        self.benches: list[Bench] = []

    def bench(self, app: Call, **arguments: Any) -> Bench:
        self.benches.append(Bench(self.monkeypatch, app=app, access_log=self.accesses.append, **arguments))
        return self.benches[-1]

    def answer(self, app: Call, *, data: bytes = request(), **arguments: Any) -> Bench:
        """Have a request answered."""
        bench = self.bench(app, **arguments)
        assert bench.arrive(data)
        bench.connection.handle_one_request()
        return bench


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    made = Logs(monkeypatch)
    yield made
    for bench in made.benches:
        bench.close()


def hello(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"hello"]


def raises(error: BaseException) -> Call:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise error

    return application


def fails(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise KeyError("sku")


# The note in the access log


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (KeyError("sku"), "✗ KeyError: 'sku'  test_handler.py:"),
        (ValueError("two\nlines"), "✗ ValueError: two lines  test_handler.py:"),
        (ValueError(), "✗ ValueError  test_handler.py:"),
        (SystemExit(3), "✗ SystemExit: 3  test_handler.py:"),
    ],
)
def test_a_note_names_the_exception_and_where_it_was_raised(error: BaseException, note: str, logs: Logs) -> None:
    logs.answer(raises(error))
    (access,) = logs.accesses
    assert access.note.startswith(note)
    assert "\n" not in access.note


def test_a_note_on_a_broken_rule_points_to_the_log(logs: Logs) -> None:
    logs.answer(lambda environ, start_response: [b"x"])
    assert logs.accesses[0].note == "✗ against PEP 3333 (E106), see above"


def waiting(logs: Logs, seconds: float, app: Call = hello, data: bytes = request()) -> Bench:
    """A bench on which a request has just begun that had come so long ago."""
    bench = logs.bench(app)
    bench.stream.silent = seconds
    assert bench.arrive(data)
    bench.connection.handle_one_request()
    return bench


@pytest.mark.parametrize(("seconds", "note"), [(0.38, "queue 380 ms · 1/1 threads busy"), (0.049, ""), (0.0, "")])
def test_a_request_that_has_waited_for_a_thread_has_a_note(seconds: float, note: str, logs: Logs) -> None:
    waiting(logs, seconds)
    assert logs.accesses[0].note == note


def test_it_comes_behind_the_note_on_a_failure(logs: Logs) -> None:
    waiting(logs, 1.5, raises(SystemExit(3)))
    assert logs.accesses[0].note.startswith("✗ SystemExit: 3  test_handler.py:")
    assert logs.accesses[0].note.endswith("  queue 1500 ms · 1/1 threads busy")


def test_a_request_behind_another_one_did_not_wait_for_a_thread(logs: Logs) -> None:
    bench = waiting(logs, 0.38, data=request() * 2)
    assert bench.connection.advance()
    bench.connection.handle_one_request()
    assert logs.accesses[1].note == ""


def test_while_nobody_was_late_the_kernel_is_not_asked(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = logs.bench(hello)
    monkeypatch.setattr(bench.stream, "seconds_since_arrival", None)
    monkeypatch.setattr(time, "monotonic", lambda: time.perf_counter() + 1000)  # another clock, on some systems
    bench.connection.arrived_after = time.perf_counter()
    assert bench.arrive(request())
    bench.connection.handle_one_request()
    assert logs.accesses[0].note == ""


def test_requests_are_numbered(logs: Logs) -> None:
    bench = logs.answer(hello, data=request() * 3)
    for _ in range(2):
        assert bench.connection.advance()
        bench.connection.handle_one_request()
    assert [access.number for access in logs.accesses] == [1, 2, 3]


# Exceptions that are meant for the server


def test_a_keyboard_interrupt_ends_the_connection_and_goes_on(logs: Logs) -> None:
    bench = logs.bench(raises(KeyboardInterrupt()))
    assert bench.arrive(request())
    with pytest.raises(KeyboardInterrupt):
        bench.connection.handle_one_request()
    assert bench.connection.closed
    assert logs.accesses == []


@pytest.mark.parametrize("error", [KeyError("sku"), SystemExit(3)])
def test_passthrough_errors_hands_them_on_after_the_answer(error: BaseException, logs: Logs) -> None:
    bench = logs.bench(raises(error), passthrough_errors=True)
    assert bench.arrive(request())
    with pytest.raises(type(error)):
        bench.connection.handle_one_request()
    assert bench.stream.sent.startswith(b"HTTP/1.1 500 ")
    assert logs.accesses[0].status == 500


def test_passthrough_errors_does_not_hand_on_what_clients_do(logs: Logs) -> None:
    def reads(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return [environ["wsgi.input"].read()]

    bench = logs.bench(reads, passthrough_errors=True)
    assert bench.arrive(request("/", "Content-Length: 5", method="POST"))
    bench.stream.arrived.append(b"")
    bench.connection.handle_one_request()
    assert (logs.accesses[0].status, logs.accesses[0].note) == (499, "✗ client left")
    assert bench.connection.closed


# What is kept


def test_the_environ_is_there_while_its_request_is_and_no_longer(logs: Logs) -> None:
    bench = logs.bench(lambda environ, start_response: hello(bench.connection.environ, start_response))
    assert bench.arrive(request("/a"))
    assert bench.connection.environ == {}
    bench.connection.handle_one_request()
    assert bench.connection.environ == {}
    assert bench.stream.sent.endswith(b"hello")


def test_the_application_may_do_with_the_environ_what_it_likes(logs: Logs) -> None:
    seen: list[set[str]] = []

    def spoil(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(set(environ))
        environ.clear()
        environ["own"] = "key"
        return hello(environ, start_response)

    bench = logs.answer(spoil, data=request() * 2)
    assert bench.connection.advance()
    bench.connection.handle_one_request()
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("application", "data"),
    [
        (hello, request("/", "Connection: close")),
        (fails, request()),
        (hello, b"nonsense\r\n\r\n"),
        (hello, request(method="POST", body=b"x")),
    ],
    ids=["answered", "failed", "refused", "content"],
)
def test_a_closed_connection_does_not_wait_for_the_garbage_collector(
    application: Call, data: bytes, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest keeps all records, and with them tracebacks, and what hangs on those.
    monkeypatch.setattr(logging.getLogger("wsgiserve.errors"), "disabled", True)
    bench = logs.bench(application)
    if bench.arrive(data):
        bench.connection.handle_one_request()
    bench.connection.close()
    gone = weakref.ref(bench.connection)
    gc.collect()
    gc.disable()
    try:
        del bench.connection
        assert gone() is None
    finally:
        gc.enable()
        bench.connection = WSGIRequestHandler(bench.ours, "", bench.server)


# What people override


def test_a_subclass_of_a_subclass_overrides_too(logs: Logs) -> None:
    class Counts(WSGIRequestHandler):
        counted = 0

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            Counts.counted += 1

    class Same(Counts):
        pass

    logs.answer(hello, handler=Same)
    assert Counts.counted == 1
    assert logs.accesses == []


def test_a_subclass_that_overrides_something_else_keeps_the_access_log(logs: Logs) -> None:
    class Other(WSGIRequestHandler):
        def version_string(self) -> str:
            return "Other"

    logs.answer(hello, handler=Other)
    assert len(logs.accesses) == 1


@pytest.mark.parametrize("method", ["log_message", "log_error"])
def test_the_log_methods_of_http_server_end_in_log(method: str, logs: Logs, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wsgiserve.access")
    bench = logs.bench(hello)
    getattr(bench.connection, method)("%d %s", 5, "things %")
    (record,) = caplog.records
    assert record.levelname == ("INFO" if method == "log_message" else "ERROR")
    assert record.name == "wsgiserve.access"
    assert record.getMessage().startswith("192.0.2.7 - - [")
    assert record.getMessage().endswith("] 5 things %")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (("192.0.2.7", 4711), ("192.0.2.7", 4711)),
        (("fe80::1%eth0", 1, 0, 2), ("fe80::1%eth0", 1)),
        ("", ("<local>", 0)),
    ],
)
def test_the_address_is_that_of_the_client(
    address: object, expected: tuple[str, int], logs: Logs, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "wsgiserve.access")
    connection = logs.bench(hello).connection
    connection.client_address = address
    assert (connection.address_string(), connection.port_integer()) == expected
    connection.log("info", "%s", "a %")
    assert caplog.messages[0].startswith(f"{expected[0]} - - [")


# What the application has to be told


def test_a_body_that_is_too_long_is_said_once_with_the_line_to_blame(
    logs: Logs, caplog: pytest.LogCaptureFixture
) -> None:
    def long(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "3")])
        yield b"lo"
        yield b"ng"

    logs.answer(long)
    (record,) = caplog.records
    assert "192.0.2.7:4711 GET /: E107 the body is longer than its Content-Length" in record.getMessage()
    assert record.getMessage().endswith(" in long")


def test_a_body_that_head_does_not_get_is_no_mistake(logs: Logs, caplog: pytest.LogCaptureFixture) -> None:
    logs.answer(hello, data=request(method="HEAD"))
    assert caplog.records == []


# What is the same in the next request's environ

BROWSER = b"GET /%b HTTP/1.1\r\nHost: x\r\nAccept: a\r\nCookie: %b\r\nAccept-Encoding: gzip\r\n\r\n"
ASKED = [
    request(),
    request(),
    BROWSER % (b"a?b=c", b"k=1"),
    BROWSER % (b"a?b=c", b"k=1"),
    BROWSER % (b"%C3%A9", b"k=secret"),
    BROWSER % (b"d", b"k=3; l=\xff"),
    request("/other"),
    BROWSER.replace(b"Accept: a", b"Accept: b") % (b"e", b"k=4"),
    BROWSER.replace(b"Accept: a", b"Accept: b") % (b"f", b"k=5"),
    BROWSER % (b"g", b"k=6"),
    request("/other"),
    request(),
    request(),
]


def environ_by(environ: dict[str, Any]) -> dict[str, Any]:
    """What does not tell one connection from another."""
    return {key: value for key, value in environ.items() if key[:4] not in ("werk", "wsgi")}


def test_environ_does_not_depend_on_what_was_asked_before_on_the_connection(logs: Logs) -> None:
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(environ_by(environ))
        assert environ["wsgi.input"].read() == b""
        assert environ["werkzeug.socket"] is bench.connection.client_socket
        environ.clear()  # what an application does to its own is nobody else's
        return hello(environ, start_response)

    bench = logs.bench(application)
    for data in ASKED:
        assert bench.arrive(data)
        bench.connection.handle_one_request()
    together, seen = seen, []
    for data in ASKED:
        bench = logs.bench(application)
        assert bench.arrive(data)
        bench.connection.handle_one_request()
    assert together == seen
    assert len(seen) == len(ASKED)


def test_no_secret_outlives_its_request(logs: Logs) -> None:
    bench = logs.bench(hello)
    for data in ASKED[:5]:
        assert bench.arrive(data)
        bench.connection.handle_one_request()
    form = bench.connection._form
    assert form is not None
    assert "secret" not in repr(environ_by(form))
    assert form["HTTP_COOKIE"] == form["PATH_INFO"] == ""


def test_no_content_outlives_its_request(logs: Logs) -> None:
    bench = logs.bench(hello)
    for _ in range(4):
        assert bench.arrive(request(method="POST", body=b"secret"))
        bench.connection.handle_one_request()
        form = bench.connection._form
    assert form is not None
    assert "wsgi.input" not in form
