"""What kind of object somebody's ``app`` is: a framework's application, a plain WSGI function, ASGI, or something else.

Looks at names of classes and at signatures; imports no framework and calls nothing, but for ``import_the_rest``.
Source: PEP 3333 for what an application is.
"""

from __future__ import annotations

from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from wsgiserve.lazy import LazyModule

if TYPE_CHECKING:
    import inspect
else:
    inspect = LazyModule("inspect")  # 6 ms, which a plain function need not wait for

__all__ = [
    "asgi_framework",
    "framework_label",
    "import_the_rest",
    "is_application",
    "is_async",
    "is_framework_object",
    "kind_of",
    "reads_templates_anew",
]

_CO_COROUTINE = 0x80  # inspect.CO_COROUTINE

# Class paths by which an application of a framework is known, with the name that people know it by and its package.
_WSGI = {
    "flask.app.Flask": ("Flask", "flask"),
    "django.core.handlers.wsgi.WSGIHandler": ("Django", "django"),
    "bottle.Bottle": ("Bottle", "bottle"),
    "falcon.app.App": ("Falcon", "falcon"),
    "falcon.api.API": ("Falcon", "falcon"),
    "pyramid.router.Router": ("Pyramid", "pyramid"),
    "dash.dash.Dash": ("Dash", "dash"),
    "cherrypy._cptree.Application": ("CherryPy", "cherrypy"),
}
_ASGI = {
    "fastapi.applications.FastAPI": "FastAPI",
    "starlette.applications.Starlette": "Starlette",
    "litestar.app.Litestar": "Litestar",
    "quart.app.Quart": "Quart",
    "sanic.app.Sanic": "Sanic",
    "django.core.handlers.asgi.ASGIHandler": "Django",
    "falcon.asgi.app.App": "Falcon",
}


def framework_label(application: Any) -> str:
    """``Flask 3.1`` for an application of a known framework, else empty."""
    for path in _class_paths(application):
        if path in _WSGI:
            name, package = _WSGI[path]
            return f"{name} {_version(package)}".rstrip()
    return ""


def is_framework_object(value: Any) -> bool:
    """Whether it is an instance of a known framework's application class."""
    return any(path in _WSGI for path in _class_paths(value))


def reads_templates_anew(application: Any) -> bool:
    """Whether a changed template counts at once. Flask looks at its templates when it debugs, or when it is told to."""
    if "flask.app.Flask" not in _class_paths(application):
        return False
    told = application.config.get("TEMPLATES_AUTO_RELOAD")
    return bool(application.debug if told is None else told)


def import_the_rest(application: Any) -> None:
    """Import what an application leaves to its first request: Django its URLs, and with them the views.

    An error in them would be one of every request. It is one of loading, as ``manage.py runserver`` has it.
    """
    if "django.core.handlers.wsgi.WSGIHandler" in _class_paths(application):
        from django.conf import settings
        from django.urls import get_resolver

        if getattr(settings, "ROOT_URLCONF", None):  # some have one for each host, and none for all
            get_resolver().url_patterns  # noqa: B018 - a property that imports


def asgi_framework(value: Any) -> str | None:
    """Name of the ASGI framework, empty for ASGI without a known one, None for no ASGI."""
    for path in _class_paths(value):
        if path in _ASGI:
            return _ASGI[path]
        if path in _WSGI:
            return None
    return "" if is_async(value) and _takes(value, 3) else None  # scope, receive, send


def is_async(value: Any) -> bool:
    """Whether calling it gives a coroutine, which no WSGI server can do anything with."""
    code = _plain_code(value)
    if code is not None:
        return bool(code.co_flags & _CO_COROUTINE)
    call = value if inspect.isroutine(value) else getattr(type(value), "__call__", None)  # noqa: B004 - looked at
    return inspect.iscoroutinefunction(call)


def is_application(function: Any) -> bool:
    """Whether a plain function is called as ``app(environ, start_response)``: with two arguments, and no fewer.

    A decorator's ``wrapper(*args)`` counts too, because nobody can tell what it takes.
    """
    code = _plain_code(function)
    if code is not None and code.co_argcount == 2 and not code.co_kwonlyargcount and not function.__defaults__:
        return True
    try:
        kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    except (TypeError, ValueError):
        return True
    return _takes(function, 2) and (inspect.Parameter.VAR_POSITIONAL in kinds or not _takes(function, 1))


def _takes(function: Any, number: int) -> bool:
    try:
        inspect.signature(function).bind(*[None] * number)
    except (TypeError, ValueError):
        return False
    return True


def _plain_code(value: Any) -> CodeType | None:
    """The code of a function about which it says everything: no decorator has left a mark, or stands before another."""
    return value.__code__ if isinstance(value, FunctionType) and not vars(value) else None


def kind_of(value: Any) -> str:
    """One word for a person: ``Flask``, ``function``, ``class``, ``module``, ``str``."""
    if isinstance(value, type):
        return "class"
    for path in _class_paths(value):
        if path in _WSGI:
            return _WSGI[path][0]
    if inspect.iscoroutinefunction(value):
        return "coroutine function"
    if isinstance(value, FunctionType):
        return "function"
    return "module" if isinstance(value, ModuleType) else type(value).__name__


def _class_paths(value: Any) -> list[str]:
    return [f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__]


def _version(package: str) -> str:
    """Major and minor."""
    import importlib.metadata  # 10 ms, which applications of no framework need not wait for

    try:
        return ".".join(importlib.metadata.version(package).split(".")[:2])
    except importlib.metadata.PackageNotFoundError:
        return ""
