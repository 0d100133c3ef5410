"""What clients think of certificates of our authority. Handshakes run in memory, the client as strict as can be."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.handshakes import handshake
from wsgiserve.authority.signing import Authority
from wsgiserve.server.tls import load_ssl_context

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.make("a@machine", NOW)


def client(authority: Authority) -> ssl.SSLContext:
    """Trusts the root alone, and takes nothing that RFC 5280 does not allow."""
    context = ssl.create_default_context(cadata=authority.root.public_bytes(Encoding.PEM).decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def greet(authority: Authority, pem: bytes, name: str, folder: Path) -> None:
    """Let a client look at a certificate."""
    file = folder / "server.pem"
    file.write_bytes(pem)
    handshake(load_ssl_context(str(file)), client(authority), name)


@pytest.mark.parametrize("name", ["localhost", "shop.localhost", "127.0.0.1", "127.0.0.2", "::1"])
def test_a_client_that_trusts_the_root_takes_names_of_this_machine(
    name: str, authority: Authority, tmp_path: Path
) -> None:
    greet(
        authority,
        authority.issue(["localhost", "shop.localhost", "127.0.0.1", "127.0.0.2", "::1"], NOW),
        name,
        tmp_path,
    )


@pytest.mark.parametrize("name", ["bank.test", "localhost.test", "10.0.0.1", "128.0.0.1", "::2"])
def test_whoever_steals_the_key_can_vouch_for_nobody_else(name: str, authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        greet(authority, authority.issue([name], NOW), name, tmp_path)


def another_authority(authority: Authority) -> Authority:
    """What a thief would like to sign with: an authority without constraints below the stolen one."""
    made = Authority.make("thief", NOW)
    signed = (
        x509.CertificateBuilder()
        .subject_name(made.intermediate.subject)
        .issuer_name(authority.intermediate.subject)
        .public_key(made.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority.key, hashes.SHA256())
    )
    return Authority(made.key, signed, authority.root)


def test_whoever_steals_the_key_can_make_no_other_authority(authority: Authority, tmp_path: Path) -> None:
    thief = another_authority(authority)
    # The subject key identifier that the thief's certificate lacks is only a hint for clients.
    pem = made_by(thief, "localhost") + authority.intermediate.public_bytes(Encoding.PEM)
    file = tmp_path / "server.pem"
    file.write_bytes(pem)
    trusting = ssl.create_default_context(cadata=authority.root.public_bytes(Encoding.PEM).decode())
    trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with pytest.raises(ssl.SSLCertVerificationError, match="path length constraint exceeded"):
        handshake(load_ssl_context(str(file)), trusting, "localhost")


def made_by(authority: Authority, name: str) -> bytes:
    """A certificate, its key, and the authority's, in PEM, without what clients do not need."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.intermediate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
        .sign(authority.key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + b"".join(one.public_bytes(Encoding.PEM) for one in (certificate, authority.intermediate))


def test_the_issuer_says_itself_that_none_may_follow(authority: Authority) -> None:
    constraints = authority.intermediate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.path_length) == (True, 0)


def test_the_roots_key_is_nowhere(authority: Authority) -> None:
    assert authority.root.public_key() != authority.key.public_key()
    assert authority.to_pem().count(b"PRIVATE KEY-----") == 2  # the lines around the issuer's


def test_what_is_written_is_read(authority: Authority) -> None:
    again = Authority.from_pem(authority.to_pem())
    assert again[1:] == authority[1:]
    assert again.key.private_numbers() == authority.key.private_numbers()
    with pytest.raises(ValueError, match="PEM"):
        Authority.from_pem(b"something else")


def end(pem: bytes) -> datetime:
    return x509.load_pem_x509_certificates(pem)[0].not_valid_after_utc


def test_a_certificate_is_good_for_90_days_and_no_longer_than_what_signed_it(authority: Authority) -> None:
    now = NOW.replace(microsecond=0)
    assert end(authority.issue(["localhost"], now)) == now + timedelta(days=90)
    late = authority.intermediate.not_valid_after_utc - timedelta(days=40)
    assert end(authority.issue(["localhost"], late)) == authority.intermediate.not_valid_after_utc


def test_a_long_name_of_a_machine_is_cut() -> None:
    common = Authority.make("a@" + "m" * 90, NOW).root.subject.rfc4514_string()
    assert common.startswith("CN=wsgiserve local authority (a@mmm")
