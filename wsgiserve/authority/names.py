"""Which names a certificate of this machine has, and which of them our authority may vouch for.

Source: RFC 6761 §6.3 (localhost and all names below it are this machine), RFC 9525 §6.3 and §7.1 (wildcards).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from wsgiserve.server.addresses import LOOPBACKS, WILDCARDS, literal

__all__ = ["DOMAIN", "NETWORKS", "is_local", "is_on_all_interfaces", "names_for"]

DOMAIN = "localhost"
NETWORKS = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))

# No client takes *.localhost: for all they know localhost is a registry as com is. Names below it have to be named.
_ALWAYS = (DOMAIN, *LOOPBACKS)


def names_for(hosts: Iterable[str]) -> tuple[str, ...]:
    """The names of a server that listens on these hosts; those that every certificate has come first."""
    named = (host.lower().rstrip(".") for host in hosts if host not in WILDCARDS)
    return tuple(dict.fromkeys([*_ALWAYS, *named]))


def is_on_all_interfaces(hosts: Iterable[str]) -> bool:
    """Whether other machines may connect by names that nobody has told."""
    return not WILDCARDS.keys().isdisjoint(hosts)


def is_local(name: str) -> bool:
    """Whether it can be no other machine's."""
    address = literal(name)
    if address is not None:
        return any(address in network for network in NETWORKS)
    return name == DOMAIN or name.endswith(f".{DOMAIN}")
