"""Opening a page, and who is asked to do it."""

from __future__ import annotations

import queue
import webbrowser

import pytest

from wsgiserve.browser import open_browser

URL = "http://localhost:8000/"


class Browser(webbrowser.BaseBrowser):
    def __init__(self, opened: queue.SimpleQueue[str], found: bool = True) -> None:
        super().__init__()
        self._opened, self._found = opened, found

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self._opened.put(f"opened {url}")
        return self._found


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> queue.SimpleQueue[str]:
    monkeypatch.delenv("BROWSER", raising=False)
    return queue.SimpleQueue()


def test_the_browser_is_opened(said: queue.SimpleQueue[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: Browser(said))
    open_browser(URL, said.put)
    assert said.get(timeout=20) == f"opened {URL}"


def test_a_browser_that_does_not_open_is_told(said: queue.SimpleQueue[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: Browser(said, found=False))
    open_browser(URL, said.put)
    assert said.get(timeout=20) == f"opened {URL}"
    assert said.get(timeout=20) == f"found no browser to open; the address is {URL}"


def test_without_a_browser_it_says_so(said: queue.SimpleQueue[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def get() -> webbrowser.BaseBrowser:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", get)
    open_browser(URL, said.put)
    assert said.get(timeout=20) == f"found no browser to open; the address is {URL}"


@pytest.mark.parametrize("asked_for", [False, True])
def test_one_that_takes_the_terminal_has_to_be_asked_for(
    asked_for: bool, said: queue.SimpleQueue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_page(browser: webbrowser.GenericBrowser, url: str, new: int = 0, autoraise: bool = True) -> bool:
        opened.append(url)
        return False

    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser(["lynx", "%s"]))
    monkeypatch.setattr(webbrowser.GenericBrowser, "open", open_page)
    if asked_for:
        monkeypatch.setenv("BROWSER", "lynx")
    open_browser(URL, said.put)
    assert said.get(timeout=20).startswith("found no browser")
    assert opened == ([URL] if asked_for else [])
