"""What is wrong with a certificate file, in words; and until when it is good.

OpenSSL's errors name functions and reasons, not files and remedies; this looks at the files and finds out.
Source: RFC 5280 §4.1 (structure of a certificate, §4.1.2.5 validity), X.690 (DER), RFC 7468 (PEM).
"""

from __future__ import annotations

import shlex
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from wsgiserve import messages
from wsgiserve.errors import UserError

__all__ = ["expiry", "explain", "refuse_expired"]

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"

_MAKE_ONE = "--tls makes a local one for you."

# DER tags (X.690 §8): what stands before the validity in a certificate, and the two ways to write a date.
_CONTEXT_0, _UTC_TIME = 0xA0, 0x17


def explain(cert: str, key: str | None, error: Exception) -> UserError:
    """Why a context could not be made of these files."""
    why, fix = _reason(cert, key, error)
    return messages.bad_certificate(cert, why, fix)


def _reason(cert: str, key: str | None, error: Exception) -> tuple[str, str]:
    look = f"openssl x509 -in {shlex.quote(cert)} -text shows what it is."
    try:
        certificate = Path(cert).read_text("latin-1")
    except OSError as unreadable:
        return _unreadable("the file", unreadable)
    try:
        private = Path(key).read_text("latin-1") if key else certificate
    except OSError as unreadable:
        return _unreadable(f"its key {key}", unreadable)
    if _BEGIN not in certificate:
        return "it is not PEM.", look
    if "PRIVATE KEY-----" not in private:
        name_it = f"name the file that has it:  --cert {shlex.quote(cert)} --key FILE"
        return (f"its key {key} is not PEM." if key else "there is no private key in it."), name_it
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        plain = f"openssl pkey -in {shlex.quote(key or cert)} -out plain.pem"
        return "the key is encrypted.", f"{plain}  takes the password off; then --key plain.pem"
    reason = getattr(error, "reason", None) or str(error)
    if reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
        return f"its key does not match {key or cert}.", look
    return f"OpenSSL says: {reason}.", look


def _unreadable(what: str, error: OSError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError):
        return f"{what} does not exist.", _MAKE_ONE
    reason = (error.strerror or str(error)).lower()
    return f"{what} cannot be read: {reason}.", "name a file that the user who runs this may read."


def refuse_expired(cert: str, now: datetime | None = None) -> None:
    """Raise the message for a certificate whose time is over.

    Raises:
        UserError: it has expired. Clients would refuse it, and say so in words that nobody understands.
    """
    end = expiry(Path(cert).read_text("latin-1"))
    if end is not None and end < (now or datetime.now(UTC)):
        raise messages.bad_certificate(cert, f"it expired on {end:%Y-%m-%d}.", _MAKE_ONE)


def expiry(pem: str) -> datetime | None:
    """``notAfter`` of the first certificate in a PEM text; None if there is none that can be read."""
    start, end = pem.find(_BEGIN), pem.find(_END)
    if start < 0 or end < 0:
        return None
    try:
        der = ssl.PEM_cert_to_DER_cert(pem[start : end + len(_END)])
        certificate = next(_elements(der))[1]
        fields = _elements(next(_elements(certificate))[1])
        # version [0] (if it is not 1), serialNumber, signature, issuer, validity
        tag, _ = next(fields)
        for _ in range(2 + (tag == _CONTEXT_0)):
            next(fields)
        _, (tag, date) = _elements(next(fields)[1])
    except (ValueError, IndexError, StopIteration):
        return None
    return _date(tag, date.decode("latin-1"))


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element of a DER sequence's content."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size]), at + size
        yield tag, der[at : at + length]
        at += length


def _date(tag: int, text: str) -> datetime | None:
    # RFC 5280 §4.1.2.5.1: of UTCTime's two digits for the year, 50 and above are of the last century; strptime divides
    # at 69, and no certificate of the years between is in use.
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
