"""The PROXY protocol: headers as bytes, however cut; and connections that begin with one, or should."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.server.client import Client, connect
from tests.server.running import IN_ONE_PROCESS, running
from wsgiserve.errors import RemoteProtocolError
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.server.proxyprotocol import client_of, missing
from wsgiserve.server.tls import generate_adhoc_ssl_context
from wsgiserve.wsgi.peers import Peers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V1 = b"PROXY TCP4 192.0.2.7 192.0.2.1 51000 443\r\n"


def v2(command: int, transport: int, content: bytes, length: int | None = None) -> bytes:
    return SIGNATURE + struct.pack(">BBH", command, transport, len(content) if length is None else length) + content


IPV4 = socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.1") + struct.pack(">HH", 51000, 443)
IPV6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2 + struct.pack(">HH", 51000, 443)

HEADERS = [
    (V1, ("192.0.2.7", 51000)),
    (b"PROXY TCP6 2001:db8::7 2001:DB8::1 1 2\r\n", ("2001:db8::7", 1)),
    (b"PROXY TCP6 " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n", ("ffff:" * 7 + "ffff", 65535)),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 whatever it says\r\n", None),
    (v2(0x21, 0x11, IPV4), ("192.0.2.7", 51000)),
    (v2(0x21, 0x21, IPV6), ("2001:db8::7", 51000)),
    (v2(0x21, 0x11, IPV4 + b"\x04\x00\x01x"), ("192.0.2.7", 51000)),  # and more that the proxy knows
    (v2(0x20, 0x00, b""), None),
    (v2(0x20, 0x11, IPV4), None),
    (v2(0x21, 0x00, b""), None),
    (v2(0x21, 0x31, b"/run/client" + b"\0" * 205), None),
]


@pytest.mark.parametrize(("header", "client"), HEADERS)
def test_a_header_tells_the_client_and_ends_where_it_ends(header: bytes, client: tuple[str, int] | None) -> None:
    data, rest = b"", header + b"GET / HTTP/1.1\r\n"
    while count := missing(data):
        data, rest = data + rest[:count], rest[count:]
    assert data == header
    assert client_of(data) == client


@pytest.mark.parametrize(("header", "client"), HEADERS)
def test_no_part_of_a_header_is_a_whole_one(header: bytes, client: tuple[str, int] | None) -> None:
    assert all(0 < missing(header[:count]) <= len(header) - count for count in range(len(header)))


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01",
        b"PROXIE",
        b"\r\n\r\nGET",
        b"PROXY " + b"x" * 101,
        b"PROXY UNKNOWN" + b" " * 200,
        v2(0x21, 0x11, b"", 4097),
    ],
)
def test_what_is_no_header_is_known_as_soon_as_can_be(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        missing(data)


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP4 192.0.2.7 192.0.2.1 51000\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
        b"PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.256 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 99999\r\n",
        b"PROXY  TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7\r192.0.2.1 1 2\r\n",
        b"PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n",
        v2(0x11, 0x11, IPV4),
        v2(0x22, 0x11, IPV4),
        v2(0x21, 0x11, IPV4[:-1]),
        v2(0x21, 0x21, IPV4),
    ],
)
def test_a_header_that_says_nonsense_is_refused(header: bytes) -> None:
    assert missing(header) == 0
    with pytest.raises(RemoteProtocolError):
        client_of(header)


@given(
    st.one_of(
        st.binary(max_size=64),
        st.binary(max_size=64).map(lambda end: SIGNATURE + end),
        st.binary(max_size=110).map(lambda end: b"PROXY " + end),
    )
)
@example(b"")
def test_any_bytes_are_a_header_or_none(data: bytes) -> None:
    try:
        if missing(data) == 0:
            client_of(data)
    except RemoteProtocolError:
        pass


# Connections


def who(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REMOTE_ADDR']} {environ['REMOTE_PORT']} {environ['wsgi.url_scheme']}".encode()]


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BOTH = pytest.mark.parametrize("kind", IN_ONE_PROCESS)


def server_of(kind: type[BaseWSGIServer], *trusted: str, **options: object) -> BaseWSGIServer:
    server = kind("127.0.0.1", 0, who, **options)  # type: ignore[arg-type]
    server.proxy_protocol = Peers(trusted or ["127.0.0.1"])
    return server


@BOTH
@pytest.mark.parametrize("header", [V1, v2(0x21, 0x11, IPV4)], ids=["v1", "v2"])
def test_a_connection_is_its_clients_from_its_first_byte(kind: type[BaseWSGIServer], header: bytes) -> None:
    with running(server_of(kind)) as server:
        client = connect(server.server_address)
        client.send(header + GET)
        assert client.read().body == b"192.0.2.7 51000 http"
        client.send(GET)
        assert client.read().body == b"192.0.2.7 51000 http"
        client.close()


def test_a_header_may_come_byte_by_byte() -> None:
    with running(server_of(IN_ONE_PROCESS[0])) as server:
        client = connect(server.server_address)
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in V1 + GET:
            client.send(bytes([byte]))
        assert client.read().body == b"192.0.2.7 51000 http"
        client.close()


def test_tls_begins_behind_the_header() -> None:
    pytest.importorskip("cryptography")
    with running(server_of(IN_ONE_PROCESS[0], ssl_context=generate_adhoc_ssl_context())) as server:
        sock = socket.create_connection(server.server_address, timeout=20)
        sock.sendall(V1)
        client = Client(ssl._create_unverified_context().wrap_socket(sock, server_hostname="localhost"))
        client.send(GET)
        assert client.read().body == b"192.0.2.7 51000 https"
        client.close()


def test_a_proxy_that_speaks_for_itself_is_its_own_client() -> None:
    with running(server_of(IN_ONE_PROCESS[0])) as server:
        client = connect(server.server_address)
        client.send(v2(0x20, 0, b"") + GET)
        assert client.read().body.startswith(b"127.0.0.1 ")
        client.close()


@BOTH
@pytest.mark.parametrize("data", [GET, V1[:-2] + b" 1\r\n" + GET, V1[:20]])
def test_a_proxy_without_a_header_gets_no_answer(
    kind: type[BaseWSGIServer], data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with running(server_of(kind)) as server:
        client = connect(server.server_address)
        client.send(data)
        with suppress(OSError):  # bytes that nobody has read reset the connection
            client.finish()
            assert client.rest() == b""
        client.close()
    assert [record.levelname for record in caplog.records] == ([] if data == V1[:20] else ["WARNING"])


def test_a_header_has_a_deadline() -> None:
    with running(server_of(IN_ONE_PROCESS[0], deadlines=Deadlines(head=0.1))) as server:
        client = connect(server.server_address)
        client.send(V1[:20])
        assert client.rest() == b""
        client.close()


def test_whoever_is_no_proxy_speaks_http_and_cannot_pretend() -> None:
    with running(server_of(IN_ONE_PROCESS[0], "192.0.2.0/24")) as server:
        client = connect(server.server_address)
        client.send(GET)
        assert client.read().body.startswith(b"127.0.0.1 ")
        client.close()
        client = connect(server.server_address)
        client.send(V1 + GET)
        assert client.read().status == 400
        client.close()
