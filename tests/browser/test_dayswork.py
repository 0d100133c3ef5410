"""A developer's day, in a terminal and a browser: everything that goes wrong, and how it goes on.

Each step leaves two pictures, of the terminal and of the page.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
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

# What a developer's shell has none of.
FOREIGN = re.compile("(WSGISERVE|FLASK|DJANGO)_|CI$|(NO|FORCE)_COLOR$")


class Day:
    """One project, its terminal, and the page that is open in the browser."""

    def __init__(self, shop: Shop, folder: Path, terminal: Terminal, page: Page, window: Page, pictures: Path) -> None:
        self.shop = shop
        self.folder = folder
        self.terminal = terminal
        self.port = port_in(terminal.until("press h + enter"))
        self.url = f"http://localhost:{self.port}/"
        self.page = page
        self._window = window
        self._pictures = pictures
        self._kept: set[Path] = set()

    def save(self, name: str, text: str, told: str) -> None:
        """Save a file as editors do, and wait for what the terminal says of it."""
        temporary = self.folder / f"{name}~"
        temporary.write_text(text)
        temporary.replace(self.folder / name)
        self.terminal.until(told)

    def opens(self, path: str, text: str, *, step: str) -> None:
        """Go to a page: this is on it. Keep the pictures."""
        self.page.goto(self.url + path)
        self.sees(text, step=step)

    def shows(self, text: str, *, step: str) -> None:
        """Look at the page again: this is on it. Keep the pictures."""
        self.page.reload()
        self.sees(text, step=step)

    def sees(self, text: str, *, step: str) -> None:
        """This is on the page. Keep the pictures, those of the page in the light and in the dark."""
        assert text in self.page.inner_text("body")
        self.terminal.until("GET   ")
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            self.page.screenshot(path=self._picture(f"{step}-page-{scheme}"))
        self.photograph(self.terminal, step)

    def says(self, text: str) -> None:
        """This stands in the terminal."""
        assert text in text_of(self.terminal.said)

    def photograph(self, terminal: Terminal, step: str) -> None:
        """Keep what a terminal shows."""
        terminal.read_on()
        self._window.set_content(page_of(terminal.said))
        self._window.locator("pre").screenshot(path=self._picture(f"{step}-terminal"))

    def _picture(self, name: str) -> Path:
        path = self._pictures / f"day-{self.shop.name}-{name}.png"
        assert path not in self._kept, "the picture of an earlier step would be lost"
        self._kept.add(path)
        return path


def port_in(said: str) -> int:
    """The first port that was told of."""
    found = re.search(r"localhost:(\d+)/|Use port (\d+)", said)
    assert found is not None
    return int(found[1] or found[2])


@pytest.fixture(params=[FLASK, DJANGO], ids=lambda shop: shop.name)
def shop(request: pytest.FixtureRequest) -> Shop:
    made: Shop = request.param
    return made


@pytest.fixture
def port() -> str:
    """8000 on pictures that are kept; otherwise any, for there may be others who test."""
    return "8000" if "WSGISERVE_SCREENSHOTS" in os.environ else "0"


@pytest.fixture
def day(
    shop: Shop, port: str, tmp_path: Path, open_page: Open, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Day]:
    for name in filter(FOREIGN.match, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("HOME", str(tmp_path))  # the banner calls it ~
    folder = tmp_path / "shop"
    for name, text in shop.in_the_morning().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with terminal("--port", port, folder=folder) as screen:
        yield Day(shop, folder, screen, open_page("about:blank"), open_page("about:blank"), pictures)


def test_a_day(day: Day) -> None:
    shop = day.shop

    day.opens("", "SyntaxError: '{' was never closed", step="begins-broken")
    day.says("the app failed to load; serving the error page")

    day.save(shop.prices, shop.with_prices(), f"reloaded: {shop.prices}")
    day.shows("tea: 3 €", step="fixed")

    day.save("templates/index.html", shop.template("Tea and coffee"), shop.template_is_told)
    day.shows("Tea and coffee", step="template")

    day.save(shop.prices, shop.with_prices(coffee=4), f"reloaded: {shop.prices}")
    day.shows("coffee: 4 €", step="code")

    day.save(shop.prices, shop.with_prices(coffee=4) + "def price(item:\n", "save a fix and it reloads by itself.")
    day.shows("SyntaxError: '(' was never closed", step="syntax-error")

    day.save(shop.prices, shop.with_prices(coffee=4), f"reloaded: {shop.prices}")
    day.shows("coffee: 4 €", step="fixed-again")

    day.opens("cart/mate", "KeyError", step="exception")
    day.says("KeyError: 'mate'")

    day.save(shop.prices, shop.with_prices(coffee=4, mate=5), f"reloaded: {shop.prices}")
    day.shows("mate: 10 €", step="exception-fixed")


def test_the_process_dies_and_the_port_is_taken(day: Day, complaints: Complaints) -> None:
    shop = day.shop

    day.save(shop.prices, shop.with_prices(), f"reloaded: {shop.prices}")
    crash(day)
    complaints.found.clear()  # that no answer came
    day.sees("the app's process ended twice", step="crashed")
    day.says("the app's process ended (exit code 7); started another")

    text = (day.folder / shop.views).read_text().replace("os._exit(7)", f"return index({shop.request})")
    day.save(shop.views, text, f"reloaded: {shop.views}")
    day.shows("tea: 3 €", step="crash-fixed")

    with terminal("--port", str(day.port), folder=day.folder) as second:
        second.until(" this time? [Y/n] ")
        day.photograph(second, "port-taken")
        second.type("n\n")
        assert second.process.wait(30) == 4
    with terminal("--port", str(day.port), folder=day.folder) as second:
        port = port_in(second.until(" this time? [Y/n] "))
        second.type("y\n")
        second.until("press h + enter")
        day.page.goto(f"http://localhost:{port}/")
        assert "tea: 3 €" in day.page.inner_text("body")
        day.photograph(second, "other-port")
        assert second.interrupt() == 130
    day.opens("", "tea: 3 €", step="first-port")

    assert day.terminal.interrupt() == 130
    day.photograph(day.terminal, "ended")
    with socket.create_server(("127.0.0.1", day.port)):
        pass  # nobody has it any more


def crash(day: Day) -> None:
    """Ask for what ends the process until the page says so; the browser may ask again by itself."""
    from playwright.sync_api import Error

    for _ in range(3):
        try:
            day.page.goto(f"{day.url}crash")
        except Error:
            continue
        return
