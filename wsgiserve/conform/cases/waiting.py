"""What comes when: 100 Continue, early answers, pipelines, clients that go away."""

from __future__ import annotations

import json
from functools import partial

from wsgiserve.conform.case import MAY, MUST, SHOULD, Broken, Theme
from wsgiserve.conform.client import Client, Connection, check

__all__ = ["ABORTS", "CONTINUE", "PERSISTENCE"]

CONTINUE = Theme(
    "continue",
    "100 Continue",
    "A client waits for it before it sends content; one too many is taken for the answer to the next request.",
)
PERSISTENCE = Theme(
    "persistence",
    "One request after the other",
    "Answers have to come in the order of the requests, or one user gets what is another's.",
)
ABORTS = Theme(
    "aborts",
    "Clients that go away",
    "Clients go away all the time; none of it may be felt by others.",
)

_EXPECT = "RFC 9110 §10.1.1"
_HEAD = "POST /conform/{} HTTP/{}\r\nHost: a.example\r\n{}Content-Length: 3\r\n\r\n"
_EXPECTS = "Expect: 100-continue\r\n"


def _begun(client: Client, behaviour: str = "read-exactly", version: str = "1.1", fields: str = _EXPECTS) -> Connection:
    connection = client.connect()
    connection.send(_HEAD.format(behaviour, version, fields).encode())
    return connection


@CONTINUE.case(MUST, "a client that waits gets 100, or its answer", _EXPECT, (rb"(?s)\A.*\Z", b""))
def _is_sent(client: Client) -> None:
    connection = _begun(client)
    response = connection.response(interim=True)
    check(response.status == 100 or response.status >= 400, f"answered with {response.status} {response.reason}")


@CONTINUE.case(MUST, "behind 100 the content is read, and answered once", _EXPECT, (rb"abc", b""))
def _then_content(client: Client) -> None:
    connection = _begun(client)
    check(connection.response(interim=True).status == 100, "there was no 100")
    connection.send(b"abc")
    response = connection.response(interim=True)
    check((response.status, response.body) == (200, b"abc"), f"answered with {response.status} {response.body!r}")
    if response.persists:
        connection.expect_next()


@CONTINUE.case(MUST, "no 100 for a client that did not ask for it", _EXPECT, (rb"\A", b"HTTP/1.1 100 Continue\r\n\r\n"))
def _not_unasked(client: Client) -> None:
    connection = _begun(client, fields="")
    connection.send(b"abc")
    response = connection.response(interim=True)
    check(response.status == 200, f"answered with {response.status} {response.reason}")


@CONTINUE.case(MUST, "no 100 for HTTP/1.0, whatever it asks for", _EXPECT, (rb"\A", b"HTTP/1.1 100 Continue\r\n\r\n"))
def _not_to_1_0(client: Client) -> None:
    connection = _begun(client, version="1.0")
    connection.send(b"abc")
    response = connection.response(interim=True)
    check(response.status == 200, f"answered with {response.status} {response.reason}")


@CONTINUE.case(
    MAY,
    "no 100 from an application that reads nothing: the client is spared its content",
    f"{_EXPECT}; PEP 3333, HTTP 1.1 Expect/Continue",
    (rb"\A", b"HTTP/1.1 100 Continue\r\n\r\n"),
    why="An upload that is refused by its head should not have to come first.",
)
def _not_if_nobody_reads(client: Client) -> None:
    response = _begun(client, "reads-nothing").response(interim=True)
    check(response.status == 200, f"answered with {response.status} {response.reason}")


@CONTINUE.case(
    MUST,
    "an answer without 100 leaves the connection in step, or ends it",
    _EXPECT,
    (rb"Connection: close\r\n", b""),
)
def _final_in_its_place(client: Client) -> None:
    connection = _begun(client, "reads-nothing")
    response = connection.response(interim=True)
    if response.status == 100:
        connection.send(b"abc")
        response = connection.response()
    elif response.persists:
        connection.send(b"abc")  # Content-Length has promised it; the server has to read it away
    if response.persists:
        connection.expect_next()
    else:
        connection.expect_end()


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()


def _paths(client: Client, paths: list[str], *, pipelined: bool, all_of_them: bool = True) -> None:
    connection = client.connect()
    if pipelined:
        connection.send(b"".join(map(_request, paths)))
    for path in paths:
        if not pipelined:
            connection.send(_request(path))
        response = connection.response()
        found = response.echo().environ.get("PATH_INFO")
        check(found == path, f"{found} was answered where {path} was asked for")
        if not response.persists:
            if pipelined:
                check(not all_of_them, "the connection ended before all of them were answered")
                return
            connection = client.connect()


_OTHER_PATH = (rb'"PATH_INFO": "/7"', b'"PATH_INFO": "/8"')


@PERSISTENCE.case(MUST, "20 requests one after the other", "RFC 9112 §9.3", _OTHER_PATH)
def _one_by_one(client: Client) -> None:
    _paths(client, [f"/{number}" for number in range(20)], pipelined=False)


