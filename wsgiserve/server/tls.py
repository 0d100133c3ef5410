"""TLS contexts for the server side: from files, made up on the spot, or the user's own.

Floor 3. Only contexts are made here; the handshake belongs to a connection and never to the accept path. Nothing older
than TLS 1.2 is spoken by a context that we make; a context that the user made is the user's business.
The names and arguments are werkzeug's. cryptography is imported only when a certificate has to be made.
Source: RFC 8996 (TLS 1.0 and 1.1 are dead), RFC 7301 (ALPN), RFC 9525 §6 (names are looked up in subjectAltName only).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from wsgiserve.lazy import LazyModule
from wsgiserve.server.addresses import literal

if TYPE_CHECKING:
    import ssl

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import KeySerializationEncryption
    from cryptography.x509 import Certificate, GeneralName
else:
    ssl = LazyModule("ssl")  # 5 ms, which plain HTTP need not wait for

__all__ = [
    "SSLContextSpec",
    "general_name",
    "generate_adhoc_ssl_context",
    "generate_adhoc_ssl_pair",
    "is_ssl_error",
    "load_ssl_context",
    "make_ssl_context",
    "make_ssl_devcert",
]

SSLContextSpec: TypeAlias = "ssl.SSLContext | tuple[str, str | None] | Literal['adhoc'] | None"

# Where a developer's own machine is reached. A browser compares the address bar with these and ignores the CN.
_LOCAL_NAMES = ("localhost", "*.localhost", "127.0.0.1", "::1")


def make_ssl_context(spec: SSLContextSpec) -> ssl.SSLContext | None:
    """Turn the four forms of ``ssl_context`` into a context, or None for plain HTTP.

    Raises:
        TypeError: another form, or "adhoc" without the cryptography package.
        ValueError: a context that can only be a client's.
        OSError: a file that cannot be read or used; ssl.SSLError is one too.
    """
    if spec is None:
        return None
    if isinstance(spec, ssl.SSLContext):
        if spec.protocol == ssl.PROTOCOL_TLS_CLIENT:
            raise ValueError("ssl_context is a client's context; make it with ssl.PROTOCOL_TLS_SERVER")
        return spec
    if isinstance(spec, tuple):
        return load_ssl_context(*spec)
    if spec == "adhoc":
        return generate_adhoc_ssl_context()
    raise TypeError(
        f'ssl_context must be an ssl.SSLContext, a (certificate, key) pair of paths, "adhoc" or None, not {spec!r}'
    )


def load_ssl_context(
    cert_file: str,
    pkey_file: str | None = None,
    protocol: int | None = None,
    *,
    password: Callable[[], str | bytes] | str | bytes | None = None,
) -> ssl.SSLContext:
    """Make a context from PEM files.

    Args:
        cert_file: the certificate, followed by the intermediate ones.
        pkey_file: the private key; None when it is in ``cert_file``.
        protocol: one of ssl's ``PROTOCOL_`` numbers; ``PROTOCOL_TLS_SERVER`` when None.
        password: of the key. OpenSSL asks on the terminal when it needs one and this is None.
    Raises:
        ValueError: ``protocol`` is older than TLS 1.2.
        OSError: a file cannot be read; as ssl.SSLError, it cannot be used, or the two do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if protocol is None else protocol)
    # The protocols whose lowest version can be set; the others are one version each.
    if context.protocol in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    elif context.protocol != ssl.PROTOCOL_TLSv1_2:
        raise ValueError(f"{context.protocol.name} is older than TLS 1.2, the oldest version that is still safe")
    # A client that renegotiates over and over costs the server a hundred times what it costs itself.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(cert_file, pkey_file, password)
    return context


def generate_adhoc_ssl_context() -> ssl.SSLContext:
    """Make a context with a new self-signed certificate, which no browser trusts and nothing keeps.

    ssl reads keys from files only, so the key passes through one: encrypted with a password that exists in memory only,
    and gone before this returns. Whatever is left if the process is killed meanwhile opens nothing.
    """
    import secrets
    import tempfile

    certificate, key = generate_adhoc_ssl_pair()
    from cryptography.hazmat.primitives import serialization

    password = secrets.token_bytes(32).hex().encode()
    with tempfile.TemporaryDirectory(prefix="wsgiserve-") as directory:
        chain = Path(directory, "adhoc.pem")
        encrypted = _key_pem(key, serialization.BestAvailableEncryption(password))
        chain.write_bytes(encrypted + _certificate_pem(certificate))
        return load_ssl_context(str(chain), password=password)


def generate_adhoc_ssl_pair(cn: str | None = None) -> tuple[Certificate, RSAPrivateKey]:
    """Make a self-signed certificate, good for a year, and its key.

    Args:
        cn: a host name (``*.cn`` is covered too) or an address; None for this machine as it sees itself.
    Raises:
        TypeError: the cryptography package is not installed; the type and the text are werkzeug's.
    """
    from datetime import UTC, datetime, timedelta  # 1 ms, for this alone

    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError:
        raise TypeError("Using ad-hoc certificates requires the cryptography library.") from None

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Dummy Certificate"),
            x509.NameAttribute(NameOID.COMMON_NAME, cn or "*"),
        ]
    )
    names = [general_name(name) for name in (_LOCAL_NAMES if cn is None else _covered_by(cn))]
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=subject,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        # The clock of a container or a suspended laptop may be behind.
        not_valid_before=now - timedelta(hours=1),
        not_valid_after=now + timedelta(days=365),
    )
    builder = (
        builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        # Whoever trusts this certificate must not come to trust others that its key signs.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256()), key


def _covered_by(cn: str) -> list[str]:
    return [cn, f"*.{cn}"] if literal(cn) is None else [cn]


def general_name(name: str) -> GeneralName:
    """A host as certificates have it in subjectAltName."""
    from cryptography import x509

    address = literal(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def make_ssl_devcert(base_path: str, host: str | None = None, cn: str | None = None) -> tuple[str, str]:
    """Write a self-signed certificate and its key to keep, so that a browser has to be told only once to accept it.

    Args:
        base_path: of the files, ``.crt`` and ``.key`` are added; files of that name are replaced.
        host: what ``cn`` says, under another name; it wins over ``cn``.
        cn: see ``generate_adhoc_ssl_pair``.
    Returns:
        The paths of certificate and key. Only the user who runs this may read the key.
    """
    certificate, key = generate_adhoc_ssl_pair(cn=cn if host is None else host)
    from cryptography.hazmat.primitives import serialization

    cert_file, pkey_file = Path(f"{base_path}.crt"), Path(f"{base_path}.key")
    cert_file.write_bytes(_certificate_pem(certificate))
    # A new file, because an old one would keep its permissions.
    pkey_file.unlink(missing_ok=True)
    pkey_file.touch(mode=0o600, exist_ok=False)
    pkey_file.write_bytes(_key_pem(key, serialization.NoEncryption()))
    return str(cert_file), str(pkey_file)


def _certificate_pem(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: RSAPrivateKey, encryption: KeySerializationEncryption) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def is_ssl_error(error: BaseException | None = None) -> bool:
    """Is ``error``, or the exception being handled when it is None, one of ssl's?"""
    return isinstance(sys.exc_info()[1] if error is None else error, ssl.SSLError)
