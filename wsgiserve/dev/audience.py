"""Who may see the developer's tools: somebody at this machine, who speaks for himself, and to this machine by name.

A proxy's requests are anybody's, whatever their address. And a page of another site can have its own name stand for
127.0.0.1 (DNS rebinding); its requests then come from this machine's browser, but with that name as Host.
Source: RFC 7239 and RFC 9110 §7.6.3 for what proxies add; RFC 6761 §6.3 for names below localhost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from wsgiserve.server.hints import Hint, host_refused
from wsgiserve.wsgi.peers import ORIGINAL, UNIX_PEER, Address, address_of, is_claim

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["Audience"]


class Audience:
    """The developer.

    Args:
        allowed_hosts: names that are this machine's too.
        warn: told when a host was refused that might be the developer's own.
    """

    def __init__(self, allowed_hosts: Collection[str], warn: Callable[[Hint], None]) -> None:
        self._allowed = {name.lower() for name in allowed_hosts}
        self._warn = warn

    def admits(self, environ: WSGIEnvironment) -> bool:
        """Whether the request is the developer's. ``environ`` is the server's, as no application has touched it."""
        if not _is_here(environ["REMOTE_ADDR"]) or any(map(_is_of_proxy, environ)):
            return False
        host = _name_of(environ.get("HTTP_HOST", ""))
        if self._is_ours(host, environ["SERVER_NAME"]):
            return True
        if host:
            self._warn(host_refused(host[:100]))
        return False

    def _is_ours(self, host: str, address: str) -> bool:
        """Whether a host is this machine; ``address`` is the one at which the client has reached it."""
        if host == "localhost" or host.endswith(".localhost") or host in self._allowed:
            return True
        literal = _address(host)
        return literal is not None and (literal == _address(address.strip("[]")) or literal.is_loopback)


def _is_of_proxy(key: str) -> bool:
    return key in ("HTTP_VIA", ORIGINAL) or is_claim(key)


def _is_here(peer: str) -> bool:
    address = _address(peer)
    return address.is_loopback if address is not None else peer == UNIX_PEER


def _name_of(host: str) -> str:
    """Host without its port, and without the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().removesuffix(".")


def _address(text: str) -> Address | None:
    return address_of(text.partition("%")[0])
