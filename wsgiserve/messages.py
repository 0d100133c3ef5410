"""What wsgiserve says to a person who made a mistake: what happened, why, and what to do.

One function for each message, which returns a UserError; the words live here and nowhere else. Knows no options and no
sockets: whoever finds the mistake passes in what it saw. The slug is also the name of a page of the documentation.
"""

from __future__ import annotations

import difflib
import os
import shlex
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

from wsgiserve.errors import UserError
from wsgiserve.holder import port_holder

__all__ = [
    "CANNOT_BIND",
    "CANNOT_LOAD",
    "TLS",
    "USAGE",
    "address_not_here",
    "app_error",
    "asgi_app",
    "attribute_not_found",
    "bad_config",
    "bad_option",
    "did_you_mean",
    "factory_needs_args",
    "factory_returned_none",
    "import_failed",
    "many_apps",
    "module_not_found",
    "no_app_found",
    "not_callable",
    "port_denied",
    "port_in_use",
    "render",
    "short_path",
    "tls_extra",
    "unknown_option",
]

# Exit codes; docs/cli.md has the whole table.
USAGE, CANNOT_LOAD, CANNOT_BIND, TLS = 2, 3, 4, 5

_PAGES = "https://wsgiserve.readthedocs.io/e/"


def render(error: UserError, *, color: bool = False) -> str:
    """A message as it is printed, with a newline at its end; colour only on its first word."""
    head = f"error[{error.slug}]"
    lines = [f"\x1b[1;31m{head}\x1b[0m: {error.what}" if color else f"{head}: {error.what}"]
    if error.why:
        lines.append("  Why: " + error.why.replace("\n", "\n       "))
    lines.append("  Fix: " + error.fix.replace("\n", "\n       "))
    lines.append(f"       {_PAGES}{error.slug}")
    return "\n".join(lines) + "\n"


def did_you_mean(word: str, known: Iterable[str], form: str = "{}") -> str:
    """``did you mean X?`` for the nearest of ``known``, shown in ``form``; empty when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {form.format(near[0])}?" if near else ""


# Addresses


def port_in_use(host: str, port: int, argv: Sequence[str]) -> UserError:
    """Message 1. ``argv`` is the command as it was typed, without the program."""
    holder = port_holder(port)
    why = (
        f"process {holder.pid} ({holder.command}) is listening there."
        if holder
        else "another program is listening there."
    )
    stop = f"stop it (kill {holder.pid})" if holder else "stop it"
    fix = f"{stop}, or use another port:  {_command(_with_port(argv, port + 1))}"
    if sys.platform == "darwin" and port in (5000, 7000):
        fix += "\nAirPlay Receiver uses this port: System Settings › General › AirDrop & Handoff."
    return UserError("port-in-use", f"port {port} on {host} is already taken.", why=why, fix=fix, exit_code=CANNOT_BIND)


def port_denied(port: int) -> UserError:
    """Message 12."""
    python = os.path.realpath(sys.executable)
    return UserError(
        "port-denied",
        f"not allowed to listen on port {port}.",
        why="ports below 1024 need extra rights on this system." if port < 1024 else "the system does not permit it.",
        fix="use --port 8000, or grant the right once:  sudo setcap cap_net_bind_service=+ep "
        f"$(readlink -f {python})   (affects every script run by that Python)",
        exit_code=CANNOT_BIND,
    )


def address_not_here(host: str, addresses: Sequence[str]) -> UserError:
    """Message 13. ``addresses`` are those that this machine has."""
    here = ", ".join(addresses)
    suggestion = f"--host {addresses[-1]}, or " if addresses else ""
    return UserError(
        "address-not-here",
        f"cannot listen on {host}: this machine has no such address.",
        why=f"its addresses are {here}." if here else "none of its network interfaces has it.",
        fix=f"{suggestion}--host 0.0.0.0 for all.",
        exit_code=CANNOT_BIND,
    )


def bad_certificate(cert: str, why: str, fix: str) -> UserError:
    """Message 14; ``certificates.py`` finds out which of its reasons it is."""
    return UserError("bad-certificate", f"cannot use certificate {cert}.", why=why, fix=fix, exit_code=TLS)


def tls_extra() -> UserError:
    """Message 15, for ``--cert adhoc``."""
    return UserError(
        "tls-extra",
        '--cert adhoc needs the "adhoc" extra.',
        why="creating certificates uses the cryptography package, which is not installed.",
        fix="pip install 'wsgiserve[adhoc]'   (own files need nothing: --cert FILE --key FILE)",
        exit_code=TLS,
    )


# Applications


def module_not_found(name: str, directory: str, looked_in: Sequence[str], near: str) -> UserError:
    """Message 2. ``near`` is a module that may have been meant, or empty."""
    hint = f'did you mean "{near}"? ' if near else ""
    return UserError(
        "module-not-found",
        f'cannot import "{name}".',
        why=f"there is no module of that name in {directory} (looked in: {', '.join(looked_in)}).",
        fix=f"{hint}Run from the project's root or pass --app-dir.",
        exit_code=CANNOT_LOAD,
    )


def import_failed(name: str, error: BaseException, *, full: bool = False) -> UserError:
    """Message 3: the module is there, and importing it raised. ``full``: show every frame, not only the user's."""
    frames = _user_frames(error) or list(traceback.extract_tb(error.__traceback__))
    last = frames[-1] if frames else None
    why = f"{short_path(last.filename)}:{last.lineno}  {last.line}" if last else ""
    if full or not isinstance(error, ImportError):
        why += ("\n" if why else "") + _traceback(error, full=full)
    return UserError(
        "import-failed",
        f'importing "{name}" raised {type(error).__name__}: {error}.',
        why=why,
        fix=_mend_import(error),
        exit_code=CANNOT_LOAD,
    )


