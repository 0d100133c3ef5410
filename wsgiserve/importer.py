"""APP, as it is typed, to an application that can be called.

``module:name``, a factory with arguments, a file, or a bare module that is looked through. Knows no options and starts
nothing; every mistake is a UserError with the words of ``messages.py``. What to run when no APP is given is found by
``discovery.py``.
Source: ``flask.cli`` for what people expect of discovery, factories and files; PEP 3333 for what an application is.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from wsgiserve import messages
from wsgiserve.errors import UserError
from wsgiserve.frameworks import asgi_framework, framework_label, is_application, is_framework_object, kind_of
from wsgiserve.wsgi.gateway import Application

__all__ = ["LoadedApp", "Target", "load", "parse_target"]

_NAMES = ("app", "application")
_FACTORIES = ("create_app", "make_app")

# The first colon that does not belong to a Windows path, as Flask splits it.
_SPLIT = re.compile(r":(?![\\/])")


class LoadedApp(NamedTuple):
    """An application, and what to tell about it."""

    application: Application
    name: str
    """``shop.web:app``"""
    framework: str
    """``Flask 3.1``, or empty."""
    found_by: str
    """``found by [tool.wsgiserve]``, or empty when it was named on the command line."""


class Target(NamedTuple):
    """Parts of an APP."""

    module: str
    """Dotted name of the module."""
    expression: str
    """Behind the colon; empty when the module is to be looked through."""


def load(
    app: str, *, factory: bool = False, directory: Path | None = None, found_by: str = "", full_traceback: bool = False
) -> LoadedApp:
    """Import an application.

    Args:
        app: as typed: ``MODULE``, ``MODULE:NAME``, ``MODULE:FACTORY(...)`` or ``FILE[:NAME]``.
        factory: the name is called even if it looks like an application.
        directory: put first on ``sys.path``; the current one by default.
    Raises:
        UserError: there is no such application, or getting it failed.
    """
    directory = directory or Path.cwd()
    target = parse_target(app, directory)
    module = _import(target.module, directory, full=full_traceback)
    if target.expression:
        name = f"{target.module}:{target.expression}"
        application = _evaluate(module, target, factory=factory, full=full_traceback)
    else:
        found, application = _look_through(module, target.module, factory=factory, full=full_traceback)
        name = f"{target.module}:{found}"
    _check_application(application, name, module)
    return LoadedApp(application, name, framework_label(application), found_by)


def parse_target(app: str, directory: Path) -> Target:
    """Split an APP, and make the module's directory importable."""
    before, _, expression = _SPLIT.sub("\0", app, count=1).partition("\0")
    file = directory / before
    if before.endswith(".py") or ("/" in before or "\\" in before):
        return Target(_prepare_file(file, directory), expression)
    _put_first(directory)
    top = before.partition(".")[0]
    if _is_there(directory / "src", top) and not _is_there(directory, top) and not _find(top):
        _put_first(directory / "src")
    return Target(before, expression)


def _prepare_file(file: Path, directory: Path) -> str:
    """The dotted name of a file's module, with the directory above its package put on ``sys.path``."""
    file = file.resolve()
    if not file.with_suffix(".py").is_file() and not (file / "__init__.py").is_file():
        raise messages.module_not_found(str(file.name), str(file.parent), ["."], _near_file(file))
    file = file.with_suffix("") if file.suffix == ".py" else file
    parts = [] if file.name == "__init__" else [file.name]
    folder = file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    _put_first(folder)
    return ".".join(parts)


def _near_file(file: Path) -> str:
    near = messages.did_you_mean(file.name, [found.name for found in file.parent.glob("*.py")])
    return near.removeprefix("did you mean ").removesuffix("?")


def _put_first(directory: Path) -> None:
    text = str(directory.resolve())
    if not sys.path or sys.path[0] != text:
        sys.path.insert(0, text)


def _is_there(directory: Path, top: str) -> bool:
    return (directory / top).is_dir() or (directory / f"{top}.py").is_file()


def _find(top: str) -> bool:
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


# Importing


def _import(name: str, directory: Path, *, full: bool) -> ModuleType:
    if not name or not all(part.isidentifier() for part in name.split(".")):
        raise _not_found(name, directory)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Is it the module that was asked for, or a package above it, that is missing, or one that it imports itself?
        if error.name is not None and (name + ".").startswith(error.name + "."):
            raise _not_found(name, directory) from None
        raise messages.import_failed(name, error, full=full) from error
    except SyntaxError as error:
        raise messages.app_error(error) from error
    except (Exception, SystemExit) as error:
        raise messages.import_failed(name, error, full=full) from error


def _not_found(name: str, directory: Path) -> UserError:
    looked_in = [".", *(["./src"] if (directory / "src").is_dir() else []), "site-packages"]
    parent, _, last = name.rpartition(".")
    folder = directory.joinpath(*parent.split(".")) if parent else directory
    siblings = [path.stem for path in folder.glob("*.py")] + [
        path.name for path in folder.glob("*") if (path / "__init__.py").is_file()
    ]
    near = messages.did_you_mean(last, siblings).removeprefix("did you mean ").removesuffix("?")
    near = f"{parent}.{near}" if parent and near else near
    return messages.module_not_found(name, str(directory), looked_in, near)


