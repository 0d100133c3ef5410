"""Messages 1 and 12 to 15: what is in the way of an address or a certificate."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

from wsgiserve.errors import UserError
from wsgiserve.holder import port_holder
from wsgiserve.messages.form import CANNOT_BIND, TLS

__all__ = ["address_not_here", "bad_certificate", "name_not_found", "port_denied", "port_in_use", "tls_extra"]


def port_in_use(host: str, port: int, argv: Sequence[str]) -> UserError:
    """Message 1. ``argv`` is the whole command as it was typed, of whichever program."""
    holder = port_holder(host, port)
    why = (
        f"process {holder.pid} ({holder.command}) is listening there."
        if holder
        else "another program is listening there."
    )
    stop = f"stop it (kill {holder.pid})" if holder else "stop it"
    other = port + 1 if port < 65535 else 8000
    fix = f"{stop}, or use another port:  {shlex.join(_with_port(argv, port, other))}"
    if sys.platform == "darwin" and port in (5000, 7000):
        fix += "\nAirPlay Receiver uses this port: System Settings › General › AirDrop & Handoff."
    return UserError("port-in-use", f"port {port} on {host} is already taken.", why=why, fix=fix, exit_code=CANNOT_BIND)


def _with_port(argv: Sequence[str], old: int, port: int) -> list[str]:
    """The command with another port, whichever way the old one was given: by a flag, or as a part of an address."""
    if argv[-1].endswith(f":{old}"):
        return [*argv[:-1], argv[-1].removesuffix(str(old)) + str(port)]
    kept: list[str] = []
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word in ("-p", "--port"):
            skip = True
        elif not word.startswith(("--port=", "-p")):
            kept.append(word)
    return [*kept, "--port", str(port)]


def port_denied(port: int) -> UserError:
    """Message 12."""
    grant = (
        ", or grant the right once:  sudo setcap cap_net_bind_service=+ep "
        f"$(readlink -f {shlex.quote(sys.executable)})   (affects every script run by that Python)"
    )
    privileged = port < 1024
    return UserError(
        "port-denied",
        f"not allowed to listen on port {port}.",
        why="ports below 1024 need extra rights on this system." if privileged else "the system does not permit it.",
        fix="use --port 8000" + (grant if privileged and sys.platform == "linux" else "."),
        exit_code=CANNOT_BIND,
    )


def address_not_here(host: str, addresses: Sequence[str]) -> UserError:
    """Message 13. ``addresses`` are those that this machine has."""
    here = ", ".join(addresses)
    suggestion = f"--host {addresses[-1]}, or " if addresses else ""
    return UserError(
        "address-not-here",
        f"cannot listen on {host}: this machine has no such address.",
        why=f"its addresses are {here}." if here else "none of its network interfaces has it.",
        fix=f"{suggestion}--host 0.0.0.0 for all.",
        exit_code=CANNOT_BIND,
    )


def name_not_found(host: str) -> UserError:
    """Message 13, for a name that stands for no address."""
    return UserError(
        "address-not-here",
        f"cannot listen on {host}: the name stands for no address.",
        why="neither the hosts file nor the name server knows it.",
        fix="--host 127.0.0.1 for this machine only, or --host 0.0.0.0 for all.",
        exit_code=CANNOT_BIND,
    )


def bad_certificate(cert: str, why: str, fix: str) -> UserError:
    """Message 14; ``certificates.py`` finds out which of its reasons it is."""
    return UserError("bad-certificate", f"cannot use certificate {cert}.", why=why, fix=fix, exit_code=TLS)


def tls_extra(option: str) -> UserError:
    """Message 15, for an option that makes certificates."""
    return UserError(
        "tls-extra",
        f'{option} needs the "tls" extra.',
        why="creating certificates uses the cryptography package, which is not installed.",
        fix="pip install 'wsgiserve[tls]'   (own files need nothing: --cert FILE --key FILE)",
        exit_code=TLS,
    )
