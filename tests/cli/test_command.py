"""The command: what it prints and where, its exit codes, and the question when a port is taken."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.cli.projects import FLASK_APP, WSGI_APP, Project
from wsgiserve import cli, command, launcher, messages
from wsgiserve._version import __version__
from wsgiserve.config import Config, options
from wsgiserve.errors import UserError
from wsgiserve.importer import LoadedApp

Launch = Callable[[Config, LoadedApp, Sequence[str]], int]


def run(*argv: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    code = caught.value.code
    assert isinstance(code, int)
    return code


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Config, LoadedApp, Sequence[str]]]:
    """With what the server was launched; it ends at once, well."""
    calls: list[tuple[Config, LoadedApp, Sequence[str]]] = []

    def launch(config: Config, loaded: LoadedApp, argv: Sequence[str]) -> int:
        calls.append((config, loaded, argv))
        return 0

    monkeypatch.setattr(launcher, "launch", launch)
    return calls


def launching(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def launch(*args: Any) -> int:
        raise error

    monkeypatch.setattr(launcher, "launch", launch)


# --- what is launched


def test_an_application_is_launched_with_the_settings_and_the_words(project: Project, launched: list[Any]) -> None:
    project.write("web.py", WSGI_APP)
    assert run("web:app", "-p", "0") == 0
    ((config, loaded, argv),) = launched
    assert (config.port, loaded.name, loaded.found_by) == (0, "web:app", "")
    assert argv == ["web:app", "-p", "0"]


def test_the_words_of_the_process_are_the_default(
    project: Project, launched: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("web.py", WSGI_APP)
    monkeypatch.setattr(sys, "argv", ["wsgiserve", "web"])
    with pytest.raises(SystemExit):
        cli.main()
    assert launched[0][2] == ["web"]


@pytest.mark.parametrize(
    ("file", "variable", "found_by"),
    [
        ("[tool.wsgiserve]\napp = 'web'", None, "found by [tool.wsgiserve]"),
        ("", "WSGISERVE_APP", "found by WSGISERVE_APP"),
        ("", "FLASK_APP", "found by FLASK_APP"),
        ("", None, "found app.py"),
    ],
)
def test_how_the_application_was_found_is_told(
    file: str,
    variable: str | None,
    found_by: str,
    project: Project,
    launched: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project.write("web.py", WSGI_APP)
    project.write("app.py", WSGI_APP)
    project.write("pyproject.toml", file)
    if variable:
        monkeypatch.setenv(variable, "web")
    assert run() == 0
    assert launched[0][1].found_by == found_by


def test_another_directory_is_looked_in(project: Project, launched: list[Any]) -> None:
    project.write("elsewhere/app.py", WSGI_APP)
    assert run("--app-dir", "elsewhere") == 0
    assert launched[0][1].name == "app:app"


def test_another_directory_has_to_be_there(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--app-dir", "elsewhere") == 2
    assert "--app-dir elsewhere is not a directory." in capsys.readouterr().err


def test_a_directory_that_was_removed_meanwhile_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = project.directory / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    code = run()
    monkeypatch.chdir(project.directory)
    assert code == 2
    assert "the current directory does not exist any more." in capsys.readouterr().err


# --- exit codes and where it is printed


@pytest.mark.parametrize(
    ("argv", "code", "slug"),
    [
        (["--realod"], 2, "unknown-option"),
        (["--port", "x"], 2, "bad-option"),
        (["--uds", "s", "--fd", "3"], 2, "bad-option"),
        ([], 3, "no-app-found"),
        (["shop"], 3, "module-not-found"),
    ],
)
def test_a_mistake_is_told_on_standard_error_and_in_the_exit_code(
    argv: list[str], code: int, slug: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*argv) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"error[{slug}]: ")
    assert said.err.endswith(f"\n       https://wsgiserve.readthedocs.io/e/{slug}\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (messages.port_denied(80), 4),
        (messages.tls_extra(), 5),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("division by zero"), 1),
    ],
)
def test_what_launching_raises_becomes_an_exit_code(
    error: BaseException, code: int, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("web.py", WSGI_APP)
    launching(monkeypatch, error)
    assert run("web") == code


def test_our_own_fault_is_told_with_its_traceback_and_what_to_do(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("web.py", WSGI_APP)
    launching(monkeypatch, ZeroDivisionError("division by zero"))
    run("web")
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):\n")
    assert "error[internal-error]: wsgiserve itself failed: ZeroDivisionError: division by zero.\n" in said
    assert "Fix: please report it" in said


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"wsgiserve {__version__}\n"


def test_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-h") == 0
    assert capsys.readouterr().out.startswith("Usage: wsgiserve [OPTIONS] [APP]\n")


def test_show_config_prints_every_value_with_its_source(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("pyproject.toml", "[tool.wsgiserve]\nmax_body = '10m'\n")
    monkeypatch.setenv("WSGISERVE_LOG_LEVEL", "debug")
    assert run("--show-config", "--no-access-log", "shop.web") == 0
    rows = [re.split(" {2,}", line) for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == list(options())
    shown = {name: (value, source) for name, value, source in rows}
    assert shown["app"] == ("shop.web", "APP")
    assert shown["access_log"] == ("false", "--no-access-log")
    assert shown["log_level"] == ("debug", "WSGISERVE_LOG_LEVEL")
    assert shown["max_body"] == ("10m", "pyproject.toml")
    assert shown["host"] == ("127.0.0.1, ::1", "default")
    assert shown["uds"] == ("-", "default")
    assert shown["mode"] == ("dev (only this machine can connect)", "default")
    assert shown["threads"] == ("8", "default")


def test_show_config_prints_columns(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    run("--show-config", "--prod", "x" * 50)
    lines = capsys.readouterr().out.splitlines()
    longest = max(map(len, options()))
    assert {line[longest : longest + 2] for line in lines} == {"  "}
    assert len({len(line[: line.rindex("  ")]) for line in lines}) == 1
    assert lines[0] == f"{'app':<{longest}}  {'x' * 50}  APP"


# --- colour


RED = "\x1b[1;31merror[module-not-found]\x1b[0m: "


@pytest.mark.parametrize(
    ("argv", "variables", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color=always"], {}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"WSGISERVE_COLOR": "always"}, True),
        (["--realod"], {"WSGISERVE_COLOR": "always"}, True),
        (["--realod"], {"WSGISERVE_COLOR": "never", "FORCE_COLOR": "1"}, False),
    ],
)
def test_a_message_is_coloured_as_wished(
    argv: list[str],
    variables: dict[str, str],
    colored: bool,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    run("shop", *argv)
    assert capsys.readouterr().err.startswith("\x1b[1;31merror[") is colored


@pytest.mark.parametrize(
    ("argv", "colored"),
    [
        (["--color", "always", "--realod"], True),
        (["--realod", "--color=always"], True),
        (["--realod", "--color"], False),
        (["--color", "sometimes", "--realod"], False),
        (["--colour", "always"], False),
        (["always"], False),
    ],
)
def test_the_words_themselves_decide_when_they_are_what_is_wrong(
    argv: list[str], colored: bool, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*argv)
    assert capsys.readouterr().err.startswith("\x1b[") is colored


def test_the_file_decides_for_whatever_comes_after_it_was_read(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("pyproject.toml", "[tool.wsgiserve]\ncolor = 'always'\n")
    run("shop")
    assert capsys.readouterr().err.startswith(RED)


# --- a port that is taken


@pytest.fixture
def taken(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ports below 8003 are taken; the ports that were tried."""
    project.write("web.py", WSGI_APP)
    tried: list[int] = []

    def launch(config: Config, loaded: LoadedApp, argv: Sequence[str]) -> int:
        tried.append(config.port)
        if config.port < 8003 or config.port == 65535:
            raise UserError("port-in-use", f"{config.port} is taken.", why="it is.", fix="another.", exit_code=4)
        return 0

    monkeypatch.setattr(launcher, "launch", launch)
    return tried


