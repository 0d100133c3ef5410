"""Fixtures for pytest: ``wsgi_server`` and ``wsgi_server_session``, with ``wsgiserve.testing`` behind them.

Loaded in every run of pytest where wsgiserve is installed, so it imports nothing before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wsgiserve.testing import Finding, TestServer
    from wsgiserve.wsgi.gateway import Application

__all__ = [
    "ServerFactory",
    "pytest_addoption",
    "pytest_configure",
    "pytest_runtest_makereport",
    "pytest_terminal_summary",
    "wsgi_server",
    "wsgi_server_session",
]

# Requests that are shown of a test that failed.
_SHOWN = 20

_PROPERTY = "wsgi_lint"


class ServerFactory:
    """What the fixtures give: call it with an application, or the name of one, as often as you need servers.

    The arguments are those of ``wsgiserve.testing.serve``. All are stopped when the fixture ends.
    """

    def __init__(self) -> None:
        self.servers: list[TestServer] = []
        self._told = 0

    def __call__(self, app: Application | str, **options: Any) -> TestServer:
        from wsgiserve.testing import serve

        server = serve(app, **options)
        self.servers.append(server)
        return server

    def table(self) -> str:
        """The last requests of each server."""
        lines = []
        for server in self.servers:
            lines += [server.url(), *(f"  {exchange}" for exchange in server.requests[-_SHOWN:])]
        return "\n".join(lines)

    def new_findings(self) -> list[Finding]:
        """Those since the last call: of one test, where several share the servers."""
        found = [finding for server in self.servers for finding in server.lint]
        new, self._told = found[self._told :], len(found)
        return new

    def close(self) -> None:
        """Stop all."""
        for server in self.servers:
            server.close()


@pytest.fixture
def wsgi_server() -> Iterator[ServerFactory]:
    """Start servers for this test: ``wsgi_server(app)``."""
    factory = ServerFactory()
    yield factory
    factory.close()


@pytest.fixture(scope="session")
def wsgi_server_session() -> Iterator[ServerFactory]:
    """Start servers for the whole session."""
    factory = ServerFactory()
    yield factory
    factory.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("wsgiserve").addoption(
        "--wsgi-lint",
        choices=("off", "warn", "error"),
        default="warn",
        help="what the linter finds: say nothing, list it in the summary, or fail the test",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "wsgi_lint(ignore): codes of rules, or other texts of findings; those do not count"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    factories = _factories(item) if report.when == "call" else []
    if factories:
        _lint(item, report, factories)
        if report.failed:
            report.sections.append(("wsgiserve: requests", "\n".join(factory.table() for factory in factories)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    told = [(report.nodeid, text) for report in reports for name, text in report.user_properties if name == _PROPERTY]
    if told:
        terminalreporter.section("wsgiserve: lint")
        for test, text in told:
            terminalreporter.line(f"{test}\n  {text!s}")


def _factories(item: pytest.Item) -> list[ServerFactory]:
    values = getattr(item, "funcargs", {}).values()
    return [value for value in values if isinstance(value, ServerFactory)]


def _lint(item: pytest.Item, report: pytest.TestReport, factories: list[ServerFactory]) -> None:
    mode = item.config.getoption("--wsgi-lint")
    found = [str(finding) for factory in factories for finding in factory.new_findings()]
    ignored = [text for marker in item.iter_markers("wsgi_lint") for text in marker.kwargs.get("ignore", ())]
    told = [text for text in found if not any(part in text for part in ignored)]
    if mode == "off" or not told:
        return
    report.user_properties += [(_PROPERTY, text.replace("\n", "\n  ")) for text in told]
    if mode == "error" and report.passed:
        report.outcome = "failed"
        report.longrepr = "the linter found:\n" + "\n".join(told)