# Finding the application in the module


def _look_through(module: ModuleType, name: str, *, factory: bool, full: bool) -> tuple[str, Any]:
    """By name, then the only framework object, then a factory."""
    if not factory:
        for candidate in _NAMES:
            if hasattr(module, candidate):
                return candidate, _get(module, name, candidate, full=full)
        found = {key: value for key, value in vars(module).items() if is_framework_object(value)}
        distinct = {id(value): key for key, value in found.items()}
        if len(distinct) > 1:
            raise messages.many_apps(name, list(distinct.values()))
        for key, value in found.items():
            return key, value
    for candidate in _FACTORIES:
        if callable(getattr(module, candidate, None)):
            made = _call(getattr(module, candidate), (), {}, f"{name}:{candidate}", full=full)
            return f"{candidate}()", made
    raise messages.no_app_found(name)


def _evaluate(module: ModuleType, target: Target, *, factory: bool, full: bool) -> Any:
    """What stands behind the colon: a name, a dotted name, or a call of one with literal arguments."""
    try:
        tree = ast.parse(target.expression, mode="eval").body
        path = _path_of(tree.func if isinstance(tree, ast.Call) else tree)
        args, kwargs = _arguments(tree) if isinstance(tree, ast.Call) else ((), {})
    except (SyntaxError, ValueError):
        raise messages.bad_option(
            f'"{target.expression}" is neither a name nor a call with literal arguments.',
            f"such as  wsgiserve '{target.module}:create_app(\"dev\", debug=True)'",
        ) from None
    value: Any = module
    for part in path:
        if not hasattr(value, part):
            raise messages.attribute_not_found(target.module, ".".join(path), _candidates(module))
        value = getattr(value, part)
    name = f"{target.module}:{'.'.join(path)}"
    if isinstance(tree, ast.Call) or factory:
        return _call(value, args, kwargs, name, full=full)
    return _call_if_factory(value, name, full=full)


def _path_of(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        return [*_path_of(node.value), node.attr]
    raise ValueError("not a name")


def _arguments(call: ast.Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if any(keyword.arg is None for keyword in call.keywords):
        raise ValueError("** is not a literal argument")
    kwargs = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    return tuple(ast.literal_eval(argument) for argument in call.args), kwargs


def _get(module: ModuleType, module_name: str, name: str, *, full: bool) -> Any:
    return _call_if_factory(getattr(module, name), f"{module_name}:{name}", full=full)


def _call_if_factory(value: Any, name: str, *, full: bool) -> Any:
    """A function that is no application, and needs no argument, is a factory."""
    if not inspect.isfunction(value) or is_application(value) or asgi_framework(value) is not None:
        return value
    return _call(value, (), {}, name, full=full)


# Factories


def _call(factory: Any, args: Sequence[Any], kwargs: dict[str, Any], name: str, *, full: bool) -> Any:
    short = name.partition(":")[2]
    if not callable(factory):
        raise messages.not_callable(name, kind_of(factory), "")
    _check_arguments(factory, args, kwargs, name, short)
    try:
        made = factory(*args, **kwargs)
    except (Exception, SystemExit) as error:
        raise messages.import_failed(f"{name}()", error, full=full) from error
    if made is None:
        raise messages.factory_returned_none(short, _place(factory, whole=True))
    return made


def _check_arguments(factory: Any, args: Sequence[Any], kwargs: dict[str, Any], name: str, short: str) -> None:
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # builtins have none
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        try:
            given = signature.bind_partial(*args, **kwargs).arguments
        except TypeError:
            raise messages.bad_option(f"{short}{signature} cannot be called so: {error}.") from None
        missing = [parameter.name for parameter in _required(signature) if parameter.name not in given]
        raise messages.factory_needs_args(name, short, missing, str(signature), _place(factory)) from None


def _required(signature: inspect.Signature) -> list[inspect.Parameter]:
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        parameter
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty and parameter.kind not in optional
    ]


def _place(function: Any, *, whole: bool = False) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return ""
    first, file = code.co_firstlineno, messages.short_path(code.co_filename)
    if not whole:
        return f"{file}:{first}"
    last = max((line for _, _, line in code.co_lines() if line is not None), default=first)
    return f"{file}:{first}–{last}" if last > first else f"{file}:{first}"


# Checking


def _check_application(application: Any, name: str, module: ModuleType) -> None:
    framework = asgi_framework(application)
    if framework is not None:
        raise messages.asgi_app(name, framework)
    if not callable(application):
        raise messages.not_callable(name, kind_of(application), _inside(application))


def _inside(value: Any) -> str:
    """The application in a module that was named in place of it."""
    if isinstance(value, ModuleType):
        for candidate in _NAMES:
            if callable(getattr(value, candidate, None)):
                return f"{value.__name__}:{candidate}"
    return ""


def _candidates(module: ModuleType) -> list[tuple[str, str]]:
    """What in a module could be meant: applications and functions of its own, applications first."""
    own = {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and (is_framework_object(value) or inspect.isfunction(value))
    }
    local = {
        name: value for name, value in own.items() if is_framework_object(value) or value.__module__ == module.__name__
    }
    ordered = sorted(local.items(), key=lambda item: not is_framework_object(item[1]))
    return [(name, kind_of(value)) for name, value in ordered]
