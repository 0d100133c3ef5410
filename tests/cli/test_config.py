"""What follows from the options: limits, deadlines, the mode and why, threads."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wsgiserve.config import Config, options
from wsgiserve.http11.limits import Limits
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.wsgi.proxied import SAYINGS

HERE = "only this machine can connect"
THERE = "other machines can connect"
SYSTEMD = ("prod", "started by systemd")


def test_the_defaults_of_limits_and_deadlines_are_those_of_their_own_classes() -> None:
    assert Config().limits() == Limits()
    assert Config().deadlines() == Deadlines()


def test_what_a_proxy_may_say_is_what_can_be_read() -> None:
    assert options()["proxy_sets"].kind.parse(list(SAYINGS)) == SAYINGS
    assert options()["proxy_sets"].kind.metavar == "|".join(SAYINGS)


def test_every_limit_that_is_given_arrives() -> None:
    config = Config(max_request_line=1, max_field=2, max_head=3, max_fields=4, max_body=5)
    assert config.limits() == Limits(request_line=1, field=2, head=3, fields=4, body=5)


def test_every_deadline_that_is_given_arrives() -> None:
    config = Config(
        timeout_head=1,
        timeout_body=2,
        timeout_keep_alive=3,
        timeout_write=4,
        timeout_tls=5,
        graceful_timeout=6,
    )
    assert config.deadlines() == Deadlines(head=1, body=2, keep_alive=3, write=4, tls_handshake=5, graceful=6)


def test_every_field_is_an_option_with_an_explanation() -> None:
    assert list(options()) == [name for name in Config.__annotations__ if not name.startswith("_")]
    for name, about in options().items():
        assert about.help.endswith("."), name
        assert about.default == getattr(Config(), name)


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({}, ("dev", HERE)),
        ({"host": ("localhost",)}, ("dev", HERE)),
        ({"host": ("127.8.9.10", "::1")}, ("dev", HERE)),
        ({"host": ("::1%lo",)}, ("dev", HERE)),
        ({"host": ("127.0.0.1", "192.168.1.23")}, ("prod", THERE)),
        ({"host": ("0.0.0.0",)}, ("prod", THERE)),
        ({"host": ("::",)}, ("prod", THERE)),
        ({"host": ("shop.example",)}, ("prod", THERE)),
        ({"uds": "/run/shop.sock"}, ("dev", HERE)),
        ({"fd": 3}, ("prod", "an inherited socket may listen anywhere")),
        ({"mode": "dev", "host": ("0.0.0.0",)}, ("dev", "")),
        ({"mode": "prod"}, ("prod", "")),
    ],
)
def test_the_mode_follows_from_where_it_listens_unless_it_is_given(
    given: dict[str, Any], mode: tuple[str, str]
) -> None:
    assert Config(**given).effective_mode({}) == mode


@pytest.mark.parametrize("variable", ["SYSTEMD_EXEC_PID", "LISTEN_PID"])
def test_a_service_of_systemd_is_production(variable: str) -> None:
    assert Config().effective_mode({variable: str(os.getpid())}) == SYSTEMD
    assert Config(mode="dev").effective_mode({variable: str(os.getpid())}) == ("dev", "")


def test_what_a_desktops_terminal_inherits_from_systemd_is_not_a_service() -> None:
    inherited = {"INVOCATION_ID": "0123", "SYSTEMD_EXEC_PID": "1", "LISTEN_PID": "1", "JOURNAL_STREAM": "0:0"}
    assert Config().effective_mode(inherited) == ("dev", HERE)


def test_a_process_that_writes_to_the_journal_is_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = (tmp_path / "journal").open("w")
    real = os.fstat
    monkeypatch.setattr(os, "fstat", lambda fd: real(journal.fileno() if fd == 2 else fd))
    there = real(journal.fileno())
    with journal:
        environ = {"JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"}
        assert Config().effective_mode(environ) == SYSTEMD


def test_without_standard_error_nothing_is_known_of_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fstat

    def fail(fd: int) -> os.stat_result:
        if fd == 2:
            raise OSError
        return real(fd)

    monkeypatch.setattr(os, "fstat", fail)
    assert Config().effective_mode({"JOURNAL_STREAM": "0:0"}) == ("dev", HERE)


def test_threads_follow_from_mode_and_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 5}, raising=False)
    assert Config().effective_threads({}) == 8
    assert Config(mode="prod").effective_threads({}) == 8
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3, 5}, raising=False)
    assert Config(mode="prod").effective_threads({}) == 12
    assert Config(mode="prod", threads=3).effective_threads({}) == 3


def test_where_affinity_is_unknown_all_processors_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert Config(mode="prod").effective_threads({}) == 34


def test_only_the_hosts_that_nobody_asked_for_are_optional() -> None:
    assert Config().optional_hosts() == ("127.0.0.1", "::1")
    assert Config(host=("::1",)).optional_hosts() == ()


@pytest.mark.parametrize(
    ("given", "reloads"),
    [
        ({}, True),
        ({"mode": "prod"}, False),
        ({"host": ("0.0.0.0",)}, False),
        ({"host": ("0.0.0.0",), "mode": "dev"}, True),
        ({"reload": False}, False),
        ({"mode": "prod", "reload": True}, True),
    ],
)
def test_in_development_it_reloads_unless_it_is_told(given: dict[str, Any], reloads: bool) -> None:
    assert Config(**given).effective_reload({}) is reloads


def test_without_posix_it_does_not_reload_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsgiserve.config.os", SimpleNamespace(name="nt", environ={}))
    assert not Config(mode="dev").effective_reload({})
