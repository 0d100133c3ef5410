"""A browser that trusts the local authority, and one that does not yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import Launch
from tests.needed import needs
from tests.reload.looping import loop

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a user whose browser trusts what the browser's makers trust."""
    needs("certutil")
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("CAROOT", str(folder))  # where mkcert has no authority
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return folder


def open_in(launch: Launch, home: Path, url: str) -> str:
    """What is there, for a browser of this user's that was started for it; or what it says in place of it."""
    from playwright.sync_api import Error

    browser = launch(HOME=str(home))
    page = browser.new_page()
    try:
        page.goto(url)
        return page.inner_text("body")
    except Error as error:
        return str(error)
    finally:
        browser.close()


def tls(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "wsgiserve", "tls", *words, "--only", "browsers", "--yes"], check=True)


def test_a_browser_trusts_the_authority_from_install_until_remove(
    launch: Launch, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = ("--allowed-host", "shop.localhost")
    with loop(tmp_path_factory.mktemp("server"), "--tls", *names, files={"words.py": "WORD = 'tea'\n"}) as server:
        localhost, shop = (f"https://{name}:{server.port}/" for name in ("localhost", "shop.localhost"))
        assert "ERR_CERT_AUTHORITY_INVALID" in open_in(launch, home, localhost)
        tls("install")
        for url in (localhost, shop, f"https://127.0.0.1:{server.port}/"):
            assert open_in(launch, home, url).startswith("tea ")
        assert "ERR_CERT_COMMON_NAME_INVALID" in open_in(launch, home, f"https://blog.localhost:{server.port}/")
        tls("remove")
        assert "ERR_CERT_AUTHORITY_INVALID" in open_in(launch, home, localhost)
