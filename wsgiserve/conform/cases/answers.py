"""Responses: their fields, those without content, and how content is framed."""

from __future__ import annotations

import re
from functools import partial

from wsgiserve.conform.behaviours.common import BLOCK
from wsgiserve.conform.case import MAY, MUST, SHOULD, Broken, Theme
from wsgiserve.conform.client import Client, FailedError, check
from wsgiserve.conform.responses import Response

__all__ = ["BODILESS", "FIELDS", "FRAMING", "INJECTION"]

FIELDS = Theme(
    "answer-fields", "Fields of an answer", "What the application says about its answer is what the client has to hear."
)
INJECTION = Theme(
    "injection",
    "Fields that an application must not send",
    "A value that a user chose must not end the line: what follows would be fields, or another answer.",
)
BODILESS = Theme(
    "bodiless",
    "Answers without content",
    "A client knows that no content follows; bytes that come all the same are read as the next answer.",
)
FRAMING = Theme(
    "answer-framing",
    "How content is framed",
    "The client has to know where the answer ends, and whether it is whole.",
)

_START = "PEP 3333, The start_response() Callable"
_LENGTH = "PEP 3333, Handling the Content-Length Header"
_EMPTY = Broken(rb"\A", b"X")


def _one(response: Response, name: str) -> str:
    values = response.values(name)
    check(len(values) == 1, f"{name} stands there {len(values)} times: {values}")
    return values[0]


