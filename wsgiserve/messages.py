"""What wsgiserve says to a person who made a mistake: what happened, why, and what to do.

One function for each message, which returns a UserError; the words live here and nowhere else. Knows no options and no
sockets: whoever finds the mistake passes in what it saw. The slug is also the name of a page of the documentation.
"""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from wsgiserve.errors import UserError
from wsgiserve.frames import describe, mark, short_path, user_frames, whole_traceback
from wsgiserve.holder import port_holder

__all__ = [
    "CANNOT_BIND",
    "CANNOT_LOAD",
    "INTERNAL",
    "TLS",
    "USAGE",
    "address_not_here",
    "app_error",
    "asgi_app",
    "attribute_not_found",
    "bad_certificate",
    "bad_config",
    "bad_option",
    "did_you_mean",
    "factory_needs_args",
    "factory_returned_none",
    "import_failed",
    "internal_error",
    "many_apps",
    "many_modules",
    "module_hidden",
    "module_not_found",
    "nearest",
    "no_app_found",
    "no_app_named",
    "not_callable",
    "port_denied",
    "port_in_use",
    "render",
    "render_problem",
    "render_remedy",
    "tls_extra",
    "unknown_option",
    "unreadable_config",
]

# Exit codes; docs/cli.md has the whole table.
INTERNAL, USAGE, CANNOT_LOAD, CANNOT_BIND, TLS = 1, 2, 3, 4, 5

_PAGES = "https://wsgiserve.readthedocs.io/e/"


_INDENT = "\n       "


def render(error: UserError, *, color: bool = False) -> str:
    """A message as it is printed, with a newline at its end; colour only on its first word."""
    return render_problem(error, color=color) + render_remedy(error)


def render_problem(error: UserError, *, color: bool = False) -> str:
    """The first half of a message: what happened, and why."""
    head = f"error[{error.slug}]"
    lines = [f"\x1b[1;31m{head}\x1b[0m: {error.what}" if color else f"{head}: {error.what}"]
    if error.why:
        lines.append(f"  Why: {error.why}")
    return "".join(line.replace("\n", _INDENT) + "\n" for line in lines)


def render_remedy(error: UserError) -> str:
    """The second half: what to do, and where to read more."""
    return f"  Fix: {error.fix}\n{_PAGES}{error.slug}".replace("\n", _INDENT) + "\n"


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of ``known`` that was probably meant; empty when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return near[0] if near else ""


def did_you_mean(word: str, known: Iterable[str], form: str = "{}") -> str:
    """``did you mean X?`` for the nearest of ``known``, shown in ``form``; empty when none is near."""
    near = nearest(word, known)
    return f"did you mean {form.format(near)}?" if near else ""


# Addresses


