"""wsgiserve: a WSGI server in pure Python that developers start in place of ``flask run``.

The public names, and nothing else. Each is loaded when it is first asked for, so that ``import wsgiserve`` costs
nothing and drags neither werkzeug nor any framework in.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from wsgiserve._version import __version__

if TYPE_CHECKING:
    from wsgiserve.launcher import run_simple
    from wsgiserve.server.base import BaseWSGIServer
    from wsgiserve.server.handler import WSGIRequestHandler
    from wsgiserve.server.servers import ForkingWSGIServer, ThreadedWSGIServer, ThreadPoolWSGIServer, make_server
    from wsgiserve.watched import watch

__all__ = [
    "BaseWSGIServer",
    "ForkingWSGIServer",
    "ThreadPoolWSGIServer",
    "ThreadedWSGIServer",
    "WSGIRequestHandler",
    "__version__",
    "make_server",
    "run_simple",
    "watch",
]

_HOMES = {
    "BaseWSGIServer": "wsgiserve.server.base",
    "ForkingWSGIServer": "wsgiserve.server.servers",
    "ThreadPoolWSGIServer": "wsgiserve.server.servers",
    "ThreadedWSGIServer": "wsgiserve.server.servers",
    "WSGIRequestHandler": "wsgiserve.server.handler",
    "make_server": "wsgiserve.server.servers",
    "run_simple": "wsgiserve.launcher",
    "watch": "wsgiserve.watched",
}


def __getattr__(name: str) -> object:
    """PEP 562: called for a name that is not there yet."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
