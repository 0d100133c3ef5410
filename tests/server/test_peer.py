"""REMOTE_*, SERVER_* and SSL_* of a connection."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from wsgiserve.server.peer import peer_keys, remote_address


class FakeSocket:
    """A socket with an address, of either family."""

    def __init__(self, address: Any) -> None:
        self.address = address

    def getsockname(self) -> Any:
        return self.address


class FakeTLS(ssl.SSLSocket):
    """A TLS connection; class attributes say what is known of its client."""

    der: bytes | None = None
    certificate: dict[str, Any] | None = None
    error: Exception | None = None

    def __init__(self) -> None:
        pass

    def getsockname(self) -> Any:
        return ""

    def version(self) -> str | None:
        return "TLSv1.3"

    def cipher(self) -> tuple[str, str, int] | None:
        return ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)

    def getpeercert(self, binary_form: bool = False) -> Any:
        if self.error is not None:
            raise self.error
        return self.der if binary_form else self.certificate

    def __del__(self) -> None:
        pass


def keys(address: Any, peer: Any = ("192.0.2.7", 4711)) -> dict[str, Any]:
    found: dict[str, Any] = peer_keys(FakeSocket(address), peer)  # type: ignore[arg-type]  # all it is asked for
    return found


def test_addresses_of_ipv4() -> None:
    assert keys(("192.0.2.1", 80)) == {
        "REMOTE_ADDR": "192.0.2.7",
        "REMOTE_HOST": "192.0.2.7",
        "REMOTE_PORT": "4711",
        "SERVER_NAME": "192.0.2.1",
        "SERVER_PORT": "80",
    }


@pytest.mark.parametrize(("host", "name"), [("2001:db8::1", "[2001:db8::1]"), ("fe80::1%eth0", "[fe80::1]")])
def test_addresses_of_ipv6_stand_in_brackets_and_have_no_zone(host: str, name: str) -> None:
    found = keys((host, 80, 0, 0), ("2001:db8::7", 4711, 0, 0))
    assert (found["SERVER_NAME"], found["SERVER_PORT"]) == (name, "80")
    assert (found["REMOTE_ADDR"], found["REMOTE_PORT"]) == ("2001:db8::7", "4711")


@pytest.mark.parametrize("address", ["", "/run/socket", b"\0abstract"])
def test_a_unix_socket_has_no_addresses_but_pep_3333_wants_some(address: Any) -> None:
    assert keys(address, address) == {
        "REMOTE_ADDR": "<local>",
        "REMOTE_PORT": "0",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
    }


def test_remote_address_is_two_strings() -> None:
    assert remote_address(("192.0.2.7", 4711)) == ("192.0.2.7", "4711")
    assert remote_address(("::1", 4711, 0, 0)) == ("::1", "4711")
    assert remote_address("") == ("<local>", "0")


def tls_keys(**known: Any) -> dict[str, Any]:
    sock = FakeTLS()
    for name, value in known.items():
        setattr(sock, name, value)
    return {key: value for key, value in peer_keys(sock, "").items() if key.startswith("SSL_")}


def test_the_port_of_a_unix_socket_is_that_of_the_scheme() -> None:
    assert peer_keys(FakeTLS(), "")["SERVER_PORT"] == "443"


def test_a_client_without_a_certificate() -> None:
    assert tls_keys() == {
        "SSL_PROTOCOL": "TLSv1.3",
        "SSL_CIPHER": "TLS_AES_256_GCM_SHA384",
        "SSL_CLIENT_VERIFY": "NONE",
    }


def test_a_client_with_a_certificate() -> None:
    certificate = {
        "subject": ((("countryName", "GB"),), (("commonName", 'Ada; "Countess" <Lovelace>'),)),
        "issuer": ((("organizationName", "a=b+c,d\\e"),),),
        "serialNumber": "00AF",
        "notBefore": "Jan  1 00:00:00 2026 GMT",
        "notAfter": "Jan  1 00:00:00 2027 GMT",
    }
    assert tls_keys(der=b"der", certificate=certificate) == {
        "SSL_PROTOCOL": "TLSv1.3",
        "SSL_CIPHER": "TLS_AES_256_GCM_SHA384",
        "SSL_CLIENT_VERIFY": "SUCCESS",
        "SSL_CLIENT_CERT": "-----BEGIN CERTIFICATE-----\nZGVy\n-----END CERTIFICATE-----\n",
        "SSL_CLIENT_S_DN": 'countryName=GB,commonName=Ada\\; \\"Countess\\" \\<Lovelace\\>',
        "SSL_CLIENT_I_DN": "organizationName=a\\=b\\+c\\,d\\\\e",
        "SSL_CLIENT_M_SERIAL": "00AF",
        "SSL_CLIENT_V_START": "Jan  1 00:00:00 2026 GMT",
        "SSL_CLIENT_V_END": "Jan  1 00:00:00 2027 GMT",
    }


def test_a_certificate_that_was_not_verified_has_no_names() -> None:
    found = tls_keys(der=b"der", certificate={})
    assert found["SSL_CLIENT_CERT"].startswith("-----BEGIN")
    assert "SSL_CLIENT_S_DN" not in found


def test_a_certificate_that_cannot_be_had_is_logged_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    assert tls_keys(error=ValueError("handshake not done yet"))["SSL_CLIENT_VERIFY"] == "NONE"
    (record,) = caplog.records
    assert (record.message, record.levelname) == ("Cannot fetch SSL peer certificate info", "ERROR")


def test_a_session_that_tells_nothing_gives_empty_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeTLS, "version", lambda self: None)
    monkeypatch.setattr(FakeTLS, "cipher", lambda self: None)
    assert (tls_keys()["SSL_PROTOCOL"], tls_keys()["SSL_CIPHER"]) == ("", "")
