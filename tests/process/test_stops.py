"""The same wish on two ways is one wish."""

from __future__ import annotations

import pytest

from wsgiserve.process.stops import Stops
from wsgiserve.server.deadlines import Deadlines


class FakeServer:
    deadlines = Deadlines(graceful=7.0)

    def __init__(self) -> None:
        self.stops = 0

    def stop(self) -> None:
        self.stops += 1

    def running_requests(self) -> list[str]:
        return ["GET /"]


@pytest.mark.parametrize(
    ("ways", "news"),
    [
        ("s", [True]),
        ("p", [True]),
        ("sp", [True, False]),
        ("ps", [True, False]),
        ("spsp", [True, False, True, False]),
        ("sspp", [True, True, False, False]),
        ("pps", [True, True, False]),
        ("ppp", [True, True, True]),
        ("sps", [True, False, True]),
    ],
)
def test_the_server_stops_as_often_as_either_way_has_told(ways: str, news: list[bool]) -> None:
    server = FakeServer()
    stops = Stops(server)
    assert [{"s": stops.stop, "p": stops.asked}[way]() for way in ways] == news
    assert server.stops == sum(news)


def test_what_a_stop_waits_for_is_the_servers_business() -> None:
    stops = Stops(FakeServer())
    assert (stops.deadlines.graceful, stops.running_requests()) == (7.0, ["GET /"])
