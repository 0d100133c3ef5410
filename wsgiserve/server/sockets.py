"""Listening sockets: from a host and port, a path or an inherited descriptor to something that accepts.

Floor 3. Every listener leaves here bound, listening and non-blocking, with the options that accepted sockets inherit.
Knows nothing of HTTP, TLS, Config or messages for people: an OSError goes out as it came, so that the caller can read
its errno; where several hosts were asked for, its ``filename`` says which one failed.
Source: tcp(7), ipv6(7), unix(7). Werkzeug's names for questions about addresses can be imported from here too.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wsgiserve.server.addresses import (
    LOOPBACKS,
    WILDCARDS,
    Address,
    get_interface_ip,
    get_sockaddr,
    literal,
    resolve,
    select_address_family,
)

__all__ = [
    "LISTEN_QUEUE",
    "LOOPBACKS",
    "Listener",
    "bind_hosts",
    "bind_tcp",
    "bind_unix",
    "from_fd",
    "get_interface_ip",
    "get_sockaddr",
    "listen",
    "own_address",
    "select_address_family",
    "unlink_unix",
]

# Connections that the kernel keeps until we accept them. werkzeug asks for 128, which a burst of clients overruns;
# the kernel silently lowers the number to its own limit (net.core.somaxconn).
LISTEN_QUEUE = 1024

# Of the name of a way to avoid congestion: TCP_CA_NAME_MAX of the kernel's <net/tcp.h>.
_CONGESTION_BYTES = 16

# How a machine says that it has no IPv6 (or no IPv4): no such family at all, or the family without its loopback.
_FAMILY_MISSING = frozenset({errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.EADDRNOTAVAIL})

# With port 0 the first socket learns a port that may be taken for the next address; then the system picks again.
_PORT_TRIES = 16


class Listener(socket.socket):
    """A listening socket; what it accepts is made of the numbers that are known of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kind = int(self.family), int(self.type), self.proto

    def accept(self) -> tuple[socket.socket, Any]:
        """As the base class, which makes members of enumerations of the numbers first: 1.7 of 2.5 µs."""
        fileno, address = self._accept()  # type: ignore[attr-defined]  # of which the base class makes accept(), too
        return socket.socket(*self._kind, fileno), address


class _UnixListener(Listener):
    """A unix socket that knows which file ``bind`` made for it, so that only that file is ever removed."""

    made: tuple[int, int, int]
    """Device and inode of the file, and the process that made it."""


def listen(host: str, port: int, fd: int | None = None) -> list[socket.socket]:
    """Listen as werkzeug's servers are told to: on a descriptor if there is one, on ``unix://path``, or on a host."""
    if fd is not None:
        return [from_fd(fd)]
    if select_address_family(host, port) == getattr(socket, "AF_UNIX", None):
        return [bind_unix(host.partition("://")[2])]
    return bind_tcp(host, port)


def bind_tcp(host: str, port: int) -> list[socket.socket]:
    """Listen on one host.

    Args:
        host: an address or a name; ``localhost`` means both loopback addresses, whatever the resolver says, because
            browsers try ``::1`` first (RFC 6761 §6.3). For another name the first IPv4 address, else the first one.
        port: 0 lets the system pick; both loopbacks then get the same port.
    Raises:
        OSError: untouched, except that ``filename`` names the address.
    """
    return bind_hosts([host], port)


def bind_hosts(hosts: Sequence[str], port: int, *, optional: Sequence[str] = ()) -> list[socket.socket]:
    """Listen on several hosts, all on one port.

    Args:
        hosts: as for ``bind_tcp``; an address that turns up twice is bound once.
        port: 0 lets the system pick one that is free on all of them.
        optional: those of ``hosts`` to leave out silently when this machine lacks their address family.
    Raises:
        OSError: of the first host that failed, named in ``filename``; no socket stays open.
    """
    for _ in range(_PORT_TRIES - 1 if port == 0 else 0):
        try:
            return _bind_all(hosts, port, optional)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return _bind_all(hosts, port, optional)


def _bind_all(hosts: Sequence[str], port: int, optional: Sequence[str]) -> list[socket.socket]:
    listeners: dict[Address, socket.socket] = {}
    missing: OSError | None = None
    try:
        for host, may_miss in _expand(hosts, optional):
            try:
                _bind_once(host, port, listeners)
            except OSError as error:
                error.filename = host
                if not may_miss or error.errno not in _FAMILY_MISSING:
                    raise
                missing = error
        if missing and not listeners:
            raise missing
    except BaseException:
        for listener in listeners.values():
            listener.close()
        raise
    return list(listeners.values())


