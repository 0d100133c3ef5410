"""Server-sent events in a browser: a response without an end, whose parts count as they come."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.conftest import Open
from tests.oracle.serving import Served, Spec
from tests.samples.notebooks import notebook

pytestmark = pytest.mark.slow


def test_events_are_on_the_page_as_they_are_sent(open_page: Open, serve_anew: Callable[[Spec], Served]) -> None:
    notes = notebook(serve_anew(Spec("sample_apps.notes:create_app", "pool", ())).url)
    page = open_page(f"{notes.url}/live")
    page.get_by_text("New notes appear here as they are stored.").wait_for()
    page.get_by_role("link", name="The engine").wait_for()
    notes("POST", "/notes", data={"title": "Written while somebody looks on"})
    page.get_by_role("link", name="Written while somebody looks on").wait_for()
    page.close()  # before the server ends the stream in the middle
