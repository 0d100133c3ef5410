"""Chromium by Playwright. A test fails on anything that a page complains of, and leaves what it saw as pictures.

Pictures go to ``$WSGISERVE_SCREENSHOTS``, or else to pytest's temporary folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.needed import needs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP evil.test 127.0.0.1",  # as a name server does that somebody else controls
]

MILLISECONDS = 60_000

Scheme = Literal["light", "dark"]
Open = Callable[..., "Page"]
Launch = Callable[..., "Browser"]


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Start a browser, ``launch(**variables)``; it is closed with the others at the end, or before."""
    needs("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:  # of which a thread can have only one

        def begin(**variables: str) -> Browser:
            env: dict[str, str | float | bool] = {**os.environ, **variables}
            return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=MILLISECONDS, env=env)

        yield begin


@pytest.fixture(scope="session")
def chromium(launch: Launch) -> Iterator[Browser]:
    """One browser for all tests."""
    browser = launch()
    yield browser
    browser.close()


class Complaints:
    """What pages have complained of: errors of scripts and the policy, and dialogs that nobody wanted."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"page error: {error}"))
        page.on("dialog", self._dialog)
        page.add_init_script(
            "addEventListener('securitypolicyviolation', event => console.error('policy', event.violatedDirective))"
        )

    def _dialog(self, dialog: Dialog) -> None:
        self.found.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium says so of each document whose status is an error, and that is what is looked at here; and of the
        # icon that it asks for by itself.
        is_status = message.text.startswith("Failed to load resource: the server responded with a status of 50")
        is_icon = message.location["url"].endswith("/favicon.ico")
        if message.type in ("error", "warning") and not is_status and not is_icon:
            self.found.append(f"{message.type}: {message.text}")


@pytest.fixture
def complaints() -> Complaints:
    """Of the pages of this test."""
    return Complaints()


@pytest.fixture
def open_page(chromium: Browser, complaints: Complaints) -> Iterator[Open]:
    """Open a URL in a fresh context, ``open_page(url, scheme, **options of the context)``."""
    contexts = []

    def begin(url: str, scheme: Scheme = "light", **options: Any) -> Page:
        context = chromium.new_context(color_scheme=scheme, **options)
        contexts.append(context)
        context.set_default_timeout(MILLISECONDS)
        page = context.new_page()
        complaints.watch(page)
        page.goto(url)
        return page

    yield begin
    for context in contexts:
        context.close()
    assert complaints.found == []


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder for pictures."""
    folder = Path(os.environ.get("WSGISERVE_SCREENSHOTS") or tmp_path / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
