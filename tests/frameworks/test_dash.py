"""Dash: the page, its parts, its scripts and a callback; the same as behind werkzeug's server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from tests.frameworks.pair import Pair, paired


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with paired("dash") as made:
        yield made


def ask(pair: Pair, path: str, **options: object) -> requests.Response:
    """Our answer, which is also werkzeug's."""
    method = "POST" if "json" in options else "GET"
    ours, other = (requests.request(method, url + path, timeout=30, **options) for url in pair)  # type: ignore[arg-type]
    assert (ours.status_code, ours.content) == (other.status_code, other.content)
    assert ours.headers["Content-Type"] == other.headers["Content-Type"]
    return ours


def test_the_page_and_all_its_scripts(pair: Pair) -> None:
    page = requests.get(pair.ours, timeout=30)  # of which no two are the same
    scripts = re.findall(r'<script src="(/[^"]+)"', page.text)
    assert len(scripts) > 3
    for script in scripts:
        assert ask(pair, script).content


def test_its_parts(pair: Pair) -> None:
    assert ask(pair, "/_dash-layout").json()["props"]["children"][0]["props"]["id"] == "name"
    assert ask(pair, "/_dash-dependencies").json()[0]["output"] == "greeting.children"


def test_a_callback(pair: Pair) -> None:
    called = {
        "output": "greeting.children",
        "outputs": {"id": "greeting", "property": "children"},
        "inputs": [{"id": "name", "property": "value", "value": "Grüße"}],
        "changedPropIds": ["name.value"],
    }
    answer = ask(pair, "/_dash-update-component", json=called)
    assert answer.json()["response"] == {"greeting": {"children": "hello Grüße"}}
