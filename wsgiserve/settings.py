"""Where settings come from: flags before environment variables, those before ``pyproject.toml``, that before defaults.

Reads; decides nothing about values, which is the business of ``options.py``, nor about words, which is that of
``messages.py``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from wsgiserve import messages
from wsgiserve.config import Config, options
from wsgiserve.errors import UserError

__all__ = ["Settings", "flag_of", "settle", "variable_of"]


class Settings(NamedTuple):
    """A Config, and where each value was found: ``--port``, ``WSGISERVE_PORT``, ``pyproject.toml`` or ``default``."""

    config: Config
    sources: Mapping[str, str]


def variable_of(name: str) -> str:
    """The environment variable of an option."""
    return f"WSGISERVE_{name.upper()}"


def flag_of(name: str) -> str:
    """The first flag of an option; of APP, which has none, the word."""
    if name == "app":
        return "APP"
    given = options()[name].flags
    return given[0] if given else "--" + name.replace("_", "-")


def settle(flags: Mapping[str, Any], environ: Mapping[str, str], directory: Path) -> Settings:
    """Find every option's value.

    Args:
        flags: parsed values of the flags that were given.
        environ: the environment variables.
        directory: where to begin to look for ``pyproject.toml``, upwards.
    Raises:
        UserError: an unknown key, a value that an option does not take, options that exclude each other.
    """
    values: dict[str, Any] = {}
    sources = {of.name: "default" for of in fields(Config)}
    file = _find_pyproject(directory)
    if file is not None:
        for name, value in _read_table(file).items():
            values[name], sources[name] = value, "pyproject.toml"
    for name, about in options().items():
        variable = variable_of(name)
        if variable in environ:
            values[name], sources[name] = _from_variable(variable, environ[variable], about.kind.parse), variable
    for name, value in flags.items():
        values[name], sources[name] = value, flag_of(name)
    if sources["mode"] == "--dev":
        sources["mode"] = f"--{values['mode']}"
    config = Config(**values)
    _check_together(config, sources)
    return Settings(config, sources)


def _from_variable(variable: str, value: str, parse: Any) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise messages.bad_option(f"{variable} {error}, not {value!r}.", f"change or unset {variable}.") from None


def _find_pyproject(directory: Path) -> Path | None:
    """The nearest one upwards; a repository's top is the last place to look."""
    for folder in (directory, *directory.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            return file
        if (folder / ".git").exists():
            return None
    return None


def _read_table(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text("utf-8")
        table = tomllib.loads(text).get("tool", {}).get("wsgiserve", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise messages.bad_config(file.name, f"cannot be read: {error}.", None, "mend the file.") from None
    if not isinstance(table, dict):
        raise messages.bad_config(file.name, "is not a table.", None, "write it as a table of options.")
    return {key: _from_table(key, value, file, text) for key, value in table.items()}


def _from_table(key: str, value: Any, file: Path, text: str) -> Any:
    known = options()
    if key not in known:
        near = messages.did_you_mean(key, known, '"{}"')
        fix = near or "wsgiserve --show-config lists the keys."
        raise messages.bad_config(file.name, f'unknown key "{key}".', _line_of(key, text), fix)
    try:
        return known[key].kind.parse(value)
    except ValueError as error:
        raise messages.bad_config(
            file.name, f"{key} {error}, not {value!r}.", _line_of(key, text), "wsgiserve --help explains the options."
        ) from None


def _line_of(key: str, text: str) -> int | None:
    """The line of a key in the table; None where TOML is written in a way that this does not find."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            inside = line.strip().startswith("[tool.wsgiserve]")
        elif inside and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
            return number
    return None


_EXCLUSIVE = (("uds", "fd"), ("uds", "host"), ("uds", "port"), ("fd", "host"), ("fd", "port"))


def _check_together(config: Config, sources: Mapping[str, str]) -> None:
    given = {name for name, source in sources.items() if source != "default"}
    for one, other in _EXCLUSIVE:
        if one in given and other in given:
            raise _clash(sources[one], sources[other], "they name different places to listen on; leave one out.")
    if config.key is not None and config.cert is None:
        raise _alone(sources["key"], "--cert", "name the certificate too:  --cert FILE --key FILE")
    if config.key is not None and config.cert == "adhoc":
        raise _clash("--cert adhoc", sources["key"], "adhoc makes its own key; leave --key out.")
    if "processes" in given and config.concurrency != "fork":
        raise _alone(sources["processes"], "--concurrency fork", "add --concurrency fork, or leave it out.")
    if config.threads is not None and config.concurrency != "pool":
        raise _alone(sources["threads"], "--concurrency pool", "leave one of the two out.")
    if config.script_name and not re.fullmatch(r"(/[^/]+)+", config.script_name):
        raise messages.bad_option("--script-name begins with a slash and does not end with one.", "such as /shop")


def _clash(one: str, other: str, fix: str) -> UserError:
    return messages.bad_option(f"{one} and {other} exclude each other.", fix)


def _alone(one: str, needed: str, fix: str) -> UserError:
    return messages.bad_option(f"{one} means something with {needed} only.", fix)
