"""TLS over every server class. The certificates are those of a certificate authority of the test's own."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.server import apps
from tests.server.client import connect, request
from tests.server.conftest import Start
from tests.server.test_functional_environ import environ, subset
from wsgiserve.server.deadlines import Deadlines


class Certificates(NamedTuple):
    """Files, and what a client needs."""

    pair: tuple[str, str]
    authority: str
    client: ssl.SSLContext
    known_client: ssl.SSLContext
    """Has a certificate of its own."""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("tls")
    authority = pytest.importorskip("trustme").CA()
    server = authority.issue_cert("localhost")
    server.private_key_pem.write_to_path(folder / "key")
    for number, blob in enumerate(server.cert_chain_pems):
        blob.write_to_path(folder / "cert", append=number > 0)
    authority.cert_pem.write_to_path(folder / "ca")
    contexts = []
    for _ in range(2):
        contexts.append(ssl.create_default_context())
        authority.configure_trust(contexts[-1])
    authority.issue_cert("ada@example.com", common_name="Ada, Countess", organization_name="Engines").configure_cert(
        contexts[1]
    )
    return Certificates((str(folder / "cert"), str(folder / "key")), str(folder / "ca"), *contexts)


@pytest.fixture
def secure(start: Start, certificates: Certificates) -> Start:
    """Start with the pair of files."""
    return partial(start, tls=certificates.pair)


def verifying_context(pair: tuple[str, str], authority: str, verify: ssl.VerifyMode) -> ssl.SSLContext:
    """What a user of client certificates makes."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    context.load_cert_chain(*pair)
    context.verify_mode = verify
    return context


@pytest.mark.parametrize("form", ["pair", "context", "adhoc"])
def test_each_form_of_ssl_context_serves_https(form: str, start: Start, certificates: Certificates) -> None:
    if form == "adhoc":
        pytest.importorskip("cryptography")
    forms: dict[str, Any] = {
        "pair": certificates.pair,
        "context": partial(verifying_context, certificates.pair, certificates.authority, ssl.CERT_NONE),
        "adhoc": "adhoc",
    }
    client = ssl.create_default_context() if form == "adhoc" else certificates.client
    if form == "adhoc":
        client.check_hostname = False
        client.verify_mode = ssl.CERT_NONE
    served = start(apps.hello, tls=forms[form])
    connection = served.connect(tls=client)
    for path in ("/one", "/two"):
        assert connection.exchange(request(path)).body == b"GET " + path.encode()


def test_requests_in_one_record_are_answered_in_order(secure: Start, certificates: Certificates) -> None:
    client = secure(apps.echo).connect(tls=certificates.client)
    client.send(b"".join(request(method="POST", body=f"{number}".encode()) for number in range(30)))
    assert [client.read().body for _ in range(30)] == [f"POST:{number}".encode() for number in range(30)]


def test_a_request_in_many_records_is_one(secure: Start, certificates: Certificates) -> None:
    client = secure(apps.echo).connect(tls=certificates.client)
    for byte in request(method="POST", body=b"abc"):
        client.send(bytes([byte]))
    assert client.read().body == b"POST:abc"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_large_bodies_go_both_ways_unharmed(version: ssl.TLSVersion, secure: Start, certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=certificates.authority)
    context.minimum_version = context.maximum_version = version
    body = apps.pattern(10 * apps.MEBIBYTE)
    client = secure(apps.echo).connect(tls=context)
    assert client.exchange(request(method="POST", body=body)).body == b"POST:" + body
    assert client.exchange(request(method="POST", body=b"a")).body == b"POST:a"


