"""mkcert: when its authority is used, and what is made of its answers."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from tests.authority.conftest import Program
from tests.handshakes import handshake
from tests.needed import needs
from wsgiserve.authority.mkcert import Mkcert, find_mkcert
from wsgiserve.authority.serving import local_certificate
from wsgiserve.errors import UserError
from wsgiserve.server.tls import load_ssl_context


@pytest.fixture
def caroot(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where mkcert keeps its authority; it has none there yet."""
    needs("mkcert")
    folder = tmp_path / "caroot"
    folder.mkdir()
    monkeypatch.setenv("CAROOT", str(folder))
    return folder


def set_up(folder: Path) -> None:
    """Let mkcert make an authority, which it does when it first signs."""
    subprocess.run(["mkcert", "-cert-file", "first.pem", "-key-file", "first.pem", "first"], cwd=folder, check=True)


def test_mkcert_signs_for_any_name_once_it_has_an_authority(caroot: Path) -> None:
    assert find_mkcert() is None
    set_up(caroot)
    assert find_mkcert() == Mkcert(caroot / "rootCA.pem")
    certificate = local_certificate(["127.0.0.1", "::1"], ["shop.test"])
    assert certificate.notes == ()
    client = ssl.create_default_context(cafile=str(caroot / "rootCA.pem"))
    for name in ("localhost", "127.0.0.1", "::1", "shop.test"):
        handshake(load_ssl_context(str(certificate.file)), client, name)


def test_it_is_asked_once_for_the_same_names(caroot: Path) -> None:
    set_up(caroot)
    first = local_certificate(["127.0.0.1"])
    content = first.file.read_bytes()
    assert local_certificate(["127.0.0.1"]) == first
    assert first.file.read_bytes() == content
    assert local_certificate(["shop.test"]).file != first.file


def test_another_authority_of_mkcerts_is_asked_again(caroot: Path) -> None:
    set_up(caroot)
    first = local_certificate([])
    for file in caroot.iterdir():
        file.unlink()
    set_up(caroot)
    assert local_certificate([]).file != first.file


def test_what_mkcert_complains_of_is_a_message(home: Path, tmp_path: Path, program: Program) -> None:
    calls = program("mkcert", says=str(tmp_path))
    assert find_mkcert() is None
    for name in ("rootCA.pem", "rootCA-key.pem"):
        (tmp_path / name).write_text("PEM")
    mkcert = find_mkcert()
    assert mkcert is not None
    program("mkcert", complains="the CA key is a banana", code=1)
    with pytest.raises(UserError, match="mkcert did not make a certificate") as caught:
        mkcert.issue(["localhost"])
    assert caught.value.why == "mkcert says: the CA key is a banana."
    assert calls.read_text().splitlines()[-1].endswith("server.pem localhost")
    assert find_mkcert() is None


def test_without_mkcert_there_is_none(bin_folder: Path) -> None:
    assert find_mkcert() is None
