"""WhiteNoise: files with ranges, conditions and an application behind them; the same as behind werkzeug's server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.frameworks import apps
from tests.frameworks.pair import Pair, paired

FILE = Path(apps.__file__)
URL = "/static/__init__.py"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with paired("whitenoise") as made:
        yield made


def ask(pair: Pair, path: str, method: str = "GET", **headers: str) -> requests.Response:
    """Our answer, which is also werkzeug's."""
    ours, other = (requests.request(method, url + path, headers=headers, timeout=30) for url in pair)
    assert (ours.status_code, ours.content) == (other.status_code, other.content)
    for name in ("Content-Type", "ETag", "Last-Modified", "Content-Range", "Cache-Control"):
        assert ours.headers.get(name) == other.headers.get(name)
    return ours


def test_a_file(pair: Pair) -> None:
    answer = ask(pair, URL)
    assert answer.content == FILE.read_bytes()
    assert answer.headers["Content-Length"] == str(FILE.stat().st_size)


def test_its_head(pair: Pair) -> None:
    answer = ask(pair, URL, "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(FILE.stat().st_size)


@pytest.mark.parametrize(("asked", "part"), [("bytes=0-9", slice(10)), ("bytes=-5", slice(-5, None))])
def test_a_part_of_it(pair: Pair, asked: str, part: slice) -> None:
    answer = ask(pair, URL, Range=asked)
    assert (answer.status_code, answer.content) == (206, FILE.read_bytes()[part])


def test_a_part_that_is_not_there(pair: Pair) -> None:
    assert ask(pair, URL, Range="bytes=100000-").status_code == 416


def test_what_the_client_has_already(pair: Pair) -> None:
    answer = ask(pair, URL, **{"If-Modified-Since": ask(pair, URL).headers["Last-Modified"]})
    assert (answer.status_code, answer.content) == (304, b"")


def test_the_application_behind_it(pair: Pair) -> None:
    assert ask(pair, "/").text == "hello from behind whitenoise"
