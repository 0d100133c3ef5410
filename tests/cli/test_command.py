"""What the command prints and where, its exit codes, and the question when a port is taken."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.projects import WSGI_APP, Project
from wsgiserve import cli, command, launcher, messages
from wsgiserve._version import __version__
from wsgiserve.config import Config, options
from wsgiserve.environment import Environment
from wsgiserve.errors import UserError
from wsgiserve.importer import LoadedApp
from wsgiserve.origins import Origins


def run(*argv: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    code = caught.value.code
    assert isinstance(code, int)
    return code


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Config, LoadedApp, Sequence[str], Origins]]:
    """With what the server was launched; it ends at once, well."""
    calls: list[tuple[Config, LoadedApp, Sequence[str], Origins]] = []

    def launch(config: Config, loaded: LoadedApp, argv: Sequence[str], *, origins: Origins, greet: None) -> int:
        calls.append((config, loaded, argv, origins))
        return 0

    monkeypatch.setattr(launcher, "launch", launch)
    return calls


def launching(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def launch(*args: Any, **options: Any) -> int:
        raise error

    monkeypatch.setattr(launcher, "launch", launch)


# --- what is launched


def test_an_application_is_launched_with_the_settings_and_the_words(project: Project, launched: list[Any]) -> None:
    project.write("web.py", WSGI_APP)
    assert run("web:app", "-p", "0") == 0
    ((config, loaded, argv, _),) = launched
    assert (config.port, loaded.name, loaded.found_by) == (0, "web:app", "")
    assert argv == ["wsgiserve", "web:app", "-p", "0"]


def test_in_development_it_is_the_supervisor_that_is_started(
    project: Project, launched: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("web.py", "raise AssertionError('imported')")
    monkeypatch.delenv("WSGISERVE_RELOAD")
    started: list[tuple[Config, dict[str, Any]]] = []

    def supervise(config: Config, **options: Any) -> int:
        started.append((config, options))
        return 7

    monkeypatch.setattr("wsgiserve.reload.start.supervise", supervise)
    assert run("web", "-p", "0") == 7
    ((config, options),) = started
    assert config.port == 0
    assert options == {
        "app": "web",
        "found_by": "",
        "directory": project.directory,
        "argv": ["wsgiserve", "web", "-p", "0"],
        "origins": Origins("default"),
        "environment": Environment(),
        "greet": None,
        "loader": None,
    }
    assert launched == []


def test_with_workers_each_of_them_loads_the_application(
    project: Project, launched: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("web.py", WSGI_APP)
    started: list[dict[str, Any]] = []

    def launch_workers(config: Config, **options: Any) -> int:
        assert "web" not in sys.modules
        started.append({"workers": config.workers, "name": options.pop("load")().name, **options})
        return 7

    monkeypatch.setattr("wsgiserve.prefork.launch_workers", launch_workers)
    monkeypatch.setenv("WSGISERVE_WORKERS", "3")
    assert run("web:app") == 7
    argv = ["wsgiserve", "web:app"]
    assert started == [
        {"workers": 3, "name": "web:app", "argv": argv, "origins": Origins("default"), "greet": None},
    ]
    assert launched == []


def test_where_processes_cannot_fork_there_are_no_workers(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("web.py", WSGI_APP)
    monkeypatch.setattr("wsgiserve.server.forking.can_fork", False)
    assert run("web:app", "-w", "2") == 2
    told = "error[bad-option]: --workers 2 needs processes that fork, which this system does not have.\n"
    assert capsys.readouterr().err.startswith(told)


def test_the_reloader_runs_one_worker_and_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("web.py", WSGI_APP)
    notes: list[tuple[str, ...]] = []

    def supervise(config: Config, *, origins: Origins, **options: Any) -> int:
        notes.append(origins.notes)
        return 0

    monkeypatch.setattr("wsgiserve.reload.start.supervise", supervise)
    for workers in ("1", "2"):
        run("web", "--reload", "--workers", workers)
    assert notes == [(), ("the reloader runs one worker, not 2: add --no-reload to have them all.",)]


@pytest.mark.parametrize("number", ["0", "-1", "513", "two"])
def test_there_is_at_least_one_worker(number: str, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("web:app", f"--workers={number}") == 2
    assert "--workers takes a whole number from 1 to 512" in capsys.readouterr().err


def test_a_file_with_variables_is_read_once(
    project: Project, launched: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("web.py", f"import os\nassert os.environ['COLOR'] == 'green'\n{WSGI_APP}")
    project.write("dev.env", "COLOR=green\nFLASK_APP=web")
    opened: list[tuple[Path, ...]] = []
    read = Environment.read

    def reading(environment: Environment, environ: Mapping[str, str]) -> dict[str, str]:
        opened.append(environment.files)
        return read(environment, environ)

    monkeypatch.setattr(Environment, "read", reading)
    assert run("--env-file", "dev.env") == 0
    assert launched[0][1].name == "web:app"
    assert opened == [(project.directory / "dev.env",)]


def test_the_words_of_the_process_are_the_default(
    project: Project, launched: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("web.py", WSGI_APP)
    monkeypatch.setattr(sys, "argv", ["wsgiserve", "web"])
    with pytest.raises(SystemExit):
        cli.main()
    assert launched[0][2] == ["wsgiserve", "web"]


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


@pytest.mark.parametrize(
    ("words", "file", "variable", "source"),
    [
        (["--prod"], 'mode = "dev"', "dev", "--prod"),
        ([], 'mode = "dev"', "prod", "WSGISERVE_MODE"),
        ([], 'mode = "prod"', "", "[tool.wsgiserve]"),
        ([], "", "", "default"),
    ],
)
def test_where_the_mode_was_said_is_told(
    words: list[str],
    file: str,
    variable: str,
    source: str,
    project: Project,
    launched: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project.write("app.py", WSGI_APP)
    project.write("pyproject.toml", f"[tool.wsgiserve]\n{file}\n")
    monkeypatch.setenv("WSGISERVE_MODE", variable)
    assert run(*words) == 0
    assert launched[0][3].mode == source


@pytest.mark.parametrize("words", [["--reload"], ["--no-reload"]])
@pytest.mark.parametrize("debugger", ["debugpy", "pydevd", "DEBUGPY_RUNNING"])
def test_the_debugger_of_an_editor_is_told_that_it_is_in_another_process(
    words: list[str], debugger: str, project: Project, launched: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Origins] = []

    def supervise(config: Config, *, origins: Origins, **options: Any) -> int:
        started.append(origins)
        return 0

    monkeypatch.setattr("wsgiserve.reload.start.supervise", supervise)
    project.write("app.py", WSGI_APP)
    if debugger.isupper():
        monkeypatch.setenv(debugger, "true")
    else:
        monkeypatch.setitem(sys.modules, debugger, sys)
    assert run(*words) == 0
    notes = [origins.notes for origins in (*started, *(call[3] for call in launched))]
    running = "debugpy" if debugger.isupper() else debugger
    told = (f"{running} is running, but the application is in another process: add --no-reload to debug it.",)
    assert notes == [told if words == ["--reload"] else ()]


@pytest.mark.parametrize(("word", "value", "left"), [("--dev", None, "1"), ("--prod", None, None), ("--dev", "0", "0")])
def test_in_development_flask_is_told_to_hand_its_errors_on(
    word: str,
    value: str | None,
    left: str | None,
    project: Project,
    launched: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project.write("app.py", WSGI_APP)
    if value is not None:
        monkeypatch.setenv("FLASK_DEBUG", value)
    assert run("--no-reload", word) == 0
    assert os.environ.get("FLASK_DEBUG") == left


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
        (messages.tls_extra("--tls"), 5),
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
    assert shown["log_format"] == ("plain", "default")


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

    def launch(config: Config, loaded: LoadedApp, argv: Sequence[str], *, origins: Origins, greet: None) -> int:
        tried.append(config.port)
        if config.port < 8003 or config.port == 65535:
            raise UserError("port-in-use", f"{config.port} is taken.", why="it is.", fix="another.", exit_code=4)
        return 0

    monkeypatch.setattr(launcher, "launch", launch)
    return tried


def answering(answers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "is_attended", lambda: True)
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
