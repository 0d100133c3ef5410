"""The command ``wsgiserve``: argv to settings, an application, a running server, and an exit code.

The options are those of ``config.py``, made into click's by a loop; every mistake ends as one message on standard
error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from wsgiserve import messages
from wsgiserve._version import __version__
from wsgiserve.config import options
from wsgiserve.errors import UserError
from wsgiserve.options import Kind, Option
from wsgiserve.settings import Settings, settle

__all__ = ["main"]

_INTERNAL, _INTERRUPTED = 1, 130

_HELP = """Serve a WSGI application.

APP is MODULE, MODULE:NAME, MODULE:FACTORY(...) or FILE[:NAME]. Without it, wsgiserve looks for [tool.wsgiserve] in
pyproject.toml, FLASK_APP, wsgi.py, app.py, and a Django project."""

_EPILOG = """Every option can also be set by a variable WSGISERVE_<NAME> and as a key of [tool.wsgiserve] in
pyproject.toml; a flag goes before a variable, and that before the file."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit."""
    sys.exit(run(list(sys.argv[1:] if argv is None else argv)))


def run(argv: list[str]) -> int:
    """Run the command.

    Returns:
        The exit code, by the table in ``docs/cli.md``.
    """
    try:
        return _run(argv)
    except UserError as error:
        click.echo(messages.render(error, color=_in_color(argv)), err=True, nl=False)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception:
        import traceback

        traceback.print_exc()
        click.echo(
            "wsgiserve failed, and it is not your application's fault. Please report what stands above at "
            "https://github.com/wsgiserve/wsgiserve/issues",
            err=True,
        )
        return _INTERNAL


def _run(argv: list[str]) -> int:
    command = _command()
    try:
        with command.make_context("wsgiserve", list(argv)) as context:
            given = _given(context)
    except click.exceptions.Exit as done:  # --help and --version have printed and are done
        return done.exit_code
    except click.NoSuchOption as error:
        raise messages.unknown_option(error.option_name, _all_flags()) from None
    except click.UsageError as error:
        raise messages.bad_option(error.format_message()) from None
    show = given.pop("show_config", False)
    settings = settle(given, os.environ, Path.cwd())
    if show:
        click.echo(_show(settings), nl=False)
        return 0
    return _serve(settings, argv)


def _serve(settings: Settings, argv: list[str]) -> int:
    from wsgiserve.discovery import discover
    from wsgiserve.importer import load
    from wsgiserve.launcher import launch

    config = settings.config
    directory = Path(config.app_dir).absolute() if config.app_dir else Path.cwd()
    if config.app is not None:
        app, found_by = config.app, _found_by(settings.sources["app"])
    else:
        app, found_by = discover(directory, os.environ)
    loaded = load(
        app,
        factory=config.factory,
        directory=directory,
        found_by=found_by,
        full_traceback=config.full_traceback,
    )
    return _launch_on_some_port(launch, settings, loaded, argv)


def _launch_on_some_port(launch: Any, settings: Settings, loaded: Any, argv: list[str]) -> int:
    """Launch; when the port is taken and somebody sits at a terminal, offer the next one. Never move silently."""
    from dataclasses import replace

    config = settings.config
    while True:
        try:
            return int(launch(config, loaded, argv))
        except UserError as error:
            if error.slug != "port-in-use" or not sys.stdin.isatty() or config.port == 65535:
                raise
            click.echo(messages.render(error, color=_in_color(argv)), err=True, nl=False)
            config = replace(config, port=config.port + 1)
            if not click.confirm(f"Use port {config.port} this time?", default=True, err=True):
                return error.exit_code


def _found_by(source: str) -> str:
    return {"APP": "", "pyproject.toml": "found by [tool.wsgiserve]"}.get(source, f"found by {source}")


# Options


def _command() -> click.Command:
    parameters: list[click.Parameter] = []
    for name, about in options().items():
        if name == "app":
            parameters.append(click.Argument(["app"], required=False, metavar="[APP]"))
        else:
            parameters += _flags(name, about)
    parameters += [
        click.Option(["--show-config"], is_flag=True, help="Print every option, its value and where it comes from."),
        click.version_option(__version__, prog_name="wsgiserve")(lambda: None).__click_params__[0],  # type: ignore[attr-defined]
    ]
    return _GroupedCommand("wsgiserve", params=parameters, help=_HELP, epilog=_EPILOG, context_settings=_CONTEXT)


_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _GroupedCommand(click.Command):
    """Lists the options in the groups of ``config.py``."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        known = options()
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                group = known[parameter.name].group if parameter.name in known else "Other"
                groups.setdefault(group, []).append(record)
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl(records)


def _flags(name: str, about: Option) -> list[click.Parameter]:
    default_flag = "--" + name.replace("_", "-")
    if about.kind.is_flag:
        declared = "/".join(about.flags) if about.flags else default_flag
        return [click.Option([name, declared], is_flag=True, default=None, help=about.help)]
    if about.flags:  # one flag for each choice, such as --dev and --prod
        return [
            click.Option([name, flag], flag_value=flag.lstrip("-"), default=None, help=about.help)
            for flag in about.flags
        ]
    words = [name, default_flag, *([about.short] if about.short else [])]
    return [
        click.Option(
            words, type=_Value(about.kind), multiple=about.kind.repeats, default=None, help=_with_default(name, about)
        )
    ]


class _Value(click.ParamType[Any]):
    """click's view of a Kind."""

    name = "value"

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return self.kind.metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if self.kind.repeats:
            return value
        try:
            return self.kind.parse(value)
        except ValueError as error:
            flag = param.opts[0] if param is not None else "the option"
            raise messages.bad_option(f"{flag} {error}, not {value!r}.") from None


def _with_default(name: str, about: Option) -> str:
    from wsgiserve.config import Config

    default = Config.__dataclass_fields__[name].default
    if default in (None, "") or about.kind.is_flag:
        return about.help
    shown = (
        ", ".join(default) if isinstance(default, tuple) else f"{default:g}" if isinstance(default, float) else default
    )
    return f"{about.help}  [{shown}]"


def _given(context: click.Context) -> dict[str, Any]:
    """What the command line says, without what it does not."""
    known = options()
    given = {
        name: value for name, value in context.params.items() if value not in (None, (), False) or _is_no(context, name)
    }
    return {
        name: known[name].kind.parse(value) if name in known and known[name].kind.repeats else value
        for name, value in given.items()
    }


def _is_no(context: click.Context, name: str) -> bool:
    """Whether a flag was switched off on the command line, as by --no-access-log."""
    source = context.get_parameter_source(name)
    return context.params[name] is False and source is click.core.ParameterSource.COMMANDLINE


def _all_flags() -> list[str]:
    return [flag for parameter in _command().params for flag in (*parameter.opts, *parameter.secondary_opts)]


# Printing


def _show(settings: Settings) -> str:
    config = settings.config
    mode, why = config.effective_mode()
    lines = []
    for name in options():
        value: Any = getattr(config, name)
        if name == "mode" and value is None:
            value = f"{mode} ({why})"
        elif name == "threads" and value is None:
            value = config.effective_threads()
        shown = ", ".join(value) if isinstance(value, tuple) else "-" if value in (None, "") else value
        lines.append(f"{name:<20} {shown!s:<32} {settings.sources[name]}")
    return "\n".join(lines) + "\n"


def _in_color(argv: Sequence[str]) -> bool:
    """Whether to paint an error. The settings may be what is wrong, so only the flag itself is looked at."""
    words = " ".join(argv).replace("=", " ")
    if "--color always" in words:
        return True
    if "--color never" in words or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stderr.isatty()