@FIELDS.case(MUST, "an answer has one Date", "RFC 9110 §6.6.1", (rb"Date: [^\r]*\r\n", b""))
def _date(client: Client) -> None:
    found = _one(client.behave("one-block"), "date")
    check(re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", found), f"Date is {found!r}")


@FIELDS.case(
    SHOULD,
    "the application's own Date is the only one",
    "RFC 9110 §6.6.1",
    (rb"Date: ", b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: "),
)
def _own_date(client: Client) -> None:
    check(_one(client.behave("own-date"), "date") == "Sun, 06 Nov 1994 08:49:37 GMT", "it is another one")


@FIELDS.case(
    SHOULD,
    "the application's own Server is the only one",
    "RFC 9110 §10.2.4",
    (rb"Server: probe/1", b"Server: probe/1\r\nServer: x"),
)
def _own_server(client: Client) -> None:
    check(_one(client.behave("own-server"), "server") == "probe/1", "it is another one")


@FIELDS.case(
    MUST,
    "two Set-Cookie stay two lines, in order",
    "RFC 9110 §5.3",
    (rb"Set-Cookie: a=1\r\nSet-Cookie: b=2", b"Set-Cookie: a=1, b=2"),
)
def _two_cookies(client: Client) -> None:
    found = client.behave("two-cookies").values("set-cookie")
    check(found == ["a=1", "b=2"], f"Set-Cookie is {found}")


@FIELDS.case(SHOULD, "characters of Latin-1 are bytes", "PEP 3333, Unicode Issues", (b"caf\xe9", b"caf?"))
def _of_latin_1(client: Client) -> None:
    found = client.behave("latin-1-field").values("x-probe")
    check(found == ["caf\xe9"], f"X-Probe is {found}")


@FIELDS.case(
    MAY,
    "fields go out in the order of the application",
    "RFC 9110 §5.3",
    (rb"X-B: 1\r\nX-A: 2", b"X-A: 2\r\nX-B: 1"),
)
def _order(client: Client) -> None:
    names = [name.lower() for name, _ in client.behave("field-order").fields if name.lower().startswith("x-")]
    check(names == ["x-b", "x-a", "x-c"], f"the order is {names}")


def _status(behaviour: str, status: int, reason: str, client: Client) -> None:
    response = client.behave(behaviour)
    check(
        response.status == status and (not reason or response.reason == reason),
        f"answered with {response.status} {response.reason}",
    )


for _name, _level, _code, _reason, _rule in (
    ("not-found", MUST, 404, "", "the status is the application's"),
    ("other-status", MUST, 299, "", "also one that no standard knows"),
    ("long-reason", SHOULD, 200, "All is well, really (100 %)", "so is the reason"),
):
    FIELDS.add(
        _name,
        _level,
        _rule,
        _START,
        partial(_status, _name, _code, _reason),
        Broken(rb"HTTP/1\.1 \d+ [^\r]*", b"HTTP/1.1 200 OK"),
    )


@FIELDS.case(
    MUST,
    "a Location stays as the application wrote it",
    "RFC 9110 §10.2.2",
    (rb"/other\?a=b", b"http://a.example/other?a=b"),
)
def _location(client: Client) -> None:
    found = _one(client.behave("redirect"), "location")
    check(found == "/other?a=b", f"Location is {found!r}")


def _injects(behaviour: str, client: Client) -> None:
    """An error, or an answer whose fields are clean."""
    connection = client.connect()
    connection.send(f"GET /conform/{behaviour} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    if not connection.answers():
        return
    response = connection.response()
    check(not response.values("x-injected"), "the value became a field: X-Injected: 1")
    check(
        response.status >= 500 or not re.search(r"[\0-\x08\n-\x1f]", "".join(value for _, value in response.fields)),
        "control characters went out",
    )


_INJECTED = Broken(rb"(?s)\A.*\Z", b"HTTP/1.1 200 OK\r\nX-Probe: a\r\nX-Injected: 1\r\nContent-Length: 0\r\n\r\n")

_KNOWN = {
    "crlf-in-value": "gunicorn CVE-2018-1000164, uvicorn CVE-2020-7695, waitress before 0.9.0 (#117)",
    "crlf-in-name": "waitress before 0.9.0 (#122)",
    "crlf-in-status": "waitress before 0.9.0 (#122)",
}

for _name, _rule in (
    ("crlf-in-value", "no CR LF in a value"),
    ("lf-in-value", "no LF in a value"),
    ("cr-in-value", "no CR in a value"),
    ("crlf-in-name", "no CR LF in a name"),
    ("crlf-in-status", "no CR LF in the status"),
    ("nul-in-value", "no NUL in a value"),
    ("control-in-value", "no other control characters either"),
):
    INJECTION.add(
        _name, MUST, _rule, f"{_START}; RFC 9110 §5.5", partial(_injects, _name), _INJECTED, known=_KNOWN.get(_name, "")
    )


def _refuses(behaviour: str, wanted: str, client: Client) -> None:
    """An error, or an answer that a strict client reads."""
    connection = client.connect()
    connection.send(f"GET /conform/{behaviour} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    if connection.answers():
        response = connection.response()
        check(response.status >= 500, f"went out as {response.status} {wanted}")


_AS_TOLD = Broken(rb"(?s)\A.*\Z", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

for _name, _level, _rule in (
    ("space-in-name", MUST, "no white space in a name"),
    ("empty-name", MUST, "no empty name"),
    ("colon-in-name", MUST, "no colon in a name"),
    ("beyond-latin-1", MUST, "no characters beyond Latin-1"),
    ("own-chunked", SHOULD, "no Transfer-Encoding: it is the server's"),
    ("own-connection", SHOULD, "no Connection and no Keep-Alive: they are the server's"),
    ("own-upgrade", SHOULD, "no Upgrade: it is the server's"),
    ("two-lengths", MUST, "no two different lengths"),
    ("negative-length", MUST, "no length below nothing"),
    ("no-number-length", MUST, "no length that is no number"),
    ("status-no-number", MUST, "no status without a number"),
    ("status-two-digits", MUST, "no status of two digits"),
    ("status-interim", SHOULD, "no interim status: they are the server's"),
    ("status-without-reason", MAY, "no status without a reason"),
    ("headers-a-tuple", MAY, "fields are a list, and nothing else"),
):
    INJECTION.add(_name, _level, _rule, _START, partial(_refuses, _name, _name.replace("-", " ")), _AS_TOLD)


def _has_no_content(behaviour: str, method: str, status: int, client: Client) -> None:
    connection = client.connect()
    connection.send(f"{method} /conform/{behaviour} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    response = connection.response(method)
    check(response.status == status, f"answered with {response.status} {response.reason}")
    check(not response.body, f"there is content: {response.body[:80]!r}")
    if response.persists:
        connection.expect_next()
    else:
        connection.expect_end()


_WITH_CONTENT = Broken(rb"\r\n\r\n", b"\r\n\r\nnever")
_FAULTS = {
    "head": "gunicorn before 19.5.0",
    "no-content-body": "waitress before 1.2.0 (#152, #165)",
    "not-modified-body": "waitress before 1.2.0 (#152, #165)",
}

for _name, _behaviour, _method, _code, _rule, _section in (
    ("head", "one-block", "HEAD", 200, "HEAD has no content", "RFC 9110 §9.3.2"),
    ("head-of-many-blocks", "blocks", "HEAD", 200, "also where GET would be chunked", "RFC 9110 §9.3.2"),
    ("head-of-a-file", "file-in-memory", "HEAD", 200, "also of a file", "RFC 9110 §9.3.2"),
    ("head-that-writes", "writes", "HEAD", 200, "also if it is written", "RFC 9110 §9.3.2"),
    ("head-of-an-error", "raises", "HEAD", 500, "also of the server's own page", "RFC 9110 §9.3.2"),
    ("no-content", "no-content", "GET", 204, "204 has no content", "RFC 9110 §15.3.5"),
    ("no-content-body", "no-content-body", "GET", 204, "even if the application has some", "RFC 9110 §15.3.5"),
    ("not-modified", "not-modified", "GET", 304, "304 has no content", "RFC 9110 §15.4.5"),
    ("not-modified-body", "not-modified-body", "GET", 304, "even if the application has some", "RFC 9110 §15.4.5"),
    ("not-modified-length", "not-modified-length", "GET", 304, "even if it has a length", "RFC 9110 §15.4.5"),
    ("reset-content", "reset-content", "GET", 205, "205 has no content", "RFC 9110 §15.3.6"),
):
    BODILESS.add(
        _name,
        MUST,
        _rule,
        _section,
        partial(_has_no_content, _behaviour, _method, _code),
        _WITH_CONTENT,
        known=_FAULTS.get(_name, ""),
    )


@BODILESS.case(
    MUST,
    "204 has neither Content-Length nor Transfer-Encoding",
    "RFC 9110 §8.6, RFC 9112 §6.1",
    (rb"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"),
    known="waitress before 1.2.0 (#152, #165)",
)
def _no_length_in_204(client: Client) -> None:
    response = client.behave("no-content")
    for name in ("content-length", "transfer-encoding"):
        check(not response.values(name), f"it has {name}")


@BODILESS.case(
    MUST,
    "HEAD has no other Content-Length than GET",
    "RFC 9110 §8.6, §9.3.2",
    (rb"Content-Length: 6", b"Content-Length: 0"),
)
def _length_of_head(client: Client) -> None:
    found = client.behave("length", "HEAD").values("content-length")
    check(found in (["6"], []), f"Content-Length is {found}")


def _is_whole(behaviour: str, version: str, body: bytes, client: Client) -> None:
    connection = client.connect()
    connection.send(f"GET /conform/{behaviour} HTTP/{version}\r\nHost: a.example\r\n\r\n".encode())
    response = connection.response()
    check(
        response.status == 200 and response.body == body,
        f"{response.status}, {len(response.body)} bytes: {response.body[:60]!r}",
    )
    check(version == "1.1" or not response.values("transfer-encoding"), "HTTP/1.0 knows no Transfer-Encoding")
    if version == "1.0" or not response.persists:
        connection.expect_end()
    else:
        connection.expect_next()


for _name, _content, _rule in (
    ("length", b"onetwo", "the application's length"),
    ("length-zero", b"", "a length of 0"),
    ("generator", b"onetwothree", "no length is known"),
    ("empty-generator", b"", "no length is known, and there is nothing"),
    ("crlf", b"0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "content that looks like the end of content"),
    ("big", BLOCK * 1024, "a MiB in one block"),
    ("many", BLOCK * 1024, "a MiB in a thousand blocks"),
):
    for _version in ("1.1", "1.0"):
        FRAMING.add(
            f"{_name}-to-{_version.replace('.', '-')}",
            MUST,
            f"{_rule}: it comes whole to HTTP/{_version}, and the connection goes on or ends as it should",
            "RFC 9112 §6.3",
            partial(_is_whole, _name, _version, _content),
            Broken(rb"HTTP/1\.1 200 OK", b"HTTP/1.1 500 Internal Server Error"),
        )


@FRAMING.case(
    SHOULD,
    "less than was said: the connection ends, so that the client can see it",
    _LENGTH,
    (rb"Content-Length: 10", b"Content-Length: 6"),
)
def _too_short(client: Client) -> None:
    connection = client.connect()
    connection.send(b"GET /conform/too-short HTTP/1.1\r\nHost: a.example\r\n\r\n")
    try:
        response = connection.response()
    except FailedError as error:
        check("ended in the middle" in str(error), str(error))
    else:
        check(response.status >= 500, f"a whole answer: {response.status} {response.body!r}")


def _is_too_long(behaviour: str, client: Client) -> None:
    connection = client.connect()
    connection.send(f"GET /conform/{behaviour} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    try:
        response = connection.response()
    except FailedError as error:
        check("ended in the middle" in str(error), str(error))
        return
    check(response.status >= 500 or response.body == b"one", f"answered with {response.status} {response.body!r}")
    if response.persists:
        connection.expect_next()
    else:
        connection.expect_end()


for _name, _rule in (("too-long", "more than was said never goes out"), ("too-long-list", "also if it is one block")):
    FRAMING.add(
        _name,
        SHOULD,
        _rule,
        _LENGTH,
        partial(_is_too_long, _name),
        Broken(rb"(?s)\A.*\Z", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nonetwo"),
        why="The rest would be read as the beginning of the next answer.",
    )


@FRAMING.case(SHOULD, "a list of one block has its length", _LENGTH, (rb"Content-Length: 5", b"Connection: close"))
def _length_of_a_block(client: Client) -> None:
    check(client.behave("one-block").values("content-length") == ["5"], "it has none")


@FRAMING.case(
    SHOULD,
    "an answer without a length is chunked, and the connection goes on",
    "RFC 9112 §9.3",
    (rb"Transfer-Encoding: chunked", b"Connection: close"),
)
def _chunked(client: Client) -> None:
    response = client.behave("generator")
    check(response.framing == "chunked", f"its end is known by {response.framing}")
