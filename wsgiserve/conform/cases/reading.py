"""How wsgi.input reads (PEP 3333, Input and Error Streams)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from wsgiserve.conform.case import MUST, SHOULD, Broken, Level, Theme
from wsgiserve.conform.client import AFTER, Client, check

__all__ = ["INPUT"]

INPUT = Theme(
    "input",
    "wsgi.input",
    "A parser of forms and uploads reads in its own way, and each way has to come to the same content, and to an end.",
)

_PEP = "PEP 3333, Input and Error Streams"
_CONTENT = b"one\ntwo\nthree"
_CHUNKED = b"4\r\none\n\r\n2\r\ntw\r\n7\r\no\nthree\r\n0\r\n\r\n"
_BIG = b"0123456789abcdef" * 65536


class _Read(NamedTuple):
    behaviour: str
    level: Level
    rule: str
    wanted: bytes


_READS = (
    _Read("read-exactly", MUST, "read(size) gives that much", _CONTENT),
    _Read("two-lines", MUST, "readline() gives a line with its end", b"one\n|two\n"),
    _Read("read-all", SHOULD, "read(size) gives that much, and then nothing", _CONTENT + b"|"),
    _Read("read-unlimited", SHOULD, "read() gives all of the content, and ends there", _CONTENT),
    _Read("read-minus-one", SHOULD, "read(-1) is read()", _CONTENT),
    _Read("read-nothing-first", MUST, "read(0) gives nothing, and takes nothing away", b"|" + _CONTENT),
    _Read("read-too-much", SHOULD, "read(size) with a larger size ends with the content", _CONTENT),
    _Read("read-in-pieces", SHOULD, "pieces of four bytes are the content", b"one\n|two\n|thre|e|"),
    _Read("readline", SHOULD, "readline() gives a line with its end, the last without", b"one\n|two\n|three"),
    _Read("readline-limited", SHOULD, "readline(size) gives no more than that", b"one\n|two\n|thre|e"),
    _Read("readlines", SHOULD, "readlines() gives all lines", b"one\n|two\n|three"),
    _Read("readlines-hint", SHOULD, "readlines(hint) loses nothing", b"one\n|two\n|three"),
    _Read("iterate", SHOULD, "iteration gives all lines", b"one\n|two\n|three"),
    _Read("mixed", SHOULD, "read, readline and iteration go on from where the last one ended", b"on|e\n|two|\n|three"),
    _Read("read-after-the-end", SHOULD, "behind the end there is nothing, however often it is read", _CONTENT + b"||"),
)

_WRONG = Broken(rb"two", b"owt")


def _reads(read: _Read, client: Client) -> None:
    response = client.post(f"/conform/{read.behaviour}", _CONTENT)
    check(response.body == read.wanted, f"{response.status}, read as {response.body[:100]!r}")


def _reads_chunks(read: _Read, client: Client) -> None:
    head = f"POST /conform/{read.behaviour} HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    response = client.ask(head.encode() + _CHUNKED, "POST")
    check(response.body == read.wanted, f"{response.status}, read as {response.body[:100]!r}")


for _read in _READS:
    INPUT.add(_read.behaviour, _read.level, _read.rule, _PEP, partial(_reads, _read), _WRONG)
for _read in _READS:
    if _read.behaviour in ("read-unlimited", "readline", "readlines", "iterate", "mixed", "readline-limited"):
        INPUT.add(
            f"chunked-{_read.behaviour}",
            SHOULD,
            f"{_read.rule}, of chunked content too",
            f"{_PEP}; RFC 9112 §7.1",
            partial(_reads_chunks, _read),
            _WRONG,
        )


@INPUT.case(SHOULD, "without content there is nothing to read", _PEP, (rb"\r\n\r\n.*\Z", b"\r\n\r\nsomething"))
def _no_content(client: Client) -> None:
    response = client.get("/conform/read-unlimited")
    check(response.status == 200 and not response.body, f"{response.status}, read as {response.body!r}")


@INPUT.case(MUST, "content of a MiB comes through whole", "RFC 9112 §6.3 rule 6", (rb"1048576", b"1048575"))
def _a_mebibyte(client: Client) -> None:
    response = client.post("/conform/length-of-content", _BIG)
    check(response.body == str(len(_BIG)).encode(), f"{response.status} {response.body[:100]!r}")


@INPUT.case(MUST, "content of a MiB in many chunks comes through whole", "RFC 9112 §7.1", (rb"1048576", b"1048575"))
def _a_mebibyte_in_chunks(client: Client) -> None:
    piece = _BIG[:4096]
    chunks = (f"{len(piece):x}\r\n".encode() + piece + b"\r\n") * 256
    head = b"POST /conform/counts-chunked HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    response = client.ask(head + chunks + b"0\r\n\r\n", "POST")
    check(response.body == str(len(_BIG)).encode(), f"{response.status} {response.body[:100]!r}")


@INPUT.case(MUST, "content that comes byte by byte is the same", "RFC 9112 §6.3 rule 6", (rb"one", b"eno"))
def _byte_by_byte(client: Client) -> None:
    connection = client.connect()
    connection.send(b"POST /conform/read-exactly HTTP/1.1\r\nHost: a.example\r\nContent-Length: 13\r\n\r\n")
    for byte in _CONTENT:
        connection.send(bytes([byte]))
    response = connection.response("POST")
    check(response.body == _CONTENT, f"{response.status}, read as {response.body!r}")


def _leaves(behaviour: str, content: bytes, client: Client) -> None:
    """Whether the next request begins behind the content, or there is none."""
    connection = client.connect()
    head = f"POST /conform/{behaviour} HTTP/1.1\r\nHost: a.example\r\nContent-Length: {len(content)}\r\n\r\n"
    connection.send(head.encode() + content)
    response = connection.response("POST")
    check(response.status == 200, f"answered with {response.status} {response.reason}")
    if response.persists:
        connection.expect_next()


for _name, _behaviour, _content, _rule in (
    ("unread", "reads-nothing", _CONTENT, "content that nobody has read is never the next request"),
    ("half-read", "read-some", _CONTENT, "nor is the rest of what was read in part"),
    (
        "unread-request",
        "reads-nothing",
        b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "nor if it looks like one",
    ),
    ("unread-mebibyte", "reads-nothing", _BIG, "nor if it is long"),
):
    INPUT.add(
        _name,
        MUST,
        _rule,
        "RFC 9112 §6.3 rule 6, §9.3",
        partial(_leaves, _behaviour, _content),
        Broken(rb"200 OK", b"500 Internal Server Error"),
        why="The rest would be read as a request that nobody has sent (CL.0).",
        known="Werkzeug CVE-2022-29361" if _name == "unread-request" else "",
    )


@INPUT.case(
    MUST,
    "a request that came with such content is answered behind it",
    "RFC 9112 §9.3.2",
    (rb'"PATH_INFO": "/after"', b'"PATH_INFO": "/other"'),
    why="What was read away for one request must not be the whole of the next one, or leave it lying until more comes.",
    known="gunicorn before 27.0.0 (#3770)",
)
def _unread_and_the_next(client: Client) -> None:
    connection = client.connect()
    head = f"POST /conform/reads-nothing HTTP/1.1\r\nHost: a.example\r\nContent-Length: {len(_CONTENT)}\r\n\r\n"
    connection.send(head.encode() + _CONTENT + AFTER)
    response = connection.response("POST")
    check(response.status == 200, f"answered with {response.status} {response.reason}")
    if response.persists:
        path = connection.response().echo().environ.get("PATH_INFO")
        check(path == "/after", f"{path} was answered where /after was asked for")
