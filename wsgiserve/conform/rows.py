"""Cases whose bytes are a sample of ``wire/``: read as it should be, or refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from wsgiserve.conform.case import Broken, Level, Theme
from wsgiserve.conform.client import Client, Connection, FailedError, check
from wsgiserve.conform.responses import BrokenResponseError, Echo, Response
from wsgiserve.conform.samples import Sample, sample

__all__ = ["REFUSALS", "Row", "Taken", "add_rows"]

REFUSALS = frozenset({*range(400, 432), 501, 505})
"""Any status that says that the request, not the server, is at fault."""

_REFUSED = Broken(rb"HTTP/1\.1 200 OK", b"HTTP/1.1 400 Bad Request")
_TAKEN = Broken(rb"(?s)HTTP/1\.1 [45].*|\Z", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
_ANSWERED = Broken(rb"\A", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

# A name that every server can pass on; what becomes of others is no matter of these cases.
_PLAIN_NAME = re.compile(r"[a-z0-9-]+")


class Taken(NamedTuple):
    """What a server may read in place of refusing.

    Attributes:
        fields: their values, by CGI name.
        ends: whether it has to close the connection then.
    """

    fields: dict[str, str]
    content: str = ""
    ends: bool = False


class Row(NamedTuple):
    """One case.

    Attributes:
        sample: ``valid/NAME`` is to be read, ``invalid/NAME`` to be refused.
        status: with which it is refused; any of ``REFUSALS`` by default.
        taken: what a server may also do.
        open: whether it may keep the connection when it refuses.
    """

    sample: str
    level: Level
    section: str
    rule: str
    status: int = 0
    taken: Taken | None = None
    open: bool = False
    known: str = ""
    why: str = ""


def add_rows(theme: Theme, rows: Sequence[Row]) -> None:
    """Make a case of each."""
    for row in rows:
        found = sample(row.sample)
        valid, name = row.sample.startswith("valid/"), row.sample.partition("/")[2]
        broken = (_REFUSED if _requests(found) else _ANSWERED) if valid else _TAKEN
        play = partial(_is_read, found) if valid else partial(_is_refused, row, found)
        theme.add(name, row.level, row.rule, row.section, play, broken, why=row.why, known=row.known)


@dataclass
class _Request:
    """What a server has to make of a request."""

    method: str
    target: str
    path: str = ""
    query: str = ""
    authority: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)
    content: str = ""
    ended: bool = False
    """Whether its content came to an end."""

    def cgi(self) -> dict[str, str]:
        """Fields by their names in environ, lines of one name joined."""
        found: dict[str, str] = {}
        for name, value in self.fields:
            if _PLAIN_NAME.fullmatch(name) and name not in ("content-length", "content-type", "transfer-encoding"):
                key = "HTTP_" + name.upper().replace("-", "_")
                found[key] = f"{found[key]},{value}" if key in found else value
        if self.authority:
            found["HTTP_HOST"] = self.authority
        return found


def _requests(found: Sample) -> list[_Request]:
    requests: list[_Request] = []
    for line in found.events:
        word, _, rest = line.partition(" ")
        if word == "request":
            method, target, _ = _unescaped(rest).split(" ")
            requests.append(_Request(method, target))
        elif word == "path":
            requests[-1].path = _unescaped(rest)
        elif word == "query":
            requests[-1].query = _unescaped(rest)
        elif word == "authority":
            requests[-1].authority = _unescaped(rest)
        elif word == "field":
            name, _, value = _unescaped(rest).partition(":")
            requests[-1].fields.append((name, value.strip(" \t")))
        elif word == "data":
            requests[-1].content += _unescaped(rest)
        elif word in ("keep-alive", "close"):
            requests[-1].ended = True
    return requests


def _unescaped(text: str) -> str:
    return text.encode("ascii").decode("unicode_escape")


def _is_read(found: Sample, client: Client) -> None:
    """Every request is answered with what it was; then the connection goes on or ends as it should."""
    connection = client.connect()
    connection.send(found.data)
    if "/eof-" in found.name:
        connection.half_close()
    response = None
    for number, request in enumerate(_requests(found), 1):
        response = connection.response(request.method)
        _compare(response, request, number)
    if "/eof-" in found.name or "close" in found.events:
        connection.expect_end()
    elif response and response.persists:
        connection.expect_next()


def _compare(response: Response, request: _Request, number: int) -> None:
    which = f"request {number} ({request.method} {request.target})"
    check(response.status == 200, f"{which} was answered with {response.status} {response.reason}")
    told = response.echo()
    environ = told.environ
    wanted = {"REQUEST_METHOD": request.method, "QUERY_STRING": request.query, **request.cgi()}
    path = request.path or request.target.partition("?")[0]
    if path.startswith("/"):  # for "*" CGI has no word
        wanted["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")
    for key, value in wanted.items():
        check(_same(environ.get(key, ""), value), f"{which}: {key} is {environ.get(key)!r}, sent was {value!r}")
    check(told.content == request.content, f"{which}: content is {told.content!r}, sent was {request.content!r}")


def _same(value: str, other: str) -> bool:
    """White space behind a comma that joins lines is the server's choice."""
    return re.sub(r",[ \t]*", ",", value) == re.sub(r",[ \t]*", ",", other)


def _is_refused(row: Row, found: Sample, client: Client) -> None:
    """Whole requests before it are answered; it is not, and nothing after it is read."""
    connection = client.connect()
    connection.send(found.data)
    if "/eof-" in found.name:
        connection.half_close()
    requests = _requests(found)
    for number, request in enumerate(requests, 1):
        if request.ended:
            _compare(connection.response(request.method), request, number)
    if connection.silent():
        connection.half_close()  # the server may wait for the rest
    if connection.answers():
        _judge(row, connection, begun=any(not request.ended for request in requests))


def _judge(row: Row, connection: Connection, *, begun: bool) -> None:
    response = connection.response()
    if response.status == 200 and row.taken:
        _compare_taken(row.taken, response.echo())
        if row.taken.ends:
            connection.expect_end()
        return
    # Of content that turns out to be broken the application learns by an error, which it may not catch.
    wanted = {row.status} if row.status and not begun else REFUSALS | ({500} if begun else set())
    if response.status not in wanted:
        told = f", read as {_summary(response)}" if response.status == 200 else ""
        raise FailedError(f"answered with {response.status} {response.reason}{told}")
    if not row.open:
        connection.expect_end()


def _compare_taken(taken: Taken, told: Echo) -> None:
    for key, value in taken.fields.items():
        check(" ".join(told.environ.get(key, "").split()) == value, f"{key} is {told.environ.get(key)!r}")
    check(told.content == taken.content, f"content is {told.content!r}")


def _summary(response: Response) -> str:
    try:
        told = response.echo()
    except BrokenResponseError:
        return repr(response.body[:80])
    return f"{told.environ.get('REQUEST_METHOD')} {told.environ.get('PATH_INFO')} with content {told.content!r}"
