"""How much a client may send: bytes and numbers, each with the status that answers more of it.

Floor 1. Source: RFC 9112 §3 (at least 8,000 octets of request-line), RFC 9110 §15.5.14 to §15.5.15, RFC 6585 §5.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Limits"]


class Limits(NamedTuple):
    """Limits on one request."""

    request_line: int = 8190
    """Bytes without CRLF: 414. RFC 9112 §3 recommends 8,000 at least; this is what Apache takes."""
    field: int = 8190
    """Bytes of one field line: 431. As Apache; browsers stop a cookie at 4 KiB."""
    head: int = 65_536
    """Bytes of the field section: 431. A browser with many cookies sends 16 KiB."""
    fields: int = 100
    """Field lines: 431. As Apache and werkzeug."""
    body: int = 1 << 30
    """Bytes of content: 413. One GiB, as waitress: more than any form, less than any disk."""
    chunk_extensions: int = 16_384
    """Bytes of chunk extensions in one request: 400. Nobody uses them; attackers do, one per byte of content."""