def app_error(error: SyntaxError) -> UserError:
    """Message 11: the file cannot even be compiled."""
    line = (error.text or "").rstrip()
    caret = " " * max((error.offset or 1) - 1, 0) + "^"
    return UserError(
        "app-error",
        f"{short_path(error.filename or '?')} line {error.lineno}: {type(error).__name__}: {error.msg}",
        why=f"{line}\n{caret}" if line else "the app cannot be loaded.",
        fix="mend the line and start again.",
        exit_code=CANNOT_LOAD,
    )


def attribute_not_found(module: str, name: str, defines: Sequence[tuple[str, str]]) -> UserError:
    """Message 4. ``defines``: names that could be meant, each with its kind, ``("app", "Flask")``."""
    listed = ", ".join(f"{found} ({kind})" for found, kind in defines)
    near = difflib.get_close_matches(name, [found for found, _ in defines], n=1, cutoff=0)
    return UserError(
        "attribute-not-found",
        f'module "{module}" has no "{name}".',
        why=f"it defines: {listed}." if listed else "it defines nothing that could be an application.",
        fix=_command([f"{module}:{near[0]}"]) if near else f"name it:  wsgiserve {module}:NAME",
        exit_code=CANNOT_LOAD,
    )


def no_app_found(module: str) -> UserError:
    """Message 5, for a module."""
    return UserError(
        "no-app-found",
        f'found no WSGI application in module "{module}".',
        why="looked for app, application, a framework object, create_app(), make_app().",
        fix=f"name it:  wsgiserve {module}:NAME",
        exit_code=CANNOT_LOAD,
    )


def no_app_named(looked_for: Sequence[str]) -> UserError:
    """Message 5, when no APP was given and none was found."""
    return UserError(
        "no-app-found",
        "found no WSGI application here.",
        why=f"looked for {', '.join(looked_for)}.",
        fix="name it:  wsgiserve MODULE:NAME",
        exit_code=CANNOT_LOAD,
    )


def many_apps(module: str, names: Sequence[str]) -> UserError:
    """Message 6, for a module with several applications."""
    return UserError(
        "many-apps",
        f'module "{module}" has {len(names)} applications: {", ".join(names)}.',
        why="wsgiserve cannot tell which to run.",
        fix="   or   ".join(_command([f"{module}:{name}"]) for name in names),
        exit_code=CANNOT_LOAD,
    )


def many_files(files: Sequence[str]) -> UserError:
    """Message 6, when no APP was given and several files could be it."""
    return UserError(
        "many-apps",
        f"this directory has {len(files)} applications: {', '.join(files)}.",
        why="wsgiserve cannot tell which to run.",
        fix="   or   ".join(_command([file]) for file in files),
        exit_code=CANNOT_LOAD,
    )


