"""Faults that waitress has mended, with the version that did, asked of ours: what is no matter of a standard.

Those of framing, fields and responses are cases of ``wsgiserve conform``, where ``known`` names waitress; addresses of
IPv6 in X-Forwarded-For (1.2.1, #230) are in ``tests/wsgi/test_proxied.py``, files that can be sought (2.1.0, #359) in
``tests/wsgi/test_filewrapper.py``.
"""

from __future__ import annotations

import gc
import io
import json
import signal
import socket
import threading
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests.server.apart import KINDS, apart
from tests.server.client import Client, connect, request
from tests.server.running import GET, IN_ONE_PROCESS, SECONDS, hello, running, until
from wsgiserve.server.base import BaseWSGIServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

each_class = pytest.mark.parametrize("server_class", IN_ONE_PROCESS)


def connected(server: BaseWSGIServer) -> Client:
    return connect(("127.0.0.1", server.port))


@pytest.mark.parametrize("kind", KINDS)
def test_clients_that_are_gone_before_they_are_accepted_leave_no_loop_behind(kind: str, tmp_path: Path) -> None:
    """3.0.1, CVE-2024-49769: the server wrote to such a socket for ever, and ran out of them."""
    with apart(tmp_path, kind) as server:
        for number in range(60):
            client = connect(("127.0.0.1", server.port))
            if number % 3:
                client.send(GET if number % 3 == 1 else GET[:9])
            client.reset()
        client = connect(("127.0.0.1", server.port))
        assert client.exchange(request("/", "Connection: close")).status == 200
        client.close()
        until(lambda: not server.children())
        server.wait_until_idle()
        assert server.ended(signal.SIGTERM).descriptors == []


@each_class
@pytest.mark.parametrize(
    ("target", "script_name", "path"),
    [("/shop", "/shop", ""), ("/shop/", "/shop", "/"), ("/shop/a", "/shop", "/a"), ("/shop?a", "/shop", "")],
)
def test_the_prefix_itself_has_an_empty_path(
    target: str, script_name: str, path: str, server_class: type[BaseWSGIServer]
) -> None:
    """0.8.8, #46: it was both SCRIPT_NAME and PATH_INFO."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [json.dumps([environ["SCRIPT_NAME"], environ["PATH_INFO"]]).encode()]

    with running(server_class("127.0.0.1", 0, app, script_name="/shop")) as server:
        client = connected(server)
        assert json.loads(client.exchange(request(target)).body) == [script_name, path]
        client.close()


@each_class
def test_no_name_is_looked_up(server_class: type[BaseWSGIServer], monkeypatch: pytest.MonkeyPatch) -> None:
    """1.0.2, #149: without a name server there was no server either."""

    def lookup(*_: Any) -> NoReturn:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    for name in ("getfqdn", "gethostbyaddr", "gethostbyname", "gethostbyname_ex", "getnameinfo"):
        monkeypatch.setattr(socket, name, lookup)
    with running(server_class("127.0.0.1", 0, hello)) as server:
        client = connected(server)
        assert client.exchange(request("/", "Connection: close")).status == 200
        client.close()


class Buffer(io.BytesIO):
    """A file in memory to which there can be a weak reference."""


@each_class
def test_a_file_in_memory_is_closed_and_let_go_of(server_class: type[BaseWSGIServer]) -> None:
    """2.1.0, #357: it waited for the garbage collector."""
    opened: list[weakref.ref[Buffer]] = []
    closed: list[bool] = []

    class Told(Buffer):
        def close(self) -> None:
            closed.append(True)
            super().close()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        file = Told(b"content")
        opened.append(weakref.ref(file))
        start_response("200 OK", [])
        body: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return body

    gc.disable()
    try:
        with running(server_class("127.0.0.1", 0, app)) as server:
            client = connected(server)
            assert client.exchange(request()).body == b"content"
            until(lambda: closed and opened[0]() is None)
            client.close()
    finally:
        gc.enable()


@each_class
def test_an_application_is_not_asked_for_more_than_its_client_takes(server_class: type[BaseWSGIServer]) -> None:
    """1.3.0, #242: all that it had was held in memory."""
    made = 0
    closed = threading.Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        nonlocal made
        start_response("200 OK", [])
        try:
            for _ in range(4096):
                made += 1
                yield bytes(65536)
        finally:
            closed.set()

    with running(server_class("127.0.0.1", 0, app)) as server:
        client = connect(("127.0.0.1", server.port), receive_bytes=4096)
        client.send(request())
        client.read_head()
        client.reset()  # 256 MiB would have been made by the time at which they could be sent
        assert closed.wait(SECONDS)
    assert made < 1024
