"""The PROXY protocol: a line, or a few bytes, in which a proxy tells who its client is before anything else is said.

Floor 3, but pure: bytes in, an address out. Nothing behind the header is read: that is the client's.
Source: HAProxy's "The PROXY protocol, versions 1 & 2", §2.1 and §2.2.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import struct

from wsgiserve.errors import RemoteProtocolError

__all__ = ["client_of", "missing"]

#   "PROXY" SP ( "TCP4" / "TCP6" ) SP address SP address SP port SP port CRLF       or "PROXY UNKNOWN" anything CRLF
_V1 = re.compile(rb"PROXY (?:TCP[46] ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) ([0-9]{1,5}) ([0-9]{1,5})|UNKNOWN[^\r\n]*)\r\n")
_V1_START = b"PROXY "
_V1_MOST = 107

_V2_START = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_HEAD = 16
# Addresses take 36 bytes, those of unix sockets 216; the rest is what proxies add of certificates and names.
_V2_MOST = 4096
_LOCAL, _PROXY = 0x20, 0x21
_TCP4, _TCP6 = 0x11, 0x21

# The shortest header of all: "PROXY UNKNOWN" CRLF.
_SHORTEST = 15


def missing(data: bytes) -> int:
    """How many bytes of the header are still to come, at least; 0 when it is whole.

    Raises:
        RemoteProtocolError: it is none.
    """
    if not (data.startswith((_V1_START, _V2_START)) or _V1_START.startswith(data) or _V2_START.startswith(data)):
        raise RemoteProtocolError("the connection does not begin with a PROXY header")
    if len(data) < _SHORTEST:
        return _SHORTEST - len(data)
    return _missing_of_v2(data) if data.startswith(_V2_START) else _missing_of_v1(data)


def _missing_of_v1(data: bytes) -> int:
    if data.endswith(b"\r\n"):
        return 0
    if len(data) >= _V1_MOST:
        raise RemoteProtocolError("the PROXY header is longer than 107 bytes")
    return 1 if data.endswith(b"\r") else 2


def _missing_of_v2(data: bytes) -> int:
    if len(data) < _V2_HEAD:
        return _V2_HEAD - len(data)
    length = int.from_bytes(data[14:_V2_HEAD], "big")
    if length > _V2_MOST:
        raise RemoteProtocolError(f"the PROXY header is longer than {_V2_MOST} bytes")
    return _V2_HEAD + length - len(data)


def client_of(data: bytes) -> tuple[str, int] | None:
    """Address and port of the client in a whole header; None when the proxy speaks for itself, or does not know.

    Raises:
        RemoteProtocolError: it is none.
    """
    return _client_of_v2(data) if data.startswith(_V2_START) else _client_of_v1(data)


def _client_of_v1(data: bytes) -> tuple[str, int] | None:
    match = _V1.fullmatch(data)
    if match is None:
        raise RemoteProtocolError("the PROXY header is none of version 1")
    if match[1] is None:
        return None
    family = {b"4": ipaddress.IPv4Address, b"6": ipaddress.IPv6Address}[data[9:10]]
    try:
        source, _ = family(match[1].decode("ascii")), family(match[2].decode("ascii"))
    except ValueError:
        raise RemoteProtocolError("an address in the PROXY header is none") from None
    if int(match[3]) > 65535 or int(match[4]) > 65535:
        raise RemoteProtocolError("a port in the PROXY header is none")
    return str(source), int(match[3])


def _client_of_v2(data: bytes) -> tuple[str, int] | None:
    command, transport = data[12], data[13]
    if command == _LOCAL:
        return None  # a health check of the proxy's own
    if command != _PROXY:
        raise RemoteProtocolError("the PROXY header is of an unknown version or command")
    if transport not in (_TCP4, _TCP6):
        return None  # unspecified, or of a unix socket, which says nothing to others
    family, size = (socket.AF_INET, 4) if transport == _TCP4 else (socket.AF_INET6, 16)
    if len(data) < _V2_HEAD + 2 * size + 4:
        raise RemoteProtocolError("the PROXY header is too short for its addresses")
    (port,) = struct.unpack_from(">H", data, _V2_HEAD + 2 * size)
    return socket.inet_ntop(family, data[_V2_HEAD : _V2_HEAD + size]), port
