"""The banner: which URLs, in which form, and since when the clock runs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from wsgiserve import banner
from wsgiserve._version import __version__
from wsgiserve.banner import Banner, process_age
from wsgiserve.console import Console, Form

LOOPBACKS = [("127.0.0.1", 8000), ("::1", 8000, 0, 0)]
ABOUT = "Flask 3.1, found by [tool.wsgiserve]"


def text(
    form: Form,
    addresses: Sequence[object] = LOOPBACKS,
    *,
    seconds: float = 0.212,
    color: bool = False,
    **changes: Any,
) -> str:
    said: dict[str, Any] = {"scheme": "http", "app": "shop.web:app", "about": ABOUT, "mode": "dev"} | changes
    return Banner(addresses, **said).text(Console(io.StringIO(), form, color), seconds)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banner, "get_interface_ip", lambda family: {2: "192.168.1.23"}.get(family, "::1"))


def test_the_columns_on_a_terminal_are_those_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banner, "__version__", "0.4.0")
    assert text("pretty") == (
        "\n"
        "  wsgiserve 0.4.0   ready in 212 ms                     dev mode\n"
        "\n"
        "  ➜  App        http://localhost:8000/          shop.web:app (Flask 3.1, found by [tool.wsgiserve])\n"
        "\n"
    )


WHOLE = 16 + 32 + len(f"shop.web:app ({ABOUT})")


@pytest.mark.parametrize(("columns", "blanks"), [(WHOLE, 10), (WHOLE - 3, 7), (WHOLE - 8, 2), (WHOLE - 9, 2)])
def test_blanks_are_left_out_before_a_line_is_broken(
    columns: int, blanks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Console, "width", lambda _: columns)
    assert f":8000/{' ' * blanks}shop.web:app" in text("pretty")


@pytest.mark.parametrize(
    ("mode", "why", "shown"),
    [
        ("dev", "", "dev mode"),
        ("dev", "--dev", "dev mode (--dev)"),
        ("prod", "other machines can connect", "production mode (other machines can connect)"),
    ],
)
def test_the_mode_is_shown_with_its_reason_if_it_needs_one(mode: str, why: str, shown: str) -> None:
    assert text("pretty", mode=mode, why=why).splitlines()[1].endswith(f"  {shown}")
    assert f" mode={mode} " in text("plain", mode=mode, why=why)


def test_elsewhere_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banner, "__version__", "0.4.0")
    monkeypatch.setattr(os, "getpid", lambda: 4242)
    line = "wsgiserve 0.4.0 listening on http://127.0.0.1:8000 app=shop.web:app mode=dev pid=4242\n"
    assert text("plain") == line


def test_as_json_it_is_one_object() -> None:
    line = text("json", notes=["be careful"])
    assert line.index("\n") == len(line) - 1
    fields = json.loads(line)
    assert abs(time.time() - time.mktime(time.strptime(fields.pop("timestamp"), "%Y-%m-%dT%H:%M:%S.%fZ"))) < 86_400
    assert fields == {
        "event": "listening",
        "level": "info",
        "version": __version__,
        "urls": ["http://127.0.0.1:8000"],
        "app": "shop.web:app",
        "mode": "dev",
        "pid": os.getpid(),
        "workers": [],
        "ready_ms": 212,
        "settings": "",
        "warnings": ["be careful"],
    }


def urls(pretty: str) -> list[str]:
    return [word for word in pretty.split() if "://" in word or word.startswith("unix:")]


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize(
    ("addresses", "shown"),
    [
        ([("127.0.0.1", 8000)], ["http://127.0.0.1:8000/"]),
        (LOOPBACKS, ["http://localhost:8000/"]),
        ([("0.0.0.0", 80)], ["http://localhost:80/", "http://192.168.1.23:80/"]),
        ([("0.0.0.0", 80), ("::", 80, 0, 0)], ["http://localhost:80/", "http://192.168.1.23:80/"]),
        ([("192.168.1.5", 80), ("::1", 80, 0, 0)], ["http://192.168.1.5:80/", "http://[::1]:80/"]),
        ([("fe80::1%eth0", 80, 0, 2)], ["http://[fe80::1%25eth0]:80/"]),
        (["/run/shop.sock"], ["unix:/run/shop.sock"]),
        ([b"\0shop"], ["unix:\\x00shop"]),
    ],
)
def test_a_person_is_shown_what_a_browser_can_open(addresses: list[object], shown: list[str]) -> None:
    assert urls(text("pretty", addresses)) == shown


@pytest.mark.parametrize(
    ("addresses", "shown"),
    [
        ([("0.0.0.0", 80)], "http://0.0.0.0:80"),
        ([("::", 80, 0, 0), "/run/shop.sock"], "http://[::]:80 unix:/run/shop.sock"),
        ([*LOOPBACKS, ("192.168.1.5", 8000)], "http://127.0.0.1:8000 http://192.168.1.5:8000"),
    ],
)
def test_a_machine_is_shown_what_is_listened_on(addresses: list[object], shown: str) -> None:
    assert f" listening on {shown} app=" in text("plain", addresses)


def test_the_scheme_is_the_listeners() -> None:
    assert urls(text("pretty", scheme="https")) == ["https://localhost:8000/"]


def test_urls_are_links_where_a_terminal_can_follow_them() -> None:
    url = "http://localhost:8000/"
    assert f"\x1b]8;;{url}\x1b\\{url}\x1b]8;;\x1b\\          shop.web:app" in text("pretty", color=True)
    assert "\x1b]8" not in text("pretty", ["/run/shop.sock"], color=True)


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize("count", [1, 4, 5, 20])
@pytest.mark.parametrize("notes", [[], ["one"], ["one", "two"]])
def test_it_has_less_than_nine_lines_and_says_how_much_it_left_out(count: int, notes: list[str]) -> None:
    said = text("pretty", [(f"10.0.0.{n}", 80) for n in range(count)], notes=notes)
    assert said.count("\n") < 9
    cut = [line for line in said.splitlines() if line.endswith(" more")]
    missing = count - len(urls(said))
    assert cut == ([f"                and {missing} more"] if missing else [])


def test_what_to_change_is_a_line_of_its_own() -> None:
    assert "\n  !  be careful\n" in text("pretty", notes=["be careful"])
    assert "\nWARNING be careful\n" in text("plain", notes=["be careful"])


def test_nothing_in_it_moves_the_cursor() -> None:
    for form in ("pretty", "plain"):
        assert "\x1b" not in text(form, ["/run/\x1b[2J"], app="\x1b[2J", about="\x1b[2J", notes=["\x1b[2J"])


def test_an_application_of_which_nothing_is_known_is_named() -> None:
    assert text("pretty", about="").splitlines()[3].endswith("  shop.web:app")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0004, "0 ms"), (9.999, "9999 ms"), (10, "10.0 s"), (75.25, "75.2 s")]
)
def test_a_long_start_is_told_in_seconds(seconds: float, shown: str) -> None:
    assert f"ready in {shown}  " in text("pretty", seconds=seconds)


TELL_AGE = """
import time
begin = time.monotonic()
from wsgiserve import banner
banner._LOADED = begin + 1000  # so that the age of the module is no answer
since_first_line = time.monotonic() - begin
print(banner.process_age(), since_first_line)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell in other ways")
def test_the_clock_runs_from_the_start_of_the_process() -> None:
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", TELL_AGE], capture_output=True, text=True, check=True)
    whole = time.monotonic() - begin
    age, since_first_line = map(float, done.stdout.split())
    tick = 0.02  # the kernel counts in hundredths of a second
    assert since_first_line - tick < age < whole + tick


@pytest.mark.parametrize("stat", [None, f"1 (sh) S {'0 ' * 18}0 0"], ids=["not Linux", "older than this program"])
def test_a_start_that_cannot_be_known_is_that_of_the_module(stat: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_text(_: Path) -> str:
        if stat is None:
            raise FileNotFoundError
        return stat

    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr(banner, "_LOADED", time.monotonic() - 5)
    monkeypatch.setattr(time, "clock_gettime", lambda _: 1000.0)
    assert 5 <= process_age() < 15
