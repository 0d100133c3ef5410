"""Where settings come from: a flag goes before a variable, that before ``pyproject.toml``, and that before the default.

What is said to Flask by ``FLASK_DEBUG`` and ``FLASK_RUN_*`` is taken for what nobody said to us.

Reads, and settles what excludes each other. Decides nothing about values, which is the business of ``options.py``, nor
about words, which is that of ``messages.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from wsgiserve import messages
from wsgiserve.config import Config, options
from wsgiserve.environment import Environment, find_environment
from wsgiserve.flaskvariables import flask_variables
from wsgiserve.pyproject import Pyproject, read_pyproject

__all__ = ["Settings", "flag_of", "settle", "variable_of"]

_FLASK, _FILE, _VARIABLE, _FLAG = range(4)

_PREFIX = "WSGISERVE_"


class Settings(NamedTuple):
    """What was settled."""

    config: Config
    sources: Mapping[str, str]
    """Where each value was found: ``--port``, ``WSGISERVE_PORT``, ``pyproject.toml`` or ``default``."""
    environment: Environment = Environment()
    """Where there are more variables for the application."""
    variables: Mapping[str, str] = {}
    """What was read there, and the real environment does not have."""
    notes: tuple[str, ...] = ()
    """What a person should know of them."""


class _Found(NamedTuple):
    value: Any
    rank: int
    source: str
    said: str
    """What a person who reads a message has to look for."""


def settle(flags: Mapping[str, Any], environ: Mapping[str, str], directory: Path) -> Settings:
    """Find every option's value.

    Args:
        flags: parsed values of the flags that were given.
        environ: the environment variables; an empty one counts as not set.
        directory: where to begin to look for ``pyproject.toml``, upwards.
    Raises:
        UserError: an unknown key, a value that an option does not take, options that exclude each other, no file where
            one is named.
    """
    file = read_pyproject(directory)
    found = _find(flags, environ, file)
    app, env_file = (found[name].value if name in found else None for name in ("app", "env_file"))
    environment = find_environment(env_file, app, directory, environ)
    variables = environment.read(environ)
    if variables:
        found = _find(flags, {**environ, **variables}, file)
    _settle_exclusive(found)
    _settle_dependent(found)
    config = Config(**{name: of.value for name, of in found.items()})
    _refuse_two_kinds_of_proxy_headers(config, found)
    _refuse_debugger_in_production(config, found, environ)
    _refuse_debugger_of_many_workers(config, found, environ)
    sources = {name: found[name].source if name in found else "default" for name in options()}
    notes = tuple(_notes({**environ, **variables}, file))
    return Settings(config, sources, environment, variables, notes)


def _find(flags: Mapping[str, Any], environ: Mapping[str, str], file: Pyproject | None) -> dict[str, _Found]:
    places = (_in_flasks_variables(environ), _in_file(file), _in_variables(environ), _in_flags(flags))
    return dict(chain(*places))  # later ones win


def variable_of(name: str) -> str:
    """The environment variable of an option."""
    return _PREFIX + name.upper()


def flag_of(name: str, value: Any) -> str:
    """The flag that gives an option this value; of APP, which has none, the word."""
    if name == "app":
        return "APP"
    about = options()[name]
    if not about.flags:
        return "--" + name.replace("_", "-")
    return about.flags[not value] if about.kind.is_flag else f"--{value}"


# The three places


def _in_flags(flags: Mapping[str, Any]) -> Iterator[tuple[str, _Found]]:
    for name, value in flags.items():
        flag = flag_of(name, value)
        yield name, _Found(value, _FLAG, flag, flag)


def _in_variables(environ: Mapping[str, str]) -> Iterator[tuple[str, _Found]]:
    for name, about in options().items():
        variable = variable_of(name)
        if environ.get(variable):
            yield (
                name,
                _Found(_parse_variable(variable, environ[variable], about.kind.parse), _VARIABLE, variable, variable),
            )


def _parse_variable(variable: str, value: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise messages.bad_option(f"{variable} {error}, not {value!r}.", f"change or unset {variable}.") from None


def _in_flasks_variables(environ: Mapping[str, str]) -> Iterator[tuple[str, _Found]]:
    for variable, name, parse in flask_variables(environ):
        yield name, _Found(_parse_variable(variable, environ[variable], parse), _FLASK, variable, variable)


def _in_file(file: Pyproject | None) -> Iterator[tuple[str, _Found]]:
    if file is not None:
        for key, value in file.options().items():
            yield key, _Found(_parse_key(key, value, file), _FILE, file.shown, f'"{key}" in {file.shown}')


def _parse_key(key: str, value: Any, file: Pyproject) -> Any:
    known = options()
    if key not in known:
        fix = messages.did_you_mean(key, known, '"{}"') or "wsgiserve --show-config lists the keys."
        raise messages.bad_config(file.shown, f'unknown key "{key}".', file.line_of(key), fix)
    try:
        return known[key].kind.parse(value)
    except ValueError as error:
        what = f"{key} {error}, not {value!r}."
        fix = "wsgiserve --help explains the options."
        raise messages.bad_config(file.shown, what, file.line_of(key), fix) from None


# What looks like ours and is none. It may be for another version, so a word is enough.

# Variables for programs that we start, and for our own tests.
_NO_OPTIONS = frozenset(
    ["CONFORM_JOURNAL", "RELOADER_CHANNEL", "SAMPLES_DATA", "SCREENSHOTS", "STRESS_SECONDS", "TEST_ALL"]
)


def _notes(environ: Mapping[str, str], file: Pyproject | None) -> Iterator[str]:
    known = {name.upper() for name in options()}
    said = {
        variable.removeprefix(_PREFIX) for variable in environ if variable.startswith(_PREFIX) and environ[variable]
    }
    for name in sorted(said - known - _NO_OPTIONS):
        hint = messages.did_you_mean(name, sorted(known), _PREFIX + "{}") or "wsgiserve --help lists the options."
        yield f"{_PREFIX}{name} is the variable of no option: {hint}"
    if file is not None and (misspelt := file.misspelt()):
        yield f"{file.shown} [tool.{misspelt}] is not read: did you mean [tool.wsgiserve]?"


# What does not go together. A stronger place overrules what a weaker one says: whoever types --uds today need not first
# take the port out of pyproject.toml. Within one place it is a mistake.

_PLACES = (("uds", "fd"), ("uds", "host"), ("uds", "port"), ("fd", "host"), ("fd", "port"))
_CERTIFICATES = (("tls", "cert"), ("tls", "key"))
_EXCLUSIVE = {
    **dict.fromkeys(_PLACES, "they name different places to listen on; leave one out."),
    **dict.fromkeys(_CERTIFICATES, "--tls brings a certificate and a key of its own; leave one out."),
}


def _settle_exclusive(found: dict[str, _Found]) -> None:
    for (one, other), fix in _EXCLUSIVE.items():
        # tls = false only says that it is not wanted.
        if one in found and other in found and found[one].value is not False:
            if found[one].rank == found[other].rank:
                raise messages.bad_option(f"{found[one].said} and {found[other].said} exclude each other.", fix)
            del found[min(one, other, key=lambda name: found[name].rank)]


def _refuse_two_kinds_of_proxy_headers(config: Config, found: Mapping[str, _Found]) -> None:
    if "forwarded" in config.proxy_sets and len(config.proxy_sets) > 1:
        raise messages.bad_option(
            f"{found['proxy_sets'].said}: forwarded stands alone.",
            "a proxy sets either Forwarded or X-Forwarded-*; the other one is whatever its client has sent.",
        )


def _refuse_debugger_in_production(config: Config, found: Mapping[str, _Found], environ: Mapping[str, str]) -> None:
    """Whoever reaches it can run code: where that may be anybody, to leave it out in silence would be no answer."""
    mode, why = config.effective_mode(environ)
    if config.debugger and mode == "prod":
        reason = why or f"{found['mode'].said} says so"
        raise messages.bad_option(
            f"{found['debugger'].said} goes with development only, and this is production: {reason}.",
            "leave it out, or listen on this machine alone (--host 127.0.0.1).",
        )


def _refuse_debugger_of_many_workers(config: Config, found: Mapping[str, _Found], environ: Mapping[str, str]) -> None:
    if config.debugger and config.effective_workers(environ) > 1:
        raise messages.bad_option(
            f"{found['debugger'].said} goes with one worker only, not with {config.workers}.",
            "leave one of the two out: another process than the one that met an error may be asked for more.",
        )


class _Dependent(NamedTuple):
    """An option that only says something about one value of another."""

    name: str
    other: str
    goes_with: Callable[[Any], bool]
    needs: str
    fix: str


_DEPENDENT = (
    _Dependent(
        "processes",
        "concurrency",
        lambda concurrency: concurrency == "fork",
        "--concurrency fork",
        "add --concurrency fork, or leave it out.",
    ),
    _Dependent(
        "threads",
        "concurrency",
        lambda concurrency: concurrency == "pool",
        "--concurrency pool",
        "leave one of the two out.",
    ),
    _Dependent(
        "proxy_sets",
        "proxy_headers",
        bool,
        "--proxy-headers CIDR",
        "name the proxy that sets them:  --proxy-headers CIDR",
    ),
    _Dependent(
        "debugger",
        "concurrency",
        lambda concurrency: concurrency != "fork",
        "--concurrency pool, thread or single",
        "leave one of the two out: the process that met an error has ended when its page asks for more.",
    ),
    _Dependent(
        "key",
        "cert",
        lambda cert: cert not in (None, "adhoc"),
        "--cert FILE",
        "name the certificate's file too:  --cert FILE --key FILE   (--cert adhoc makes a key of its own)",
    ),
)


def _settle_dependent(found: dict[str, _Found]) -> None:
    defaults = Config()
    for of in _DEPENDENT:
        other = found.get(of.other) or _Found(getattr(defaults, of.other), -1, "", "")
        if of.name in found and not of.goes_with(other.value):
            if found[of.name].rank >= other.rank:
                raise messages.bad_option(f"{found[of.name].said} goes with {of.needs} only.", of.fix)
            del found[of.name]
