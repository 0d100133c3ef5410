"""Sockets and concurrency: who accepts, who waits, and which thread or process runs the application.

Floor 3. The road of a request is drawn in ``handler.py``; ``loop.py`` polls, ``mixins.py`` decides who works,
``servers.py`` composes the classes.
"""

from wsgiserve.server.access import Access, AccessLog
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.servers import ForkingWSGIServer, ThreadedWSGIServer, ThreadPoolWSGIServer, make_server

__all__ = [
    "Access",
    "AccessLog",
    "BaseWSGIServer",
    "Deadlines",
    "ForkingWSGIServer",
    "ThreadPoolWSGIServer",
    "ThreadedWSGIServer",
    "WSGIRequestHandler",
    "make_server",
]
