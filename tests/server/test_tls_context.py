"""TLS contexts: the four forms, the versions spoken, and the certificates that we make. Handshakes run in memory."""

from __future__ import annotations

import os
import ssl
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cryptography")

from tests.handshakes import client_context, handshake
from wsgiserve.server import tls


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Paths of a certificate for shop.test and its key."""
    return tls.make_ssl_devcert(str(tmp_path_factory.mktemp("tls") / "shop"), cn="shop.test")


@pytest.fixture(scope="module")
def adhoc() -> ssl.SSLContext:
    return tls.generate_adhoc_ssl_context()


def test_no_spec_means_no_tls() -> None:
    assert tls.make_ssl_context(None) is None


def test_a_context_is_taken_as_it_is(adhoc: ssl.SSLContext) -> None:
    assert tls.make_ssl_context(adhoc) is adhoc


def test_a_clients_context_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="PROTOCOL_TLS_SERVER"):
        tls.make_ssl_context(ssl.create_default_context())


def test_a_pair_of_files_serves_their_certificate(pair: tuple[str, str]) -> None:
    server = tls.make_ssl_context(pair)
    assert server is not None
    assert handshake(server, client_context(trusted=pair[0]), "shop.test").version() == "TLSv1.3"


def test_one_file_may_hold_certificate_and_key(pair: tuple[str, str], tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(Path(pair[0]).read_bytes() + Path(pair[1]).read_bytes())
    server = tls.make_ssl_context((str(both), None))
    assert server is not None
    assert handshake(server, client_context(trusted=pair[0]), "shop.test")


def test_adhoc_makes_a_certificate_up() -> None:
    server = tls.make_ssl_context("adhoc")
    assert server is not None
    assert handshake(server, client_context(), "localhost")


@pytest.mark.parametrize("spec", ["Adhoc", 1, ["cert.pem", "key.pem"]])
def test_another_form_is_refused_with_the_four_that_exist(spec: Any) -> None:
    with pytest.raises(TypeError, match='"adhoc" or None, not '):
        tls.make_ssl_context(spec)


def test_a_context_of_ours_is_a_servers_and_speaks_tls_1_2_at_least(pair: tuple[str, str]) -> None:
    context = tls.load_ssl_context(*pair)
    assert context.protocol is ssl.PROTOCOL_TLS_SERVER
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert ssl.OP_NO_RENEGOTIATION in context.options


def test_a_client_that_speaks_tls_1_2_at_most_is_served(adhoc: ssl.SSLContext) -> None:
    client = client_context()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert handshake(adhoc, client, "localhost").version() == "TLSv1.2"


def test_http_1_1_is_agreed_on_with_a_client_that_offers_http_2(adhoc: ssl.SSLContext) -> None:
    assert handshake(adhoc, client_context(), "localhost").selected_alpn_protocol() == "http/1.1"


@pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLS:DeprecationWarning")
def test_another_protocol_can_be_asked_for(pair: tuple[str, str]) -> None:
    context = tls.load_ssl_context(*pair, protocol=ssl.PROTOCOL_TLSv1_2)
    assert handshake(context, client_context(), "localhost").version() == "TLSv1.2"


@pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLS:DeprecationWarning")
def test_a_protocol_older_than_tls_1_2_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"PROTOCOL_TLSv1_1 is older than TLS 1\.2"):
        tls.load_ssl_context(*pair, protocol=ssl.PROTOCOL_TLSv1_1)


def test_an_encrypted_key_takes_a_password(pair: tuple[str, str], tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(Path(pair[1]).read_bytes(), None)
    encrypted = tmp_path / "encrypted.key"
    encrypted.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"open sesame"),
        )
    )
    tls.load_ssl_context(pair[0], str(encrypted), password="open sesame")
    with pytest.raises(ssl.SSLError):
        tls.load_ssl_context(pair[0], str(encrypted), password="open barley")


def save_certificate(context: ssl.SSLContext, path: Path) -> str:
    """What a developer who clicks "accept" trusts: the certificate as the server sent it."""
    sent = handshake(context, client_context(), "localhost").getpeercert(binary_form=True)
    assert sent is not None
    path.write_text(ssl.DER_cert_to_PEM_cert(sent))
    return str(path)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_an_adhoc_certificate_is_good_for_this_machine_once_trusted(
    name: str, adhoc: ssl.SSLContext, tmp_path: Path
) -> None:
    client = client_context(trusted=save_certificate(adhoc, tmp_path / "sent.pem"))
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python 3.13 asks for by default
    assert handshake(adhoc, client, name)


def test_an_adhoc_certificate_is_good_for_nobody_else(adhoc: ssl.SSLContext, tmp_path: Path) -> None:
    client = client_context(trusted=save_certificate(adhoc, tmp_path / "sent.pem"))
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(adhoc, client, "shop.test")


def test_two_adhoc_contexts_share_nothing(adhoc: ssl.SSLContext, tmp_path: Path) -> None:
    first = save_certificate(adhoc, tmp_path / "first.pem")
    second = save_certificate(tls.generate_adhoc_ssl_context(), tmp_path / "second.pem")
    assert Path(first).read_text() != Path(second).read_text()


def test_an_adhoc_key_is_on_disk_only_while_it_is_read_and_only_encrypted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[bytes] = []
    load = tls.load_ssl_context

    def look(cert_file: str, **rest: Any) -> ssl.SSLContext:
        seen.append(Path(cert_file).read_bytes())
        return load(cert_file, **rest)

    monkeypatch.setattr(tls, "load_ssl_context", look)
    tls.generate_adhoc_ssl_context()
    assert [b"BEGIN ENCRYPTED PRIVATE KEY" in content for content in seen] == [True]
    assert b"BEGIN PRIVATE KEY" not in seen[0]
    assert list(tmp_path.iterdir()) == []


def subject_alternative_names(cn: str | None) -> list[str]:
    from cryptography import x509

    certificate, _ = tls.generate_adhoc_ssl_pair(cn)
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return [str(name.value) for name in extension.value]


@pytest.mark.parametrize(
    ("cn", "names"),
    [
        (None, ["localhost", "*.localhost", "127.0.0.1", "::1"]),
        ("shop.test", ["shop.test", "*.shop.test"]),
        ("192.168.1.23", ["192.168.1.23"]),
    ],
)
def test_a_certificate_names_what_it_was_made_for(cn: str | None, names: list[str]) -> None:
    assert subject_alternative_names(cn) == names


def test_a_made_up_pair_belongs_together() -> None:
    certificate, key = tls.generate_adhoc_ssl_pair()
    assert certificate.public_key() == key.public_key()
    assert key.key_size == 2048
    assert certificate.issuer == certificate.subject
    assert 365 <= (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days < 367


def test_a_made_up_certificate_cannot_vouch_for_others_and_can_be_told_by_its_key() -> None:
    from cryptography import x509

    certificate, key = tls.generate_adhoc_ssl_pair()
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert identifier == x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def test_without_cryptography_the_error_is_werkzeugs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(TypeError, match=r"^Using ad-hoc certificates requires the cryptography library\.$"):
        tls.make_ssl_context("adhoc")


def test_the_host_of_a_devcert_wins_over_its_cn(tmp_path: Path) -> None:
    pair = tls.make_ssl_devcert(str(tmp_path / "dev"), host="a.test", cn="b.test")
    assert pair == (str(tmp_path / "dev.crt"), str(tmp_path / "dev.key"))
    assert handshake(tls.load_ssl_context(*pair), client_context(trusted=pair[0]), "www.a.test")


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_only_its_owner_may_read_a_devcerts_key_even_where_an_old_file_was_open_to_all(tmp_path: Path) -> None:
    (tmp_path / "dev.key").touch(mode=0o644)
    _, key = tls.make_ssl_devcert(str(tmp_path / "dev"))
    assert stat.S_IMODE(Path(key).stat().st_mode) == 0o600


def test_an_error_of_ssl_is_told_from_others() -> None:
    assert tls.is_ssl_error(ssl.SSLEOFError())
    assert not tls.is_ssl_error(OSError())
    assert not tls.is_ssl_error()


def test_the_error_being_handled_is_looked_at_when_none_is_given() -> None:
    try:
        raise ssl.SSLError
    except ssl.SSLError:
        assert tls.is_ssl_error()
