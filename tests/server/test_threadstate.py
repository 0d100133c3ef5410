"""What the system tells of a thread that waits, and of one that does not."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from tests.server.running import SECONDS, until
from wsgiserve.server import threadstate
from wsgiserve.server.threadstate import is_asleep, pauses

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="proc(5) and RUSAGE_THREAD are Linux's")


@on_linux
def test_each_wait_is_a_pause_and_computing_is_none() -> None:
    before = pauses()
    for _ in range(3):
        time.sleep(0.001)
    assert pauses() >= before + 3
    least = min(_pauses_of_a_computation() for _ in range(20))
    assert least == 0


def _pauses_of_a_computation() -> int:
    before = pauses()
    sum(range(1000))
    return pauses() - before


@on_linux
def test_who_waits_is_asleep_and_who_asks_is_not() -> None:
    go = threading.Event()
    thread = threading.Thread(target=go.wait, args=(SECONDS,))
    thread.start()
    until(lambda: is_asleep(thread.native_id))
    go.set()
    thread.join()
    assert not is_asleep(threading.get_native_id())


def test_where_the_system_does_not_tell_all_may_have_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_asleep(None)
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setattr(threadstate, "_count", threadstate._count.__wrapped__)
    count = threadstate._count()
    before = count()
    assert count() - before > 100_000
