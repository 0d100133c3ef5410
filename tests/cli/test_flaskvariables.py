"""FLASK_DEBUG and FLASK_RUN_*: what they mean here, and that whatever is said to us goes before them."""

from __future__ import annotations

from typing import Any

import click
import pytest
from flask.cli import run_command

from tests.cli.projects import Project
from wsgiserve.config import Config
from wsgiserve.errors import UserError
from wsgiserve.settings import Settings, settle


def settled(project: Project, **variables: str) -> Settings:
    return settle({}, variables, project.directory)


@pytest.mark.parametrize(
    ("variable", "text", "option", "value"),
    [
        ("FLASK_DEBUG", "1", "reload", True),
        ("FLASK_DEBUG", "anything", "reload", True),
        ("FLASK_DEBUG", "No", "reload", False),
        ("FLASK_RUN_RELOAD", "t", "reload", True),
        ("FLASK_RUN_RELOAD", "off", "reload", False),
        ("FLASK_RUN_HOST", "0.0.0.0", "host", ("0.0.0.0",)),
        ("FLASK_RUN_PORT", "5001", "port", 5001),
        ("FLASK_RUN_CERT", "adhoc", "cert", "adhoc"),
        ("FLASK_RUN_WITH_THREADS", "n", "concurrency", "single"),
        ("FLASK_RUN_WITH_THREADS", "1", "concurrency", "pool"),
        ("FLASK_RUN_EXTRA_FILES", "a.toml:b", "watch_also", ("a.toml", "b")),
        ("FLASK_RUN_EXCLUDE_PATTERNS", "*/x/*:*.tmp", "watch_ignore", ("*/x/*", "*.tmp")),
    ],
)
def test_each_is_an_option(variable: str, text: str, option: str, value: Any, project: Project) -> None:
    settings = settled(project, **{variable: text})
    assert (getattr(settings.config, option), settings.sources[option]) == (value, variable)


def test_the_key_goes_with_the_certificate(project: Project) -> None:
    config = settled(project, FLASK_RUN_CERT="c.pem", FLASK_RUN_KEY="k.pem").config
    assert (config.cert, config.key) == ("c.pem", "k.pem")


def test_what_is_said_of_reloading_goes_before_debug(project: Project) -> None:
    assert settled(project, FLASK_DEBUG="1", FLASK_RUN_RELOAD="0").sources["reload"] == "FLASK_RUN_RELOAD"


def test_whatever_is_said_to_us_goes_before_them(project: Project) -> None:
    assert settled(project, FLASK_RUN_PORT="5001", WSGISERVE_PORT="1").config.port == 1
    project.write("pyproject.toml", "[tool.wsgiserve]\nport = 2\n")
    assert settled(project, FLASK_RUN_PORT="5001").config.port == 2
    assert settle({"uds": "s"}, {"FLASK_RUN_PORT": "5001"}, project.directory).config.port == Config().port


def test_an_empty_one_counts_as_not_set(project: Project) -> None:
    assert settled(project, FLASK_RUN_PORT="", FLASK_DEBUG="").config == Config()


def test_a_wrong_one_is_named(project: Project) -> None:
    with pytest.raises(UserError) as caught:
        settled(project, FLASK_RUN_PORT="http")
    assert caught.value.what == "FLASK_RUN_PORT takes a whole number from 0 to 65535, not 'http'."
    assert caught.value.fix == "change or unset FLASK_RUN_PORT."


def test_none_of_flasks_options_is_forgotten(project: Project) -> None:
    """All that flask run can be told by a variable; the debugger's page is there in development anyway."""
    names = {f"FLASK_RUN_{option.name.upper()}" for option in run_command.params if isinstance(option, click.Option)}
    for name in names - {"FLASK_RUN_DEBUG", "FLASK_RUN_DEBUGGER", "FLASK_RUN_KEY"}:
        value = {"FLASK_RUN_PORT": "1", "FLASK_RUN_HOST": "::1"}.get(name, "0")
        assert name in settled(project, **{name: value}).sources.values(), name
