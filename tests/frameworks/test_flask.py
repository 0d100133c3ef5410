"""``flask serve`` beside ``flask run``: the same options, applications and errors; and what it does better."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from flask.cli import FlaskGroup, run_command

from tests.processes import until
from tests.reload.looping import ROOT, Loop, python
from wsgiserve.flaskcommand import serve_command

APP = """
import words
from flask import Flask, request

app = Flask(__name__)

@app.get("/")
def index():
    return f"{words.WORD} debug={app.debug} threads={request.environ['wsgi.multithread']}"
"""

FACTORY = """
from flask import Flask

def create_app(word="none"):
    app = Flask("made")
    app.add_url_rule("/", view_func=lambda: f"made {word}")
    return app
"""


def options(command: click.Command) -> dict[str, object]:
    return {parameter.name or "": {**parameter.to_info_dict(), "envvar": None} for parameter in command.params}


def test_its_options_are_flask_runs() -> None:
    assert options(serve_command) == options(run_command)


def test_flask_knows_it() -> None:
    assert FlaskGroup().get_command(click.Context(FlaskGroup()), "serve") is not None


def flask(*words: str) -> list[str]:
    return ["-m", "flask", *words, "-p", "0"]


def test_a_port_that_is_none_is_refused(tmp_path: Path) -> None:
    with python(tmp_path, "-m", "flask", "--app", "app", "serve", "-p", "70000", files={"app.py": APP}) as project:
        assert project.process.wait(30) == 2
        assert "error[bad-option]: the port takes a whole number from 0 to 65535, not 70000." in project.log()


def test_in_debug_it_reloads_and_heals(tmp_path: Path) -> None:
    with python(tmp_path, *flask("--app", "app", "--debug", "serve"), files={"app.py": APP}) as project:
        assert project.get() == (200, "one debug=True threads=True")
        project.word("two")
        until(lambda: project.get()[1].startswith("two "))
        project.save("words.py", "WORD = (")
        until(lambda: project.get()[0] == 503)
        project.word("three")
        until(lambda: project.get()[1].startswith("three "))
        assert " * Debugger PIN: " in project.log()


def test_the_first_load_may_fail(tmp_path: Path) -> None:
    files = {"app.py": "from flask import Flask\napp = Flask(__name__"}
    with python(tmp_path, *flask("--debug", "serve"), files=files) as project:
        assert project.get()[0] == 503
        project.save("app.py", APP)
        until(lambda: project.get()[0] == 200)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--app", "app", "serve", "--without-threads"], "one debug=False threads=False"),
        (["--app", "app:app", "serve", "--reload", "--no-debugger"], "one debug=False threads=True"),
        (["serve"], "one debug=False threads=True"),
        (["--app", "made:create_app('x')", "serve"], "made x"),
        (["--app", "made:create_app('x')", "serve", "--reload"], "made x"),
        (["--app", "made", "serve"], "made none"),
        (["--app", "made.py:create_app", "serve", "--reload"], "made none"),
    ],
)
def test_it_serves_what_flask_run_serves(words: list[str], said: str, tmp_path: Path) -> None:
    with python(tmp_path, *flask(*words), files={"app.py": APP, "made.py": FACTORY}) as project:
        assert project.get() == (200, said)


@pytest.mark.parametrize("words", [["--reload"], ["--no-reload"], ["--reload", "--debugger"]])
def test_debug_is_what_the_command_says_not_the_module(words: list[str], tmp_path: Path) -> None:
    files = {"app.py": f"{APP}\napp.debug = True\n"}
    with python(tmp_path, *flask("--app", "app", "serve", *words), files=files) as project:
        assert project.get() == (200, "one debug=False threads=True")


def test_of_a_module_only_an_application_of_flask_is_served(tmp_path: Path) -> None:
    source = APP.replace("app", "shop") + "\n\ndef app(environ, start_response): 1 / 0\n"
    with python(tmp_path, *flask("--app", "shop", "serve", "--reload"), files={"shop.py": source}) as project:
        assert project.get() == (200, "one debug=False threads=True")


def test_its_own_variables_go_before_those_of_flask_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def port() -> object:
        return FlaskGroup().make_context("flask", ["serve"]).invoke(seen)

    def seen() -> object:
        group = click.get_current_context()
        context = serve_command.make_context("serve", [], parent=group)
        return context.params["port"]

    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "false")  # so that it is put back: Flask sets it
    assert port() == 5000
    monkeypatch.setenv("FLASK_RUN_PORT", "1234")
    assert port() == 1234
    monkeypatch.setenv("FLASK_SERVE_PORT", "4321")
    assert port() == 4321


def test_a_module_that_is_not_there_ends_it_and_one_that_fails_does_not(tmp_path: Path) -> None:
    code, said = refusal(tmp_path, "--app", "nothing", "serve", "--reload", "--port", "0")
    assert code == 3
    assert "Why: Could not import 'nothing'." in said
    files = {"app.py": "import no_such_module"}
    with python(tmp_path, *flask("--app", "app", "serve", "--reload"), files=files) as project:
        project.wait_for_log("pip install no_such_module")
        project.save("app.py", APP)
        until(lambda: project.get()[0] == 200)


def test_extra_files_reload_and_excluded_ones_do_not(tmp_path: Path) -> None:
    words = ["--app", "app", "serve", "--reload", "--extra-files", "data.txt", "--exclude-patterns", "*/words.py"]
    with python(tmp_path, *flask(*words), files={"app.py": APP, "data.txt": "1"}) as project:
        project.word("two")
        project.save("data.txt", "2")
        project.wait_for_log("reloaded: data.txt")
        assert "words.py" not in project.log()


SCRIPT = """
import click
from flask import Flask
from flask.cli import FlaskGroup