def _expand(hosts: Sequence[str], optional: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each host with "may be left out when this machine lacks its address family"."""
    for host in hosts:
        if host.lower() == "localhost":
            yield from ((loopback, True) for loopback in LOOPBACKS)
        else:
            yield host, host in optional


def _bind_once(host: str, port: int, listeners: dict[Address, socket.socket]) -> None:
    family, wanted = resolve(host, port)
    if wanted in listeners:
        return
    address = wanted
    if port == 0 and listeners:
        chosen = next(iter(listeners.values())).getsockname()[1]
        address = (wanted[0], chosen, *wanted[2:])
    listeners[wanted] = _listen_tcp(family, address)


def _listen_tcp(family: socket.AddressFamily, address: Address) -> socket.socket:
    listener = Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Lets a restarted server bind while connections of the old one are in TIME_WAIT. On Windows the same
            # option lets two programs take one port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Otherwise "::" would take the IPv4 port too, on some systems and not on others.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        _send_at_once(listener)
        return _activate(listener)
    except BaseException:
        listener.close()
        raise


def _activate(listener: socket.socket) -> socket.socket:
    if listener.family != getattr(socket, "AF_UNIX", None):
        # We write a response in as few pieces as possible, so Nagle's algorithm could only delay the last one.
        # Accepted sockets inherit the option, which saves a system call for each connection.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.listen(LISTEN_QUEUE)
    listener.setblocking(False)
    return listener


def _send_at_once(listener: socket.socket) -> None:
    """Have accepted sockets send without pauses, if it listens to this machine alone.

    BBR, if it is the system's way to avoid congestion, sends a packet and waits by a timer before the next one. Where
    there is no network, that only costs: a server on 127.0.0.1 sent 2,475 files of 1 MiB a second with BBR, and 5,190
    with Reno. Who has others' packets come to a loopback address (route_localnet) can listen on a wildcard, or pass a
    listener of his own, which is left as it is.
    """
    if sys.platform != "linux":
        return
    address = own_address(listener)
    host = literal(address[0]) if address is not None else None
    if host is None or not host.is_loopback:
        return
    with suppress(OSError):  # not one of tcp_allowed_congestion_control, as it is unless somebody takes it out
        if listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, _CONGESTION_BYTES).startswith(b"bbr"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")


def bind_unix(path: str) -> socket.socket:
    """Listen on a unix socket; a file left over by a server that is gone is replaced.

    Raises:
        OSError: EADDRINUSE when somebody listens there, or when the file is no socket; others as ``bind`` raises them.
            ``filename`` is the absolute path.
    """
    path = str(Path(path).absolute())
    listener = _UnixListener(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _one_at_a_time(Path(path).parent):
            if _is_stale(path):
                Path(path).unlink()
            listener.bind(path)
            made = os.lstat(path)
            listener.made = (made.st_dev, made.st_ino, os.getpid())
            return _activate(listener)
    except OSError as error:
        listener.close()
        if error.errno is not None:  # a path that is too long is told without a number, and a name would spoil the text
            error.filename = path
        raise


def _is_stale(path: str) -> bool:
    """Is there a socket file that nobody listens on?"""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            probe.connect(path)
    except ConnectionRefusedError:
        return True
    except OSError:
        # Gone meanwhile, a queue that is full, a datagram socket, no permission: not ours to remove.
        return False
    return False


@contextmanager
def _one_at_a_time(directory: Path) -> Iterator[None]:
    """Two servers that start together must not both find the same stale file, or the second removes the first's.

    The lock is on the directory itself, so nothing is left behind; a file system without locks goes without.
    """
    import fcntl  # POSIX only, as unix sockets are

    descriptor = None
    try:
        with suppress(OSError):
            descriptor = os.open(directory, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def unlink_unix(sock: socket.socket) -> None:
    """Remove the file of a unix socket from ``bind_unix``, if it is still the one that we made.

    Call it before closing the socket: only an open socket keeps the inode's number from being given to another file.
    Does nothing for any other socket, for an inherited one, and in a forked child.
    """
    if not isinstance(sock, _UnixListener) or sock.fileno() < 0:
        return
    path = sock.getsockname()
    with suppress(FileNotFoundError):
        found = os.lstat(path)
        if (found.st_dev, found.st_ino, os.getpid()) == sock.made:
            Path(path).unlink()


def own_address(listener: socket.socket) -> Address | None:
    """The address of all connections that a listener accepts; None if it listens on all addresses of its family.

    A listener that the system makes stand for others (IP_TRANSPARENT, sk_lookup) goes by its own, too.
    """
    address: Address = listener.getsockname()
    return None if isinstance(address, tuple) and address[0] in WILDCARDS else address


def from_fd(fd: int) -> socket.socket:
    """Take over a listening socket that another process opened: a supervisor, systemd, or werkzeug's reloader.

    The descriptor belongs to the returned socket from now on and is closed with it; when this raises, it is left alone.

    Raises:
        OSError: there is no such descriptor, or it is not a socket.
        ValueError: it is a socket of another kind, or does not listen.
    """
    try:
        listener = Listener(fileno=fd)
    except OSError as error:
        reason = "is not a socket" if error.errno == errno.ENOTSOCK else "is not open"
        raise OSError(error.errno, f"file descriptor {fd} {reason}") from None
    if fault := _not_a_listener(listener):
        listener.detach()
        raise ValueError(f"file descriptor {fd} {fault}")
    return _activate(listener)


def _not_a_listener(sock: socket.socket) -> str:
    if sock.type != socket.SOCK_STREAM:
        return "is not a stream socket"
    try:
        listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        # Some systems cannot say. Then accept() will.
        return ""
    return "" if listens else "does not listen"
