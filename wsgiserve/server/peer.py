"""The environ keys of a connection: who is at its two ends, and what TLS knows of the client.

Floor 3: asks sockets, so that ``wsgi/environ.py`` need not. Asked once for a connection, at its first request.
Source: RFC 3875 §4.1.8 to §4.1.16 (REMOTE_*, SERVER_*); Apache mod_ssl for the names of SSL_*.
"""

from __future__ import annotations

import logging
import socket
import sys
from typing import TYPE_CHECKING, Any, TypeGuard

from wsgiserve.wsgi.peers import UNIX_PEER

if TYPE_CHECKING:
    import ssl

__all__ = ["peer_keys", "remote_address"]

log = logging.getLogger("wsgiserve")

Address = Any
"""What accept() and getsockname() give: (host, port, ...) or a path, which may be empty, or bytes."""


def remote_address(address: Address) -> tuple[str, str]:
    """REMOTE_ADDR and REMOTE_PORT; ``<local>`` and ``0`` for a unix socket."""
    if isinstance(address, tuple):
        return str(address[0]), str(address[1])
    return UNIX_PEER, "0"


def peer_keys(sock: socket.socket, address: Address, own_address: Address | None = None) -> dict[str, Any]:
    """REMOTE_* and SERVER_* of a connection, and SSL_* if it is one over TLS.

    Args:
        address: of the peer.
        own_address: that the client reached, if it is known already.
    """
    host, port = remote_address(address)
    name, server_port = _server_address(sock, sock.getsockname() if own_address is None else own_address)
    keys = {
        "REMOTE_ADDR": host,
        "REMOTE_PORT": port,
        "SERVER_NAME": name,
        "SERVER_PORT": server_port,
    }
    if host != UNIX_PEER:
        keys["REMOTE_HOST"] = host  # RFC 3875 §4.1.9: the address, when the name is not looked up
    if _is_tls(sock):
        keys.update(_tls_keys(sock))
    return keys


def _server_address(sock: socket.socket, address: Address) -> tuple[str, str]:
    if not isinstance(address, tuple):
        # PEP 3333 wants both never empty. A unix socket has no host and port; the scheme's port makes the URL
        # that an application puts together from them a valid one.
        return "localhost", "443" if _is_tls(sock) else "80"
    host = str(address[0])
    if ":" in host:
        # RFC 3875 §4.1.14: an IPv6 address stands in brackets. A zone means nothing to anybody else.
        host = f"[{host.partition('%')[0]}]"
    return host, str(address[1])


def _is_tls(sock: socket.socket) -> TypeGuard[ssl.SSLSocket]:
    """Where nobody has imported ssl, which takes 5 ms, no socket is one of ssl's."""
    return "ssl" in sys.modules and isinstance(sock, sys.modules["ssl"].SSLSocket)


def _tls_keys(sock: ssl.SSLSocket) -> dict[str, str]:
    cipher = sock.cipher()
    keys = {"SSL_PROTOCOL": sock.version() or "", "SSL_CIPHER": cipher[0] if cipher else ""}
    try:
        der = sock.getpeercert(binary_form=True)
    except ValueError:
        # As werkzeug logs it; the handshake is over, so this means the connection is.
        log.error("Cannot fetch SSL peer certificate info", exc_info=True)
        der = None
    keys["SSL_CLIENT_VERIFY"] = "SUCCESS" if der else "NONE"
    if der:
        import ssl  # is there already

        keys["SSL_CLIENT_CERT"] = ssl.DER_cert_to_PEM_cert(der)
        keys.update(_certificate_keys(sock.getpeercert() or {}))
    return keys


def _certificate_keys(certificate: Any) -> dict[str, str]:
    """The verified certificate's names; empty when the context asks for one without verifying it."""
    if not certificate:
        return {}
    return {
        "SSL_CLIENT_S_DN": _distinguished_name(certificate["subject"]),
        "SSL_CLIENT_I_DN": _distinguished_name(certificate["issuer"]),
        "SSL_CLIENT_M_SERIAL": certificate["serialNumber"],
        "SSL_CLIENT_V_START": certificate["notBefore"],
        "SSL_CLIENT_V_END": certificate["notAfter"],
    }


def _distinguished_name(name: Any) -> str:
    """``countryName=..,commonName=..`` in the certificate's order, special characters escaped (RFC 4514 §2.4)."""
    parts = [f"{key}={_escape(value)}" for relative in name for key, value in relative]
    return ",".join(parts)


def _escape(value: str) -> str:
    return "".join("\\" + character if character in ',+"\\<>;=' else character for character in value)
