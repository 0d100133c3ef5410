"""A WebSocket of Flask-Sock from a page in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.websockets.applications import make_sock
from wsgiserve.testing import serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


def test_a_page_talks_and_is_told_goodbye(chromium: Browser) -> None:
    from playwright.sync_api import expect

    with serve(make_sock()) as server:
        page = chromium.new_page()
        page.goto(server.url())
        said = "text from the page; binary 70000; closed 4000 as you wish true"
        expect(page.locator("body")).to_have_text(said, timeout=60_000)
        page.close()
        assert server.wait_for("GET /echo", 30).status == 101
