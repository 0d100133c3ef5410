"""``launch``: what is made of a Config, what signals do, and the whole command in a process of its own."""

from __future__ import annotations

import http.client
import io
import json
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

from wsgiserve import launcher, logs
from wsgiserve.config import Config
from wsgiserve.errors import UserError
from wsgiserve.importer import LoadedApp
from wsgiserve.launcher import banner_of, launch
from wsgiserve.origins import Origins
from wsgiserve.server.access import Access, log_access
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.server.sockets import bind_unix


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return []


SHOP = LoadedApp(application, "shop.web:app", "Flask 3.1", "found by [tool.wsgiserve]")


class FakeServer:
    """Notes how it was made; ``during`` happens while it serves."""

    during: Callable[[], None]
    running: ClassVar[list[str]] = []
    deadlines = Deadlines(graceful=12.5)

    def __init__(self, kind: str, *arguments: Any, **options: Any) -> None:
        self.kind, self.arguments, self.options = kind, arguments, options
        self.stops = 0

    def serve_forever(self) -> None:
        with suppress(KeyboardInterrupt):  # as the real one
            self.during()

    def stop(self) -> None:
        self.stops += 1

    def running_requests(self) -> list[str]:
        return self.running


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeServer]:
    """The servers that were made, all of them fakes that return at once."""
    servers: list[FakeServer] = []
    monkeypatch.setattr(FakeServer, "during", lambda server: None, raising=False)

    def maker(kind: str) -> Callable[..., FakeServer]:
        def make(*arguments: Any, **options: Any) -> FakeServer:
            servers.append(FakeServer(kind, *arguments, **options))
            return servers[-1]

        return make

    for kind in ("BaseWSGIServer", "ThreadPoolWSGIServer", "ThreadedWSGIServer", "ForkingWSGIServer"):
        monkeypatch.setattr(launcher, kind, maker(kind))
    return servers


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """Loggers and handlers of signals as in a new process; returns the root logger that ours have then."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    server = logging.getLogger(logs.SERVER_LOGGER)
    root = logging.RootLogger(logging.WARNING)
    monkeypatch.setattr(server, "parent", root)
    monkeypatch.setattr(server, "handlers", [])
    level = server.level
    server.setLevel(logging.NOTSET)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield root
    server.setLevel(level)
    for number, handler in before.items():
        signal.signal(number, handler)


CONFIG = Config(port=0, mode="dev")


@pytest.mark.parametrize(
    ("changes", "kind", "option"),
    [
        ({}, "ThreadPoolWSGIServer", {"threads": 8}),
        ({"threads": 3}, "ThreadPoolWSGIServer", {"threads": 3}),
        ({"concurrency": "thread"}, "ThreadedWSGIServer", {}),
        ({"concurrency": "fork", "processes": 5}, "ForkingWSGIServer", {"processes": 5}),
        ({"concurrency": "single"}, "BaseWSGIServer", {}),
    ],
)
def test_concurrency_picks_the_server_class(
    changes: dict[str, Any], kind: str, option: dict[str, int], made: list[FakeServer]
) -> None:
    assert launch(CONFIG.replaced(**changes), SHOP, []) == 0
    (server,) = made
    assert server.kind == kind
    assert {name: server.options[name] for name in ("threads", "processes") if name in server.options} == option


def test_the_server_is_told_everything_that_was_configured(made: list[FakeServer]) -> None:
    pytest.importorskip("cryptography")
    config = CONFIG.replaced(
        max_body=1000,
        timeout_head=3.5,
        graceful_timeout=4.5,
        max_connections=77,
        script_name="/shop",
        cert="adhoc",
    )
    launch(config, SHOP, [])
    (server,) = made
    assert server.arguments[2] is application
    assert server.options["limits"] == config.limits()
    assert server.options["limits"].body == 1000
    assert server.options["deadlines"] == config.deadlines()
    assert (server.options["deadlines"].head, server.options["deadlines"].graceful) == (3.5, 4.5)
    assert server.options["max_connections"] == 77
    assert server.options["script_name"] == "/shop"
    assert isinstance(server.options["ssl_context"], ssl.SSLContext)
    assert len(server.options["listeners"]) == 2


def test_listeners_are_closed_and_their_files_removed_when_a_server_leaves_them(
    made: list[FakeServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    launch(CONFIG.replaced(uds="s"), SHOP, [])
    assert [listener.fileno() for listener in made[0].options["listeners"]] == [-1]
    assert list(tmp_path.iterdir()) == []


def test_listeners_are_closed_when_the_server_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(launcher, "BaseWSGIServer", fail)
    with pytest.raises(ZeroDivisionError):
        launch(CONFIG.replaced(uds="s", concurrency="single"), SHOP, [])
    assert list(tmp_path.iterdir()) == []


def test_a_bad_certificate_is_found_before_any_address_is_taken(made: list[FakeServer], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot use certificate"):
        launch(CONFIG.replaced(uds=str(tmp_path / "s"), cert="missing.pem"), SHOP, [])
    assert list(tmp_path.iterdir()) == []


# --- what is said


def test_the_banner_is_said_when_signals_are_looked_after(
    made: list[FakeServer], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = logs.ConsoleHandler.write

    def write_and_look(handler: logs.ConsoleHandler, text: str) -> None:
        assert signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, None)
        write(handler, text)

    monkeypatch.setattr(logs.ConsoleHandler, "write", write_and_look)
    launch(CONFIG, SHOP, [])
    port = made[0].options["listeners"]
    assert port
    said = capsys.readouterr().err
    assert said.startswith("wsgiserve ")
    assert said.endswith(f" app=shop.web:app mode=dev pid={os.getpid()}\n")
    assert "https://" not in said


@pytest.mark.parametrize(
    ("changes", "head"),
    [
        ({"mode": None}, "dev mode"),
        ({}, "dev mode (WSGISERVE_MODE)"),
        ({"mode": "prod"}, "production mode (WSGISERVE_MODE)"),
        ({"mode": None, "host": ("0.0.0.0",)}, "production mode (other machines can connect)"),
    ],
)
def test_the_banner_says_which_mode_and_why(
    changes: dict[str, Any],
    head: str,
    made: list[FakeServer],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    launch(CONFIG.replaced(log_format="pretty", **changes), SHOP, [], origins=Origins("WSGISERVE_MODE"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[1].endswith(f"  {head}")
    assert lines[3].endswith("  shop.web:app (Flask 3.1, found by [tool.wsgiserve])")


@pytest.mark.parametrize(
    ("name", "framework", "found_by", "about"),
    [
        ("app:app", "Flask 3.1", "found app.py", "Flask 3.1, found app.py"),
        ("shop.wsgi:application", "", "found by manage.py", "found by manage.py"),
        ("app.py", "", "found app.py", ""),  # it could not be loaded
    ],
)
def test_the_banner_names_a_file_once(name: str, framework: str, found_by: str, about: str) -> None:
    loaded = LoadedApp(application, name, framework, found_by)
    assert banner_of(CONFIG, loaded, [("127.0.0.1", 8000)], "http", Origins()).about == about


def test_the_banner_of_a_server_with_tls_says_https(made: list[FakeServer], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cryptography")
    launch(CONFIG.replaced(cert="adhoc", log_format="json"), SHOP, [])
    (url,) = json.loads(capsys.readouterr().err)["urls"]
    assert url.startswith("https://127.0.0.1:")


REQUEST = Access(1.0, 0.034, "127.0.0.1", "GET", "/", "HTTP/1.1", 200, 5, 1, "")


def log_and_pause(log: Any) -> None:
    """As a server that has served a request, and has nothing else to do."""
    log(REQUEST)
    log.flush()


def test_access_lines_go_straight_to_standard_error(
    made: list[FakeServer], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeServer, "during", lambda server: log_and_pause(server.options["access_log"]))
    launch(CONFIG, SHOP, [])
    assert capsys.readouterr().err.endswith("\nGET / 200 34ms 5B id=0001\n")


@pytest.mark.parametrize("changes", [{"access_log": False}, {"log_level": "warning"}])
def test_there_are_no_access_lines_where_they_are_not_wanted(changes: dict[str, Any], made: list[FakeServer]) -> None:
    launch(CONFIG.replaced(**changes), SHOP, [])
    assert made[0].options["access_log"] is None


def test_quiet_paths_get_no_line(
    made: list[FakeServer], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeServer, "during", lambda server: log_and_pause(server.options["access_log"]))
    launch(CONFIG.replaced(quiet_path=("/",)), SHOP, [])
    assert "GET" not in capsys.readouterr().err


@pytest.mark.parametrize(("name", "theirs"), [("wsgiserve", True), ("wsgiserve.access", True), ("root", False)])
def test_access_lines_are_records_where_a_handler_waits_for_just_them(
    name: str, theirs: bool, made: list[FakeServer], untouched: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = untouched if name == "root" else logging.getLogger(name)
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(io.StringIO())])
    launch(CONFIG, SHOP, [])
    assert (made[0].options["access_log"] is log_access) is theirs


# --- signals


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ([signal.SIGTERM], 0),
        ([signal.SIGINT], 130),
        ([signal.SIGTERM, signal.SIGINT], 0),
        ([signal.SIGINT, signal.SIGINT], 130),
        ([], 0),
    ],
)
def test_the_first_signal_decides_the_exit_code_and_each_one_stops(
    signals: list[signal.Signals], code: int, made: list[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(server: FakeServer) -> None:
        for count, number in enumerate(signals, 1):
            signal.raise_signal(number)
            while server.stops < count:  # Python runs a handler soon, not at once
                pass

    monkeypatch.setattr(FakeServer, "during", interrupt)
    assert launch(CONFIG, SHOP, []) == code
    assert made[0].stops == len(signals)


@pytest.mark.parametrize(
    ("running", "told"),
    [
        (["GET /a"], "GET /a may take up to 12.5 s"),
        (["GET /a", "GET /b", "POST /c"], "GET /a, GET /b, POST /c may take"),
        (["GET /a", "GET /b", "POST /c", "GET /d", "GET /e"], "GET /a, GET /b, POST /c and 2 more may take"),
        ([f"GET /{'a' * 100}z"], f"GET /{'a' * 25}…{'a' * 28}z may take"),
    ],
)
@pytest.mark.parametrize(("number", "again"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_after_the_first_signal_it_is_told_what_is_waited_for(
    running: list[str],
    told: str,
    number: signal.Signals,
    again: str,
    made: list[FakeServer],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def twice() -> None:
        signal.raise_signal(number)
        signal.raise_signal(number)

    monkeypatch.setattr(FakeServer, "during", lambda server: twice())
    monkeypatch.setattr(FakeServer, "running", running)
    launch(CONFIG, SHOP, [])
    _, line = capsys.readouterr().err.splitlines()
    assert line.startswith(f"INFO stopping: {told}")
    assert line.endswith(f" s; {again} again stops at once")


def test_when_nothing_runs_there_is_nothing_to_tell(
    made: list[FakeServer], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeServer, "during", lambda server: signal.raise_signal(signal.SIGTERM))
    launch(CONFIG, SHOP, [])
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_second_signal_interrupts_an_application_in_the_main_thread(
    made: list[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_ends(server: FakeServer) -> None:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        while True:
            pass

    monkeypatch.setattr(FakeServer, "during", never_ends)
    assert launch(CONFIG, SHOP, []) == 0


def test_signals_are_looked_after_even_if_the_application_did_and_given_back(
    made: list[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    caught: list[int] = []
    own = lambda number, frame: caught.append(number)  # noqa: E731  # compared below
    signal.signal(signal.SIGTERM, own)

    def interrupt(server: FakeServer) -> None:
        signal.raise_signal(signal.SIGTERM)
        while not server.stops:
            pass

    monkeypatch.setattr(FakeServer, "during", interrupt)
    launch(CONFIG, SHOP, [])
    assert (made[0].stops, caught) == (1, [])
    assert signal.getsignal(signal.SIGTERM) is own


# --- the whole command

APP = """
import signal, socket, time

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return {"/stuck": stuck, "/stuck-in-main-thread": stuck_in_main_thread}.get(environ["PATH_INFO"], address)(environ)

