"""APP, as it is typed, to an application that can be called.

Finds the application in its module: ``module:name``, a factory with arguments, or a bare module that is looked through.
Knows no options and starts nothing; every mistake is a UserError with the words of ``messages``. Modules and files are
the business of ``modules.py``, and what to run when no APP is given that of ``discovery.py``.
Source: ``flask.cli`` for what people expect of discovery and factories; PEP 3333 for what an application is.
"""

from __future__ import annotations

import importlib
import importlib.util
from keyword import iskeyword
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from wsgiserve import messages
from wsgiserve.errors import UserError
from wsgiserve.factories import FACTORIES, call_factory, is_factory, needs_no_argument
from wsgiserve.frameworks import (
    asgi_framework,
    framework_label,
    import_the_rest,
    is_application,
    is_async,
    is_framework_object,
    kind_of,
)
from wsgiserve.lazy import LazyModule
from wsgiserve.modules import Target, import_target, loading_failed, parse_target
from wsgiserve.wsgi.gateway import Application

if TYPE_CHECKING:
    import ast
else:
    ast = LazyModule("ast")  # 1 ms, which a plain name need not wait for

__all__ = ["LoadedApp", "load"]

_NAMES = ("app", "application")

_MOST_CANDIDATES = 8  # names in a message; more would be a listing


class LoadedApp(NamedTuple):
    """An application, and what to tell about it."""

    application: Application
    name: str
    """``shop.web:app``"""
    framework: str
    """``Flask 3.1``, or empty."""
    found_by: str
    """``found by [tool.wsgiserve]``, or empty when it was named on the command line."""


def load(
    app: str,
    *,
    factory: bool = False,
    directory: Path | str | None = None,
    found_by: str = "",
    full_traceback: bool = False,
) -> LoadedApp:
    """Import an application.

    Args:
        app: as typed: ``MODULE``, ``MODULE:NAME``, ``MODULE:FACTORY(...)`` or ``FILE[:NAME]``.
        factory: the name is called even if it looks like an application.
        directory: put first on ``sys.path``; the current one by default.
        full_traceback: a message about an error in the user's code shows every frame.
    Raises:
        UserError: there is no such application, or getting it failed.
    """
    directory = Path(directory or Path.cwd()).absolute()
    target = parse_target(app, directory)
    module = import_target(target, directory, full_traceback=full_traceback)
    if target.expression:
        found, application = target.expression, _evaluate(module, target, factory=factory, full=full_traceback)
    else:
        found, application = _look_through(module, target.module, factory=factory, full=full_traceback)
    name = f"{target.module}:{found}"
    _check(application, name)
    try:
        import_the_rest(application)
    except Exception as error:
        raise loading_failed(name, error, full_traceback=full_traceback) from error
    return LoadedApp(application, name, framework_label(application), found_by)


# A bare module


def _look_through(module: ModuleType, name: str, *, factory: bool, full: bool) -> tuple[str, Any]:
    """By name, then the only framework object, then a factory. What it is called, and what it is."""
    if not factory:
        found = _named_or_only(module, name)
        if found is not None:
            return found, _made(getattr(module, found), f"{name}:{found}", full=full)
    factories = [candidate for candidate in FACTORIES if callable(getattr(module, candidate, None))]
    if not factories:
        raise _nothing_in(module, name)
    chosen = next((one for one in factories if needs_no_argument(getattr(module, one))), factories[0])
    return f"{chosen}()", call_factory(getattr(module, chosen), f"{name}:{chosen}", full_traceback=full)


def _named_or_only(module: ModuleType, name: str) -> str | None:
    for candidate in _NAMES:
        if callable(getattr(module, candidate, None)):
            return candidate
    objects: dict[int, str] = {}
    for key, value in vars(module).items():
        if is_framework_object(value):
            objects.setdefault(id(value), key)  # a second name for the same one is no second one
    if len(objects) > 1:
        raise messages.many_apps(name, list(objects.values()))
    return next(iter(objects.values()), None)


def _nothing_in(module: ModuleType, name: str) -> UserError:
    for key, value in vars(module).items():
        framework = asgi_framework(value)
        if framework:
            return messages.asgi_app(f"{name}:{key}", framework)
        if key in _NAMES:
            return _not_callable(value, f"{name}:{key}")
    return messages.no_app_found(name)


