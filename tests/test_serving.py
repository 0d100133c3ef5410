"""``wsgiserve.serving`` beside ``werkzeug.serving``: names, signatures and attributes, by looking at both.

Whatever differs stands in docs/differences.md under "Names", and whatever stands there differs.
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import werkzeug
import werkzeug.serving

import wsgiserve
from wsgiserve import serving

pytestmark = pytest.mark.skipif(
    not version("werkzeug").startswith("3.1."),
    reason="docs/differences.md describes werkzeug 3.1; another version differs otherwise",
)

DOCUMENT = Path(__file__).parents[1] / "docs" / "differences.md"

CLASSES = ("BaseWSGIServer", "ThreadedWSGIServer", "ForkingWSGIServer", "WSGIRequestHandler")


def documented() -> set[str]:
    """The names in the section "Names"."""
    section = DOCUMENT.read_text().partition("\n## Names\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ((?:`[\w.]+`(?:, )?)+) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}


def their_names() -> Iterator[str]:
    """What can be imported from werkzeug.serving and is its own; the forms of its types aside."""
    for name, value in vars(werkzeug.serving).items():
        is_code = inspect.isroutine(value) or inspect.isclass(value)
        foreign = is_code and value.__module__ != "werkzeug.serving"
        if not name.startswith("_") and name != "annotations" and not inspect.ismodule(value) and not foreign:
            yield name


def compared() -> Iterator[tuple[str, bool]]:
    """Each name of werkzeug's, dotted if it is a class's, and whether ours is alike."""
    for name in their_names():
        theirs, ours = getattr(werkzeug.serving, name), getattr(serving, name, None)
        yield name, are_alike(theirs, ours)
        if name in CLASSES:
            for attribute, value in their_attributes(theirs):
                yield f"{name}.{attribute}", are_alike(value, getattr(ours, attribute, None))


def their_attributes(kind: type) -> Iterator[tuple[str, object]]:
    """The public ones, those that werkzeug's class has of http.server and socketserver included."""
    base: type = werkzeug.serving.BaseWSGIServer
    for name in dir(kind):
        # What a server has of the first class is compared there.
        inherited = kind is not base and issubclass(kind, base) and getattr(kind, name) is getattr(base, name, None)
        if not name.startswith("_") and not inherited:
            yield name, getattr(kind, name)


def are_alike(theirs: object, ours: object) -> bool:
    if ours is None or inspect.isroutine(theirs) is not inspect.isroutine(ours):
        return theirs is None
    if inspect.isroutine(theirs) or inspect.isclass(theirs):
        return callable(ours) and is_called_alike(theirs, ours)
    return theirs == ours


def is_called_alike(theirs: Callable[..., Any], ours: Callable[..., Any]) -> bool:
    """Whether who calls theirs can call ours: ours may have more arguments, by keyword and with defaults."""
    mine, more = parameters(ours)
    passes_on = mine == [("args", inspect.Parameter.empty)]  # as a mix-in does
    return (passes_on or parameters(theirs)[0] == mine) and inspect.Parameter.empty not in more


def parameters(function: Callable[..., Any]) -> tuple[list[tuple[str, object]], list[object]]:
    known, more = [], []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            more.append(parameter.default)
        elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            known.append((parameter.name, parameter.default))
    return known, more


def test_what_differs_is_documented_and_what_is_documented_differs() -> None:
    different = {name for name, alike in compared() if not alike}
    # A class that differs is one row, whatever is in it.
    classes = {name for name in different & documented() if name not in CLASSES}
    different = {name for name in different if name.partition(".")[0] not in classes} | classes
    assert different == documented()


def test_the_comparison_sees_differences() -> None:
    def theirs(host: str, port: int = 1) -> None: ...
    def without(host: str) -> None: ...
    def otherwise(host: str, port: int = 2) -> None: ...
    def renamed(host: str, number: int = 1) -> None: ...
    def needy(host: str, port: int = 1, *, more: int) -> None: ...
    def generous(host: str, port: int = 1, *, more: int = 0, **others: int) -> None: ...

    assert [are_alike(theirs, ours) for ours in (without, otherwise, renamed, needy, None, 1)] == [False] * 6
    assert are_alike(theirs, generous)
    assert are_alike(128, 128)
    assert not are_alike(128, 1024)


def test_the_names_that_compat_lists_are_compared() -> None:
    names = {name for name, _ in compared()}
    assert {"run_simple", "make_server", "LISTEN_QUEUE", "af_unix", "can_fork", "DechunkedInput"} <= names
    assert {"connection_dropped_errors", "WSGIRequestHandler.log_request", "BaseWSGIServer.multithread"} <= names


def test_every_name_is_there_and_the_same_wherever_it_is_imported_from() -> None:
    for name in serving.__all__:
        assert getattr(serving, name) is getattr(wsgiserve, name, getattr(serving, name))
        assert name in dir(serving)
    with pytest.raises(AttributeError, match=r"'wsgiserve\.serving' has no attribute 'nonsense'"):
        _ = serving.nonsense


def test_importing_it_imports_neither_werkzeug_nor_the_server() -> None:
    script = "import sys, wsgiserve.serving; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "wsgiserve.lazy" in loaded
    assert {"werkzeug", "flask", "click", "logging", "wsgiserve.simple", "wsgiserve.server.base"} & set(loaded) == set()