def factory_needs_args(app: str, name: str, missing: Sequence[str], signature: str, place: str) -> UserError:
    """Message 7. ``app`` is ``module:name``, ``place`` is ``file.py:14``."""
    plural = "arguments" if len(missing) > 1 else "an argument"
    literals = ", ".join(['"dev"'] * len(missing))
    return UserError(
        "factory-needs-args",
        f"{name}() needs {plural}: {', '.join(missing)}.",
        why=f"def {name}{signature}   {place}",
        fix=f"pass it as a literal:  wsgiserve {shlex.quote(f'{app}({literals})')}",
        exit_code=CANNOT_LOAD,
    )


def factory_returned_none(name: str, place: str) -> UserError:
    """Message 8. ``place`` is ``file.py:14–22``."""
    return UserError(
        "factory-returned-none",
        f"{name}() returned None, not an application.",
        why=f"{place} has no return statement." if place else "it returns nothing.",
        fix=f"add  return app  at the end of {name}().",
        exit_code=CANNOT_LOAD,
    )


def asgi_app(app: str, framework: str) -> UserError:
    """Message 9."""
    return UserError(
        "asgi-app",
        f"{app} is an ASGI application ({framework})." if framework else f"{app} is an ASGI application.",
        why="wsgiserve runs WSGI applications (Flask, Django's wsgi.py, Bottle, …).",
        fix=f"uvicorn {app} --reload   (Django: use your_project.wsgi:application)",
        exit_code=CANNOT_LOAD,
    )


def not_callable(app: str, kind: str, instead: str) -> UserError:
    """Message 10. ``instead`` is an application that may have been meant, or empty."""
    return UserError(
        "not-callable",
        f"{app} is a {kind}, not a WSGI application.",
        why="a WSGI application is called as app(environ, start_response).",
        fix=_command([instead]) if instead else "name the application itself:  wsgiserve MODULE:NAME",
        exit_code=CANNOT_LOAD,
    )


# Options


def unknown_option(option: str, known: Iterable[str]) -> UserError:
    """Message 16."""
    near = did_you_mean(option, known)
    return UserError(
        "unknown-option",
        f"no such option: {option}",
        why="",
        fix=near or "wsgiserve --help lists them all.",
        exit_code=USAGE,
    )


def bad_option(what: str, fix: str = "wsgiserve --help explains the options.") -> UserError:
    """An option is there, and its value is not one of those it takes, or does not go with the others."""
    return UserError("bad-option", what, why="", fix=fix, exit_code=USAGE)


def bad_config(file: str, what: str, line: int | None, fix: str) -> UserError:
    """Message 17. ``what`` follows ``pyproject.toml [tool.wsgiserve]:``."""
    return UserError(
        "bad-config",
        f"{file} [tool.wsgiserve]: {what}",
        why=f"line {line}" if line else "",
        fix=fix,
        exit_code=USAGE,
    )


# Helpers


def _command(argv: Sequence[str]) -> str:
    return shlex.join(["wsgiserve", *argv])


def _with_port(argv: Sequence[str], port: int) -> list[str]:
    """The command with another port, whichever way the old one was given."""
    kept: list[str] = []
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word in ("-p", "--port"):
            skip = True
        elif not word.startswith(("--port=", "-p")):
            kept.append(word)
    return [*kept, "--port", str(port)]


def short_path(filename: str) -> str:
    """Relative to the current directory if it is below it."""
    try:
        return str(Path(filename).resolve().relative_to(Path.cwd()))
    except ValueError:
        return filename


def _user_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of the user's own code: not ours, not the import system's, not an installed package's."""
    ours = str(Path(__file__).parent) + os.sep
    foreign = ("<frozen ", ours)
    return [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(foreign)
        and "site-packages" not in frame.filename
        and not frame.filename.startswith(str(Path(os.__file__).parent) + os.sep)
    ]


def _traceback(error: BaseException, *, full: bool) -> str:
    if full:
        lines = traceback.format_exception(error)
    else:
        lines = traceback.format_list(_user_frames(error)) + traceback.format_exception_only(error)
    return "".join(lines).rstrip()


def _mend_import(error: BaseException) -> str:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return "mend that line; --full-traceback shows the way there."
    fix = f"pip install {error.name.partition('.')[0]} — you are using {sys.executable}."
    other = Path(".venv")
    if (other / "pyvenv.cfg").exists() and Path(sys.prefix).resolve() != other.resolve():
        fix += "\na virtual environment in ./.venv is not the one in use."
    return fix
