"""The certificates of our local authority, in memory: a root, an intermediate below it, and what that one signs.

What is stolen from a developer's disk must not open the developer's bank. So both certificates of the authority say
that they vouch for names of this machine alone; and since not all programs heed such constraints on a root itself (RFC
5280 §6.1 leaves them out), but all do on what is below it, the root signs one intermediate and its key is thrown away.
Source: RFC 5280 §4.2.1 (extensions, §4.2.1.10 name constraints), §6.1 (validation).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wsgiserve.authority.names import DOMAIN, NETWORKS
from wsgiserve.server.tls import general_name

__all__ = ["Authority"]

_AUTHORITY_LIFETIME = timedelta(days=3650)
# Browsers refuse certificates that are good for much longer than a year; a short life makes sure that renewal works.
_LIFETIME = timedelta(days=90)

# The clock of a container or a suspended laptop may be behind.
_SLACK = timedelta(hours=1)

_CONSTRAINTS = x509.NameConstraints([x509.DNSName(DOMAIN), *(x509.IPAddress(network) for network in NETWORKS)], None)


class Authority(NamedTuple):
    """What signs, and what is trusted."""

    key: ec.EllipticCurvePrivateKey
    intermediate: x509.Certificate
    root: x509.Certificate

    @classmethod
    def make(cls, owner: str, now: datetime) -> Authority:
        """Make a new one; the root's key is gone when this returns.

        Args:
            owner: who it belongs to, for lists of authorities: ``user@machine``.
        """
        root_key, key = _new_key(), _new_key()
        root_name, name = _name(f"wsgiserve local authority ({owner})"), _name(f"wsgiserve local issuer ({owner})")
        root = _build_authority(root_name, root_name, root_key, 1, now).sign(root_key, hashes.SHA256())
        below = _build_authority(name, root_name, key, 0, now)
        below = below.add_extension(_SERVERS, critical=False).add_extension(_issued_by(root), critical=False)
        return cls(key, below.sign(root_key, hashes.SHA256()), root)

    @classmethod
    def from_pem(cls, pem: bytes) -> Authority:
        """What ``to_pem`` returned.

        Raises:
            ValueError: it is something else.
        """
        intermediate, root = x509.load_pem_x509_certificates(pem)
        return cls(cast("ec.EllipticCurvePrivateKey", load_pem_private_key(pem, None)), intermediate, root)

    def to_pem(self) -> bytes:
        """The intermediate's key, its certificate, and the root's."""
        return _pem(self.key, [self.intermediate, self.root])

    def issue(self, names: Iterable[str], now: datetime) -> bytes:
        """A new key, and the certificates that a server with these names sends.

        Args:
            names: domain names and addresses, all of them local ones; clients refuse others.
        """
        key = _new_key()
        certificate = (
            _begin(_name("wsgiserve development server"), self.intermediate.subject, key, now)
            .not_valid_after(min(now + _LIFETIME, self.intermediate.not_valid_after_utc))
            .add_extension(x509.SubjectAlternativeName(map(general_name, names)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(_SERVERS, critical=False)
            .add_extension(_issued_by(self.intermediate), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return _pem(key, [certificate, self.intermediate])


_SERVERS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common: str) -> x509.Name:
    # RFC 5280 appendix A.1: ub-common-name is 64 characters.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _build_authority(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, authorities_below: int, now: datetime
) -> x509.CertificateBuilder:
    return (
        _begin(name, issuer, key, now)
        .not_valid_after(now + _AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=authorities_below), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .add_extension(_CONSTRAINTS, critical=True)
    )


def _begin(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _issued_by(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey, certificates: Sequence[x509.Certificate]) -> bytes:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)
