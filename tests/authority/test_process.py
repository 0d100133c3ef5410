"""``wsgiserve --tls`` as a process: a client that trusts the authority gets its page, with and without reloading."""

from __future__ import annotations

import ssl
from http.client import HTTPSConnection

import pytest

from tests.processes import PROCESS_SECONDS, until
from tests.reload.looping import Loop, loop
from wsgiserve.authority.files import Folder, default_folder

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(autouse=True)
def without_mkcert(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that belong to mkcert's users are not looked for."""
    monkeypatch.setenv("PATH", "/nowhere")


def get(server: Loop, host: str = "localhost") -> str:
    """The page, for a client that trusts our root and nothing else."""
    root = Folder(default_folder()).root()
    assert root is not None
    context = ssl.create_default_context(cadata=root.pem)
    connection = HTTPSConnection(host, server.port, timeout=PROCESS_SECONDS, context=context)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_it_is_served_with_a_trusted_certificate_and_reloads(tmp_path_factory: pytest.TempPathFactory) -> None:
    with loop(tmp_path_factory.mktemp("project"), "--tls", files={"words.py": "WORD = 'tea'\n"}) as server:
        assert get(server).startswith("tea ")
        assert get(server, "127.0.0.1").startswith("tea ")
        server.word("coffee")
        until(lambda: get(server).startswith("coffee "))
        assert "WARNING browsers do not trust the certificate yet:  wsgiserve tls install\n" in server.log()


def test_it_is_served_by_one_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    Folder(default_folder()).make_authority()
    Folder(default_folder()).note_trust(True)
    files = {"words.py": "WORD = 'tea'\n"}
    with loop(tmp_path_factory.mktemp("project"), "--tls", "--no-reload", files=files) as server:
        assert get(server).startswith("tea ")
        assert "WARNING" not in server.log()


def test_a_certificate_that_is_there_needs_no_cryptography(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path_factory.mktemp("path")
    (hidden / "cryptography.py").write_text("raise ImportError('not installed')\n")
    monkeypatch.setenv("PYTHONPATH", str(hidden))
    files = {"words.py": "WORD = 'tea'\n"}
    with loop(tmp_path_factory.mktemp("project"), "--tls", "--no-reload", files=files) as server:
        assert server.process.wait(PROCESS_SECONDS) == 5
        assert '--tls needs the "tls" extra.' in server.log()
    Folder(default_folder()).certificate(("localhost", "127.0.0.1", "::1"))
    with loop(tmp_path_factory.mktemp("project"), "--tls", "--no-reload", files=files) as server:
        assert get(server).startswith("tea ")
