"""Messages 2 to 11: why there is no application to run."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from wsgiserve.errors import UserError
from wsgiserve.frames import describe, mark, short_path, user_frames, whole_traceback
from wsgiserve.messages.form import CANNOT_LOAD, command, nearest

__all__ = [
    "app_died",
    "app_error",
    "asgi_app",
    "attribute_not_found",
    "django_checks",
    "factory_needs_args",
    "factory_returned_none",
    "import_failed",
    "many_apps",
    "many_modules",
    "module_hidden",
    "module_not_found",
    "no_app_found",
    "no_app_named",
    "no_flask_app",
    "no_flask_module",
    "not_callable",
]

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
    # A missing module needs only the line that wants it; how anything else came about is worth the whole way.
    frames = user_frames(error)[: 1 if isinstance(error, ModuleNotFoundError) else None]
    mend = "mend that line." if full else "mend that line; --full-traceback shows every frame."
    return UserError(
        "import-failed",
        f'{doing} "{name}" raised {describe(error)}.',
        why=whole_traceback(error) if full else "\n".join(frames),
        fix=_mend_import(error) or mend,
        exit_code=CANNOT_LOAD,
    )


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


def app_died(how: str) -> UserError:
    """The process that imports it has ended, and could not say why. ``how``: ``SIGSEGV`` or ``exit code 1``."""
    return UserError(
        "app-died",
        f"the app's process ended while it was loaded ({how}).",
        why="something in it ended the process: os._exit(), or a crash in compiled code.",
        fix="load it alone to see where:  python -X faulthandler -m wsgiserve --workers 1 --no-reload",
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
        fix=command([f"{module}:{near}"]) if near else f"name it:  wsgiserve {module}:NAME",
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


def no_flask_module(text: str) -> UserError:
    """Message 2 for the command of Flask, in its words."""
    return UserError(
        "module-not-found",
        "found no module for Flask.",
        why=text,
        fix="run from the project's root, and name it:  flask --app MODULE serve",
        exit_code=CANNOT_LOAD,
    )


def no_flask_app(text: str) -> UserError:
    """Message 5 for the command of Flask, in its words."""
    return UserError(
        "no-app-found",
        "found no application of Flask.",
        why=text,
        fix="name it:  flask --app MODULE:NAME serve",
        exit_code=CANNOT_LOAD,
    )


def django_checks(text: str) -> UserError:
    """Django's system checks have found errors; ``text`` is what they say."""
    return UserError(
        "django-checks",
        "the system checks of Django found errors.",
        why=text,
        fix="mend what they name, or leave them out with --skip-checks.",
        exit_code=CANNOT_LOAD,
    )


def many_apps(module: str, names: Sequence[str]) -> UserError:
    """Message 6, for a module with several applications."""
    return UserError(
        "many-apps",
        f'module "{module}" has {len(names)} applications: {", ".join(names)}.',
        why="wsgiserve cannot tell which to run.",
        fix="   or   ".join(command([f"{module}:{name}"]) for name in names),
        exit_code=CANNOT_LOAD,
    )


def many_modules(modules: Sequence[str]) -> UserError:
    """Message 6, when no APP was given and several modules could be it."""
    return UserError(
        "many-apps",
        f"this directory has {len(modules)} applications: {', '.join(modules)}.",
        why="wsgiserve cannot tell which to run.",
        fix="   or   ".join(command([module]) for module in modules),
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
        fix=f"pass {'them as literals' if len(missing) > 1 else 'it as a literal'}:  {command([call])}",
        exit_code=CANNOT_LOAD,
    )


def factory_returned_none(name: str, place: str, *, returns: bool) -> UserError:
    """Message 8.

    Args:
        place: of the function, ``file.py:14–22``; empty when it is not known.
        returns: it does have a return statement with a value, which was not reached.
    """
    lacks = "can end without its return statement" if returns else "has no return statement"
    return UserError(
        "factory-returned-none",
        f"{name}() returned None, not an application.",
        why=f"{place} {lacks}." if place else "",
        fix=f"add  return app  at the end of {name}().",
        exit_code=CANNOT_LOAD,
    )


def asgi_app(app: str, framework: str) -> UserError:
    """Message 9. ``framework`` is empty when it is not a known one."""
    other = ["uvicorn", app.removesuffix("()"), *(["--factory"] if app.endswith("()") else []), "--reload"]
    return UserError(
        "asgi-app",
        f"{app} is an ASGI application ({framework})." if framework else f"{app} is an ASGI application.",
        why="wsgiserve runs WSGI applications (Flask, Django's wsgi.py, Bottle, …).",
        fix=f"{shlex.join(other)}   (Django: use your_project.wsgi:application)",
        exit_code=CANNOT_LOAD,
    )


def not_callable(app: str, kind: str, instead: str) -> UserError:
    """Message 10. ``instead`` is an application that may have been meant, or empty."""
    return UserError(
        "not-callable",
        f"{app} is {'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}, not a WSGI application.",
        why="a WSGI application is called as app(environ, start_response).",
        fix=command([instead]) if instead else "name the application itself:  wsgiserve MODULE:NAME",
        exit_code=CANNOT_LOAD,
    )
