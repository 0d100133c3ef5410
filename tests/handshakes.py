"""TLS handshakes in memory."""

from __future__ import annotations

import ssl
from contextlib import suppress

__all__ = ["client_context", "handshake"]


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """Shake hands in memory; returns the client's end, or raises what the client or the server found wrong."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):  # each end has at most two turns of its own
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    assert ends[0].version(), "the handshake did not end"
    return ends[0]


def client_context(trusted: str | None = None) -> ssl.SSLContext:
    """A client that trusts one certificate, or looks at none."""
    context = ssl.create_default_context(cafile=trusted) if trusted else ssl._create_unverified_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context
