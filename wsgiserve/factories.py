"""Functions that make an application: which functions are, and calling them so that a mistake is explained.

Knows how functions are called; not how they are found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

from wsgiserve import messages
from wsgiserve.errors import UserError
from wsgiserve.frames import short_path
from wsgiserve.frameworks import is_application, is_async, kind_of
from wsgiserve.lazy import LazyModule
from wsgiserve.modules import loading_failed

if TYPE_CHECKING:
    import ast
    import inspect
    import textwrap
else:
    ast, inspect, textwrap = map(LazyModule, ("ast", "inspect", "textwrap"))  # see frameworks.py

__all__ = ["FACTORIES", "call_factory", "is_factory", "needs_no_argument"]

FACTORIES = ("create_app", "make_app")
"""Names that say what they are for."""


def is_factory(value: Any) -> bool:
    """Whether a value that was asked for by name is no application itself, and has to be called to get one."""
    if not isinstance(value, FunctionType) or is_async(value):
        return False
    return not is_application(value) or (value.__name__ in FACTORIES and needs_no_argument(value))


def needs_no_argument(function: Any) -> bool:
    """Whether it can be called without."""
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return False
    return True


def call_factory(
    factory: Any, name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, *, full_traceback: bool
) -> Any:
    """Call it.

    Args:
        name: ``module:name``.
    Returns:
        What it returned, which is not None; whether that is an application is the caller's question.
    Raises:
        UserError: it cannot be called so, it raised, or it returned None.
    """
    kwargs = kwargs or {}
    if not callable(factory) or is_async(factory):
        raise messages.not_callable(name, kind_of(factory), "")
    _check_arguments(factory, name, args, kwargs)
    try:
        made = factory(*args, **kwargs)
    except (Exception, SystemExit) as error:
        raise loading_failed(f"{name}()", error, full_traceback=full_traceback) from error
    if made is None:
        raise messages.factory_returned_none(_short(name), _lines(factory), returns=_returns_something(factory))
    return made


def _short(name: str) -> str:
    return name.partition(":")[2]


# Arguments


def _check_arguments(factory: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # some of C have none
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise _explain(factory, name, signature, args, kwargs, error) from None


def _explain(
    factory: Any,
    name: str,
    signature: inspect.Signature,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    error: TypeError,
) -> UserError:
    try:
        given = signature.bind_partial(*args, **kwargs).arguments
    except TypeError:  # too many, or of another name
        what = f"{_short(name)}() cannot be called like this: {error}."
        return messages.bad_option(what, f"it takes  {_short(name)}{signature}")
    missing = [parameter for parameter in _required(signature) if parameter.name not in given]
    call = f"{name}({', '.join(_example(args, kwargs, missing))})"
    names = [parameter.name for parameter in missing]
    return messages.factory_needs_args(_short(name), names, str(signature), _place(factory), call)


def _required(signature: inspect.Signature) -> list[inspect.Parameter]:
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        parameter
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty and parameter.kind not in optional
    ]


def _example(args: Sequence[Any], kwargs: Mapping[str, Any], missing: Sequence[inspect.Parameter]) -> list[str]:
    """Arguments with which it can be called: those that were given, and a text for each that is missing."""
    positional = [_literal(value) for value in args]
    named = [f"{key}={_literal(value)}" for key, value in kwargs.items()]
    for parameter in missing:
        if parameter.kind is parameter.KEYWORD_ONLY or named:
            named.append(f'{parameter.name}="dev"')
        else:
            positional.append('"dev"')
    return [*positional, *named]


def _literal(value: Any) -> str:
    import json  # for a message alone, and 1 ms

    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


# Source


def _place(function: Any) -> str:
    """``shop/web.py:14``, empty when it is not known."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{short_path(code.co_filename)}:{code.co_firstlineno}" if code else ""


def _lines(function: Any) -> str:
    """``shop/web.py:14–22``, empty when it is not known."""
    place = _place(function)
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(function))
    except (OSError, TypeError):
        return place
    return f"{place}–{first + len(lines) - 1}" if place and len(lines) > 1 else place


def _returns_something(function: Any) -> bool:
    """Whether there is a ``return`` with a value in it, those of functions inside of it left aside."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return True
    rest: list[ast.AST] = list(tree.body) if isinstance(tree, ast.FunctionDef) else []
    while rest:
        node = rest.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            rest.extend(ast.iter_child_nodes(node))
    return False
