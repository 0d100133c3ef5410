"""Where the authority and its certificates are kept: a folder of the user that nobody else may read.

``authority.pem`` is the issuer's key with both certificates; ``root.pem`` is what browsers are to trust, taken from it.
Each certificate of a server is one file with its key, named after what it was made for. Files are replaced as a whole
and made one process at a time, so that two servers which start at once serve the same.
Source: XDG Base Directory Specification, flock(2), rename(2).
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import os
import platform
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from wsgiserve import messages
from wsgiserve.certificates import expiry

__all__ = ["Folder", "Root", "default_folder"]

# A third of a certificate's life: whoever starts a server once a month has no expired one.
_RENEW_BEFORE = timedelta(days=30)

_BEGIN = "-----BEGIN CERTIFICATE-----"


class Root(NamedTuple):
    """The certificate that is trusted, or is to be."""

    file: Path
    pem: str

    @property
    def id(self) -> str:
        """Eight digits of its SHA-256 fingerprint, enough to tell it from others."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pem)).hexdigest()[:8]

    @property
    def name(self) -> str:
        """What stores that know certificates by names know it by."""
        return f"wsgiserve local authority {self.id}"


def default_folder() -> Path:
    """Where data of this user belongs that no program may lose."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "wsgiserve" / "tls"
    # The specification: what is not absolute is as good as not set.
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (data if data.is_absolute() else Path.home() / ".local" / "share") / "wsgiserve" / "tls"


class Folder:
    """The folder and what is in it.

    Args:
        path: need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._authority = path / "authority.pem"
        self._root = path / "root.pem"
        self._trusted = path / "trusted"

    def root(self) -> Root | None:
        """The authority's root; None if there is no authority.

        Raises:
            UserError: there is something else in its place.
        """
        try:
            root = Root(self._root, self._root.read_text("latin-1"))
            ssl.PEM_cert_to_DER_cert(root.pem)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise messages.tls_folder(str(self.path), error) from error
        return root

    @property
    def is_trusted(self) -> bool:
        """Whether the authority was put among those that are trusted, as far as we know."""
        return self._trusted.exists()

    def note_trust(self, trusted: bool) -> None:
        """Remember it."""
        if trusted:
            self._trusted.touch()
        else:
            self._trusted.unlink(missing_ok=True)

    def make_authority(self, now: datetime | None = None) -> Root:
        """The root of the authority, which is made if there is none, or if its time is over.

        Raises:
            UserError: the folder is not to be used, or cryptography is not installed.
        """
        with self._locked():
            return self._make_authority(now or datetime.now(UTC))

    def certificate(self, names: Sequence[str], now: datetime | None = None) -> Path:
        """The file with a certificate of ours for these names, and its key; at least 30 days are left of its time.

        Raises:
            UserError: as ``make_authority``.
        """
        now = now or datetime.now(UTC)
        with self._locked():
            root = self._make_authority(now)
            return self._kept(root.pem, names, now, lambda: self._issue(names, now))

    def kept(self, authority: str, names: Sequence[str], make: Callable[[], bytes]) -> Path:
        """The same for the authority of somebody else, which is asked if there is none of its certificates here.

        Args:
            authority: its root, in PEM.
            make: asks for a certificate and its key, in PEM.
        Raises:
            UserError: the folder is not to be used; and what ``make`` raises.
        """
        with self._locked():
            return self._kept(authority, names, datetime.now(UTC), make)

    def remove(self) -> None:
        """Delete everything in it."""
        if not self.path.exists():
            return
        with self._locked():
            for file in self.path.iterdir():
                file.unlink()
        self.path.rmdir()

    def _make_authority(self, now: datetime) -> Root:
        pem = self._authority.read_text("latin-1") if self._authority.exists() else ""
        end = expiry(pem)
        if end is None or end < now + _RENEW_BEFORE:
            pem = _new_authority(now)
            self.note_trust(False)
            self._write(self._authority, pem.encode())
        root = Root(self._root, _BEGIN + pem.rpartition(_BEGIN)[2])  # the last one in it
        if not self._root.exists() or self._root.read_text("latin-1") != root.pem:
            self._write(self._root, root.pem.encode(), mode=0o644)
        return root

    def _kept(self, authority: str, names: Sequence[str], now: datetime, make: Callable[[], bytes]) -> Path:
        made_for = hashlib.sha256("\n".join([authority, *names]).encode()).hexdigest()[:16]
        file = self.path / f"server-{made_for}.pem"
        end = expiry(file.read_text("latin-1")) if file.exists() else None
        if end is None or end < now + _RENEW_BEFORE:
            self._write(file, make())
        return file

    def _issue(self, names: Sequence[str], now: datetime) -> bytes:
        with _needs_cryptography():
            from wsgiserve.authority.signing import Authority

            try:
                return Authority.from_pem(self._authority.read_bytes()).issue(names, now)
            except ValueError as error:  # not what we wrote
                raise messages.tls_folder(str(self.path), error) from error

    def _write(self, file: Path, content: bytes, mode: int = 0o600) -> None:
        descriptor, name = tempfile.mkstemp(dir=self.path)  # readable for its owner alone
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, mode)
        Path(name).replace(file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone in the folder, which is made if it is not there."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            descriptor = os.open(self.path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)
        except OSError as error:
            raise messages.tls_folder(str(self.path), error) from error


def _new_authority(now: datetime) -> str:
    with _needs_cryptography():
        from wsgiserve.authority.signing import Authority

        return Authority.make(f"{_user()}@{platform.node()}", now).to_pem().decode()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container, run under a number that has no name
        return str(os.getuid())


@contextmanager
def _needs_cryptography() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise messages.tls_extra("--tls") from error
