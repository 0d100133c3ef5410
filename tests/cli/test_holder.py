"""Who holds a port: named when it is in the way, and nobody else."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from wsgiserve import holder
from wsgiserve.holder import port_holder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


@pytest.mark.parametrize(
    ("listens", "asked", "in_the_way"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "0.0.0.0", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("127.0.0.2", "127.0.0.1", False),
        ("127.0.0.1", "::1", False),
        ("::1", "::1", True),
        ("::1", "::", True),
        ("::", "::1", True),
        ("::", "127.0.0.1", True),
        ("::1", "127.0.0.1", False),
        ("127.0.0.1", "no such host", False),
    ],
)
def test_a_holder_is_named_only_when_it_is_in_the_way(listens: str, asked: str, in_the_way: bool) -> None:
    family = socket.AF_INET6 if ":" in listens else socket.AF_INET
    with socket.create_server((listens, 0), family=family) as server:
        found = port_holder(asked, server.getsockname()[1])
    assert (found is not None) is in_the_way
    if found is not None:
        assert found.pid == os.getpid()


def test_a_socket_that_does_not_listen_holds_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert port_holder("127.0.0.1", silent.getsockname()[1]) is None


def test_a_holder_that_cannot_be_seen_is_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(holder, "Path", lambda name: tmp_path if name == "/proc" else real(name))
        assert port_holder("127.0.0.1", server.getsockname()[1]) is None


def test_without_proc_nobody_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder, "Path", lambda name: tmp_path / name.strip("/"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert port_holder("127.0.0.1", server.getsockname()[1]) is None


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["/usr/bin/python3", "manage.py", "runserver"], "python3 manage.py runserver"),
        (["python", "-c", "one\ntwo\x1b[31m"], r"python -c one\ntwo\x1b[31m"),
        (["x", "y" * 78], "x " + "y" * 78),
        (["x", "y" * 200], "x " + "y" * 77 + "…"),
    ],
)
def test_a_command_is_told_as_one_short_line(words: list[str], command: str, tmp_path: Path) -> None:
    (tmp_path / "cmdline").write_text("\0".join([*words, ""]))
    assert holder._command(tmp_path) == command
