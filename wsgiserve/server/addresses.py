"""What a host means: its address family, the address for ``bind``, and where this machine is reached.

Floor 3, asks the resolver and the routing table, opens nothing for listening. ``select_address_family``,
``get_sockaddr`` and ``get_interface_ip`` have werkzeug's names and answers.
Source: ip(7), ipv6(7), unix(7); werkzeug 3.1 ``serving``.
"""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

__all__ = [
    "LOOPBACKS",
    "WILDCARDS",
    "Address",
    "get_interface_ip",
    "get_sockaddr",
    "literal",
    "resolve",
    "select_address_family",
]

LOOPBACKS = ("127.0.0.1", "::1")
WILDCARDS = {"0.0.0.0": socket.AF_INET, "::": socket.AF_INET6}
"""All addresses of a family."""

Address = tuple[str, int] | tuple[str, int, int, int] | str
"""Of a TCP/IPv4, a TCP/IPv6 and a unix socket."""


def resolve(host: str, port: int) -> tuple[socket.AddressFamily, Address]:
    """Family and address to listen on: of a name the first IPv4 address, else the first one.

    Raises:
        OSError: there is no such name (socket.gaierror).
    """
    family = select_address_family(host, port)
    address = get_sockaddr(host, port, family)
    if address == (host, port) and host and not _is_ipv4(host):
        # A name without an IPv4 address. werkzeug gives up here; the name may have an IPv6 address.
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, socket.IPPROTO_TCP)[0]
        return found[0], found[4]  # type: ignore[return-value]  # typeshed allows for addresses without a port
    return family, address


def literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_ipv4(host: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        return False
    return True


def select_address_family(host: str, port: int) -> socket.AddressFamily:
    """``AF_UNIX`` for ``unix://path``, ``AF_INET6`` for an address with a colon, else ``AF_INET``; as werkzeug does."""
    if host.startswith("unix://"):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def get_sockaddr(host: str, port: int, family: socket.AddressFamily) -> Address:
    """The address for ``bind``; as werkzeug does: an absolute path, or the first that resolves, or what was given."""
    if family == getattr(socket, "AF_UNIX", None):
        return str(Path(host.partition("://")[2]).absolute())
    try:
        # A str goes through the codec for names of domains, whose import takes 1 ms; an address is none.
        name = host if literal(host) is None else host.encode()
        found = socket.getaddrinfo(name, port, family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except socket.gaierror:
        return host, port
    return found[0][4]  # type: ignore[return-value]  # typeshed allows for addresses without a port


def get_interface_ip(family: socket.AddressFamily) -> str:
    """This machine's address towards other machines, to show in place of ``0.0.0.0`` or ``::``; else the loopback."""
    # Any private address does: connecting a datagram socket sends nothing, it only asks the routing table.
    elsewhere = "fd7e:61c5:2d0a:1::1" if family == socket.AF_INET6 else "10.61.197.45"
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return "::1" if family == socket.AF_INET6 else "127.0.0.1"