@pytest.mark.parametrize("way", ["list", "generator", "file"])
def test_a_client_that_is_slow_to_read_gets_all_and_others_are_served_meanwhile(
    way: str, secure: Start, certificates: Certificates, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(apps.pattern(5 * apps.MEBIBYTE))
    served = secure(apps.large_or_file)
    client = connect(served.address, tls=certificates.client, receive_bytes=4096)
    served.clients.append(client)
    client.send(request(f"/0?{path}" if way == "file" else f"/{way}?5") + request())
    if way != "generator":  # of which the server does not know the end before it has sent it
        served.wait_for(lambda journal: journal.accesses)
        assert served.connect(request("/", "Connection: close"), tls=certificates.client).read().body == b"GET /"
    assert client.read().body == apps.pattern(5 * apps.MEBIBYTE)
    assert client.read().body == b"GET /"


def test_a_block_beyond_the_length_does_not_disturb_a_response_that_waits_for_its_client(
    secure: Start, certificates: Certificates
) -> None:
    # OpenSSL takes any other call for a mistake while one has still to be repeated.
    served = secure(apps.large_and_more)
    client = connect(served.address, tls=certificates.client, receive_bytes=4096)
    served.clients.append(client)
    client.send(request())
    assert client.read().body == apps.pattern(5 * apps.MEBIBYTE)
    assert served.wait_for(lambda journal: journal.accesses).access.note == ""


def test_a_client_that_stalls_in_the_handshake_blocks_nobody(secure: Start, certificates: Certificates) -> None:
    served = secure(apps.hello)
    stalled = [served.connect() for _ in range(5)]
    stalled[0].send(b"\x16\x03\x01\x02\x00")  # the first bytes of a ClientHello
    assert served.connect(request(), tls=certificates.client).read().body == b"GET /"
    for client in stalled:
        client.close()
    assert served.stop().loud() == []


def test_a_client_that_stalls_in_the_handshake_is_closed_quietly(secure: Start) -> None:
    served = secure(apps.hello, deadlines=Deadlines(tls_handshake=0.3))
    for client in [served.connect(), served.connect(b"\x16\x03\x01\x02\x00")]:
        assert client.rest() == b""
        client.close()
    assert served.stop().loud() == []


def test_the_environ_over_tls(secure: Start, certificates: Certificates) -> None:
    client = secure(apps.environ_as_json).connect(tls=certificates.client)
    assert isinstance(client.sock, ssl.SSLSocket)
    cipher = client.sock.cipher()
    assert cipher is not None
    expected = {
        "wsgi.url_scheme": "https",
        "HTTPS": "on",
        "SSL_PROTOCOL": "TLSv1.3",
        "SSL_CIPHER": cipher[0],
        "SSL_CLIENT_VERIFY": "NONE",
        "SSL_CLIENT_CERT": None,
    }
    assert subset(environ(client), expected) == expected


@pytest.fixture
def verified(start: Start, certificates: Certificates) -> Callable[[ssl.VerifyMode], Any]:
    def begin(verify: ssl.VerifyMode) -> Any:
        context = partial(verifying_context, certificates.pair, certificates.authority, verify)
        return start(apps.environ_as_json, tls=context)

    return begin


def test_the_environ_tells_who_the_client_is(
    verified: Callable[[ssl.VerifyMode], Any], certificates: Certificates
) -> None:
    found = environ(verified(ssl.CERT_REQUIRED).connect(tls=certificates.known_client))
    assert found["SSL_CLIENT_VERIFY"] == "SUCCESS"
    assert found["SSL_CLIENT_CERT"].startswith("-----BEGIN CERTIFICATE-----\n")
    assert "organizationName=Engines" in found["SSL_CLIENT_S_DN"]
    assert "commonName=Ada\\, Countess" in found["SSL_CLIENT_S_DN"]
    assert "organizationName=" in found["SSL_CLIENT_I_DN"]
    assert int(found["SSL_CLIENT_M_SERIAL"], 16) > 0
    assert found["SSL_CLIENT_V_START"].endswith(" GMT")
    assert found["SSL_CLIENT_V_END"].endswith(" GMT")


def test_a_client_without_a_certificate_is_refused_where_one_is_required(
    verified: Callable[[ssl.VerifyMode], Any], certificates: Certificates
) -> None:
    served = verified(ssl.CERT_REQUIRED)
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        served.connect(request(), tls=certificates.client).read()
    journal = served.stop()
    assert (journal.loud(), journal.accesses) == ([], [])


def test_a_client_without_a_certificate_is_served_where_one_is_optional(
    verified: Callable[[ssl.VerifyMode], Any], certificates: Certificates
) -> None:
    found = environ(verified(ssl.CERT_OPTIONAL).connect(tls=certificates.client))
    assert found["SSL_CLIENT_VERIFY"] == "NONE"
    assert "SSL_CLIENT_S_DN" not in found


# The end of a connection


def rest_until_close_notify(client: Any) -> bytes:
    """Read to the end; fails if the end is that of TCP and not of TLS."""
    client.sock.suppress_ragged_eofs = False
    data = b""
    while part := client.sock.recv(65536):
        data += part
    return bytes(data)


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_the_server_closes_with_close_notify(version: str, secure: Start, certificates: Certificates) -> None:
    client = secure(apps.two_blocks).connect(
        request("/", "Connection: close", version=version), tls=certificates.client
    )
    assert b"two" in rest_until_close_notify(client)


def test_an_idle_connection_ends_with_close_notify(secure: Start, certificates: Certificates) -> None:
    client = secure(apps.hello, deadlines=Deadlines(keep_alive=0.1)).connect(request(), tls=certificates.client)
    assert rest_until_close_notify(client).endswith(b"GET /")


def test_a_refusal_ends_with_close_notify(secure: Start, certificates: Certificates) -> None:
    client = secure(apps.hello).connect(b"nonsense\r\n\r\n", tls=certificates.client)
    assert rest_until_close_notify(client).startswith(b"HTTP/1.1 400 ")


def test_a_body_without_framing_that_breaks_off_ends_without_close_notify(
    secure: Start, certificates: Certificates
) -> None:
    client = secure(apps.failing).connect(request("/between-blocks", version="HTTP/1.0"), tls=certificates.client)
    with pytest.raises(ssl.SSLEOFError):
        rest_until_close_notify(client)


def test_a_client_that_says_good_bye_is_done(secure: Start, certificates: Certificates) -> None:
    served = secure(apps.hello)
    client = served.connect(request(), tls=certificates.client)
    assert client.read().body == b"GET /"
    assert isinstance(client.sock, ssl.SSLSocket)
    client.sock.unwrap()  # returns when the server's close_notify has come
    served.wait_for(lambda journal: journal.accesses)
    assert served.stop().loud() == []


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_within_the_content_ends_its_request(
    leave: str, secure: Start, certificates: Certificates
) -> None:
    served = secure(apps.late_reader)
    client = served.connect(request("/", "Content-Length: 10", method="POST") + b"abc", tls=certificates.client)
    served.wait_for(lambda journal: journal.notes)
    getattr(client, leave)()
    served.gate.release()
    journal = served.wait_for(lambda journal: journal.accesses)
    assert (journal.access.status, journal.access.note) == (499, "✗ client left")
    assert journal.loud() == []


# The wrong protocol


def test_plain_http_on_the_https_port_is_told_so(secure: Start) -> None:
    served = secure(apps.hello)
    for _ in range(2):
        client = served.connect(request())
        response = client.read()
        assert (response.status, response.headers["connection"]) == (307, "close")
        assert response.headers["location"] == "https://example.com/"
        assert b"https://" in response.body
        assert client.rest() == b""
    client = served.connect(request(method="POST"))
    response = client.read()
    assert (response.status, response.headers["connection"]) == (400, "close")
    assert b"https://" in response.body
    assert client.rest() == b""
    (hint,) = served.stop().loud()  # said once
    assert (hint.logger, hint.level) == ("wsgiserve", "WARNING")
    assert "plain HTTP to the HTTPS port" in hint.text


def test_tls_on_the_plain_port_is_told_so(start: Start, certificates: Certificates) -> None:
    served = start(apps.hello)
    for _ in range(2):
        with pytest.raises(ssl.SSLError):
            served.connect(tls=certificates.client)
    (hint,) = served.stop().loud()
    assert (hint.logger, hint.level) == ("wsgiserve", "WARNING")
    assert "TLS handshake to the plain HTTP port" in hint.text


def test_nonsense_on_the_https_port_closes_the_connection(secure: Start, certificates: Certificates) -> None:
    served = secure(apps.hello)
    client = served.connect(b"\x16\x03\x01\x00\x05nonsense")
    assert client.rest()[:1] == b"\x15"  # an alert
    assert served.connect(request(), tls=certificates.client).read().body == b"GET /"
    assert served.stop().loud() == []


def test_a_taken_over_socket_speaks_tls(secure: Start, certificates: Certificates) -> None:
    served = secure(apps.takes_over)
    client = served.connect(request("/list"), tls=certificates.client)
    assert client.read_head().startswith(b"HTTP/1.1 101 ")
    client.send(b"one\nbye\n")
    assert rest_until_close_notify(client) == b"ONE\nBYE\n"
    assert served.stop().access.status == 101
