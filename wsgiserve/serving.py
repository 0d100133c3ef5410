"""In the place of ``werkzeug.serving``: its public names, ours in meaning.

``from wsgiserve.serving import run_simple, WSGIRequestHandler`` is all that has to change. Each name is loaded when it
is first asked for. What differs is in docs/differences.md, and tests/test_serving.py compares the two.
"""

from __future__ import annotations

import socket
from ssl import SSLEOFError
from typing import TYPE_CHECKING

from wsgiserve.lazy import lazy_names

if TYPE_CHECKING:
    from wsgiserve.server.base import BaseWSGIServer
    from wsgiserve.server.forking import can_fork
    from wsgiserve.server.handler import WSGIRequestHandler
    from wsgiserve.server.servers import ForkingWSGIServer, ThreadedWSGIServer, make_server
    from wsgiserve.server.sockets import LISTEN_QUEUE, get_interface_ip, get_sockaddr, select_address_family
    from wsgiserve.server.tls import (
        generate_adhoc_ssl_context,
        generate_adhoc_ssl_pair,
        is_ssl_error,
        load_ssl_context,
        make_ssl_devcert,
    )
    from wsgiserve.simple import is_running_from_reloader, run_simple

__all__ = [
    "LISTEN_QUEUE",
    "BaseWSGIServer",
    "ForkingWSGIServer",
    "ThreadedWSGIServer",
    "WSGIRequestHandler",
    "af_unix",
    "can_fork",
    "connection_dropped_errors",
    "generate_adhoc_ssl_context",
    "generate_adhoc_ssl_pair",
    "get_interface_ip",
    "get_sockaddr",
    "is_running_from_reloader",
    "is_ssl_error",
    "load_ssl_context",
    "make_server",
    "make_ssl_devcert",
    "run_simple",
    "select_address_family",
]

af_unix = getattr(socket, "AF_UNIX", None)
connection_dropped_errors: tuple[type[Exception], ...] = (ConnectionError, socket.timeout, SSLEOFError)

__getattr__, __dir__ = lazy_names(
    globals(),
    {
        "wsgiserve.server.base": ["BaseWSGIServer"],
        "wsgiserve.server.forking": ["can_fork"],
        "wsgiserve.server.handler": ["WSGIRequestHandler"],
        "wsgiserve.server.servers": ["ForkingWSGIServer", "ThreadedWSGIServer", "make_server"],
        "wsgiserve.server.sockets": ["LISTEN_QUEUE", "get_interface_ip", "get_sockaddr", "select_address_family"],
        "wsgiserve.server.tls": [
            "generate_adhoc_ssl_context",
            "generate_adhoc_ssl_pair",
            "is_ssl_error",
            "load_ssl_context",
            "make_ssl_devcert",
        ],
        "wsgiserve.simple": ["is_running_from_reloader", "run_simple"],
    },
)
