"""Certificates and keys as files, good and bad."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest


def write_pair(cert: str, key: str, *, end: datetime | None = None, password: bytes | None = None) -> None:
    """A certificate and its key.

    Args:
        end: of the certificate's time; tomorrow by default.
        password: of the key; none by default.
    """
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        KeySerializationEncryption,
        NoEncryption,
        PrivateFormat,
    )
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.test")])
    end = end or datetime.now(UTC) + timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(end - timedelta(days=30))
        .not_valid_after(end)
        .sign(private, hashes.SHA256())
    )
    Path(cert).write_bytes(certificate.public_bytes(Encoding.PEM))
    protection: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
    Path(key).write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))
