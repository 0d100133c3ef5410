"""What trusted proxies say of a request: who sent it, to which scheme, host and path.

Floor 2, pure: turns the environ of the connection with a proxy into that of the connection with its client. A field
that no trusted proxy has set is a claim of the client's, and is taken out, so that no application believes it by
accident.
Source: RFC 7239 (Forwarded; §7.4 for who may be believed); werkzeug's ProxyFix for X-Forwarded-Prefix and for the keys
of environ that are set.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11.grammar import HOST, TCHAR
from wsgiserve.wsgi.environ import Environ
from wsgiserve.wsgi.peers import ORIGINAL, Peers, address_of, is_claim

__all__ = ["SAYINGS", "ProxyHeaders"]

SAYINGS = ("for", "proto", "host", "port", "prefix", "forwarded")
"""What a proxy may be believed: X-Forwarded-For and so on; or RFC 7239's Forwarded."""

_FIELDS = {f"HTTP_X_FORWARDED_{saying.upper()}": saying for saying in SAYINGS[:-1]}
_FORWARDED = "HTTP_FORWARDED"

_CHANGED = (
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "REMOTE_HOST",
    "wsgi.url_scheme",
    "HTTPS",
    "HTTP_HOST",
    "SERVER_NAME",
    "SERVER_PORT",
    "SCRIPT_NAME",
)

# RFC 7239 §6: node = nodename [ ":" node-port ]; nodename = IPv4address / "[" IPv6address "]" / "unknown" / obfnode.
# Wider, because X-Forwarded-For has IPv6 addresses without brackets.
_NODE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)|(unknown|_[0-9A-Za-z._-]+))(?::([0-9]{1,5}|_[0-9A-Za-z._-]+))?")
_HIDDEN = re.compile(r"unknown|_[0-9A-Za-z._-]+")

# RFC 7239 §4: forwarded-pair = token "=" ( token / quoted-string ); pairs divided by ";", elements by ",".
_TOKEN = TCHAR.decode("ascii")
_PAIR = re.compile(rf'\s*({_TOKEN}+)=(?:({_TOKEN}+)|"((?:[^"\\]|\\.)*)")\s*([;,]|$)')

_MOUNT = re.compile(r"(?:/[!-\"$-.0->@-~]+)*/?")


class _Hop(NamedTuple):
    """What one proxy tells of whoever has connected to it; empty where it tells nothing.

    ``address`` is the node as it is told, with a port maybe, until somebody has looked at it.
    """

    address: str = ""
    port: str = ""
    proto: str = ""
    host: str = ""
    server_port: str = ""
    prefix: str = ""


class ProxyHeaders:
    """Which proxies are believed, and what.

    Args:
        trusted: see ``Peers``.
        sayings: of ``SAYINGS``, those that they set themselves in every request, whatever their client has sent.
    Raises:
        ValueError: no network; or ``forwarded`` beside others.
    """

    def __init__(self, trusted: Iterable[str], sayings: Collection[str]) -> None:
        self._proxies = Peers(trusted)
        if "forwarded" in sayings and len(sayings) > 1:
            raise ValueError("a proxy sets Forwarded or X-Forwarded-*; what it does not set is its client's claim")
        self._keys = (
            {_FORWARDED} if "forwarded" in sayings else {key for key, saying in _FIELDS.items() if saying in sayings}
        )

    def apply(self, environ: Environ) -> None:
        """Make it the environ of the client's own request.

        Raises:
            RemoteProtocolError: 400, a trusted proxy sent what is no value of its field.
        """
        told = list(filter(is_claim, environ))
        if not told:
            return
        environ[ORIGINAL] = {key: environ[key] for key in (*_CHANGED, *told) if key in environ}
        believed = self._keys if environ["REMOTE_ADDR"] in self._proxies else set()
        for key in told:
            if key not in believed:
                del environ[key]
        hops = _hops_of_forwarded(environ) if _FORWARDED in believed else _hops_of_fields(environ)
        if hops:
            _rewrite(environ, self._client(hops))

    def _client(self, hops: Sequence[_Hop]) -> _Hop:
        """The last one that is no trusted proxy. What stands before it are its own claims, and may be nonsense."""
        for hop in reversed(hops):
            client = _with_address(hop)
            if client.address not in self._proxies:
                break
        return client


# Reading


