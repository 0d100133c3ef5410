"""Files with variables: which ones are read, which one wins, and when there is nothing to read them with."""

from __future__ import annotations

import sys

import pytest

from tests.cli.projects import FLASK_APP, WSGI_APP, Project
from wsgiserve.environment import find_environment
from wsgiserve.errors import UserError
from wsgiserve.settings import settle

IMPORTS = [
    "import flask",
    "import os, flask.views",
    "from flask import Flask",
    "def create_app():\n    from flask.views import View",
]


def names(project: Project, env_file: str | None = None, app: str | None = None, **variables: str) -> list[str]:
    environment = find_environment(env_file, app, project.directory, variables)
    return [str(file.relative_to(project.directory.resolve())) for file in environment.files]


def test_the_file_that_is_asked_for_is_read(project: Project) -> None:
    project.write("dev.env", "COLOR=green\n# a comment\nSIZE='2 m'\nEMPTY=\nNOTHING\n")
    environment = find_environment("dev.env", None, project.directory, {})
    assert environment.read({}) == {"COLOR": "green", "SIZE": "2 m", "EMPTY": ""}
    assert environment.read({"COLOR": "red"}) == {"SIZE": "2 m", "EMPTY": ""}


def test_nothing_is_read_that_nobody_asked_for(project: Project) -> None:
    project.write(".env", "COLOR=green")
    project.write("app.py", WSGI_APP)
    assert names(project) == []


@pytest.mark.parametrize("source", IMPORTS)
@pytest.mark.parametrize(
    ("file", "app"),
    [
        ("app.py", None),
        ("wsgi.py", None),
        ("shop/web.py", "shop.web:app"),
        ("shop/web.py", "shop/web.py"),
        ("shop/__init__.py", "shop.web"),
        ("src/shop/web.py", "shop.web:create_app('dev')"),
    ],
)
def test_a_project_of_flask_has_flasks_files_read(source: str, file: str, app: str | None, project: Project) -> None:
    project.write(".env", "COLOR=green")
    project.write(file, source)
    assert names(project, app=app) == [".env"]


def test_flasks_own_file_and_variable_are_signs_of_flask_too(project: Project) -> None:
    project.write(".env")
    assert names(project, FLASK_APP="shop") == [".env"]
    project.write(".flaskenv")
    assert names(project) == [".flaskenv", ".env"]


@pytest.mark.parametrize("source", ["flask = 1", "import flaskr", "from . import flask", "import (", "\0"])
def test_what_only_looks_like_flask_is_no_flask(source: str, project: Project) -> None:
    project.write(".env")
    project.write("app.py", source)
    assert names(project) == []


def test_files_are_looked_for_upwards_as_flask_does(project: Project) -> None:
    project.write(".flaskenv", "A=1")
    project.write("below/.env", "A=2")
    (project.directory / "below" / "again").mkdir()
    files = find_environment(None, None, project.directory / "below" / "again", {}).files
    assert [file.name for file in files] == [".flaskenv", ".env"]


def test_the_later_file_wins_and_the_one_that_was_asked_for_is_last(project: Project) -> None:
    for name in (".flaskenv", ".env", "own.env"):
        project.write(name, f"{name.strip('.').partition('.')[0].upper()}=1\nLAST={name}\n")
    found = find_environment(None, None, project.directory, {}).read({})
    assert found == {"FLASKENV": "1", "ENV": "1", "LAST": ".env"}
    found = find_environment("own.env", None, project.directory, {}).read({})
    assert found == {"FLASKENV": "1", "ENV": "1", "OWN": "1", "LAST": "own.env"}


def test_flask_can_be_told_to_leave_its_files_alone(project: Project) -> None:
    project.write(".flaskenv")
    project.write("own.env")
    assert names(project, FLASK_SKIP_DOTENV="1") == []
    assert names(project, "own.env", FLASK_SKIP_DOTENV="1") == ["own.env"]


def test_without_python_dotenv_it_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsgiserve.environment.find_spec", lambda name: None)
    project.write(".flaskenv")
    project.write(".env")
    environment = find_environment(None, None, project.directory, {})
    assert environment.files == ()
    assert environment.note == (
        ".flaskenv and .env not read: that needs python-dotenv (pip install 'wsgiserve[dotenv]')."
    )
    with pytest.raises(UserError, match="extra"):
        find_environment(".env", None, project.directory, {})


def test_a_file_that_is_gone_or_no_text_is_an_error(project: Project) -> None:
    file = project.write(".flaskenv", "A=1")
    environment = find_environment(None, None, project.directory, {})
    file.write_bytes(b"A=\xff")
    with pytest.raises(UserError, match="cannot be read"):
        environment.read({})
    file.unlink()
    with pytest.raises(UserError, match="cannot be read"):
        environment.read({})


def test_python_dotenv_is_not_imported_for_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dotenv", None)
    assert find_environment(None, None, project.directory, {}).read({}) == {}


# --- what is in them counts for our own settings


def test_our_own_variables_and_flasks_may_be_in_the_files(project: Project) -> None:
    project.write("app.py", FLASK_APP)
    project.write(".env", "WSGISERVE_PORT=8001\nFLASK_RUN_HOST=127.0.0.1\n")
    settings = settle({}, {}, project.directory)
    assert (settings.config.port, settings.sources["port"]) == (8001, "WSGISERVE_PORT")
    assert (settings.config.host, settings.sources["host"]) == (("127.0.0.1",), "FLASK_RUN_HOST")
    assert [file.name for file in settings.environment.files] == [".env"]
    assert settle({}, {"WSGISERVE_PORT": "8002"}, project.directory).config.port == 8002
    assert settle({}, {"WSGISERVE_ENV_FILE": ".env", "FLASK_SKIP_DOTENV": "1"}, project.directory).config.port == 8001
