"""What requests have in common: who was told, what was returned before, and that none of it is there when it is off."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from wsgiserve.config import Config
from wsgiserve.launcher import handler_for
from wsgiserve.lint import Finding, Linter, LintingHandler, log_finding
from wsgiserve.server.handler import WSGIRequestHandler

OWN, FOREIGN = "/shop/views.py:3 in cart", "/lib/site-packages/werkzeug/wrappers.py:9 in __call__"


def finding(code: str = "W206", place: str = OWN, request: str = "GET /") -> Finding:
    return Finding(code, "a body without Content-Type", place, request)


def told(*findings: Finding) -> list[Finding]:
    heard: list[Finding] = []
    linter = Linter(tell=heard.append)
    for one in findings:
        linter.tell(one)
    return heard


def test_each_rule_and_place_is_told_once() -> None:
    first, other_rule, other_place = finding(), finding("W202"), finding(place="/shop/views.py:9 in pay")
    assert told(first, finding(request="GET /2"), other_rule, other_place, first) == [first, other_rule, other_place]


@pytest.mark.parametrize("place", [FOREIGN, ""])
def test_each_path_is_told_once_where_the_place_is_no_code_of_the_users(place: str) -> None:
    first, second = finding(place=place), finding(place=place, request="GET /2")
    assert told(first, second, first) == [first, second]


def test_there_is_an_end_to_what_is_remembered() -> None:
    many = [finding(place="", request=f"GET /{number}") for number in range(3000)]
    linter = Linter(tell=lambda finding: None)
    for one in many:
        linter.tell(one)
    assert len(linter._told) <= 1000


def test_the_log_says_what_where_and_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    log_finding(finding())
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("wsgiserve.lint", logging.WARNING)
    assert record.getMessage() == (
        "GET /: W206 a body without Content-Type\n"
        "  at /shop/views.py:3 in cart\n"
        "  Fix: set Content-Type, with charset=utf-8 for text.\n"
        "  https://wsgiserve.readthedocs.io/lint/W206/"
    )


def blocks() -> Iterator[bytes]:
    yield b""


def test_an_iterator_is_known_again_and_not_kept() -> None:
    linter, one = Linter(), blocks()
    assert not linter.was_returned(one)
    assert linter.was_returned(one)
    del one
    assert not linter.was_returned(blocks())


def test_what_cannot_be_referred_to_weakly_is_never_known() -> None:
    linter, one = Linter(), iter([b""])
    assert [linter.was_returned(one), linter.was_returned(one)] == [False, False]


@pytest.mark.parametrize("config", [Config(lint="off"), Config(mode="prod"), Config(host=("0.0.0.0",))])
def test_off_is_the_handler_that_serves_without_it(config: Config) -> None:
    assert handler_for(config) is WSGIRequestHandler


@pytest.mark.parametrize(
    ("config", "strict"), [(Config(), False), (Config(lint="warn", mode="prod"), False), (Config(lint="error"), True)]
)
def test_on_is_a_handler_with_a_linter_of_its_own(config: Config, strict: bool) -> None:
    handler = handler_for(config)
    assert issubclass(handler, LintingHandler)
    assert handler.linter.strict is strict


def test_off_is_not_even_imported() -> None:
    code = (
        "import sys; from wsgiserve.config import Config; from wsgiserve.launcher import handler_for;"
        "handler_for(Config(mode='prod')); sys.exit(any(name.startswith('wsgiserve.lint') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