def answering(answers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_is_attended", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))


def test_without_a_terminal_nobody_is_asked(taken: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("web", "-p", "8001") == 4
    assert taken == [8001]
    assert "\n  Fix: another.\n" in capsys.readouterr().err


def test_yes_moves_to_the_next_port_and_asks_again_if_that_is_taken_too(
    taken: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering("\ny\n", monkeypatch)
    assert run("web", "-p", "8001") == 0
    assert taken == [8001, 8002, 8003]
    said = capsys.readouterr()
    assert "error[port-in-use]: 8001 is taken.\n  Why: it is.\n  Use port 8002 this time? [Y/n] " in said.err
    assert "Fix" not in said.err


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_no_or_no_answer_says_what_to_do(
    answer: str, taken: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(answer, monkeypatch)
    assert run("web", "-p", "8001") == 4
    assert taken == [8001]
    assert capsys.readouterr().err.endswith("\n       https://wsgiserve.readthedocs.io/e/port-in-use\n")


def test_after_the_last_port_there_is_none_to_offer(taken: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    answering("y\n", monkeypatch)
    assert run("web", "-p", "65535") == 4
    assert taken == [65535]


@pytest.mark.parametrize(("stdin", "stderr"), [(True, False), (False, True), (True, True)])
def test_somebody_is_there_when_both_ends_are_a_terminal(
    stdin: bool, stderr: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stream(io.StringIO):
        def __init__(self, terminal: bool) -> None:
            super().__init__()
            self.isatty = lambda: terminal  # type: ignore[method-assign]

    monkeypatch.setattr(sys, "stdin", Stream(stdin))
    monkeypatch.setattr(sys, "stderr", Stream(stderr))
    assert command._is_attended() is (stdin and stderr)


def test_nobody_is_there_when_the_input_was_closed_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert not command._is_attended()


# --- in a process of its own


COMMAND = [sys.executable, "-m", "wsgiserve"]


def test_the_server_is_not_imported_before_the_options_are_read(project: Project) -> None:
    script = "import sys, wsgiserve.cli\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "wsgiserve.cli" in loaded
    heavy = {"ssl", "logging", "importlib.metadata", "wsgiserve.launcher", "wsgiserve.importer", "wsgiserve.wsgi"}
    assert heavy & set(loaded) == set()
    assert [name for name in loaded if name.startswith("wsgiserve.server.")] == ["wsgiserve.server.deadlines"]


def test_the_module_is_the_command(project: Project) -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: wsgiserve [OPTIONS] [APP]\n")
    done = subprocess.run([*COMMAND, "--realod"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error[unknown-option]: ")


@pytest.mark.parametrize("flag", ["--help", "--show-config", "--version"])
def test_a_reader_who_has_read_enough_is_no_fault(flag: str, project: Project) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([*COMMAND, flag], stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@contextmanager
def served(*argv: str, stop: signal.Signals = signal.SIGTERM, code: int = 0) -> Iterator[tuple[str, str]]:
    """The banner of a server, and its URL; it is stopped at the end."""
    process = subprocess.Popen([*COMMAND, *argv, "--port", "0"], stderr=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stderr is not None
            banner = process.stderr.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+", banner)
            assert url is not None, banner + process.stderr.read()
            yield banner, url[0]
            process.send_signal(stop)
            assert process.wait(10) == code
        finally:
            process.kill()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:
        content: bytes = response.read()
    return content


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_flask_application_is_found_and_served(stop: signal.Signals, code: int, project: Project) -> None:
    project.write("app.py", FLASK_APP)
    with served(stop=stop, code=code) as (banner, url):
        assert get(url) == b"hello from flask"
        assert f"listening on {url} app=app:app mode=dev pid=" in banner


DJANGO = {
    "manage.py": 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
    "shop/__init__.py": "",
    "shop/settings.py": """
        ALLOWED_HOSTS = ["*"]
        ROOT_URLCONF = "shop.urls"
        SECRET_KEY = "secret"
        WSGI_APPLICATION = "shop.wsgi.application"
    """,
    "shop/urls.py": """
        from django.http import HttpResponse
        from django.urls import path

        urlpatterns = [path("", lambda request: HttpResponse("hello from django"))]
    """,
    "shop/wsgi.py": """
        import os

        from django.core.wsgi import get_wsgi_application

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
        application = get_wsgi_application()
    """,
}


def test_a_django_project_is_found_by_its_manage_py_and_served(project: Project) -> None:
    for name, text in DJANGO.items():
        project.write(name, text)
    with served() as (banner, url):
        assert get(url) == b"hello from django"
        assert " app=shop.wsgi:application " in banner


@contextmanager
def two_ports() -> Iterator[int]:
    """A port that is taken, and the next one is not."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first, suppress(OSError, OverflowError):
            port = first.getsockname()[1]
            socket.create_server(("127.0.0.1", port + 1)).close()
            yield port
            return


_LONGEST_SILENCE = 20.0  # seconds, of a command that starts on a busy machine


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *argv: str) -> None:
        self._terminal, its = pty.openpty()
        self._said = ""
        self.process = subprocess.Popen([*COMMAND, *argv], stdin=its, stdout=its, stderr=its)
        os.close(its)

    def until(self, text: str) -> str:
        """Read on until this was said; all that was said."""
        while text not in self._said:
            self._said += self._read()
        return self._said

    def _read(self) -> str:
        ready, _, _ = select.select([self._terminal], [], [], _LONGEST_SILENCE)
        try:
            return os.read(self._terminal, 4096).decode() if ready else pytest.fail(self._said)
        except OSError:  # what a terminal says when the other end is closed
            return pytest.fail(self._said)

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)


@contextmanager
def terminal(*argv: str) -> Iterator[Terminal]:
    made = Terminal(*argv)
    try:
        yield made
    finally:
        made.close()


def test_on_a_terminal_the_next_port_is_offered_and_taken(project: Project) -> None:
    project.write("web.py", WSGI_APP)
    with two_ports() as port, terminal("web", "-H", "127.0.0.1", "-p", str(port)) as one:
        said = one.until("[Y/n] ")
        assert "error[port-in-use]\x1b[0m: " in said
        assert f"  Why: process {os.getpid()} (" in said
        assert said.endswith(f"\n  Use port {port + 1} this time? [Y/n] ")
        one.type("\n")
        one.until(f"http://127.0.0.1:{port + 1}/")
        assert get(f"http://127.0.0.1:{port + 1}/") == b"hello from app"
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(10) == 130


def test_on_a_terminal_ctrl_c_at_the_question_is_ctrl_c(project: Project) -> None:
    project.write("web.py", WSGI_APP)
    with two_ports() as port, terminal("web", "-H", "127.0.0.1", "-p", str(port)) as one:
        one.until("[Y/n] ")
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(10) == 130
