"""What browsers and the log are told in development, by a server that reloads: Server-Timing, and no favicons."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.processes import PROCESS_SECONDS
from tests.reload.looping import loop


def timing(port: int, target: str) -> str | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=PROCESS_SECONDS)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        response.read()
        return response.headers["Server-Timing"]
    finally:
        connection.close()


def test_a_request_is_timed_under_the_name_of_its_line_and_a_favicon_has_none(tmp_path: Path) -> None:
    with loop(tmp_path) as server:
        assert timing(server.port, "/favicon.ico")
        told = timing(server.port, "/cart")
        server.wait_for_log("GET /cart 200")
        found = re.search(r"GET /cart 200 .*id=(\w+)", server.log())
        assert found is not None
        assert told is not None
        assert re.fullmatch(rf'app;desc="{found[1]}";dur=\d+\.\d', told)
        assert "favicon" not in server.log()


@pytest.mark.parametrize("word", ["--prod", "--no-server-timing"])
def test_it_can_be_left_out(word: str, tmp_path: Path) -> None:
    with loop(tmp_path, word, "--quiet-path", "") as server:
        assert timing(server.port, "/favicon.ico") is None
        server.wait_for_log("GET /favicon.ico 200")
