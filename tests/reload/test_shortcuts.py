"""A letter and Enter, on a real terminal; and what is heeded at all."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.projects import WSGI_APP
from tests.processes import until
from tests.reload.looping import ROOT
from tests.terminals import Terminal, terminal
from wsgiserve.console import Console
from wsgiserve.reload.shortcuts import Shortcut, Shortcuts, are_wanted

APP = (
    WSGI_APP
    + """
import threading, time

def stuck():
    while True:
        time.sleep(0.01)

threading.Thread(target=stuck, daemon=True).start()

def other(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/stuck":
        print("stuck now", flush=True)
        stuck()
    if path == "/wrong":
        1 / 0
    if path == "/break":
        breakpoint()
    if path == "/missing":
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"not here"]
    return app(environ, start_response)
"""
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and a browser that writes down what it opens."""
    (tmp_path / "web.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text("")
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho opened $1 > {tmp_path}/opened~\nmv {tmp_path}/opened~ {tmp_path}/opened\n")
    browser.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path


@pytest.fixture
def one(folder: Path) -> Iterator[Terminal]:
    with terminal("web:other", "--reload", "-p", "0", "--reload-grace", "0.2", folder=folder) as made:
        made.until("press h + enter for shortcuts")
        yield made


def url(one: Terminal) -> str:
    found = re.search(r"http://localhost:\d+/", one.said)
    assert found is not None
    return found[0]


def get(one: Terminal, path: str = "") -> bytes:
    """The answer, once the connection is closed: then its line has been written too, if there is one."""
    with begun(one, f"/{path}", "Connection: close\r\n") as client, client.makefile("rb") as answer:
        return answer.read()


@contextmanager
def begun(one: Terminal, target: str, fields: str = "") -> Iterator[socket.socket]:
    """A request that is on its way, and waits for its answer."""
    with socket.create_connection(("127.0.0.1", urlsplit(url(one)).port or 0), timeout=30) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode())
        yield client


def test_help_names_every_letter(one: Terminal) -> None:
    one.type("h\n")
    said = one.until("each followed by enter")
    for letter in "hrouletcq":
        assert f"\x1b[1m{letter}\x1b[0m  " in said
    one.type("?\n")
    one.until("each followed by enter")


def test_r_reloads(one: Terminal) -> None:
    one.type("R \n")
    one.until("reloaded: as you asked")
    assert get(one).endswith(b"hello from app")


def test_o_opens_the_browser(one: Terminal, tmp_path: Path) -> None:
    one.type("o\nu\n")
    one.until(f"\x1b\\{url(one)}\x1b]8;;")  # the URL, as a link
    until((tmp_path / "opened").exists)
    assert (tmp_path / "opened").read_text() == f"opened {url(one)}\n"


@pytest.mark.parametrize("reload", ["--reload", "--no-reload"])
def test_a_page_can_be_opened_at_the_start(reload: str, folder: Path) -> None:
    with terminal("web:other", reload, "-p", "0", "--open", "/admin?x=1", folder=folder) as one:
        one.until("http://localhost:")
        until((folder / "opened").exists)
        one.until("/\x1b]8;;")
        assert (folder / "opened").read_text() == f"opened {url(one)}admin?x=1\n"


def test_l_shows_fewer_lines_of_the_log_and_a_reload_keeps_it_so(one: Terminal) -> None:
    get(one, "first")
    one.until("  /first ")
    one.type("l\n")
    one.until("log: errors")
    get(one, "second")
    one.type("r\n")
    one.until("reloaded")
    get(one, "third")
    get(one, "missing")
    one.until("  /missing ")
    one.type("l\n")
    one.until("log: quiet")
    get(one, "fourth")
    one.type("l\n")
    one.until("log: all")
    get(one, "fifth")
    said = one.until("  /fifth ")
    assert not re.search("/second|/third|/fourth", said)


def test_t_prints_the_stacks(one: Terminal) -> None:
    one.type("t\n")
    one.until("no request is running.")
    with begun(one, "/stuck"):
        one.until("stuck now")
        one.type("t\n")
        said = one.until("in other")
    assert "GET /stuck  " in said


def test_e_opens_the_last_error(folder: Path) -> None:
    with terminal("web:other", "--reload", "-p", "0", "--editor", "vscode", folder=folder) as one:
        one.until("press h + enter")
        one.type("e\n")
        one.until("there was no error yet")
        assert b"ZeroDivisionError" in get(one, "wrong")
        one.type("e\n")
        until((folder / "opened").exists)
        line = 1 + APP.splitlines().index("        1 / 0")
        assert (folder / "opened").read_text() == f"opened vscode://file{folder}/web.py:{line}:9\n"


def test_e_tells_where_it_is_if_no_editor_is_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VISUAL", "EDITOR", "TERM_PROGRAM", "TERMINAL_EMULATOR"):
        monkeypatch.delenv(name, raising=False)
    with terminal("web:other", "--reload", "-p", "0", folder=folder) as one:
        one.until("press h + enter")
        (folder / "web.py").write_text("x = (\n")
        one.until("was never closed")
        one.type("e\n")
        one.until("web.py:1   (which editor? --editor NAME, or WSGISERVE_EDITOR)")


def test_c_clears_the_screen(one: Terminal) -> None:
    one.type("c\n")
    one.until("\x1b[H\x1b[2J\x1b[3J")


def test_q_quits(one: Terminal) -> None:
    one.type("q\n")
    assert one.process.wait(30) == 0


def test_ctrl_c_still_is_ctrl_c(one: Terminal) -> None:
    one.type("\x03")
    assert one.process.wait(30) == 130


def test_a_debugger_gets_what_is_typed_and_reloading_waits(one: Terminal) -> None:
    with begun(one, "/break"):
        one.until("(Pdb) ")
        one.type("p 6 * 7\n")
        one.until("42")
        one.process.send_signal(signal.SIGCONT)  # as after Ctrl-Z and fg
        one.type("r\n")
        one.until("--Return--")  # it is the debugger's line
        one.type("c\n")
        one.until("  /break ")
    one.type("u\n")
    one.until("http://localhost")


def test_without_a_terminal_or_in_continuous_integration_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "isatty", lambda fd: True)
    assert are_wanted({})
    assert not are_wanted({"CI": "true"})
    monkeypatch.setattr(os, "isatty", lambda fd: False)
    assert not are_wanted({})

    def closed(fd: int) -> bool:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "isatty", closed)
    assert not are_wanted({})


def test_an_empty_line_is_nothing_and_an_unknown_letter_asks_for_help() -> None:
    said: list[str] = []
    done: list[str] = []
    known = {"r": Shortcut("reload now", lambda: done.append("r"))}
    shortcuts = Shortcuts(Console(io.StringIO(), "pretty", False), said.append, known)
    shortcuts.heed("\n")
    shortcuts.heed(" r \n")
    assert (said, done) == ([], ["r"])
    shortcuts.heed("x\n")
    assert said == ["\n  h  this help\n  r  reload now\n\n  each followed by enter\n\n"]
