"""The certificate that ``--tls`` serves with, and what there is to say about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from wsgiserve import messages
from wsgiserve.authority.files import Folder, default_folder
from wsgiserve.authority.mkcert import find_mkcert
from wsgiserve.authority.names import is_local, is_on_all_interfaces, names_for

__all__ = ["LocalCertificate", "local_certificate"]


class LocalCertificate(NamedTuple):
    """A certificate that is ready to be served with."""

    file: Path
    """PEM: the certificate, the authority's below the root, and the key."""
    notes: tuple[str, ...] = ()
    """For the banner."""


def local_certificate(hosts: Sequence[str], allowed_hosts: Sequence[str] = ()) -> LocalCertificate:
    """A certificate of mkcert's authority, if there is one, or else of ours, which is made when it is first needed.

    Args:
        hosts: that the server listens on.
        allowed_hosts: other names of this machine.
    Raises:
        UserError: ours may not vouch for a host, cryptography is not installed, or there is no place to keep it.
    """
    folder, names = Folder(default_folder()), names_for([*hosts, *allowed_hosts])
    mkcert = find_mkcert()
    if mkcert is not None:
        return LocalCertificate(folder.kept(mkcert.pem, names, lambda: mkcert.issue(names)))
    others = [name for name in names if not is_local(name)]
    for name in names_for(hosts):
        if name in others:
            raise messages.tls_host(name)
    file = folder.certificate([name for name in names if name not in others])
    return LocalCertificate(file, tuple(_notes(folder, hosts, others)))


def _notes(folder: Folder, hosts: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    if others:
        yield f"the certificate is not for {', '.join(others)}: the local authority vouches for localhost alone."
    elif is_on_all_interfaces(hosts):
        yield "the certificate is for localhost alone: browsers on other machines refuse it."
    if not folder.is_trusted:
        yield "browsers do not trust the certificate yet:  wsgiserve tls install"
