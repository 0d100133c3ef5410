"""Where programs of this machine keep the authorities that they trust, and how one gets in and out again.

A store is changed by the program that belongs to it, never by writing into its files. Its commands are data: they are
shown before they run, and again if one fails.
Source: update-ca-certificates(8), update-ca-trust(8), certutil(1) of NSS, security(1) of macOS; Chromium's
"Linux Cert Management" and Mozilla's "CA/AddRootToFirefox" for the places.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from wsgiserve.authority.files import Root
from wsgiserve.authority.programs import ProgramFailed, as_root, run

__all__ = ["BrowserStore", "Keychain", "Store", "SystemStore", "find_stores"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser")

# Below the home directory: databases of Chromium and its kin, the first being the one they make themselves; then
# folders with profiles of Firefox, as packages, Snap and Flatpak keep them, and macOS.
_DATABASES = (".pki/nssdb", ".local/share/pki/nssdb", "snap/chromium/current/.pki/nssdb")
_PROFILES = (
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
    "Library/Application Support/Firefox/Profiles",
)

Commands = list[list[str]]


class Store(Protocol):
    """One place with trusted authorities."""

    @property
    def kind(self) -> str:
        """The word for ``--only``."""

    @property
    def place(self) -> Path:
        """Its file or folder."""

    @property
    def program(self) -> str:
        """What it is changed with."""

    def is_open(self) -> bool:
        """Whether what is needed to look into it is installed."""

    def has(self, root: Root) -> bool:
        """Whether it trusts this authority."""

    def add(self, root: Root) -> Commands:
        """What makes it trust this authority."""

    def remove(self, root: Root) -> Commands:
        """What makes it forget this authority."""


class SystemStore(NamedTuple):
    """The system's own, on Linux: curl, wget, git and most other programs look there.

    Args:
        place: the folder for what the administrator adds.
        program: makes what is there count.
        added: its arguments when a file has come.
        removed: the same when one has gone.
        suffix: that it wants of a file's name.
    """

    place: Path
    program: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    suffix: str = "crt"
    kind: str = "system"

    def is_open(self) -> bool:
        """See Store; everybody may read its files."""
        return True

    def has(self, root: Root) -> bool:
        """See Store."""
        try:
            return self._file(root).read_text("latin-1") == root.pem
        except OSError:
            return False

    def add(self, root: Root) -> Commands:
        """See Store."""
        return [as_root(["install", "-m", "644", str(root.file), str(self._file(root))]), self._count(self.added)]

    def remove(self, root: Root) -> Commands:
        """See Store."""
        return [as_root(["rm", "-f", str(self._file(root))]), self._count(self.removed)]

    def _count(self, arguments: Sequence[str]) -> list[str]:
        return as_root([self.program, *arguments])

    def _file(self, root: Root) -> Path:
        return self.place / f"wsgiserve-{root.id}.{self.suffix}"


_SYSTEMS = (
    # Debian, Ubuntu, Alpine. Without --fresh the link to the file that has gone stays.
    SystemStore(Path("/usr/local/share/ca-certificates"), "update-ca-certificates", (), ("--fresh",)),
    # Fedora and its kin; Arch; openSUSE.
    SystemStore(Path("/etc/pki/ca-trust/source/anchors"), "update-ca-trust", ("extract",), ("extract",), "pem"),
    SystemStore(Path("/etc/ca-certificates/trust-source/anchors"), "trust", ("extract-compat",), ("extract-compat",)),
    SystemStore(Path("/usr/share/pki/trust/anchors"), "update-ca-certificates", (), (), "pem"),
)


class BrowserStore(NamedTuple):
    """A database of NSS: of Chromium and its kin on Linux, or of one profile of Firefox."""

    place: Path
    program: str = "certutil"
    kind: str = "browsers"

    def is_open(self) -> bool:
        """See Store."""
        return shutil.which(self.program) is not None

    def has(self, root: Root) -> bool:
        """See Store."""
        try:
            kept = run([*self._certutil("-L"), "-n", root.name, "-a"])
        except ProgramFailed:
            return False
        return "".join(kept.split()) == "".join(root.pem.split())

    def add(self, root: Root) -> Commands:
        """See Store; a database that is not there yet is made, without a password, as browsers make it."""
        new = [["mkdir", "-p", "-m", "700", str(self.place)], [*self._certutil("-N"), "--empty-password"]]
        # C: trusted to sign certificates of servers, and nothing else.
        trust = [*self._certutil("-A"), "-t", "C,,", "-n", root.name, "-i", str(root.file)]
        return [*([] if (self.place / "cert9.db").exists() else new), trust]

    def remove(self, root: Root) -> Commands:
        """See Store."""
        return [[*self._certutil("-D"), "-n", root.name]]

    def _certutil(self, what: str) -> list[str]:
        return [self.program, what, "-d", f"sql:{self.place}"]


class Keychain(NamedTuple):
    """The login keychain of macOS: Safari, Chrome and most other programs look there."""

    place: Path
    program: str = "security"
    kind: str = "system"

    def is_open(self) -> bool:
        """See Store; it is part of macOS."""
        return True

    def has(self, root: Root) -> bool:
        """See Store."""
        try:
            kept = run([self.program, "find-certificate", "-a", "-p", str(self.place)])
        except ProgramFailed:
            return False
        return "".join(root.pem.split()) in "".join(kept.split())

    def add(self, root: Root) -> Commands:
        """See Store; macOS asks for the user's password itself."""
        trust = [self.program, "add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-k", str(self.place)]
        return [[*trust, str(root.file)]]

    def remove(self, root: Root) -> Commands:
        """See Store."""
        return [[self.program, "remove-trusted-cert", str(root.file)]]


def find_stores(home: Path, kinds: Sequence[str] = ()) -> list[Store]:
    """The stores of this machine and of the user with this home directory.

    Args:
        kinds: ``system`` or ``browsers``; all by default.
    """
    return [store for store in _find(home) if not kinds or store.kind in kinds]


def _find(home: Path) -> Iterator[Store]:
    if sys.platform == "darwin":
        yield Keychain(home / "Library" / "Keychains" / "login.keychain-db")
    else:
        yield from [store for store in _SYSTEMS if store.place.is_dir()][:1]
    databases = [home / place for place in _DATABASES if (home / place / "cert9.db").exists()]
    if not databases and sys.platform != "darwin" and any(map(shutil.which, _BROWSERS)):
        databases = [home / _DATABASES[0]]
    profiles = (file.parent for place in _PROFILES for file in sorted((home / place).glob("*/cert9.db")))
    yield from map(BrowserStore, [*databases, *profiles])