def address(environ):
    return [environ["REMOTE_ADDR"].encode()]

def stuck(environ):
    yield b"begun"
    wait_for_ever()

def stuck_in_main_thread(environ):
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    signal.set_wakeup_fd(pythons.fileno())
    yield b"begun"
    ours.recv(1)
    yield b"a signal"
    wait_for_ever()

def wait_for_ever():
    # Not in one system call: a signal that comes just before it would wait for its end, in any Python program.
    while True:
        time.sleep(0.01)
"""


class Command:
    """``python -m wsgiserve`` in a process of its own, accepting."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        self.banner = process.stderr.readline()
        self.urls = [word for word in self.banner.split() if "://" in word or word.startswith("unix:")]

    @property
    def port(self) -> int:
        return int(self.urls[0].rpartition(":")[2])

    def stop(self, *signals: signal.Signals) -> int:
        for number in signals:
            self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def line(self) -> str:
        """The next one of the log; a request whose line is there is over."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def log(self) -> str:
        """The rest."""
        assert self.process.stderr is not None
        return self.process.stderr.read()


@contextmanager
def command(directory: Path, *words: str, **options: Any) -> Iterator[Command]:
    (directory / "app.py").write_text(APP)
    root = str(Path(__file__).parent.parent)
    environ = {**os.environ, "PYTHONPATH": root, "NO_COLOR": "1", "WSGISERVE_MODE": "dev"}
    argv = [sys.executable, "-m", "wsgiserve", "app:app", *words]
    with subprocess.Popen(argv, cwd=directory, env=environ, stderr=subprocess.PIPE, text=True, **options) as process:
        try:
            yield Command(process)
        finally:
            process.kill()


def get(host: str, port: int, target: str = "/") -> bytes:
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("GET", target)
        return connection.getresponse().read()
    finally:
        connection.close()


def test_it_serves_both_loopbacks_and_ends_well_on_sigterm(tmp_path: Path) -> None:
    with command(tmp_path, "--port", "0") as running:
        assert running.banner.startswith("wsgiserve ")
        assert running.banner.endswith(f" app=app:app mode=dev pid={running.process.pid}\n")
        assert get("127.0.0.1", running.port) == b"127.0.0.1"
        assert get("::1", running.port) == b"::1"
        assert running.port != Config().port, "the system was to pick one"
        assert [running.line().split()[:3] for _ in range(2)] == [["GET", "/", "200"]] * 2
        assert running.stop(signal.SIGTERM) == 0
        assert running.log() == ""


@pytest.mark.parametrize("kind", ["pool", "thread", "fork", "single"])
def test_every_kind_of_server_ends_on_ctrl_c_with_130_and_without_a_traceback(kind: str, tmp_path: Path) -> None:
    with command(tmp_path, "--port", "0", "--concurrency", kind, "--no-access-log") as running:
        assert get("127.0.0.1", running.port) == b"127.0.0.1"
        assert running.stop(signal.SIGINT) == 130
        assert "Traceback" not in running.log()


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.parametrize("kind", ["pool", "thread", "fork", "single"])
def test_a_second_signal_ends_it_at_once(kind: str, number: signal.Signals, code: int, tmp_path: Path) -> None:
    words = ["--port", "0", "--concurrency", kind, "--graceful-timeout", "600"]
    target = "/stuck-in-main-thread" if kind == "single" else "/stuck"
    with command(tmp_path, *words) as running, request(running.port, target) as client:
        read_until(b"begun", client)
        running.process.send_signal(number)
        if kind == "single":
            read_until(b"a signal", client)  # two signals that come before Python looks at them are one
        else:
            wait_until_refused(running.port)
        assert running.process.poll() is None
        assert running.stop(number) == code
        assert (f"INFO stopping: GET {target} may take up to 600 s; " in running.log()) is (kind != "fork")


def test_ctrl_c_in_a_terminal_reaches_the_children_who_tell_what_they_do(tmp_path: Path) -> None:
    words = ["--port", "0", "--concurrency", "fork", "--graceful-timeout", "600"]
    with command(tmp_path, *words, start_new_session=True) as running, request(running.port, "/stuck") as client:
        read_until(b"begun", client)
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.line() == "INFO stopping: GET /stuck may take up to 600 s; Ctrl-C again stops at once\n"
        wait_until_refused(running.port)  # the parent has taken notice, too: two signals at a time would be one
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.process.wait(timeout=30) == 130


@contextmanager
def request(port: int, target: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % target.encode())
        yield client


def read_until(part: bytes, client: socket.socket) -> None:
    received = b""
    while part not in received:
        block = client.recv(65536)
        assert block, received
        received += block


def wait_until_refused(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=30).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:  # it stopped to accept while we were waiting in its queue
            pass


def test_a_unix_socket_is_served_and_its_file_removed(tmp_path: Path) -> None:
    with command(tmp_path, "--uds", "s") as running:
        assert running.urls == [f"unix:{tmp_path / 's'}"]
        with connect_unix(tmp_path / "s") as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert b"<local>" in b"".join(iter(lambda: client.recv(65536), b""))
        assert running.stop(signal.SIGTERM) == 0
    assert not (tmp_path / "s").exists()


def connect_unix(path: Path) -> socket.socket:
    """Through the directory's descriptor, because the path of a temporary directory may be too long."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(30)
        client.connect(f"/proc/self/fd/{directory}/{path.name}")
        return client
    finally:
        os.close(directory)