def create_app():
    app = Flask("script")
    app.add_url_rule("/", view_func=lambda: "of a script")
    return app

@click.group(cls=FlaskGroup, create_app=create_app)
def cli():
    pass

if __name__ == "__main__":
    cli()
"""


@pytest.mark.parametrize("reload", ["--reload", "--no-reload"])
def test_a_program_with_an_application_of_its_own_can_have_it_too(reload: str, tmp_path: Path) -> None:
    with python(tmp_path, "script.py", "serve", reload, "-p", "0", files={"script.py": SCRIPT}) as project:
        assert project.get() == (200, "of a script")


def test_what_to_type_for_another_port_is_a_command_of_flask(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "words.py").write_text("WORD = 'one'")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _, said = refusal(tmp_path, "--app", "app", "serve", "-p", str(port), "--debug")
    typed = f"flask --app app serve --debug --port {port + 1}"
    fix = f"  Fix: stop it (kill {os.getpid()}), or use another port:  {typed}\n"
    assert fix.replace(" serve ", " run ") in said  # as refusal() has it


def test_ctrl_c_is_a_good_end(tmp_path: Path) -> None:
    with python(tmp_path, *flask("--app", "app", "serve"), files={"app.py": APP}) as project:
        assert interrupted(project) == 0


def interrupted(project: Loop) -> int:
    project.process.send_signal(2)
    return project.process.wait(30)


# --- side by side with flask run, where it does not get as far as serving


@pytest.mark.parametrize(
    "words",
    [
        ["--cert", "nothing.pem"],
        ["--cert", "cert.pem"],
        ["--key", "cert.pem"],
        ["--cert", "adhoc", "--key", "cert.pem"],
        ["--port", "http"],
        ["--extra-files"],
        ["--nonsense"],
    ],
)
def test_its_errors_are_flask_runs(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "cert.pem").touch()
    assert refusal(tmp_path, "serve", *words) == refusal(tmp_path, "run", *words)


@pytest.mark.parametrize("source", ["import no_such_module", "app = 1", "def create_app(word): pass", ""])
def test_an_application_that_cannot_be_loaded_is_flask_runs_error(source: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(source)
    ours, theirs = (refusal(tmp_path, "--app", "broken", command) for command in ("serve", "run"))
    assert ours[0] == theirs[0] != 0
    assert ours[1].splitlines()[-1] == theirs[1].splitlines()[-1]


def refusal(folder: Path, *words: str) -> tuple[int, str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "flask", *words]
    done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr.replace(" serve ", " run ")