def _hops_of_fields(environ: Environ) -> list[_Hop]:
    """From X-Forwarded-*: the addresses, oldest first, and to each what else was said from that end of its list."""
    lists = {saying: _split(environ.get(key, "")) for key, saying in _FIELDS.items()}
    nodes = lists.pop("for")
    count = len(nodes) or int(any(lists.values()))
    hops = []
    for back in range(count, 0, -1):
        # Of a list that is shorter the oldest is meant: most proxies pass on what is there, or set it anew.
        said = {saying: values[-min(back, len(values))] if values else "" for saying, values in lists.items()}
        node = nodes[-back] if nodes else ""
        hops.append(_Hop(node, "", said["proto"], said["host"], said["port"], said["prefix"]))
    return hops


def _split(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]


def _hops_of_forwarded(environ: Environ) -> list[_Hop]:
    return [
        _Hop(element.get("for", ""), "", element.get("proto", ""), element.get("host", ""))
        for element in _elements(environ.get(_FORWARDED, ""))
    ]


def _elements(value: str) -> Iterable[dict[str, str]]:
    """The elements of a Forwarded field, names in lower case."""
    element: dict[str, str] = {}
    at = 0
    while at < len(value):
        match = _PAIR.match(value, at)
        name = match[1].lower() if match else ""
        if match is None or name in element:
            raise RemoteProtocolError("the proxy's Forwarded is not as RFC 7239 has it")
        element[name] = match[2] if match[2] is not None else re.sub(r"\\(.)", r"\1", match[3])
        at = match.end()
        if match[4] != ";":
            yield element
            element = {}


def _with_address(hop: _Hop) -> _Hop:
    """With address and port apart; ``unknown`` and names that hide an address (RFC 7239 §6.3) are as good as one."""
    match = _NODE.fullmatch(hop.address)
    address = next(filter(None, match.group(1, 2, 3))) if match else hop.address
    if address and address_of(address) is None and not _HIDDEN.fullmatch(address):
        raise RemoteProtocolError("the proxy told of a client that is no address")
    return hop._replace(address=address, port=(match[4] or "") if match else "")


# Writing


def _rewrite(environ: Environ, hop: _Hop) -> None:
    if hop.address:
        environ["REMOTE_ADDR"] = environ["REMOTE_HOST"] = hop.address
        environ["REMOTE_PORT"] = hop.port if hop.port.isdigit() else "0"
    if hop.proto:
        _set_scheme(environ, hop.proto.lower())
    if hop.host:
        _set_host(environ, hop.host)
    if hop.server_port:
        _set_port(environ, hop.server_port)
    if hop.prefix:
        _set_prefix(environ, hop.prefix)


def _set_scheme(environ: Environ, scheme: str) -> None:
    if scheme not in ("http", "https"):
        raise RemoteProtocolError("the proxy told of a scheme that is neither http nor https")
    environ["wsgi.url_scheme"] = scheme
    environ.pop("HTTPS", None)
    if scheme == "https":
        environ["HTTPS"] = "on"


def _set_host(environ: Environ, host: str) -> None:
    if not HOST.fullmatch(host.encode("latin-1")):
        raise RemoteProtocolError("the proxy told of a host that is none")
    name, port = _name_and_port(host)
    environ["HTTP_HOST"], environ["SERVER_NAME"] = host, name
    environ["SERVER_PORT"] = port or {"http": "80", "https": "443"}[environ["wsgi.url_scheme"]]


def _set_port(environ: Environ, port: str) -> None:
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise RemoteProtocolError("the proxy told of a port that is none")
    environ["SERVER_PORT"] = port
    if "HTTP_HOST" in environ:
        name, _ = _name_and_port(environ["HTTP_HOST"])
        is_usual = {"http": "80", "https": "443"}[environ["wsgi.url_scheme"]] == port
        environ["HTTP_HOST"] = name if is_usual else f"{name}:{port}"


def _name_and_port(host: str) -> tuple[str, str]:
    """Brackets of an IPv6 address stay, as in SERVER_NAME (RFC 3875 §4.1.14)."""
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and not port.endswith("]") else (host, "")


def _set_prefix(environ: Environ, prefix: str) -> None:
    if not _MOUNT.fullmatch(prefix):
        raise RemoteProtocolError("the proxy told of a prefix that is no path")
    environ["SCRIPT_NAME"] = prefix.rstrip("/") + environ["SCRIPT_NAME"]