@PERSISTENCE.case(
    MUST, "what is answered of 20 requests sent at once is answered in order", "RFC 9112 §9.3.2", _OTHER_PATH
)
def _in_order(client: Client) -> None:
    _paths(client, [f"/{number}" for number in range(20)], pipelined=True, all_of_them=False)


@PERSISTENCE.case(SHOULD, "all of 20 requests sent at once are answered", "RFC 9112 §9.3.2", _OTHER_PATH)
def _pipelined(client: Client) -> None:
    _paths(client, [f"/{number}" for number in range(20)], pipelined=True)


@PERSISTENCE.case(
    SHOULD,
    "a quick request waits for the slow one before it",
    "RFC 9112 §9.3.2",
    (rb"onetwo|3\r\none\r\n3\r\ntwo", b"hello!"),
)
def _slow_one_first(client: Client) -> None:
    connection = client.connect()
    connection.send(_request("/conform/slowly") + _request("/conform/one-block"))
    bodies = [connection.response().body, connection.response().body]
    check(bodies == [b"onetwo", b"hello"], f"answered with {bodies}")


@PERSISTENCE.case(SHOULD, "connections are kept", "RFC 9112 §9.3", (rb"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
def _are_kept(client: Client) -> None:
    check(client.get("/").persists, "the connection ends after one request")


@PERSISTENCE.case(
    SHOULD, "a server that ends the connection says so", "RFC 9112 §9.6", (rb"Connection: close\r\n", b"")
)
def _close_is_said(client: Client) -> None:
    response = client.get("/", fields="Connection: close\r\n")
    check("close" in response.list_of("connection"), f"Connection is {response.values('connection')}")


@PERSISTENCE.case(
    SHOULD,
    "so does one that refuses a request",
    "RFC 9112 §9.6",
    (rb"Connection: close\r\n", b""),
    why="A client that has sent more takes the answer for a sign to go on, and loses the rest.",
    known="waitress before 1.4.0",
)
def _close_is_said_with_a_refusal(client: Client) -> None:
    connection = client.connect()
    connection.send(b"GET / HTTP/1.1\r\nHost: a.example\r\nContent-Length: x\r\n\r\n")
    if connection.answers():
        response = connection.response()
        check(response.status >= 400, f"answered with {response.status} {response.reason}")
        check(not response.persists, f"Connection is {response.values('connection')}")


@PERSISTENCE.case(
    SHOULD,
    "connections are kept behind HEAD too",
    "RFC 9112 §9.3, §6.3 rule 1",
    (rb"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    known="waitress before 3.0.0 (#428)",
)
def _are_kept_behind_head(client: Client) -> None:
    connection = client.connect()
    for path in ("one-block", "blocks"):
        connection.send(f"HEAD /conform/{path} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
        response = connection.response("HEAD")
        check(response.persists, f"the connection ends: Connection is {response.values('connection')}")
    connection.expect_next()


@PERSISTENCE.case(
    MAY, "an HTTP/1.0 client that asks for it can go on", "RFC 9112 §C.2.2", (rb"Connection: keep-alive\r\n", b"")
)
def _keep_alive_of_1_0(client: Client) -> None:
    connection = client.connect()
    connection.send(b"GET /1 HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n")
    check("keep-alive" in connection.response().list_of("connection"), "the connection ends")
    connection.expect_next()


def _goes_away(data: bytes, client: Client) -> None:
    """Ten times; the server goes on."""
    for _ in range(10):
        connection = client.connect()
        connection.send(data)
        connection.abort()
    response = client.get("/after")
    check(response.status == 200, f"another client was answered with {response.status}")


_GONE = Broken(rb"200 OK", b"503 Service Unavailable")
_KNOWN = {"at-once": "waitress CVE-2024-49769", "in-the-answer": "waitress CVE-2022-31015"}

for _name, _data, _rule in (
    ("at-once", b"", "a client that says nothing"),
    ("in-the-request-line", b"GET / HT", "a client that goes in the request line"),
    ("in-the-head", b"GET / HTTP/1.1\r\nHost: a.exa", "a client that goes in the head"),
    ("behind-the-head", _request("/conform/slowly"), "a client that does not wait for its answer"),
    (
        "in-the-content",
        b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9\r\n\r\nabc",
        "a client that goes in the content",
    ),
    (
        "in-a-chunk",
        b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
        "a client that goes in a chunk",
    ),
    ("in-the-answer", _request("/conform/big"), "a client that goes in the answer"),
):
    ABORTS.add(
        _name,
        MUST,
        f"{_rule} is no trouble for others",
        "RFC 9112 §9.5",
        partial(_goes_away, _data),
        _GONE,
        known=_KNOWN.get(_name, ""),
    )


@ABORTS.case(
    MUST,
    "half of the content is never passed on as all of it",
    "RFC 9112 §6.3 rule 6, §8",
    (rb"(?s)\A.*\Z", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
)
def _half_of_the_content(client: Client) -> None:
    connection = client.connect()
    connection.send(b"POST /conform/read-unlimited HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9\r\n\r\nabc")
    connection.half_close()
    if connection.answers():
        response = connection.response()
        check(
            response.status >= 400,
            f"it was answered with {response.status} {json.dumps(response.body.decode('latin-1'))}",
        )
