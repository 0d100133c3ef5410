"""The supervisor where there is no other process: what can go wrong before there is one."""

from __future__ import annotations

import errno
import logging
import os
import signal
from collections.abc import Sequence

import pytest

from wsgiserve.process.post import Birth
from wsgiserve.process.supervisor import Supervisor


def test_a_worker_that_cannot_be_started_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)]
    attempts: list[int] = []

    def fork() -> int:
        attempts.append(1)
        if len(attempts) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", fork)
    told: list[str] = []
    supervisor = Supervisor(1, 10.0, lambda pids, report: told.append("ready"), lambda: told.append("stop"))
    assert supervisor.run() == 0
    assert told == ["stop"]
    assert [record.getMessage() for record in caplog.records] == [
        "cannot start a worker: Resource temporarily unavailable; trying again",
        "cannot start a worker: Resource temporarily unavailable; trying again in 1 s",
    ]
    assert {record.levelno for record in caplog.records} == {logging.ERROR}
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)] == handlers
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()


# The process of the tests has threads where several of them run; the workers here do next to nothing.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_supervisor_that_fails_leaves_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = os.pipe()

    started: list[int] = []

    def fail(pids: Sequence[int], report: object) -> None:
        started.extend(pids)
        raise ZeroDivisionError

    supervisor = Supervisor(2, 10.0, fail, lambda: None)
    with pytest.raises(ZeroDivisionError):
        _run_or_wait(supervisor, ours[0])
    os.close(ours[1])
    assert os.read(ours[0], 1) == b"", "the last one that could write is gone"
    os.close(ours[0])
    assert len(started) == 2
    for pid in started:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _run_or_wait(supervisor: Supervisor, theirs: int) -> None:
    """Look after workers; these, which are copies of the very test, are ready and never return to it."""
    birth = supervisor.run()
    try:
        assert isinstance(birth, Birth)
        os.close(theirs)
        birth.channel.send({"ready": {}})
        signal.pause()
    finally:
        os._exit(1)
