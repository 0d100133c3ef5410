"""``wsgiserve check``: a few requests to the application, through the server, and what the linter says of them.

Everything runs in this process, on a port of the system's choice, and ends with it.
"""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from wsgiserve import messages
from wsgiserve.frames import describe, user_frames
from wsgiserve.importer import LoadedApp
from wsgiserve.lint import RULES, Finding, page_of
from wsgiserve.logs import SERVER_LOGGER
from wsgiserve.testing import Exchange, TestServer

__all__ = ["Check", "Wanted"]

# HEAD, because frameworks answer it in ways of their own; GET again, because some state is left over from the first.
_METHODS = ("GET", "HEAD", "GET")

# Of a body that may have no end.
_BYTES, _SECONDS = 4 * 1024 * 1024, 10.0


class Wanted(NamedTuple):
    """What was typed behind ``wsgiserve check``.

    Attributes:
        paths: that are asked for, below the mount.
        ignored: codes of rules that do not count.
    """

    paths: Sequence[str]
    ignored: Sequence[str]


class Check:
    """One check of an application.

    Args:
        say: prints on standard output.
    Raises:
        UserError: there is no such rule, or a path does not begin with a slash.
    """

    def __init__(self, say: Callable[[str], None], wanted: Wanted) -> None:
        for code in wanted.ignored:
            if code not in RULES:
                fix = messages.did_you_mean(code, RULES) or f"rules are {', '.join(RULES)}."
                raise messages.bad_option(f"--ignore knows no rule {code!r}.", fix)
        for path in wanted.paths:
            if not path.startswith("/"):
                raise messages.bad_option(f"--path takes a path such as /cart, not {path!r}.", f"--path /{path}")
        self._say = say
        self._wanted = wanted

    def run(self, loaded: LoadedApp, script_name: str) -> int:
        """Ask, and tell what there is to say; the exit code."""
        _be_silent()
        self._say(f"{loaded.name}{f' ({loaded.framework})' if loaded.framework else ''}\n\n")
        with TestServer(loaded.application, script_name=script_name) as server:
            for path in self._wanted.paths or ["/"]:
                for method in _METHODS:
                    self._say(f"  {method:<4} {path}  {_ask(server, method, path)}\n")
        problems = [*_failures(server.requests), *map(_told, _once(server.lint, self._wanted.ignored))]
        self._say("".join(f"\n{problem}" for problem in problems))
        self._say(f"\n{_sum(len(problems))}\n")
        return messages.FOUND_PROBLEMS if problems else 0


def _be_silent() -> None:
    """What the server would log is told as findings."""
    logger = logging.getLogger(SERVER_LOGGER)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False


def _ask(server: TestServer, method: str, path: str) -> str:
    """Send a request; what came back, in words."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=_SECONDS)
    try:
        connection.request(method, server.url(path).partition(f":{server.port}")[2])
        response = connection.getresponse()
        size = len(response.read(_BYTES))
        if response.length and size < _BYTES:  # which Python 3.11 and 3.12 say nothing of
            return f"{response.status}  broken off after {size} bytes"
        return f"{response.status}  {size} bytes" if method == "GET" else str(response.status)
    except TimeoutError:
        return f"no end within {_SECONDS:g} s"
    except (http.client.HTTPException, OSError) as error:
        return f"broken off: {describe(error)}"
    finally:
        connection.close()


def _failures(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """What the application raised, and answers that say that it failed, each once."""
    seen: set[str] = set()
    for exchange in exchanges:
        for text in _failure(exchange):
            what = text.partition(" ")[2]  # whichever the method
            if what not in seen:
                seen.add(what)
                yield text


def _failure(exchange: Exchange) -> Iterator[str]:
    request = f"{exchange.method} {exchange.target}"
    for error in exchange.errors:
        yield f"{request} raised {describe(error)}\n" + "".join(f"  at {line}\n" for line in user_frames(error))
    # Without headers it is the server's answer, to what is among the findings.
    if exchange.status >= 500 and exchange.headers and not exchange.errors:
        yield f"{request} was answered with {exchange.status}\n"


def _once(findings: Sequence[Finding], ignored: Sequence[str]) -> list[Finding]:
    first = {(finding.code, finding.place, finding.rule): finding for finding in reversed(findings)}
    return sorted((one for one in first.values() if one.code not in ignored), key=lambda one: (one.code, one.place))


def _told(finding: Finding) -> str:
    return f"{finding}\n  Fix: {RULES[finding.code].fix}\n  {page_of(finding.code)}\n"


def _sum(count: int) -> str:
    return "Nothing found." if not count else "1 finding." if count == 1 else f"{count} findings."
