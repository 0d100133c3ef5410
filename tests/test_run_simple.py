"""``run_simple``: werkzeug's arguments, its order of work and its words, around a server that only takes notes."""

from __future__ import annotations

import errno
import inspect
import io
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import werkzeug.debug
import werkzeug.middleware.shared_data
import werkzeug.serving

from wsgiserve import logs, simple
from wsgiserve.server.access import Access, log_access
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.simple import run_simple


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return []


class FakeServer:
    """Notes what is done to it; ``during`` happens while it serves."""

    def __init__(self, *arguments: Any, fd: int | None = None) -> None:
        self.arguments = arguments
        self.fd = fd
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.calls: list[str] = []
        self.access_log: Any = log_access
        self.during: Callable[[FakeServer], None] = lambda server: None

    def fileno(self) -> int:
        return self.socket.fileno()

    def log_startup(self) -> None:
        self.calls.append("log_startup")

    def serve_forever(self) -> None:
        self.calls.append("serve_forever")
        with suppress(KeyboardInterrupt):  # as the real one
            self.during(self)

    def stop(self) -> None:
        self.calls.append("stop")

    def running_requests(self) -> list[str]:
        return []

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.append("close")
        self.socket.close()


class Starts:
    """In the place of ``make_server``: makes fakes, or raises what there is to raise."""

    def __init__(self) -> None:
        self.made: list[FakeServer] = []
        self.errors: list[Exception] = []
        self.during: Callable[[FakeServer], None] = lambda server: None

    def __call__(self, *arguments: Any, fd: int | None = None) -> FakeServer:
        if self.errors:
            raise self.errors.pop(0)
        server = FakeServer(*arguments, fd=fd)
        server.during = self.during
        self.made.append(server)
        return server

    @property
    def server(self) -> FakeServer:
        (server,) = self.made
        return server


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    made = Starts()
    monkeypatch.setattr(simple, "make_server", made)
    return made


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """Environment and loggers as in a new process; returns the root logger that ours have then."""
    for name in ("WERKZEUG_RUN_MAIN", "WERKZEUG_SERVER_FD", "FORCE_COLOR"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    server = logging.getLogger(logs.SERVER_LOGGER)
    root = logging.RootLogger(logging.WARNING)
    monkeypatch.setattr(server, "parent", root)
    monkeypatch.setattr(server, "handlers", [])
    level = server.level
    server.setLevel(logging.NOTSET)
    yield root
    server.setLevel(level)


def parameters(function: Callable[..., object]) -> list[tuple[str, object]]:
    return [(name, parameter.default) for name, parameter in inspect.signature(function).parameters.items()]


def test_names_order_and_defaults_are_werkzeugs() -> None:
    assert parameters(run_simple) == parameters(werkzeug.serving.run_simple)


def test_a_port_that_is_no_integer_is_refused_in_werkzeugs_words(starts: Starts) -> None:
    with pytest.raises(TypeError, match=r"^port must be an integer$"):
        run_simple("127.0.0.1", "5000", application)  # type: ignore[arg-type]
    assert starts.made == []


def test_another_kind_of_reloader_is_refused_as_werkzeug_does(starts: Starts) -> None:
    with pytest.raises(KeyError, match=r"^'entr'$"):
        run_simple("127.0.0.1", 0, application, use_reloader=True, reloader_type="entr")
    assert starts.made == []


def test_without_a_reloader_what_is_said_of_it_means_nothing(starts: Starts) -> None:
    run_simple("127.0.0.1", 0, application, False, False, True, ["a.toml"], ["*.log"], 2, "stat")
    assert starts.server.calls[-1] == "close"


def test_the_server_is_made_from_the_arguments(starts: Starts) -> None:
    run_simple("127.0.0.1", 5000, application, False, False, True, None, None, 1, "auto", True, 1, WSGIRequestHandler)
    assert starts.server.arguments == ("127.0.0.1", 5000, application, True, 1, WSGIRequestHandler, False, None)
    assert starts.server.fd is None


def test_what_is_said_and_done_in_which_order(starts: Starts, capsys: pytest.CaptureFixture[str]) -> None:
    run_simple("127.0.0.1", 0, application, passthrough_errors=True)
    assert starts.server.calls == ["log_startup", "serve_forever", "close"]
    assert capsys.readouterr().err == "INFO Press CTRL+C to quit\n"


def test_the_last_line_is_yellow_where_there_are_colors(
    starts: Starts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    run_simple("127.0.0.1", 0, application)
    assert "\x1b[33mPress CTRL+C to quit\x1b[0m" in capsys.readouterr().err


def test_the_server_is_closed_when_serving_fails(starts: Starts) -> None:
    def fail(server: FakeServer) -> None:
        raise ZeroDivisionError

    starts.during = fail
    with pytest.raises(ZeroDivisionError):
        run_simple("127.0.0.1", 0, application)
    assert starts.server.calls[-1] == "close"


# --- the application's wrapping


def test_static_files_are_served_inside_of_the_debugger(starts: Starts, tmp_path: Path) -> None:
    run_simple("shop.test", 0, application, use_debugger=True, use_evalex=False, static_files={"/s": str(tmp_path)})
    debugged = starts.server.arguments[2]
    assert isinstance(debugged, werkzeug.debug.DebuggedApplication)
    assert debugged.evalex is False
    assert isinstance(debugged.app, werkzeug.middleware.shared_data.SharedDataMiddleware)
    assert debugged.app.app is application


def test_use_evalex_is_on_unless_told_otherwise(starts: Starts) -> None:
    run_simple("127.0.0.1", 0, application, use_debugger=True)
    assert starts.server.arguments[2].evalex is True


@pytest.mark.parametrize(("host", "trusted"), [("shop.test", True), ("0.0.0.0", False), ("::", False), ("", False)])
def test_the_debugger_trusts_the_host_that_was_named_but_not_every_host(
    host: str, trusted: bool, starts: Starts
) -> None:
    run_simple(host, 0, application, use_debugger=True)
    assert (host in starts.server.arguments[2].trusted_hosts) is trusted


# --- TLS


def test_the_tls_context_is_made_before_the_server(starts: Starts) -> None:
    with pytest.raises(FileNotFoundError):
        run_simple("127.0.0.1", 0, application, ssl_context=("no.crt", "no.key"))
    assert starts.made == []


# --- an address that is not to be had


def test_werkzeugs_words_when_the_port_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as stopped:
            run_simple("127.0.0.1", port, application)
    assert stopped.value.code == 1
    assert capsys.readouterr().err == (
        f"{os.strerror(errno.EADDRINUSE)}\n"
        f"Port {port} is in use by another program. Either identify and stop that program, or start the server with a "
        "different port.\n"
    )


def test_the_hint_about_airplay_is_for_port_5000_of_a_mac(
    starts: Starts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    for port, lines in ((5000, 3), (5001, 2)):
        starts.errors.append(OSError(errno.EADDRINUSE, "Address already in use"))
        with pytest.raises(SystemExit):
            run_simple("127.0.0.1", port, application)
        said = capsys.readouterr().err
        assert said.count("\n") == lines
        assert ("AirPlay Receiver" in said) is (port == 5000)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied\n"),
        (OSError("AF_UNIX path too long"), "AF_UNIX path too long\n"),
    ],
)
def test_another_error_of_the_system_is_said_in_its_words(
    error: OSError, said: str, starts: Starts, capsys: pytest.CaptureFixture[str]
) -> None:
    starts.errors.append(error)
    with pytest.raises(SystemExit):
        run_simple("127.0.0.1", 80, application)
    assert capsys.readouterr().err == said


# --- the descriptor for a reloader


def test_the_listening_socket_is_left_for_a_reloaders_child(starts: Starts) -> None:
    def look(server: FakeServer) -> None:
        assert os.environ["WERKZEUG_SERVER_FD"] == str(server.fileno())
        assert server.socket.get_inheritable()

    starts.during = look
    run_simple("127.0.0.1", 0, application)
    assert "serve_forever" in starts.server.calls


def test_a_reloaders_child_serves_on_the_socket_it_was_left_and_says_nothing(
    starts: Starts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    monkeypatch.setenv("WERKZEUG_SERVER_FD", "33")
    run_simple("127.0.0.1", 0, application)
    assert starts.server.fd == 33
    assert starts.server.calls == ["serve_forever", "close"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("left", [None, "", "none"])
def test_a_reloaders_child_that_was_left_no_socket_opens_one(
    left: str | None, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    if left is not None:
        monkeypatch.setenv("WERKZEUG_SERVER_FD", left)
    run_simple("127.0.0.1", 0, application)
    assert starts.server.fd is None


def test_a_descriptor_that_is_no_listening_socket_is_passed_over(
    starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    monkeypatch.setenv("WERKZEUG_SERVER_FD", "0")
    starts.errors.append(ValueError("file descriptor 0 does not listen"))
    run_simple("127.0.0.1", 0, application)
    assert starts.server.fd is None


def test_outside_of_a_reloader_a_descriptor_in_the_environment_means_nothing(
    starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKZEUG_SERVER_FD", "33")
    run_simple("127.0.0.1", 0, application)
    assert starts.server.fd is None


# --- the access log

REQUEST = Access(1.0, 0.034, "127.0.0.1", "GET", "/", "HTTP/1.1", 200, 5, 1, "")


def test_access_lines_go_straight_to_standard_error(starts: Starts, capsys: pytest.CaptureFixture[str]) -> None:
    def serve_and_pause(server: FakeServer) -> None:
        server.access_log(REQUEST)
        server.access_log.flush()

    starts.during = serve_and_pause
    run_simple("127.0.0.1", 0, application)
    assert capsys.readouterr().err.endswith("\nGET / 200 34ms 5B id=0001\n")


def test_access_lines_are_records_when_the_program_has_logging_of_its_own(
    starts: Starts, untouched: logging.Logger
) -> None:
    untouched.addHandler(logging.StreamHandler(io.StringIO()))
    run_simple("127.0.0.1", 0, application)
    assert starts.server.access_log is log_access


def test_there_are_no_access_lines_when_the_program_has_silenced_the_logger(starts: Starts) -> None:
    logging.getLogger(logs.SERVER_LOGGER).setLevel(logging.ERROR)
    run_simple("127.0.0.1", 0, application)
    assert starts.server.access_log is None


# --- signals


@pytest.fixture
def handlers() -> Iterator[None]:
    """The handlers that a new process has; the runner's own are put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_each_signal_is_a_call_of_stop_and_it_returns_as_werkzeugs_does(number: signal.Signals, starts: Starts) -> None:
    def interrupt(server: FakeServer) -> None:
        for count in (1, 2):
            signal.raise_signal(number)
            while server.calls.count("stop") < count:  # Python runs a handler soon, not at once
                pass

    starts.during = interrupt
    run_simple("127.0.0.1", 0, application)
    assert starts.server.calls == ["log_startup", "serve_forever", "stop", "stop", "close"]


@pytest.mark.usefixtures("handlers")
def test_the_handlers_of_before_are_put_back(starts: Starts) -> None:
    run_simple("127.0.0.1", 0, application)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("own", [signal.SIG_IGN, lambda number, frame: None])
def test_a_signal_that_the_program_looks_after_itself_is_left_alone(own: Any, starts: Starts) -> None:
    seen: list[object] = []
    signal.signal(signal.SIGTERM, own)
    starts.during = lambda _: seen.append(signal.getsignal(signal.SIGTERM))
    run_simple("127.0.0.1", 0, application)
    assert seen == [own]
    assert signal.getsignal(signal.SIGTERM) is own


@pytest.mark.usefixtures("handlers")
def test_in_another_thread_signals_are_left_alone(starts: Starts) -> None:
    def look(server: FakeServer) -> None:
        server.calls.append(str(signal.getsignal(signal.SIGINT) is signal.default_int_handler))

    starts.during = look
    thread = threading.Thread(target=run_simple, args=("127.0.0.1", 0, application))
    thread.start()
    thread.join()
    assert starts.server.calls == ["log_startup", "serve_forever", "True", "close"]


def test_the_reloaders_child_is_known_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not simple.is_running_from_reloader()
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    assert simple.is_running_from_reloader()


# --- the real server in a process of its own

SCRIPT = """
import signal, sys
from wsgiserve import run_simple
# As in a shell: who runs the tests in the background has SIGINT ignored, and coverage has a handler for SIGTERM.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str([environ["wsgi.multithread"], environ["wsgi.multiprocess"]]).encode()]

run_simple("127.0.0.1", 0, app, **eval(sys.argv[1]))
print("returned")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("arguments", "kind"),
    [({}, [False, False]), ({"threaded": True}, [True, False]), ({"processes": 2}, [False, True])],
)
def test_it_serves_until_a_signal_and_returns(
    arguments: dict[str, object], kind: list[bool], number: signal.Signals
) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "NO_COLOR": "1"}
    argv = [sys.executable, "-c", SCRIPT, repr(arguments)]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            first, last = process.stderr.readline(), process.stderr.readline()
            port = int(first.rpartition(":")[2])
            assert last == "INFO Press CTRL+C to quit\n"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as response:
                assert response.read().decode() == str(kind)
            line = process.stderr.readline()  # with it the request is over
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "returned\n", "")
    assert line.split()[:3] == ["GET", "/", "200"]