def test_the_file_of_a_killed_server_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with command(tmp_path, "--uds", "s") as running:
        running.process.kill()
        running.process.wait()
    assert (tmp_path / "s").is_socket()
    with command(tmp_path, "--uds", "s") as running, connect_unix(tmp_path / "s"):
        assert running.stop(signal.SIGTERM) == 0


def test_a_unix_socket_in_use_is_left_to_its_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with bind_unix("s"), command(tmp_path, "--uds", "s") as running:
        assert running.banner == "error[uds-denied]: cannot listen on the unix socket s.\n"
        assert running.process.wait(timeout=30) == 4
    assert (tmp_path / "s").exists()


def test_an_inherited_socket_is_served(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        fd, port = opened.fileno(), opened.getsockname()[1]
        with command(tmp_path, "--fd", str(fd), pass_fds=[fd]) as running:
            assert running.urls == [f"http://127.0.0.1:{port}"]
            assert get("127.0.0.1", port) == b"127.0.0.1"
            assert running.stop(signal.SIGTERM) == 0


def test_a_port_in_use_is_told_and_the_exit_code_is_4(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with command(tmp_path, "--port", str(port), stdin=subprocess.DEVNULL) as running:
            assert running.banner == f"error[port-in-use]: port {port} on 127.0.0.1 is already taken.\n"
            assert running.process.wait(timeout=30) == 4


def test_json_is_json_from_the_first_line_to_the_last(tmp_path: Path) -> None:
    with command(tmp_path, "--port", "0", "--log-format", "json") as running:
        first = json.loads(running.banner)
        get("127.0.0.1", int(first["urls"][0].rpartition(":")[2]))
        second = json.loads(running.line())
        running.stop(signal.SIGTERM)
        assert running.log() == ""
    assert [entry["event"] for entry in [first, second]] == ["listening", "request"]
