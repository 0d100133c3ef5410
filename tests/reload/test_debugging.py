"""``breakpoint()`` in a request, with the supervisor's standard input; and the keyboard by itself."""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.processes import until
from tests.reload.looping import Loop, loop
from wsgiserve.reload.keyboard import Keyboard
from wsgiserve.reload.process import WorkerProcess

APP = """
import words

def app(environ, start_response):
    secret = 6 * 7
    if environ["PATH_INFO"] != "/":
        breakpoint(**({"header": "look at this"} if environ["PATH_INFO"] == "/header" else {}))
        secret += 1
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{words.WORD} {secret}".encode()]
"""


class Asking:
    """A request in a thread of its own, which stops at a breakpoint."""

    def __init__(self, project: Loop, target: str = "/break") -> None:
        self.answers: list[tuple[int, str]] = []
        self._thread = threading.Thread(target=lambda: self.answers.append(project.get(target)))
        self._thread.start()

    def answer(self) -> tuple[int, str]:
        self._thread.join(20)
        return self.answers[0]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Loop]:
    with loop(tmp_path, files={"app.py": APP}) as running:
        yield running


def test_somebody_can_look_around_and_go_on(project: Loop) -> None:
    asking = Asking(project)
    project.wait_for_log("debugger in GET /break: reload waits until you continue.")
    project.wait_for_log("(Pdb) ")
    project.type("p 'seen', secret")
    project.wait_for_log("('seen', 42)")
    project.type("secret = 1")
    project.wait_for_log("(Pdb) ", 3)
    project.type("c")
    assert asking.answer() == (200, "one 2")
    assert project.end() == 0


def test_what_is_said_before_is_said(project: Loop) -> None:
    asking = Asking(project, "/header")
    project.wait_for_log("look at this")
    project.wait_for_log("(Pdb) ")
    project.type("c")
    assert asking.answer() == (200, "one 43")


def test_while_somebody_looks_around_nothing_is_reloaded(project: Loop) -> None:
    asking = Asking(project)
    project.wait_for_log("(Pdb) ")
    project.word("two")
    project.type("p 'still', words.WORD")
    project.wait_for_log("('still', 'one')")
    assert project.get() == (200, "one 42")
    project.type("c")
    assert asking.answer() == (200, "one 43")
    until(lambda: project.says("two"))


def test_two_at_once_take_turns(project: Loop) -> None:
    first = Asking(project)
    project.wait_for_log("(Pdb) ")
    second = Asking(project, "/second")
    project.type("c")
    assert first.answer() == (200, "one 43")
    project.wait_for_log("(Pdb) ", 2)
    project.type("c")
    assert second.answer() == (200, "one 43")


def test_who_quits_ends_the_request_alone(project: Loop) -> None:
    asking = Asking(project)
    project.wait_for_log("(Pdb) ")
    project.type("q")
    assert asking.answer()[0] == 500
    assert project.get() == (200, "one 42")


def test_without_anybody_to_type_the_request_ends(project: Loop) -> None:
    project.type("")
    assert Asking(project).answer()[0] == 500
    assert project.get() == (200, "one 42")


def test_another_debugger_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONBREAKPOINT", "0")
    with loop(tmp_path, files={"app.py": APP}) as running:
        assert running.get("/break") == (200, "one 43")


# The keyboard


class Listener:
    """Stands for a worker, and for its channel."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.channel = self

    def send(self, message: dict[str, Any]) -> None:
        self.lines.append(message["line"])


@pytest.fixture
def keys() -> Iterator[tuple[Keyboard, selectors.BaseSelector, int]]:
    reading, writing = os.pipe()
    with selectors.DefaultSelector() as selector:
        yield Keyboard(selector, reading), selector, writing
    os.close(reading)
    os.close(writing)


def ask(keyboard: Keyboard, listener: Listener) -> None:
    keyboard.ask(cast("WorkerProcess", listener))


def handle(selector: selectors.BaseSelector) -> int:
    events = selector.select(0)
    for key, _ in events:
        key.data()
    return len(events)


def test_nothing_is_read_before_somebody_asks(keys: tuple[Keyboard, selectors.BaseSelector, int]) -> None:
    keyboard, selector, writing = keys
    os.write(writing, b"one\ntwo\nhalf")
    assert handle(selector) == 0
    first, second = Listener(), Listener()
    ask(keyboard, first)
    assert handle(selector) == 1
    assert first.lines == ["one\n"]
    assert handle(selector) == 0
    ask(keyboard, second)
    ask(keyboard, first)
    assert (first.lines, second.lines) == (["one\n"], ["two\n"])
    os.write(writing, b" and half\n")
    handle(selector)
    assert first.lines == ["one\n", "half and half\n"]


def test_who_is_forgotten_gets_nothing(keys: tuple[Keyboard, selectors.BaseSelector, int]) -> None:
    keyboard, selector, writing = keys
    first, second = Listener(), Listener()
    ask(keyboard, first)
    ask(keyboard, second)
    keyboard.forget(cast("WorkerProcess", first))
    os.write(writing, b"line\n")
    handle(selector)
    assert (first.lines, second.lines) == ([], ["line\n"])
    keyboard.forget(cast("WorkerProcess", second))


def test_who_listens_hears_what_nobody_asked_for(keys: tuple[Keyboard, selectors.BaseSelector, int]) -> None:
    keyboard, selector, writing = keys
    heard: list[str] = []
    keyboard.listen(heard.append)
    os.write(writing, b"one\n")
    handle(selector)
    worker = Listener()
    ask(keyboard, worker)
    os.write(writing, b"two\nthree\n")
    handle(selector)
    assert (heard, worker.lines) == (["one\n", "three\n"], ["two\n"])


def test_in_the_background_the_terminal_is_left_alone(
    keys: tuple[Keyboard, selectors.BaseSelector, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads it there is stopped by the system."""
    keyboard, selector, writing = keys
    heard: list[str] = []
    keyboard.listen(heard.append)
    monkeypatch.setattr(os, "tcgetpgrp", lambda fileno: os.getpgrp() + 1)
    os.write(writing, b"to the shell\n")
    assert handle(selector) == 1
    assert (handle(selector), heard) == (0, [])
    monkeypatch.setattr(os, "tcgetpgrp", lambda fileno: os.getpgrp())
    keyboard.resume()
    handle(selector)
    assert heard == ["to the shell\n"]


def test_at_the_end_of_the_input_nobody_listens_any_more() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    heard: list[str] = []
    with selectors.DefaultSelector() as selector:
        Keyboard(selector, reading).listen(heard.append)
        assert handle(selector) == 1
        assert (handle(selector), heard) == (0, [])
    os.close(reading)


def test_what_cannot_be_waited_for_has_ended(tmp_path: Path) -> None:
    listener = Listener()
    with (tmp_path / "file").open("w+") as file, selectors.DefaultSelector() as selector:
        ask(Keyboard(selector, file.fileno()), listener)
    assert listener.lines == [""]
