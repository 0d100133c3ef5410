"""wsgiserve: a WSGI server in pure Python that developers start in place of ``flask run``.

The public names, and nothing else. Each is loaded when it is first asked for, so that ``import wsgiserve`` costs
nothing and drags neither werkzeug nor any framework in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsgiserve._version import __version__
from wsgiserve.lazy import lazy_names

if TYPE_CHECKING:
    from wsgiserve.dropin import install, uninstall
    from wsgiserve.server.base import BaseWSGIServer
    from wsgiserve.server.handler import WSGIRequestHandler
    from wsgiserve.server.servers import ForkingWSGIServer, ThreadedWSGIServer, ThreadPoolWSGIServer, make_server
    from wsgiserve.simple import is_running_from_reloader, run_simple
    from wsgiserve.watched import watch

__all__ = [
    "BaseWSGIServer",
    "ForkingWSGIServer",
    "ThreadPoolWSGIServer",
    "ThreadedWSGIServer",
    "WSGIRequestHandler",
    "__version__",
    "install",
    "is_running_from_reloader",
    "make_server",
    "run_simple",
    "uninstall",
    "watch",
]

__getattr__, __dir__ = lazy_names(
    globals(),
    {
        "wsgiserve.dropin": ["install", "uninstall"],
        "wsgiserve.server.base": ["BaseWSGIServer"],
        "wsgiserve.server.handler": ["WSGIRequestHandler"],
        "wsgiserve.server.servers": ["ForkingWSGIServer", "ThreadPoolWSGIServer", "ThreadedWSGIServer", "make_server"],
        "wsgiserve.simple": ["is_running_from_reloader", "run_simple"],
        "wsgiserve.watched": ["watch"],
    },
)
