"""Damages samples: inserts, removes and exchanges bytes where a parser has to decide something."""

from __future__ import annotations

import random
from collections.abc import Sequence

__all__ = ["damaged"]

# What parsers disagree about, put in at random places.
SPLINTERS = [bytes([byte]) for byte in b'\r\n\t\0\x0b\xff :;,/?=+_%"0a'] + [
    b"\r\n",
    b"\r\n\r\n",
    b"Host: b.example\r\n",
    b"X-A: 1\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
]


def damaged(seeds: Sequence[bytes], choose: random.Random) -> bytes:
    """One or two of ``seeds``, joined, cut and damaged in up to three places; the same for the same ``choose``."""
    data = choose.choice(seeds)
    if choose.random() < 0.3:
        data += choose.choice(seeds)
    for _ in range(choose.randint(0, 3)):
        at = choose.randint(0, len(data))
        rest = data[at + choose.randint(0, 3) :]
        other = choose.choice(seeds)
        middle = choose.choice(
            [choose.choice(SPLINTERS), choose.randbytes(1), b"", other[choose.randint(0, len(other)) :]]
        )
        data = data[:at] + middle + (rest if choose.random() < 0.9 else b"")
    return data
