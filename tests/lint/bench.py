"""An application behind a linting server, a few requests to it, and everything that was found."""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from tests.server.running import until
from wsgiserve.lint import Finding, Linter, LintingHandler, linting
from wsgiserve.server.access import Access
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.servers import ThreadPoolWSGIServer

__all__ = ["Result", "ask", "request"]

_SECONDS = 30.0
# Between a slow client's head and its content.
_PAUSE = 0.3


class Result(NamedTuple):
    """What came of some requests."""

    answers: list[bytes]
    findings: list[Finding]
    """Of all requests."""
    told: list[Finding]
    """Those that the log was told of."""
    accesses: list[Access]

    @property
    def codes(self) -> list[str]:
        """Of the findings, each once."""
        return sorted({finding.code for finding in self.findings})


class _Noting(LintingHandler):
    noted: ClassVar[list[Finding]]

    def log_access(self, status: int, seconds: float, *notes: str) -> None:
        self.noted.extend(self.findings)
        super().log_access(status, seconds, *notes)


def request(method: str = "GET", target: str = "/", content: bytes = b"", *fields: str) -> bytes:
    """The bytes of a request that is the last of its connection."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *fields]
    if content:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def ask(
    application: Any,
    requests: Sequence[bytes] = (request(),),
    *,
    strict: bool = False,
    threads: int = 4,
    at_once: bool = False,
    slowly: bool = False,
) -> Result:
    """Send requests, each on a connection of its own, and stop the server.

    Args:
        strict: as for ``Linter``.
        at_once: together, in place of one after the other.
        slowly: with a pause between head and content.
    """
    result = Result([], [], [], [])
    handler = linting(Linter(strict=strict, tell=result.told.append), _Noting)
    handler.noted = result.findings
    server = ThreadPoolWSGIServer(
        "127.0.0.1", 0, application, handler, threads=threads, access_log=result.accesses.append
    )
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        if at_once:
            clients = [_send(server, data, slowly=slowly) for data in requests]
            result.answers.extend(map(_answer, clients))
        else:
            result.answers.extend(_answer(_send(server, data, slowly=slowly)) for data in requests)
    finally:
        server.stop()
        serving.join(_SECONDS)
    return result


def _send(server: BaseWSGIServer, data: bytes, *, slowly: bool) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=_SECONDS)
    head = re.match(rb"(?s).*?\r\n\r\n", data)
    assert head is not None
    if slowly:
        client.sendall(head[0])
        # The application waits for the rest, or has answered without it.
        until(lambda: server.running_requests() or select.select([client], [], [], 0)[0])
        time.sleep(_PAUSE)
        client.sendall(data[head.end() :])
    else:
        client.sendall(data)
    return client


def _answer(client: socket.socket) -> bytes:
    with client:
        return b"".join(iter(lambda: client.recv(65536), b""))
