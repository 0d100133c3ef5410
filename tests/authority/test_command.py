"""``wsgiserve tls``: its words, its questions, and what it leaves behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.authority.conftest import Program
from wsgiserve import cli
from wsgiserve.authority import command, stores
from wsgiserve.authority.files import Folder, default_folder
from wsgiserve.authority.stores import SystemStore

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def anchors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program) -> Path:
    """The only store of this machine: a system's, which everybody may change."""
    folder = tmp_path / "anchors"
    folder.mkdir()
    program("update-authorities")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(stores, "_SYSTEMS", (SystemStore(folder, "update-authorities"),))
    monkeypatch.setattr(stores, "as_root", list)
    return folder


def tls(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(["tls", *words])
    code = caught.value.code
    assert isinstance(code, int)
    return code


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_nothing_is_made_by_looking(home: Path, bin_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tls() == tls("status") == 0
    assert capsys.readouterr().out.startswith("There is no local authority yet. --tls makes one when it is first used")
    assert files(home) == []


def test_it_is_trusted_then_forgotten(anchors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tls("install", "--yes") == 0
    folder = Folder(default_folder())
    root = folder.root()
    assert root is not None
    file = anchors / f"wsgiserve-{root.id}.crt"
    assert capsys.readouterr().out == (
        f"Trust the local authority {root.id}, for localhost, names below it, 127.0.0.0/8 and ::1; nothing else:\n\n"
        f"  system    {anchors}\n"
        f"            install -m 644 {root.file} {file}\n"
        "            update-authorities\n\n"
        "Browsers trust what  wsgiserve --tls  serves with; those that are open may need a restart.\n"
    )
    assert file.read_text() == root.pem
    assert folder.is_trusted
    assert tls("status") == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[1:] == [
        f"  Root      {root.file}",
        "  Good for  localhost, names below it, 127.0.0.0/8 and ::1; nothing else",
        f"  ✓ trusted         system    {anchors}",
    ]
    assert tls("remove", "-y") == 0
    assert capsys.readouterr().out.endswith("It is gone.\n")
    assert files(anchors) == []
    assert not default_folder().exists()


def test_what_is_done_already_is_not_done_again(anchors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tls("install", "--yes")
    capsys.readouterr()
    assert tls("install", "--yes") == 0
    assert "every store is as it should be" in capsys.readouterr().out


def test_removing_from_one_kind_of_stores_keeps_the_authority(
    anchors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tls("install", "--yes")
    assert tls("remove", "--only", "browsers", "--yes") == 0
    assert Folder(default_folder()).is_trusted
    assert tls("remove", "--only", "system", "--yes") == 0
    assert capsys.readouterr().out.endswith("It is not trusted there any more.\n")
    assert files(anchors) == []
    folder = Folder(default_folder())
    assert folder.root() is not None
    assert not folder.is_trusted
    assert tls("status") == 0
    assert f"  ✗ not trusted     system    {anchors}\n" in capsys.readouterr().out


def test_what_was_never_made_is_removed_at_once(anchors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tls("remove") == 0
    assert capsys.readouterr().out == "It is gone.\n"


def test_a_machine_without_stores_is_told_what_to_do_by_hand(
    bin_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stores, "_SYSTEMS", ())
    assert tls("install", "--yes") == 5
    assert "there is no store of trusted authorities" in capsys.readouterr().err
    assert not Folder(default_folder()).is_trusted


def test_a_store_that_fails_is_told_and_the_others_are_changed(
    anchors: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = home / ".mozilla" / "firefox" / "a1b2.default"
    profile.mkdir(parents=True)
    (profile / "cert9.db").touch()
    assert tls("install", "--yes") == 5
    said = capsys.readouterr().err
    assert said.startswith(f"error[trust-store]: could not change what is trusted in {profile}.\n")
    assert "libnss3-tools" in said
    assert len(files(anchors)) == 1
    assert not Folder(default_folder()).is_trusted
    assert tls() == 0
    assert f"  ? needs certutil  browsers  {profile}\n" in capsys.readouterr().out


def test_the_command_that_failed_is_shown(anchors: Path, program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    program("update-authorities", complains="disk full", code=1)
    assert tls("install", "--yes") == 5
    said = capsys.readouterr().err
    assert "  Why: update-authorities says: disk full.\n  Fix: by hand:  update-authorities\n" in said


def test_mkcerts_authority_is_mkcerts_business(
    home: Path, program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("rootCA.pem", "rootCA-key.pem"):
        (home / name).touch()
    program("mkcert", says=str(home))
    assert tls() == 0
    assert capsys.readouterr().out == (
        f"--tls uses mkcert's authority, {home}/rootCA.pem; browsers trust it after  mkcert -install\n"
    )
    assert tls("install", "--yes") == 2
    assert "  Fix: mkcert -install\n" in capsys.readouterr().err


def test_nobody_to_ask_is_no_agreement(anchors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tls("install") == 2
    assert "  Fix: add --yes.\n" in capsys.readouterr().err
    assert files(anchors) == []


@pytest.mark.parametrize(("answer", "code", "installed"), [("n", 5, 0), ("", 0, 1)])
def test_it_asks(answer: str, code: int, installed: int, anchors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "is_attended", lambda: True)
    monkeypatch.setattr(command, "agrees", lambda question: answer == "")
    assert tls("install") == code
    assert len(files(anchors)) == installed
    assert tls("remove") == code
    assert files(anchors) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["statsu"], "'statsu' is not one of 'status', 'install', 'remove'"),
        (["install", "--only", "all"], "'all' is not one of 'system', 'browsers'"),
        (["install", "--yse"], "no such option: --yse"),
    ],
)
def test_a_slip_is_a_message(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tls(*words) == 2
    assert said in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert tls("--help") == 0
    assert capsys.readouterr().out.startswith("Usage: wsgiserve tls [OPTIONS] [status|install|remove]\n")
