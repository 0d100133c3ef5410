"""When start_response and write are called, and what is raised when."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

from wsgiserve.conform.behaviours.common import PAUSE, TEXT, Environ, Noted, behaviour, journal_of


@behaviour
def _never_starts(_: Environ, __: Any) -> Iterable[bytes]:
    """No start_response at all."""
    return [b"hello"]


@behaviour
def _headers_a_tuple(_: Environ, start_response: Any) -> Iterable[bytes]:
    """PEP 3333 asks for a list."""
    start_response("200 OK", (TEXT,))
    return [b"hello"]


@behaviour
def _starts_late(_: Environ, start_response: Any) -> Iterable[bytes]:
    """At the first block, as every application that is a generator."""
    start_response("200 OK", [TEXT])
    yield b"one"
    yield b"two"


@behaviour
def _positional(_: Environ, start_response: Any) -> Iterable[bytes]:
    """Its third argument is exc_info, given by position."""
    start_response("200 OK", [TEXT], None)
    return [b"hello"]


@behaviour
def _starts_twice(_: Environ, start_response: Any) -> Iterable[bytes]:
    """Without exc_info."""
    start_response("200 OK", [TEXT])
    start_response("404 Not Found", [TEXT])
    return [b"hello"]


@behaviour
def _replaces(_: Environ, start_response: Any) -> Iterable[bytes]:
    """With exc_info, before anything is sent."""
    start_response("200 OK", [TEXT, ("X-First", "1")])
    try:
        raise RuntimeError("on purpose")
    except RuntimeError:
        start_response("503 Service Unavailable", [TEXT, ("X-Second", "1")], sys.exc_info())
    return [b"sorry"]


@behaviour
def _replaces_while_iterated(_: Environ, start_response: Any) -> Iterable[bytes]:
    """With exc_info, before a block that is not empty."""
    start_response("200 OK", [TEXT])
    yield b""
    try:
        raise RuntimeError("on purpose")
    except RuntimeError:
        start_response("503 Service Unavailable", [TEXT], sys.exc_info())
    yield b"sorry"


@behaviour
def _replaces_too_late(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """With exc_info, after a block: the exception must come back."""
    start_response("200 OK", [TEXT])
    yield b"one"
    try:
        raise RuntimeError("on purpose")
    except RuntimeError as error:
        try:
            start_response("503 Service Unavailable", [TEXT], sys.exc_info())
        except RuntimeError as raised:
            journal_of(environ)("raised" if raised is error else "another")
            raise
    journal_of(environ)("nothing raised")
    yield b"two"


@behaviour
def _writes(_: Environ, start_response: Any) -> Iterable[bytes]:
    """With write, then by iteration."""
    write = start_response("200 OK", [TEXT])
    write(b"one")
    write(b"two")
    return [b"three"]


@behaviour
def _writes_slowly(_: Environ, start_response: Any) -> Iterable[bytes]:
    """A block by write, long before the application returns."""
    write = start_response("200 OK", [TEXT])
    write(b"one")
    time.sleep(PAUSE)
    return [b"two"]


@behaviour
def _writes_str(_: Environ, start_response: Any) -> Iterable[bytes]:
    """What write does not take."""
    start_response("200 OK", [TEXT])("hello")
    return []


@behaviour
def _raises(_: Environ, __: Any) -> Iterable[bytes]:
    """Before anything."""
    raise RuntimeError("on purpose")


@behaviour
def _raises_after_start(_: Environ, start_response: Any) -> Iterable[bytes]:
    """Status and fields were said, but nothing was sent."""
    start_response("200 OK", [TEXT])
    raise RuntimeError("on purpose")


@behaviour
def _raises_in_the_middle(_: Environ, start_response: Any) -> Iterable[bytes]:
    """After a block, with a body whose length nobody knows."""
    start_response("200 OK", [TEXT])
    yield b"one"
    raise RuntimeError("on purpose")


@behaviour
def _raises_in_the_middle_of_a_length(_: Environ, start_response: Any) -> Iterable[bytes]:
    """After a block, with Content-Length."""
    start_response("200 OK", [TEXT, ("Content-Length", "6")])
    yield b"one"
    raise RuntimeError("on purpose")


@behaviour
def _closes_twice(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """Notes each call of close."""
    start_response("200 OK", [TEXT, ("Content-Length", "6")])
    return Noted(environ, [b"one", b"two"])


class _Ordered(Noted):
    def __next__(self) -> bytes:
        try:
            block = super().__next__()
        except StopIteration:
            self.note("exhausted")
            raise
        self.note("block")
        return block


@behaviour
def _closes_in_order(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """Notes blocks, the end, and close."""
    start_response("200 OK", [TEXT])
    return _Ordered(environ, [b"one", b"two"])


class _GetItem:
    """Iterable the old way; without a length."""

    def __getitem__(self, index: int) -> bytes:
        return (b"one", b"two")[index]


@behaviour
def _old_iterable(_: Environ, start_response: Any) -> Iterable[bytes]:
    """An object with __getitem__ only."""
    start_response("200 OK", [TEXT])
    return _GetItem()  # type: ignore[return-value]


@behaviour
def _alters_environ(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """The environ is the application's to change."""
    first = "probe.mark" not in environ
    environ["probe.mark"] = "1"
    environ["PATH_INFO"] = environ["SCRIPT_NAME"] = "/changed"
    environ.pop("wsgi.input")
    start_response("200 OK", [TEXT])
    return [b"new" if first else b"old"]


@behaviour
def _methods_of_streams(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """Which of the methods that PEP 3333 lists are missing."""
    wanted = {
        "wsgi.input": ("read", "readline", "readlines", "__iter__"),
        "wsgi.errors": ("flush", "write", "writelines"),
    }
    missing = [f"{key}.{name}" for key, names in wanted.items() for name in names if not hasattr(environ[key], name)]
    start_response("200 OK", [TEXT])
    return [" ".join(missing).encode()]


@behaviour
def _writes_errors(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """Text of any language, and lines."""
    environ["wsgi.errors"].write("conform: caf\xe9 \u20ac\n")
    environ["wsgi.errors"].writelines(["conform: one\n", "conform: two\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", [TEXT])
    return [b"hello"]


@behaviour
def _runs(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """Notes when it runs, where, and the flags; beside it others may run."""
    told = journal_of(environ)
    where = f"{os.getpid()} {threading.get_ident()} {environ['wsgi.multithread']!r} {environ['wsgi.multiprocess']!r}"
    told(f"begin {where}")
    time.sleep(PAUSE)
    told(f"end {where}")
    start_response("200 OK", [TEXT])
    return [b"hello"]
