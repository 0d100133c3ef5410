"""A server that believes its proxy: environ, the access log, and what the next request has of it: nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from tests.server.client import connect
from tests.server.running import IN_ONE_PROCESS, running, until
from wsgiserve.server.access import Access
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.wsgi.proxied import ProxyHeaders

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def who(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]


def get(**fields: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"GET / HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()


@pytest.mark.parametrize("kind", IN_ONE_PROCESS)
def test_each_request_of_a_proxys_connection_is_its_own_clients(kind: type[BaseWSGIServer]) -> None:
    accesses: list[Access] = []
    server = kind("127.0.0.1", 0, who, access_log=accesses.append)
    server.proxy_headers = ProxyHeaders(["127.0.0.0/8"], ["for", "proto"])
    with running(server):
        client = connect(server.server_address)
        client.send(get(X_Forwarded_For="192.0.2.7", X_Forwarded_Proto="https"))
        assert client.read().body == b"192.0.2.7 https"
        client.send(get())
        assert client.read().body == b"127.0.0.1 http"
        client.send(get(X_Forwarded_For="192.0.2.8"))
        assert client.read().body == b"192.0.2.8 http"
        client.send(get(X_Forwarded_Proto="gopher"))
        response = client.read()
        assert response.status == 400
        assert b"scheme that is neither http nor https" in response.body
        client.close()
        until(lambda: len(accesses) == 4)  # another thread may tell of the next connection earlier
        client = connect(server.server_address)
        client.send(get(X_Forwarded_For="192.0.2.9") + b"nonsense\r\n\r\n")
        client.read()
        assert client.read().status == 400
        client.close()
    assert [(access.peer, access.status) for access in accesses] == [
        ("192.0.2.7", 200),
        ("127.0.0.1", 200),
        ("192.0.2.8", 200),
        ("127.0.0.1", 400),
        ("192.0.2.9", 200),
        ("127.0.0.1", 400),
    ]
