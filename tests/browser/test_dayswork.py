"""A developer's day, in a terminal and a browser: everything that goes wrong, and how it goes on.

Each step leaves two pictures, of the terminal and of the page.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Complaints, Open, Scheme
from tests.browser.screen import page_of, text_of
from tests.shops import DJANGO, FLASK, Shop
from tests.terminals import Terminal, terminal

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

SCHEMES: tuple[Scheme, ...] = ("dark", "light")


class Day:
    """One project, its terminal, and the page that is open in the browser."""

    def __init__(self, shop: Shop, folder: Path, terminal: Terminal, page: Page, window: Page, pictures: Path) -> None:
        self.shop = shop
        self.folder = folder
        self.terminal = terminal
        self.page = page
        self._window = window
        self._pictures = pictures

    def save(self, name: str, text: str, told: str) -> None:
        """Save a file as editors do, and wait for what the terminal says of it."""
        temporary = self.folder / f"{name}~"
        temporary.write_text(text)
        temporary.replace(self.folder / name)
        self.terminal.until(told)

    def shows(self, text: str, *, step: str) -> None:
        """Look at the page again: this is on it. Keep the pictures."""
        self.page.reload()
        self.sees(text, step=step)

    def sees(self, text: str, *, step: str) -> None:
        """This is on the page. Keep the pictures, those of the page in the light and in the dark."""
        assert text in self.page.inner_text("body")
        self.terminal.until("GET   ")
        name = f"day-{self.shop.name}-{step}"
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            self.page.screenshot(path=self._pictures / f"{name}-page-{scheme}.png")
        self.photograph(self.terminal, name)

    def photograph(self, terminal: Terminal, name: str) -> None:
        """Keep what a terminal shows."""
        terminal.read_on()
        self._window.set_content(page_of(terminal.said))
        self._window.locator("pre").screenshot(path=self._pictures / f"{name}-terminal.png")


@pytest.fixture(params=[FLASK, DJANGO], ids=lambda shop: shop.name)
def shop(request: pytest.FixtureRequest) -> Shop:
    made: Shop = request.param
    return made


@pytest.fixture
def port() -> int:
    """Of the pictures, if it is free: 8000."""
    for wanted in (8000, 0):
        with suppress(OSError), socket.create_server(("127.0.0.1", wanted)) as free:
            return int(free.getsockname()[1])
    raise AssertionError


@pytest.fixture
def day(
    shop: Shop, port: int, tmp_path: Path, open_page: Open, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Day]:
    for name in ("CI", "WSGISERVE_RELOAD"):  # as a developer has it
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # the banner calls it ~
    folder = tmp_path / "shop"
    for name, text in shop.in_the_morning().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with terminal("--port", str(port), folder=folder) as screen:
        screen.until("press h + enter")
        window = open_page("about:blank")
        yield Day(shop, folder, screen, open_page(f"http://localhost:{port}/"), window, pictures)


def test_a_day(day: Day, port: int) -> None:
    shop, url = day.shop, f"http://localhost:{port}"

    assert "the app failed to load; serving the error page" in text_of(day.terminal.said)
    day.sees("SyntaxError: '{' was never closed", step="begins-broken")

    day.save(shop.prices, shop.with_prices(), f"reloaded: {shop.prices}")
    day.shows("tea: 3 €", step="fixed")

    day.save("templates/index.html", shop.template("Tea and coffee"), shop.template_is_told)
    day.shows("Tea and coffee", step="template")

    day.save(shop.prices, shop.with_prices(coffee=4), f"reloaded: {shop.prices}")
    day.shows("coffee: 4 €", step="code")

    day.save(shop.prices, shop.with_prices(coffee=4) + "def price(item:\n", "save a fix and it reloads by itself.")
    day.shows("SyntaxError", step="syntax-error")

    day.save(shop.prices, shop.with_prices(coffee=4), f"reloaded: {shop.prices}")
    day.shows("coffee: 4 €", step="fixed-again")

    day.page.goto(f"{url}/cart/mate")
    day.sees("KeyError", step="exception")

    day.save(shop.prices, shop.with_prices(coffee=4, mate=5), f"reloaded: {shop.prices}")
    day.shows("mate: 10 €", step="exception-fixed")


def test_the_process_dies_and_the_port_is_taken(day: Day, shop: Shop, port: int, complaints: Complaints) -> None:
    day.save(shop.prices, shop.with_prices(), f"reloaded: {shop.prices}")
    crash(day, f"http://localhost:{port}/crash")
    complaints.found.clear()  # that no answer came
    day.sees("the app's process ended twice", step="crashed")

    text = (day.folder / shop.views).read_text().replace("os._exit(7)", f"return index({shop.request})")
    day.save(shop.views, text, f"reloaded: {shop.views}")
    day.shows("tea: 3 €", step="crash-fixed")

    with terminal("--port", str(port), folder=day.folder) as second:
        second.until(f"Use port {port + 1} this time? [Y/n]")
        day.photograph(second, f"day-{shop.name}-port-taken")
        second.type("n\n")
        assert second.process.wait(30) == 4
    day.shows("tea: 3 €", step="port-taken")

    assert day.terminal.interrupt() == 130
    day.photograph(day.terminal, f"day-{shop.name}-ended")
    with socket.create_server(("127.0.0.1", port)):
        pass  # nobody has it any more


def crash(day: Day, url: str) -> None:
    """Ask for what ends the process until the page says so; the browser may ask again by itself."""
    from playwright.sync_api import Error

    for _ in range(3):
        try:
            day.page.goto(url)
        except Error:
            continue
        return
