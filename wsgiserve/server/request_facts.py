"""The current request under the names that ``http.server`` and werkzeug give it, for handlers that people subclass.

Floor 3. Only looked up when asked for: nothing here costs a request that does not use it.
Source: ``http.server.BaseHTTPRequestHandler`` and ``werkzeug.serving.WSGIRequestHandler``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wsgiserve.server.exchange import Exchange
from wsgiserve.server.peer import remote_address

if TYPE_CHECKING:
    import socket
    from http.client import HTTPMessage

    from wsgiserve.server.base import BaseWSGIServer

__all__ = ["RequestFacts"]


class RequestFacts(Exchange):
    """An exchange that describes its current request; before the first one, everything is empty."""

    __slots__ = ("_own_address", "told_address")

    def __init__(self, request: socket.socket, client_address: Any, server: BaseWSGIServer) -> None:
        Exchange.__init__(self, request, client_address, server)  # by name: see there
        self.told_address = ""  # by a proxy, of the current request's client
        self._own_address = ""  # of the connection's, once somebody has asked

    @property
    def request(self) -> socket.socket:
        """The connected socket. Touching it is at your own risk: ``environ["werkzeug.socket"]`` is the way."""
        return self.stream.sock

    connection = request

    @property
    def command(self) -> str:
        """The method, as sent."""
        return self._line("method")

    @property
    def path(self) -> str:
        """The request-target, as sent."""
        return self._line("target")

    @property
    def request_version(self) -> str:
        """``HTTP/1.0`` or ``HTTP/1.1``."""
        request = self.http.request
        return "HTTP/%d.%d" % request.line.version if request else ""

    @property
    def requestline(self) -> str:
        """The request-line, put together again."""
        return f"{self.command} {self.path} {self.request_version}" if self.http.request else ""

    @property
    def headers(self) -> HTTPMessage:
        """The fields as an email message, names in lower case; made anew each time it is asked for."""
        from http.client import HTTPMessage  # 8 ms with all of email, and hardly anybody asks

        message = HTTPMessage()
        request = self.http.request
        for name, value in request.fields.pairs if request else ():
            message.add_header(name.decode("latin-1"), value.decode("latin-1"))
        return message

    @property
    def kind(self) -> bytes:
        """What requests have in common that probably take as long: two segments of a path, behind which are names."""
        request = self.http.request
        return b"/".join(request.line.path.split(b"/", 3)[:3]) if request else b""

    def address_string(self) -> str:
        """REMOTE_ADDR, and the first word of a log line: the client's address, which a proxy that is trusted tells."""
        if not self._own_address:
            self._own_address = remote_address(self.client_address)[0]
        return self.told_address or self._own_address

    def port_integer(self) -> int:
        """The client's port; 0 for a unix socket."""
        return int(remote_address(self.client_address)[1])

    def _line(self, part: str) -> str:
        request = self.http.request
        value: Any = getattr(request.line, part) if request else b""
        return str(value.decode("latin-1"))
