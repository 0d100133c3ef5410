"""``wsgiserve check`` as it is typed: what it prints, and its exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.projects import Project
from tests.reload.looping import ROOT

FRAMEWORKS = ["bottle", "dash", "django", "falcon", "flask", "pyramid", "webob", "whitenoise", "wsgidav"]

RIGHT = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["SCRIPT_NAME"].encode() + b" hello"]
"""

WRONG = """
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/raise":
        raise KeyError("sku")
    if path == "/cut":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "100")])
        return [b"short"]
    start_response("503 Busy" if path == "/busy" else "200 OK", [("Content-Type", "text/plain")])
    return (block for block in [path.encode()])
"""


def check(*words: str) -> tuple[int, str, str]:
    """The exit code and what was printed."""
    done = subprocess.run(
        [sys.executable, "-m", "wsgiserve", "check", *words], capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def wrong(project: Project) -> Project:
    project.write("wrong.py", WRONG)
    return project


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_hello_worlds_have_no_finding(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("FOLDER", str(tmp_path))  # WsgiDAV's: to list a checkout full of files takes a tenth of a second
    code, said, _ = check(f"tests.frameworks.apps.{name}:app")
    assert said.endswith("\n\nNothing found.\n")
    assert code == 0


def test_what_is_asked_and_answered_is_told(project: Project) -> None:
    project.write("right.py", RIGHT)
    assert check("--script-name", "/shop", "--path", "/a", "right") == (
        0,
        "right:app\n\n  GET  /a  200  11 bytes\n  HEAD /a  200\n  GET  /a  200  11 bytes\n\nNothing found.\n",
        "",
    )


def test_a_finding_is_told_once_with_its_place(wrong: Project) -> None:
    code, said, _ = check("wrong:app")
    assert code == 6
    assert said.count("P302") == 2  # and once in the URL
    assert f"  at {wrong.directory}/wrong.py:1 in app\n  Fix: return a list" in said
    assert said.endswith("\n\n1 finding.\n")


def test_rules_that_are_ignored_do_not_count(wrong: Project) -> None:
    assert check("--ignore", "P302", "wrong")[0] == 0


def test_exceptions_and_answers_of_failure_are_problems(wrong: Project) -> None:
    code, said, complaints = check("--path", "/raise", "--path", "/busy", "--path", "/cut", "--ignore", "P302", "wrong")
    assert code == 6
    assert "\nGET /raise raised KeyError: 'sku'\n  at wrong.py:4  raise KeyError(\"sku\")\n" in said
    assert "\nGET /busy was answered with 503\n" in said
    assert "E112 the body is 95 bytes shorter" in said
    assert "  GET  /cut  200  broken off after 5 bytes\n" in said or "  GET  /cut  broken off: " in said
    assert said.endswith("\n3 findings.\n")
    assert complaints == ""


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nothing_there"], 3, "error[module-not-found]"),
        (["--ignore", "W999", "wrong"], 2, "--ignore knows no rule 'W999'"),
        (["--ignore", "P30", "wrong"], 2, "did you mean P30"),
        (["--path", "cart", "wrong"], 2, "--path takes a path such as /cart, not 'cart'"),
        (["--port", "1", "wrong"], 2, "error[unknown-option]"),
    ],
)
def test_mistakes_are_explained(words: list[str], code: int, message: str, wrong: Project) -> None:
    done = check(*words)
    assert (done[0], done[1]) == (code, "")
    assert message in done[2]


def test_its_help_has_its_options(wrong: Project) -> None:
    code, said, _ = check("--help")
    assert code == 0
    assert said.startswith("Usage: wsgiserve check [OPTIONS] [APP]\n")
    assert {"--factory", "--path", "--ignore"} <= set(said.split())


def test_a_module_of_that_name_can_be_served_and_checked(project: Project) -> None:
    project.write("check.py", RIGHT)
    assert check("check:app")[0] == 0
