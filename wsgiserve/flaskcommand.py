"""``flask --app x serve``: what ``flask run`` does, by our server and our reloader.

An entry point of ``flask.commands``, so it is there wherever wsgiserve is installed beside Flask. Its options are flask
run's own, taken from there: names, variables (``FLASK_RUN_PORT``), defaults and the texts of errors.
Source: Flask 3.1 ``cli.run_command``.
"""

from __future__ import annotations

import copy
import sys
from ssl import SSLContext
from typing import Any

import click
from flask.cli import ScriptInfo, pass_script_info, run_command, show_server_banner
from flask.helpers import get_debug_flag

from wsgiserve.cli import CommandLine
from wsgiserve.command import Command
from wsgiserve.config import Config, options
from wsgiserve.frameworks import framework_label
from wsgiserve.importer import LoadedApp
from wsgiserve.reload.loader import Loader
from wsgiserve.settings import Settings

__all__ = ["serve_command"]

_INTERRUPTED = 130

Certificate = SSLContext | tuple[str, str | None] | str | None


@click.pass_context
@pass_script_info
def _serve(info: ScriptInfo, context: click.Context, /, **given: Any) -> None:
    """Serve the application for development, with wsgiserve.

    As flask run: reloader and debugger are enabled by default with the '--debug' option.
    """
    debug = get_debug_flag()
    for name in ("reload", "debugger"):
        given[name] = debug if given[name] is None else given[name]
    if isinstance(given["cert"], SSLContext) or info.create_app is not None:
        _serve_what_has_no_name(info, given, debug=debug)
        return
    code = _serve_named(info, given, debug=debug)
    context.exit(0 if code == _INTERRUPTED else code)  # flask run takes Ctrl-C for a good end


def _parameters() -> list[click.Parameter]:
    """Those of flask run. Each heeds ``FLASK_SERVE_<NAME>``, as click has it, and then what flask run heeds."""
    parameters = [copy.copy(parameter) for parameter in run_command.params]
    for parameter in parameters:
        parameter.envvar = [f"FLASK_{verb}_{str(parameter.name).upper()}" for verb in ("SERVE", "RUN")]
    return parameters


serve_command = click.Command(
    "serve",
    params=_parameters(),
    callback=_serve,
    short_help="Serve the application with wsgiserve.",
    help=_serve.__doc__,
)


def _serve_what_has_no_name(info: ScriptInfo, given: dict[str, Any], *, debug: bool) -> None:
    """An object that another process could not be told of: reload as scripts do, by starting this program again."""
    from wsgiserve.simple import run_simple

    application = info.load_app()
    show_server_banner(debug, info.app_import_path)
    run_simple(
        given["host"],
        given["port"],
        application,
        use_reloader=given["reload"],
        use_debugger=given["debugger"],
        threaded=given["with_threads"],
        ssl_context=given["cert"],
        extra_files=given["extra_files"],
        exclude_patterns=given["exclude_patterns"],
    )


def _serve_named(info: ScriptInfo, given: dict[str, Any], *, debug: bool) -> int:
    app = info.app_import_path
    config = _config(given, app, debug=debug)
    sources = dict.fromkeys(options(), "default") | {"app": "APP", "mode": "flask --debug"}
    settings, command = Settings(config, sources), Command(CommandLine(options()), sys.argv[1:])
    typed = ["flask", *sys.argv[1:]]
    if given["reload"]:
        arguments = {"app": app, "debug": debug, "set_debug_flag": info.set_debug_flag}
        loader = Loader("wsgiserve.flaskapplication:load", arguments)
        return command.serve(settings, loader=loader, typed=typed)
    application = info.load_app()
    loaded = LoadedApp(application, app or application.import_name, framework_label(application), "")
    return command.serve(settings, loaded=loaded, typed=typed)


def _config(given: dict[str, Any], app: str | None, *, debug: bool) -> Config:
    certificate: Certificate = given["cert"]
    cert, key = certificate if isinstance(certificate, tuple) else (certificate, None)
    return Config(
        app=app or "wsgi.py or app.py",
        host=(given["host"],),
        port=given["port"],
        cert=str(cert) if cert else None,
        key=key,
        mode="dev" if debug or given["debugger"] else "prod",
        debugger=given["debugger"],
        reload=given["reload"],
        concurrency="pool" if given["with_threads"] else "single",
        watch_also=tuple(given["extra_files"] or ()) or None,
        watch_ignore=tuple(given["exclude_patterns"] or ()) or None,
    )