def port_in_use(host: str, port: int, argv: Sequence[str]) -> UserError:
    """Message 1. ``argv`` is the command as it was typed, without the program."""
    holder = port_holder(host, port)
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
    grant = (
        ", or grant the right once:  sudo setcap cap_net_bind_service=+ep "
        f"$(readlink -f {shlex.quote(sys.executable)})   (affects every script run by that Python)"
    )
    privileged = port < 1024
    return UserError(
        "port-denied",
        f"not allowed to listen on port {port}.",
        why="ports below 1024 need extra rights on this system." if privileged else "the system does not permit it.",
        fix="use --port 8000" + (grant if privileged and sys.platform == "linux" else "."),
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


def module_hidden(name: str, file: str, other: str) -> UserError:
    """Message 2, for a file that Python does not see because it has a module of that name already."""
    return UserError(
        "module-not-found",
        f'cannot import "{name}".',
        why=f"{other} has the same name as {file} and is loaded already.",
        fix=f"give {file} another name.",
        exit_code=CANNOT_LOAD,
    )


def import_failed(name: str, error: BaseException, *, full: bool = False) -> UserError:
    """Message 3: the module is there, and importing it raised; or a factory, ``module:name()``, did.

    Args:
        full: show every frame, not only the user's.
    """
    doing = "calling" if name.endswith(")") else "importing"
    frames = user_frames(error)
    if full:
        why = whole_traceback(error)
    else:
        # A missing module needs only the line that wants it; how anything else came about is worth the whole way.
        why = "\n".join(frames[:1] if isinstance(error, ImportError) else frames)
    return UserError(
        "import-failed",
        f'{doing} "{name}" raised {describe(error)}.',
        why=why,
        fix=_mend_import(error) or ("mend that line." if full else "mend that line; --full-traceback shows every frame."),
        exit_code=CANNOT_LOAD,
    )


def app_error(error: SyntaxError) -> UserError:
    """Message 11: a file cannot even be compiled."""
    place = short_path(error.filename or "?") + (f" line {error.lineno}" if error.lineno else "")
    return UserError(
        "app-error",
        "\n".join([f"{place}: {type(error).__name__}: {error.msg}", *mark(error)]),
        why="the app cannot be loaded.",
        fix="mend that line and start again.",
        exit_code=CANNOT_LOAD,
    )


def attribute_not_found(module: str, name: str, defines: Sequence[tuple[str, str]]) -> UserError:
    """Message 4. ``defines``: names that could be meant, each with its kind, ``("app", "Flask")``."""
    listed = ", ".join(f"{found} ({kind})" for found, kind in defines)
    names = [found for found, _ in defines]
    near = nearest(name, names) or "".join(names[:1])
    return UserError(
        "attribute-not-found",
        f'module "{module}" has no "{name}".',
        why=f"it defines: {listed}." if listed else "it defines nothing that could be an application.",
        fix=_command([f"{module}:{near}"]) if near else f"name it:  wsgiserve {module}:NAME",
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


def many_modules(modules: Sequence[str]) -> UserError:
    """Message 6, when no APP was given and several modules could be it."""
    return UserError(
        "many-apps",
        f"this directory has {len(modules)} applications: {', '.join(modules)}.",
        why="wsgiserve cannot tell which to run.",
        fix="   or   ".join(_command([module]) for module in modules),
        exit_code=CANNOT_LOAD,
    )


def factory_needs_args(name: str, missing: Sequence[str], signature: str, place: str, call: str) -> UserError:
    """Message 7.

    Args:
        name: of the function.
        place: where it is, ``file.py:14``.
        call: an APP with an argument for each, ``module:create_app("dev")``.
    """
    plural = "arguments" if len(missing) > 1 else "an argument"
    return UserError(
        "factory-needs-args",
        f"{name}() needs {plural}: {', '.join(missing)}.",
        why=f"def {name}{signature}   {place}".rstrip(),
        fix=f"pass {'them as literals' if len(missing) > 1 else 'it as a literal'}:  {_command([call])}",
        exit_code=CANNOT_LOAD,
    )


def factory_returned_none(name: str, place: str, *, returns: bool) -> UserError:
    """Message 8.

    Args:
        place: of the function, ``file.py:14–22``; empty when it is not known.
        returns: it does have a return statement with a value, which was not reached.
    """
    lacks = "returned from elsewhere than its return statement" if returns else "has no return statement"
    return UserError(
        "factory-returned-none",
        f"{name}() returned None, not an application.",
        why=f"{place} {lacks}." if place else "",
        fix=f"add  return app  at the end of {name}().",
        exit_code=CANNOT_LOAD,
    )


def asgi_app(app: str, framework: str) -> UserError:
    """Message 9. ``framework`` is empty when it is not a known one."""
    command = ["uvicorn", app.removesuffix("()"), *(["--factory"] if app.endswith("()") else []), "--reload"]
    return UserError(
        "asgi-app",
        f"{app} is an ASGI application ({framework})." if framework else f"{app} is an ASGI application.",
        why="wsgiserve runs WSGI applications (Flask, Django's wsgi.py, Bottle, …).",
        fix=f"{shlex.join(command)}   (Django: use your_project.wsgi:application)",
        exit_code=CANNOT_LOAD,
    )


def not_callable(app: str, kind: str, instead: str) -> UserError:
    """Message 10. ``instead`` is an application that may have been meant, or empty."""
    return UserError(
        "not-callable",
        f"{app} is {'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}, not a WSGI application.",
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


def unreadable_config(file: str, error: Exception) -> UserError:
    """Message 17, for a file that is not TOML, or may not be read."""
    return UserError(
        "bad-config",
        f"{file} cannot be read.",
        why=f"{error}.",
        fix="mend the file; wsgiserve looks for [tool.wsgiserve] in it.",
        exit_code=USAGE,
    )


def internal_error(error: Exception) -> UserError:
    """For an error that no message foresees; it is printed below its traceback."""
    return UserError(
        "internal-error",
        f"wsgiserve itself failed: {describe(error)}.",
        why="this is a bug in wsgiserve, not in your application.",
        fix="please report it, with the traceback above and what  wsgiserve --show-config  prints.",
        exit_code=INTERNAL,
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


# Packages that are not called like their module; to guess the name would be to install a stranger's package.
_PACKAGES = {
    "MySQLdb": "mysqlclient",
    "PIL": "Pillow",
    "bs4": "beautifulsoup4",
    "corsheaders": "django-cors-headers",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "decouple": "python-decouple",
    "dotenv": "python-dotenv",
    "environ": "django-environ",
    "jwt": "PyJWT",
    "rest_framework": "djangorestframework",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


def _mend_import(error: BaseException) -> str:
    """How to get a module that is missing; empty when that is not the matter."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    top = error.name.partition(".")[0]
    if top in sys.modules:  # a part of something that is there
        return ""
    fix = f"pip install {_PACKAGES.get(top, top)} — you are using {sys.executable}."
    for other in (Path(".venv"), Path("venv")):
        if (other / "pyvenv.cfg").exists() and Path(sys.prefix).resolve() != other.resolve():
            fix += f"\na virtual environment in ./{other} is not the one in use."
    return fix
