"""What is in the way of a local authority and of those who are to trust it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from wsgiserve.errors import UserError
from wsgiserve.messages.form import TLS

__all__ = ["mkcert_failed", "no_trust_store", "tls_folder", "tls_host", "trust_store"]

_PACKAGES = {"certutil": "apt install libnss3-tools   (Fedora: dnf install nss-tools; macOS: brew install nss)"}


def tls_host(host: str) -> UserError:
    """A host that the local authority may not vouch for."""
    return UserError(
        "tls-host",
        f"--tls has no certificate for {host}.",
        why="its authority vouches for this machine alone: localhost, names below it, 127.0.0.0/8 and ::1.",
        fix="leave --host out, or bring a certificate:  --cert FILE --key FILE\n"
        "Where mkcert is set up, --tls uses it, and any name will do.",
        exit_code=TLS,
    )


def tls_folder(folder: str, error: Exception) -> UserError:
    """The place for the authority's files is not to be used."""
    why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return UserError(
        "tls-folder",
        f"cannot keep certificates in {folder}.",
        why=f"{why.rstrip('.')}.",
        fix="let this user write there, or delete it; XDG_DATA_HOME names another place.",
        exit_code=TLS,
    )


def mkcert_failed(said: str, command: Sequence[str]) -> UserError:
    """mkcert is set up, and does not sign."""
    return UserError(
        "mkcert-failed",
        "mkcert did not make a certificate.",
        why=f"{said.rstrip('.')}.",
        fix=f"see whether it works by itself:  {shlex.join(command)}",
        exit_code=TLS,
    )


def trust_store(places: Sequence[str], said: str, command: str, *, missing: str = "") -> UserError:
    """Stores that did not take the authority, or did not let go of it.

    Args:
        said: what was said about the first of them.
        command: the one that failed.
        missing: the program that is not installed, if it is that.
    """
    return UserError(
        "trust-store",
        f"could not change what is trusted in {', '.join(places)}.",
        why=f"{said.rstrip('.')}.",
        fix=f"{_PACKAGES.get(missing, f'install {missing}')}, then again." if missing else f"by hand:  {command}",
        exit_code=TLS,
    )


def no_trust_store(root: str) -> UserError:
    """There is nothing to put the authority into."""
    return UserError(
        "trust-store",
        "there is no store of trusted authorities on this machine.",
        why="neither the system's nor a browser's is in any of the usual places.",
        fix=f"import {root} into the settings of the browser that you use.",
        exit_code=TLS,
    )