# A name, or a call of one


def _evaluate(module: ModuleType, target: Target, *, factory: bool, full: bool) -> Any:
    """What stands behind the colon: a name, a dotted name, or a call of one with literal arguments."""
    try:
        path, arguments = _read(target.expression)
    except (SyntaxError, ValueError):
        raise messages.bad_option(
            f'"{target.expression}" is neither a name nor a call with literal arguments.',
            f"such as  wsgiserve '{target.module}:create_app(\"dev\", debug=True)'",
        ) from None
    name = f"{target.module}:{'.'.join(path)}"
    value = _attribute(module, target.module, path, full=full)
    if arguments is not None and is_framework_object(value):
        what = f"{name} is an application ({kind_of(value)}), and is not called."
        raise messages.bad_option(what, f"leave out the brackets:  wsgiserve {name}")
    if arguments is not None or factory:
        return call_factory(value, name, *(arguments or ()), full_traceback=full)
    return _made(value, name, full=full)


def _read(expression: str) -> tuple[list[str], tuple[tuple[Any, ...], dict[str, Any]] | None]:
    """The names of a path, and the arguments of its call if it is one. Raises SyntaxError, ValueError."""
    if expression.isascii() and expression.isidentifier() and not iskeyword(expression):
        return [expression], None
    tree = ast.parse(expression, mode="eval").body
    if isinstance(tree, ast.Call):
        return _path_of(tree.func), _arguments(tree)
    return _path_of(tree), None


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


def _attribute(module: ModuleType, module_name: str, path: list[str], *, full: bool) -> Any:
    value: Any = module
    for part in path:
        try:
            value = getattr(value, part)
        except AttributeError:
            if _is_submodule(value, part):
                return importlib.import_module(f"{value.__name__}.{part}")
            raise messages.attribute_not_found(module_name, ".".join(path), _candidates(module)) from None
        except Exception as error:  # a property, or the module's own __getattr__
            raise loading_failed(f"{module_name}:{'.'.join(path)}", error, full_traceback=full) from error
    return value


def _is_submodule(value: Any, name: str) -> bool:
    """Whether it is a package with a module of that name, which somebody takes for the application."""
    return hasattr(value, "__path__") and importlib.util.find_spec(f"{value.__name__}.{name}") is not None


def _candidates(module: ModuleType) -> list[tuple[str, str]]:
    """What in a module could be meant, the likeliest first, each with its kind."""
    objects, functions = [], []
    for name, value in vars(module).items():
        if is_framework_object(value) or asgi_framework(value):
            objects.append((name, kind_of(value)))
        elif _is_own_function(value, module) and not name.startswith("_") and (is_application(value) or "app" in name):
            functions.append((name, kind_of(value)))
    return [*objects, *functions][:_MOST_CANDIDATES]


def _is_own_function(value: Any, module: ModuleType) -> bool:
    return isinstance(value, FunctionType) and value.__module__ == module.__name__


def _made(value: Any, name: str, *, full: bool) -> Any:
    return call_factory(value, name, full_traceback=full) if is_factory(value) else value


# Whatever was found


def _check(application: Any, name: str) -> None:
    framework = asgi_framework(application)
    if framework is not None:
        raise messages.asgi_app(name, framework)
    if not callable(application) or is_async(application) or _makes_no_body(application):
        raise _not_callable(application, name)


def _makes_no_body(value: Any) -> bool:
    """Whether it is a class that cannot be an application itself: ``Flask`` where ``Flask(__name__)`` was meant.

    A class is one if what it makes can be iterated over: PEP 3333 has an example.
    """
    if not isinstance(value, type) or hasattr(value, "__iter__") or hasattr(value, "__getitem__"):
        return False
    plain: list[Any] = [object.__new__, type.__call__]
    return [value.__new__, type(value).__call__] == plain


def _not_callable(value: Any, name: str) -> UserError:
    """The message, which names the application in a module that was taken for one."""
    inside = ""
    if isinstance(value, ModuleType):
        inside = next((key for key in _NAMES if callable(getattr(value, key, None))), "")
    return messages.not_callable(name, kind_of(value), f"{value.__name__}:{inside}" if inside else "")
