"""The fixtures, in runs of pytest of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

APP = """
import pytest
import requests

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"hello" if environ["PATH_INFO"] == "/wrong" else b"hi"]

def get(server, path):
    return requests.get(server.url(path), timeout=20).text
"""


def run(pytester: pytest.Pytester, tests: str, *words: str) -> pytest.RunResult:
    pytester.makepyfile(APP + tests)
    # Nor Dash's plugin, which the tests of frameworks bring with them, and which warns when it is loaded.
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:dash", *words)


def test_servers_are_started_and_stopped(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import threading

def test_two(wsgi_server):
    one, other = wsgi_server(app), wsgi_server("test_servers_are_started_and_stopped:app", threads=1)
    assert get(one, "/") == get(other, "/") == "hi"
    assert one.wait_for("GET /").status == 200

def test_none_is_left():
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wsgiserve")]

def test_for_all(wsgi_server_session):
    assert get(wsgi_server_session(app), "/") == "hi"

def test_still_there(wsgi_server_session):
    assert get(wsgi_server_session.servers[0], "/") == "hi"
""",
        "-Werror",
    )
    result.assert_outcomes(passed=4)
    result.stdout.no_fnmatch_line("*wsgiserve: *")


def test_a_failure_shows_the_last_requests(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_fails(wsgi_server):
    server = wsgi_server(app)
    for number in range(25):
        get(server, f"/page{number}")
    assert False
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([r".*wsgiserve: requests.*", r"http://127\.0\.0\.1:\d+/", r"  GET +200 +/page5 .*"])
    result.stdout.fnmatch_lines(["*/page24 *"])
    result.stdout.no_fnmatch_line("*/page4 *")


LINT = """
def test_wrong(wsgi_server):
    get(wsgi_server(app), "/wrong")

def test_right(wsgi_server):
    get(wsgi_server(app), "/right")

@pytest.mark.wsgi_lint(ignore=["E107"])
def test_used_to_it(wsgi_server):
    get(wsgi_server(app), "/wrong")

def test_first_of_session(wsgi_server_session):
    get(wsgi_server_session(app), "/wrong")

def test_second_of_session(wsgi_server_session):
    get(wsgi_server_session.servers[0], "/right")
"""


@pytest.mark.parametrize("words", [[], ["-n", "2"]])
def test_broken_rules_are_listed(pytester: pytest.Pytester, words: list[str]) -> None:
    result = run(pytester, LINT, *words, "--dist=loadfile" if words else "-q")
    result.assert_outcomes(passed=5)
    told = result.stdout.str().partition("wsgiserve: lint")[2]
    assert told.count("GET /wrong: E107 the body is 3 bytes longer than its Content-Length") == 2
    assert "::test_wrong\n" in told
    assert "::test_first_of_session\n" in told
    assert " in app\n" in told


def test_they_can_be_errors(pytester: pytest.Pytester) -> None:
    result = run(pytester, LINT, "--wsgi-lint=error")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["the linter found:", "GET /wrong: E107 the body is 3 bytes longer*"])


def test_or_be_left_alone(pytester: pytest.Pytester) -> None:
    result = run(pytester, LINT, "--wsgi-lint=off")
    result.assert_outcomes(passed=5)
    result.stdout.no_fnmatch_line("*E107*")


def test_the_plugin_is_light() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    light = {"wsgiserve", "wsgiserve._version", "wsgiserve.lazy", "wsgiserve.pytest_plugin"}
    assert set(done.stdout.split()) <= light


# Of others an editable installation may import what it needs to find ours.
LIGHT = """
import sys, pytest
there = set(sys.modules)
import wsgiserve.pytest_plugin
print(*(name for name in {*sys.modules} - there if not name.startswith("__editable__")))
"""
