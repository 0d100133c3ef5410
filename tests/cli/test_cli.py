"""From words to what was typed; help that fits a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from wsgiserve.cli import CommandLine, Given
from wsgiserve.config import options
from wsgiserve.errors import UserError


def parse(*argv: str) -> Given:
    return CommandLine(options()).parse(argv)


def refusal(*argv: str) -> UserError:
    with pytest.raises(UserError) as caught:
        parse(*argv)
    assert caught.value.exit_code == 2
    return caught.value


@pytest.mark.parametrize(
    ("argv", "values"),
    [
        ([], {}),
        (["shop.web:app"], {"app": "shop.web:app"}),
        (["-p", "0"], {"port": 0}),
        (["--port=80", "shop"], {"port": 80, "app": "shop"}),
        (["-H", "::1", "--host", "10.0.0.1"], {"host": ("::1", "10.0.0.1")}),
        (["--dev"], {"mode": "dev"}),
        (["-H", "[::1]", "-H", "fe80::1%eth0"], {"host": ("::1", "fe80::1%eth0")}),
        (["--prod"], {"mode": "prod"}),
        (["--no-access-log"], {"access_log": False}),
        (["--access-log"], {"access_log": True}),
        (["--factory"], {"factory": True}),
        (["--max-body", "10m", "--timeout-keep-alive", "2.5"], {"max_body": 10 << 20, "timeout_keep_alive": 2.5}),
        (["--fd", "0"], {"fd": 0}),
        (["--script-name", ""], {"script_name": ""}),
        (["--", "-odd"], {"app": "-odd"}),
        (["--open"], {"open": "/"}),
        (["--open", "shop"], {"open": "/", "app": "shop"}),
        (["--open", "/admin", "shop"], {"open": "/admin", "app": "shop"}),
        (["--open=/admin"], {"open": "/admin"}),
        (["--open=no", "--open", "--dev"], {"open": "/", "mode": "dev"}),
    ],
)
def test_what_is_typed_is_known_and_nothing_else(argv: list[str], values: dict[str, Any]) -> None:
    assert parse(*argv) == (values, None)


@pytest.mark.parametrize(
    ("argv", "wants"),
    [
        (["--help"], "help"),
        (["-h", "--version"], "help"),
        (["--version"], "version"),
        (["--show-config", "--version"], "version"),
        (["--show-config"], "show_config"),
        (["--port", "x", "--help"], "help"),
    ],
)
def test_a_wish_comes_instead_of_serving_and_the_strongest_wins(argv: list[str], wants: str) -> None:
    assert parse(*argv) == ({}, wants)


def test_what_is_typed_beside_show_config_is_shown_by_it() -> None:
    assert parse("--show-config", "-p", "80") == ({"port": 80}, "show_config")


@pytest.mark.parametrize(
    ("option", "fix"),
    [
        ("--prot", "did you mean --port?"),
        ("--no-acess-log", "did you mean --no-access-log?"),
        ("--show-confg", "did you mean --show-config?"),
        ("--realod", "did you mean --reload?"),
        ("--bind", "wsgiserve --help lists them all."),
        ("--xyzzy", "wsgiserve --help lists them all."),
        ("-z", "wsgiserve --help lists them all."),
    ],
)
def test_an_unknown_option_is_refused_with_the_one_that_was_meant(option: str, fix: str) -> None:
    error = refusal("shop", option)
    assert (error.slug, error.what, error.fix) == ("unknown-option", f"no such option: {option}", fix)


@pytest.mark.parametrize(
    ("argv", "what"),
    [
        (["--port", "x"], "--port takes a whole number from 0 to 65535, not 'x'."),
        (["--port", "65536"], "--port takes a whole number from 0 to 65535, not '65536'."),
        (["--fd", "-1"], "--fd takes a whole number of at least 0, not '-1'."),
        (["--threads", "0"], "--threads takes a whole number from 1 to 10000, not '0'."),
        (["--threads", "10001"], "--threads takes a whole number from 1 to 10000, not '10001'."),
        (["--processes", "0"], "--processes takes a whole number from 1 to 10000, not '0'."),
        (["--processes", "10001"], "--processes takes a whole number from 1 to 10000, not '10001'."),
        (["--max-connections", "0"], "--max-connections takes a whole number of at least 1, not '0'."),
        (["--max-fields", "0"], "--max-fields takes a whole number of at least 1, not '0'."),
        (["-H", ""], "--host takes one or more texts, not ''."),
        (["-H", "", "-H", "::1"], "--host takes one or more texts, not ', ::1'."),
        ([""], "APP takes a text, not ''."),
        (
            ["-H", "http://localhost"],
            "--host takes an address or a name without http:// and path, not 'http://localhost'.",
        ),
        (["-H", "localhost:80"], "--host takes an address or a name alone; the port is --port's, not 'localhost:80'."),
        (["-H", "[::1]:80"], "--host takes an address or a name alone; the port is --port's, not '[::1]:80'."),
        (["--prod", "--dev"], "--dev and --prod exclude each other."),
        (["--port"], "Option '--port' requires an argument."),
        (["shop", "blog"], "Got unexpected extra argument (blog)"),
        (["--dev=1"], "Option '--dev' does not take a value."),
    ],
)
def test_a_value_that_is_wrong_missing_or_too_much_is_refused(argv: list[str], what: str) -> None:
    error = refusal(*argv)
    assert (error.slug, error.what) == ("bad-option", what)


def test_help_explains_every_option_in_80_columns() -> None:
    text = CommandLine(options()).help()
    assert text.startswith("Usage: wsgiserve [OPTIONS] [APP]\n")
    assert max(map(len, text.splitlines())) <= 80
    for name, about in options().items():
        flags = about.flags or ("--" + name.replace("_", "-"),)
        assert name == "app" or all(flag in text for flag in (*flags, about.short)), name
    for group in {about.group for about in options().values()}:
        assert f"\n{group}:\n" in text
    assert "[127.0.0.1, ::1]" in text
    assert "[64k]" in text
