"""From a Config to listening sockets and a TLS context; whatever is in the way becomes a message for a person.

The errors of the operating system are told apart here and nowhere else: by errno, and by the host that ``bind_hosts``
names in ``filename``. The words for the usual ones are in ``messages.py``.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wsgiserve import messages
from wsgiserve.errors import UserError
from wsgiserve.server.addresses import LOOPBACKS, get_interface_ip, select_address_family
from wsgiserve.server.sockets import bind_hosts, bind_unix, from_fd
from wsgiserve.server.tls import generate_adhoc_ssl_context, load_ssl_context

if TYPE_CHECKING:
    import ssl

    from wsgiserve.config import Config

__all__ = ["load_certificate", "open_listeners"]

_CANNOT_BIND = 4  # exit code, docs/cli.md

_NOT_HERE = frozenset([errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])


def load_certificate(config: Config) -> ssl.SSLContext | None:
    """The context for ``--cert`` and ``--key``; None for plain HTTP.

    Raises:
        UserError: the files are not to be used, or a certificate cannot be made up.
    """
    if config.cert is None:
        return None
    from wsgiserve import certificates  # ssl and more, which plain HTTP need not wait for

    if config.cert == "adhoc":
        return _adhoc()
    try:
        context = load_ssl_context(config.cert, config.key, password=_no_password)
    except (OSError, ValueError) as error:
        raise certificates.explain(config.cert, config.key, error) from error
    certificates.refuse_expired(config.cert)
    return context


def _adhoc() -> ssl.SSLContext:
    try:
        return generate_adhoc_ssl_context()
    except TypeError as error:
        raise messages.tls_extra("--cert adhoc") from error


def _no_password() -> str:
    # OpenSSL would ask on the terminal in the middle of everything, or wait for ever where there is none.
    raise ValueError("the key is encrypted")


def open_listeners(config: Config, argv: Sequence[str]) -> list[socket.socket]:
    """The sockets to accept on: the inherited one, the unix socket, or one for each host.

    Raises:
        UserError: an address is not to be had.
    """
    if config.fd is not None:
        return [_inherited(config.fd)]
    if config.uds is not None:
        return [_unix(config.uds)]
    try:
        return bind_hosts(config.host, config.port, optional=config.optional_hosts())
    except OSError as error:
        raise _explain(error, str(error.filename), config.port, argv) from error


def _explain(error: OSError, host: str, port: int, argv: Sequence[str]) -> UserError:
    if error.errno == errno.EADDRINUSE:
        return messages.port_in_use(host, port, argv)
    if error.errno in (errno.EACCES, errno.EPERM):
        return messages.port_denied(port)
    if isinstance(error, socket.gaierror):
        return messages.name_not_found(host)
    if error.errno in _NOT_HERE:
        return messages.address_not_here(host, _addresses())
    return UserError(
        "cannot-listen",
        f"cannot listen on {host} port {port}.",
        why=f"the system says: {error.strerror}.",
        fix="choose another --host or --port." + _scope_hint(host),
        exit_code=_CANNOT_BIND,
    )


def _scope_hint(host: str) -> str:
    """A link-local address is one on each interface; which one is meant has to be said (RFC 4007 §11)."""
    if not host.lower().startswith("fe80:") or "%" in host:
        return ""
    return f" An address that begins with fe80 needs the name of its interface:  --host {host}%eth0"


def _addresses() -> list[str]:
    """Of this machine, the one last that others reach it by."""
    found = [*LOOPBACKS, get_interface_ip(socket.AF_INET6), get_interface_ip(socket.AF_INET)]
    return [address for address in dict.fromkeys(found) if _is_here(address)]


def _is_here(address: str) -> bool:
    try:
        with socket.socket(select_address_family(address, 0), socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _unix(path: str) -> socket.socket:
    try:
        return bind_unix(path)
    except OSError as error:
        raise UserError(
            "uds-denied",
            f"cannot listen on the unix socket {path}.",
            why=_why_not_unix(error, path),
            fix=_mend_unix(error, path),
            exit_code=_CANNOT_BIND,
        ) from error


def _why_not_unix(error: OSError, path: str) -> str:
    if error.errno != errno.EADDRINUSE:
        return f"the system says: {error.strerror or error}."
    if Path(path).is_dir():
        return "it is a directory."
    return "another program listens there." if Path(path).is_socket() else "there is a file that is no socket."


def _mend_unix(error: OSError, path: str) -> str:
    if error.errno == errno.ENOENT:
        return f"make the directory ({Path(path).parent}), or choose another path with --uds."
    if error.errno == errno.EADDRINUSE and Path(path).is_socket():
        return "stop the program that listens there, or choose another path with --uds."
    return "choose another path with --uds."


def _inherited(fd: int) -> socket.socket:
    try:
        return from_fd(fd)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(
            "bad-fd",
            f"cannot listen on file descriptor {fd}.",
            why=f"{reason}.",
            fix="whatever starts wsgiserve has to pass it a listening socket, as a systemd .socket unit does.",
            exit_code=_CANNOT_BIND,
        ) from error
