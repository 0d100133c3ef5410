"""Floor 2 without sockets: requests from bytes, responses into a list, and what a client makes of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import h11

from wsgiserve.errors import ClientDisconnected
from wsgiserve.http11 import Connection, Event, Limits, Request, RequestParser, ResponseHead
from wsgiserve.wsgi import EnvironBuilder, Gateway
from wsgiserve.wsgi.filewrapper import KernelFile

GET = b"GET /path HTTP/1.1\r\nHost: example\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")
OLD = b"GET /path HTTP/1.0\r\n\r\n"


def parse(data: bytes) -> tuple[Connection, Request]:
    """A connection whose first request has been read."""
    connection = Connection(RequestParser(Limits()))
    connection.receive_data(data)
    request = connection.next_event()
    assert isinstance(request, Request)
    return connection, request


def builder(**changes: Any) -> EnvironBuilder:
    told: dict[str, Any] = {
        "software": "test/1",
        "url_scheme": "http",
        "multithread": False,
        "multiprocess": False,
    }
    return EnvironBuilder(**told | changes)


def environ(data: bytes = GET, **changes: Any) -> dict[str, Any]:
    """The environ of a request."""
    build = builder(**changes)
    return build.build({"REMOTE_ADDR": "127.0.0.1"}, parse(data)[1])


def environs(data: bytes) -> Iterator[dict[str, Any]]:
    """The environs of the requests of one connection, each built when it is asked for."""
    build = builder()
    of_connection = {"REMOTE_ADDR": "127.0.0.1"}
    http, request = parse(data)
    event: Event = request
    while isinstance(event, Request):
        yield build.build(of_connection, event)
        http.finish()
        event = http.next_event()


class Wire:
    """A Transport that keeps what it is given; each piece is one call."""

    def __init__(self, *, sends_files: bool = False, fails_after: int = -1) -> None:
        self.pieces: list[bytes] = []
        self.begun: list[bool] = []  # of each piece, whether the next one comes at once
        self.last = 0
        self.files: list[bytes] = []
        self._sends_files = sends_files
        self.http: Connection | None = None  # in whose framing a response can be sent whole
        self.late_fields: Callable[[], bytes] | None = None
        self.fails_after = fails_after

    closing = False

    @property
    def sends_files(self) -> bool:
        return self._sends_files

    def send(self, data: bytes, more: bool = False) -> None:
        if len(self.pieces) == self.fails_after:
            raise ClientDisconnected("gone")
        assert data
        assert not self.last, "something follows what was said to be the last"
        self.begun.append(more)
        self.pieces.append(data)

    def send_whole(self, head: ResponseHead, content: bytes, done: bool) -> bool:
        if self.http is None or self.closing or self.late_fields is not None:
            return False
        data = self.http.send_whole(head, content, b"a date", b"a server")
        if data:
            self.send_last(data, done)
        return bool(data)

    def own_fields(self) -> tuple[bytes, bytes, bytes]:
        return b"a date", b"a server", self.late_fields() if self.late_fields is not None else b""

    def send_last(self, data: bytes, done: bool) -> None:
        self.send(data)
        self.last += 1

    def send_file(self, head: bytes, file: KernelFile, count: int) -> None:
        data = os.pread(file.fileno, count, file.offset)
        self.files.append(data)
        self.send_last(head + data, True)

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


class Played:
    """An application that has been run once."""

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        request: bytes = GET,
        wire: Wire | None = None,
        late_fields: Callable[[], bytes] | None = None,
    ) -> None:
        self.connection, parsed = parse(request)
        self.method = parsed.line.method
        self.wire = wire or Wire()
        self.wire.http, self.wire.late_fields = self.connection, late_fields
        self.gateway = Gateway(self.connection, self.wire)
        self.error: BaseException | None = None
        try:
            self.gateway.run(application, environ(request))
        except BaseException as error:
            self.error = error

    @property
    def text(self) -> str:
        """What went over the wire; the head and the body as they are."""
        return self.wire.data.decode("latin-1")

    def read(self, *, closed: bool = False) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body as an independent client reads them; fails if the response is not whole."""
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=self.method, target="/", headers=[("Host", "example")]))
        client.send(h11.EndOfMessage())
        client.receive_data(self.wire.data)
        if closed:
            client.receive_data(b"")
        response = client.next_event()
        assert isinstance(response, h11.Response)
        body = b""
        while isinstance(event := client.next_event(), h11.Data):
            body += bytes(event.data)
        assert isinstance(event, h11.EndOfMessage), event
        headers = {name.decode(): value.decode("latin-1") for name, value in response.headers}
        return response.status_code, headers, body
