"""The samples in a real browser, headless Chromium: pages, styles, pictures, scripts.

Each page is left as a picture too, to be looked at, in ``$WSGISERVE_SCREENSHOTS`` or else in pytest's temporary folder.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.needed import needs
from tests.oracle.conversations import Talk
from tests.oracle.serving import Served, Spec
from tests.samples.notebooks import notebook

Serve = Callable[[Spec], Served]

SECONDS = 120

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Browser:
    """Chromium with a profile of its own."""

    profile: Path
    pictures: Path

    def run(self, *arguments: str) -> str:
        """Start it, wait until it ends, return what it printed."""
        line = [str(CHROMIUM), *FLAGS, "--headless", "--hide-scrollbars", f"--user-data-dir={self.profile}", *arguments]
        return subprocess.run(line, capture_output=True, text=True, timeout=SECONDS, check=True).stdout

    def picture(self, url: str, name: str, width: int = 900) -> Path:
        """A screenshot of a page."""
        path = self.pictures / f"{name}.png"
        self.run(f"--window-size={width},700", f"--screenshot={path}", url)
        return path

    def page(self, url: str, *arguments: str) -> str:
        """The page as it is after its scripts ran, as HTML."""
        return self.run("--dump-dom", *arguments, url)


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    needs("chromium")
    configured = os.environ.get("WSGISERVE_SCREENSHOTS")
    pictures = Path(configured) if configured else tmp_path / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    return Browser(tmp_path / "profile", pictures)


@pytest.fixture
def notes(serve_anew: Serve) -> Talk:
    """A notebook with two notes in it."""
    return notebook(serve_anew(Spec("sample_apps.notes:create_app", "pool", ())).url)


def is_a_picture_of_something(path: Path) -> bool:
    """A PNG that is not one flat colour: an empty page of this size has less than 6 kB."""
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 6_000


@pytest.mark.parametrize("width", [900, 420])
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "The engine"),
        ("/notes/1", "weaves algebraical patterns"),
        ("/broken", "Internal Server Error"),
        ("/nowhere", "Not Found"),
    ],
)
def test_notes(browser: Browser, notes: Talk, path: str, text: str, width: int) -> None:
    assert text in browser.page(notes.url + path)
    name = f"notes{path.replace('/', '-').rstrip('-')}-{width}"
    assert is_a_picture_of_something(browser.picture(notes.url + path, name, width))


@pytest.mark.parametrize("path", ["/", "/road/", "/nowhere"])
def test_static_pages(browser: Browser, serve: Serve, path: str) -> None:
    url = serve(Spec("sample_apps.static_pages:app", "pool")).url + path
    assert "<h1>" in browser.page(url)
    assert is_a_picture_of_something(browser.picture(url, f"static{path.replace('/', '-').rstrip('-')}"))


def test_shortly(browser: Browser, serve_anew: Serve) -> None:
    talk = Talk(serve_anew(Spec("sample_apps.shortly:create_app", "pool", ())).url)
    made = talk("POST", "/", data={"url": "https://example.org/a/long/path?with=a&query=string#and-a-part"})
    details = talk.url + made.headers["Location"]
    assert "0 times" in browser.page(details)
    for url, name in ((talk.url, "form"), (details, "details"), (f"{talk.url}/nowhere", "missing")):
        assert is_a_picture_of_something(browser.picture(url, f"shortly-{name}"))


def test_django(browser: Browser, serve_anew: Serve) -> None:
    talk = Talk(serve_anew(Spec("sample_apps.django_project.wsgi:application", "pool")).url)
    token = talk("GET", "/").text.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
    talk("POST", "/", data={"csrfmiddlewaretoken": token, "name": "Grace", "words": "One accurate measurement."})
    assert "One accurate measurement." in browser.page(talk.url)
    assert is_a_picture_of_something(browser.picture(talk.url, "django"))
