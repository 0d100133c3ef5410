"""The current request under the names that people know from ``http.server`` and werkzeug."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.client import request
from tests.server.doubles import Bench


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch)
    yield made
    made.close()


def test_before_the_first_request_everything_is_empty(bench: Bench) -> None:
    handler = bench.connection
    assert (handler.command, handler.path, handler.request_version, handler.requestline) == ("", "", "", "")
    assert handler.headers.items() == []


def test_the_current_request_has_its_names(bench: Bench) -> None:
    assert bench.arrive(request("/a%20b?c", "X-Name: one", "x-name: two\xff", method="PUT", version="HTTP/1.1"))
    handler = bench.connection
    assert handler.command == "PUT"
    assert handler.path == "/a%20b?c"
    assert handler.request_version == "HTTP/1.1"
    assert handler.requestline == "PUT /a%20b?c HTTP/1.1"
    assert handler.headers["Host"] == "example.com"
    assert handler.headers.get_all("X-NAME") == ["one", "two\xff"]
    assert handler.headers.get("X-Other") is None


def test_the_socket_is_the_connected_one(bench: Bench) -> None:
    assert bench.connection.request is bench.ours
    assert bench.connection.connection is bench.ours
