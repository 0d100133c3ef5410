"""The folder of the authority: who may read it, what is made when, and what two at a time leave there."""

from __future__ import annotations

import os
import ssl
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wsgiserve.authority.files import Folder, default_folder
from wsgiserve.certificates import expiry
from wsgiserve.errors import UserError

NOW = datetime.now(UTC)
NAMES = ("localhost", "127.0.0.1", "::1")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data" / "tls")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def end(file: Path) -> datetime:
    found = expiry(file.read_text())
    assert found is not None
    return found


@pytest.mark.parametrize("data", ["", "relative", None])
def test_data_of_a_user_has_its_place(data: str | None, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    if data is not None:
        monkeypatch.setenv("XDG_DATA_HOME", data)
    assert default_folder() == home / ".local" / "share" / "wsgiserve" / "tls"
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_folder() == Path("/data/wsgiserve/tls")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert default_folder() == home / "Library" / "Application Support" / "wsgiserve" / "tls"


def test_nobody_else_may_read_the_keys(folder: Folder) -> None:
    before = os.umask(0)
    try:
        file = folder.certificate(NAMES)
    finally:
        os.umask(before)
    assert mode(folder.path) == 0o700
    assert {found.name: mode(found) for found in folder.path.iterdir()} == {
        "authority.pem": 0o600,
        "root.pem": 0o644,
        file.name: 0o600,
    }
    root = folder.root()
    assert root is not None
    assert "PRIVATE" not in root.pem
    folder.path.chmod(0o755)
    folder.certificate(NAMES)
    assert mode(folder.path) == 0o700


def test_the_same_names_get_the_same_certificate_until_30_days_before_its_end(folder: Folder) -> None:
    file = folder.certificate(NAMES, NOW)
    first = file.read_text()
    assert folder.certificate(NAMES, NOW + timedelta(days=59)) == file
    assert file.read_text() == first
    assert folder.certificate(NAMES, NOW + timedelta(days=61)) == file
    assert file.read_text() != first
    assert end(file) - NOW > timedelta(days=150)


def test_other_names_get_another(folder: Folder) -> None:
    assert folder.certificate(NAMES) != folder.certificate((*NAMES, "shop.localhost"))


def test_a_certificate_is_served_with_the_issuers(folder: Folder) -> None:
    assert folder.certificate(NAMES).read_text().count("BEGIN CERTIFICATE") == 2


def test_an_authority_is_replaced_before_its_end_and_has_to_be_trusted_anew(folder: Folder) -> None:
    root = folder.make_authority(NOW)
    folder.note_trust(True)
    assert folder.make_authority(NOW + timedelta(days=3600)) == root
    assert folder.is_trusted
    file = folder.certificate(NAMES, NOW + timedelta(days=3599))
    later = NOW + timedelta(days=3630)
    other = folder.make_authority(later)
    assert other.id != root.id
    assert other == folder.root()
    assert not folder.is_trusted
    assert folder.certificate(NAMES, later) != file


def test_a_root_that_was_lost_is_taken_from_the_authority(folder: Folder) -> None:
    root = folder.make_authority()
    root.file.unlink()
    assert folder.root() is None
    assert folder.make_authority() == root


def test_a_root_that_is_something_else_is_a_message_until_it_is_taken_from_the_authority(folder: Folder) -> None:
    root = folder.make_authority()
    root.file.write_text("something else")
    with pytest.raises(UserError, match="cannot keep certificates in") as caught:
        folder.root()
    assert caught.value.slug == "tls-folder"
    assert folder.make_authority() == root


def test_a_file_of_something_else_is_replaced(folder: Folder) -> None:
    file = folder.certificate(NAMES)
    file.write_bytes(b"\xff")
    (folder.path / "authority.pem").write_bytes(b"\xff")
    assert end(folder.certificate(NAMES)) > NOW


def test_an_authority_without_its_key_is_a_message(folder: Folder) -> None:
    folder.certificate(NAMES)
    authority = folder.path / "authority.pem"
    authority.write_text(authority.read_text().replace("PRIVATE", "PUBLIC"))
    with pytest.raises(UserError, match=r"cannot keep certificates in .*tls\.") as caught:
        folder.certificate(("shop.localhost",))
    assert caught.value.exit_code == 5


def test_many_at_a_time_make_one_authority_and_one_certificate(folder: Folder) -> None:
    together = threading.Barrier(8)

    def start(_: int) -> tuple[str, str]:
        together.wait()
        made = Folder(folder.path)
        return made.certificate(NAMES).read_text(), made.make_authority().id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1
    assert len(list(folder.path.iterdir())) == 3


def test_what_is_interrupted_leaves_what_was_there(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder.certificate(NAMES, NOW)
    before = file.read_text()

    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.certificate(NAMES, NOW + timedelta(days=80))
    assert file.read_text() == before
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file)


def test_a_folder_that_cannot_be_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot keep certificates in") as caught:
        Folder(tmp_path / "file" / "tls").make_authority()
    assert (caught.value.slug, caught.value.why) == ("tls-folder", "Not a directory.")


def test_without_cryptography_there_is_a_message_where_something_has_to_be_made(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder.certificate(NAMES)
    for name in [name for name in sys.modules if name.startswith(("cryptography", "wsgiserve.authority.signing"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert folder.certificate(NAMES) == file
    with pytest.raises(UserError, match='--tls needs the "tls" extra') as caught:
        folder.certificate(("shop.localhost",))
    assert caught.value.exit_code == 5


def test_a_certificate_of_somebody_else_is_asked_for_once(folder: Folder, tmp_path: Path) -> None:
    other = Folder(tmp_path / "other")
    root, theirs = other.make_authority().pem, other.certificate(NAMES).read_bytes()
    asked = []

    def ask() -> bytes:
        asked.append(1)
        return theirs

    first = folder.kept(root, NAMES, ask)
    assert folder.kept(root, NAMES, ask) == first
    assert first.read_bytes() == theirs
    assert len(asked) == 1
    assert folder.kept("another root", NAMES, ask) != first
    assert folder.root() is None


def test_nothing_is_left_when_it_is_removed(folder: Folder) -> None:
    folder.remove()
    folder.certificate(NAMES)
    folder.note_trust(True)
    folder.remove()
    assert not folder.path.exists()
