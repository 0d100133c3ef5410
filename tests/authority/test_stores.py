"""Stores of trusted authorities: which there are, whether they have ours, and what changes them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.authority.conftest import Program
from tests.needed import needs
from wsgiserve.authority import stores
from wsgiserve.authority.files import Folder, Root
from wsgiserve.authority.programs import ProgramFailed, as_root, run
from wsgiserve.authority.stores import BrowserStore, Keychain, Store, SystemStore, find_stores


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Folder(tmp_path / "tls").make_authority()


@pytest.fixture
def database(home: Path) -> Path:
    """Where Chromium's is, which is not there yet."""
    needs("certutil")
    return home / ".pki" / "nssdb"


def add_and_remove(store: Store, root: Root) -> None:
    assert not store.has(root)
    for command in store.add(root):
        run(command)
    assert store.has(root)
    for command in store.remove(root):
        run(command)
    assert not store.has(root)


def test_a_browsers_database_is_made_and_changed(database: Path, root: Root) -> None:
    store = BrowserStore(database)
    add_and_remove(store, root)
    assert database.stat().st_mode & 0o777 == 0o700
    assert len(store.add(root)) == 1  # it is there now
    add_and_remove(store, root)


def test_another_authority_is_not_ours(database: Path, root: Root, tmp_path: Path) -> None:
    store = BrowserStore(database)
    for command in store.add(root):
        run(command)
    assert not store.has(Folder(tmp_path / "other").make_authority())


def test_the_systems_store_is_a_folder_and_a_program(root: Root, tmp_path: Path, program: Program) -> None:
    calls = program("update-authorities")
    place = tmp_path / "anchors"
    place.mkdir()
    store = SystemStore(place, "update-authorities", ("extract",), ("--fresh",), "pem")
    add_and_remove(store, root)
    assert calls.read_text() == "extract\n--fresh\n"
    assert list(place.iterdir()) == []


def test_files_of_the_system_are_for_everybody_to_read(root: Root, tmp_path: Path) -> None:
    store = SystemStore(tmp_path, "true")
    run(store.add(root)[0])
    assert (tmp_path / f"wsgiserve-{root.id}.crt").stat().st_mode & 0o777 == 0o644
    assert store.is_open()


def test_the_keychain_is_asked_and_told_by_security(root: Root, tmp_path: Path, program: Program) -> None:
    keychain = Keychain(Path("login.keychain-db"))
    program("security", code=44)
    assert not keychain.has(root)
    calls = program("security", says="-----BEGIN CERTIFICATE-----\nother\n" + root.pem)
    calls.unlink()
    assert keychain.has(root)
    assert keychain.is_open()
    for command in (*keychain.add(root), *keychain.remove(root)):
        run(command)
    assert calls.read_text().splitlines() == [
        "find-certificate -a -p login.keychain-db",
        f"add-trusted-cert -r trustRoot -p ssl -k login.keychain-db {root.file}",
        f"remove-trusted-cert {root.file}",
    ]


FIREFOX = ".mozilla/firefox/a1b2.default", "snap/firefox/common/.mozilla/firefox/c3d4.work"


def test_the_stores_of_a_linux_machine(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    systems: tuple[Store, ...] = tuple(SystemStore(tmp_path / name, name) for name in ("debian", "fedora", "arch"))
    monkeypatch.setattr(stores, "_SYSTEMS", systems)
    assert find_stores(home) == []
    (tmp_path / "fedora").mkdir()
    (tmp_path / "arch").mkdir()
    assert find_stores(home) == [systems[1]]
    program("chromium")
    new: Store = BrowserStore(home / ".pki/nssdb")
    assert find_stores(home) == [systems[1], new]
    profiles = [home / profile for profile in FIREFOX]
    for folder in (*profiles, home / ".local/share/pki/nssdb"):
        folder.mkdir(parents=True)
        (folder / "cert9.db").touch()
    browsers: list[Store] = [BrowserStore(home / ".local/share/pki/nssdb"), *map(BrowserStore, profiles)]
    assert find_stores(home) == [systems[1], *browsers]
    assert find_stores(home, ["system"]) == [systems[1]]
    assert find_stores(home, ["browsers"]) == browsers


def test_the_stores_of_a_mac(home: Path, monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    program("chromium")
    profile = home / "Library/Application Support/Firefox/Profiles/a1b2.default"
    profile.mkdir(parents=True)
    (profile / "cert9.db").touch()
    expected: list[Store] = [Keychain(home / "Library/Keychains/login.keychain-db"), BrowserStore(profile)]
    assert find_stores(home) == expected


def test_a_store_needs_its_program(bin_folder: Path, home: Path, root: Root) -> None:
    store = BrowserStore(home)
    assert not store.is_open()
    assert not store.has(root)


def test_a_program_that_fails_says_why(program: Program) -> None:
    with pytest.raises(ProgramFailed, match=r"^nothing: No such file or directory$"):
        run(["nothing"])
    program("some", complains="first line\nSEC_ERROR_BAD_DATABASE")
    assert run(["some"]) == ""
    program("some", complains="first line\nSEC_ERROR_BAD_DATABASE", code=255)
    with pytest.raises(ProgramFailed, match=r"^some says: SEC_ERROR_BAD_DATABASE$"):
        run(["some"])
    program("some", code=3)
    with pytest.raises(ProgramFailed, match=r"^some ended with 3$"):
        run(["some"])


@pytest.mark.parametrize(
    ("user", "sudo", "command"),
    [(0, True, ["rm", "x"]), (1000, True, ["sudo", "rm", "x"]), (1000, False, ["rm", "x"])],
)
def test_the_administrator_is_asked_where_there_is_a_way_to(
    user: int, sudo: bool, command: list[str], monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    if sudo:
        program("sudo")
    assert as_root(["rm", "x"]) == command
