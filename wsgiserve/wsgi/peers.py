"""Who is at the other end of a connection, who is trusted there, and which keys of environ speak of somebody else.

Floor 2, pure. What is made of such keys is the business of ``proxied.py``.
Source: RFC 7239 for Forwarded; X-Forwarded-* and X-Real-IP as nginx, HAProxy and others set them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

__all__ = ["ORIGINAL", "UNIX_PEER", "Address", "Peers", "address_of", "is_claim"]

# What werkzeug calls a client on a unix socket. Not 127.0.0.1: a proxy in front would make every visitor a local one.
UNIX_PEER = "<local>"

ORIGINAL = "wsgiserve.proxy.original"
"""Key of environ: what these keys were, and the fields that were taken out; there only if something was told."""

_CLAIMS = frozenset(["HTTP_FORWARDED", "HTTP_X_REAL_IP"])
_CLAIM_PREFIX = "HTTP_X_FORWARDED_"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Peers:
    """Who is trusted: ``address in peers``.

    Args:
        trusted: networks and addresses; ``unix`` for whoever connects to a unix socket.
    Raises:
        ValueError: no network.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        trusted = list(trusted)
        self._networks: list[Network] = [ipaddress.ip_network(one) for one in trusted if one != "unix"]
        self._unix = "unix" in trusted

    def __contains__(self, peer: str) -> bool:
        """``peer`` is as REMOTE_ADDR gives it."""
        address = address_of(peer)
        if address is None:
            return self._unix and peer == UNIX_PEER
        return any(address in network for network in self._networks)


def address_of(text: str) -> Address | None:
    """The address, an IPv4 one also where IPv6 maps it; None for what is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_claim(key: str) -> bool:
    """Whether a key of environ says for whom, or where, a request was that somebody has passed on."""
    return key in _CLAIMS or key.startswith(_CLAIM_PREFIX)
