"""``wsgiserve.install()``: what it replaces and puts back, and the real Flask served by it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from types import ModuleType
from typing import Any

import flask.cli
import pytest
import werkzeug
import werkzeug.serving

import wsgiserve
from tests.processes import until
from tests.reload.looping import Loop, python
from wsgiserve import serving

THEIRS = {name: getattr(werkzeug.serving, name) for name in serving.__all__}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    wsgiserve.uninstall()
    assert {name: getattr(werkzeug.serving, name) for name in THEIRS} == THEIRS


@pytest.fixture
def importer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that has imported something of werkzeug's under another name."""
    module = ModuleType("importer")
    vars(module).update(start=werkzeug.run_simple, other=1)
    monkeypatch.setitem(sys.modules, "importer", module)
    return module


def test_ours_stand_wherever_werkzeugs_stood(importer: Any) -> None:
    wsgiserve.install()
    for place in (werkzeug, werkzeug.serving, flask.cli):
        assert vars(place)["run_simple"] is wsgiserve.run_simple
    assert importer.start is wsgiserve.run_simple
    assert importer.other == 1
    for name in serving.__all__:
        if callable(THEIRS[name]):
            assert getattr(werkzeug.serving, name) is getattr(serving, name)


def test_numbers_stay() -> None:
    wsgiserve.install()
    assert werkzeug.serving.LISTEN_QUEUE == 128


@pytest.mark.parametrize("undo", [lambda handle: handle.uninstall(), lambda handle: wsgiserve.uninstall()])
def test_it_can_be_undone(undo: Callable[[Any], None], importer: Any) -> None:
    undo(wsgiserve.install())
    assert importer.start is werkzeug.run_simple is vars(flask.cli)["run_simple"] is THEIRS["run_simple"]


def test_it_can_be_limited_to_a_block(importer: Any) -> None:
    with wsgiserve.install():
        assert importer.start is wsgiserve.run_simple
    assert importer.start is THEIRS["run_simple"]


def test_twice_is_once(importer: Any) -> None:
    with wsgiserve.install():
        with wsgiserve.install():
            assert importer.start is wsgiserve.run_simple
        assert importer.start is wsgiserve.run_simple
    assert importer.start is THEIRS["run_simple"]
    wsgiserve.install()
    wsgiserve.install()
    wsgiserve.uninstall()
    assert importer.start is THEIRS["run_simple"]


def test_what_somebody_has_replaced_since_is_left_alone(importer: Any) -> None:
    with wsgiserve.install():
        importer.start = "mine"
    assert importer.start == "mine"


def test_a_handler_of_werkzeugs_is_refused_with_a_way_out() -> None:
    quiet = type("Quiet", (THEIRS["WSGIRequestHandler"],), {})
    with pytest.raises(
        TypeError, match=r"Quiet must derive from wsgiserve\.WSGIRequestHandler.*wsgiserve\.install\(\)"
    ):
        wsgiserve.make_server("127.0.0.1", 0, lambda environ, start_response: [], request_handler=quiet)


# Flask

APP = """
import os
import wsgiserve
{install}
from flask import Flask
import words

app = Flask(__name__)

@app.get("/")
def index():
    return f"{{words.WORD}} {{os.getpid()}}"

if __name__ == "__main__":
    app.run(port=0, debug=True)
"""

FILES = {"app.py": APP.format(install="wsgiserve.install()")}


def answers(project: Loop, text: str) -> bool:
    try:
        return text in project.get()[1]
    except (OSError, HTTPException):
        return False


@pytest.mark.parametrize("argv", [["app.py"], ["-m", "flask", "run", "--debug", "--port", "0"]])
def test_flask_serves_through_us_reloads_and_survives_a_syntax_error(argv: list[str], tmp_path: Path) -> None:
    with python(tmp_path, *argv, files=FILES) as project:
        assert project.says("one")
        assert " * Debug mode: on" in project.log()
        assert " * Debugger PIN: " in project.log()
        project.word("two")
        until(lambda: project.says("two"))
        project.save("words.py", "WORD = (\n")
        project.wait_for_log("SyntaxError: '(' was never closed")
        project.save("words.py", "WORD = 'six'\n")
        until(lambda: project.says("six"))
        assert "WARNING: This is a development server" not in project.log()
        assert "GET / 200" in project.log()
        assert project.end() == 0


def test_flask_run_explains_in_the_browser_what_was_new_and_broken(tmp_path: Path) -> None:
    argv = ["-m", "flask", "run", "--debug", "--port", "0"]
    with python(tmp_path, *argv, files=FILES | {"more.py": "WORD = (\n"}) as project:
        project.save("words.py", "from more import WORD\n")
        until(lambda: answers(project, "SyntaxError"))
        project.save("more.py", "WORD = 'mended'\n")
        until(lambda: project.says("mended"))


def test_without_it_flask_is_werkzeugs(tmp_path: Path) -> None:
    with python(tmp_path, "app.py", files={"app.py": APP.format(install="").replace("debug=True", "")}) as project:
        assert project.says("one")
        assert "WARNING: This is a development server" in project.log()
