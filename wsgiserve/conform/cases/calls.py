"""The application's side: start_response, write, exc_info, iteration, close."""

from __future__ import annotations

from functools import partial

from wsgiserve.conform.behaviours.common import PAUSE
from wsgiserve.conform.case import MAY, MUST, SHOULD, Broken, Level, Theme
from wsgiserve.conform.client import Client, Connection, FailedError, check
from wsgiserve.conform.responses import Response

__all__ = ["CALLS", "CLOSE", "ERRORS", "STREAMING"]

CALLS = Theme(
    "calls",
    "start_response, write and iteration",
    "Middleware relies on these rules; where a server bends them, a stack that works elsewhere does not work there.",
)
ERRORS = Theme(
    "errors",
    "What the application does wrong",
    "A mistake that is served as if nothing had happened is found by users; one that is said is found by its author.",
)
STREAMING = Theme(
    "streaming",
    "Blocks go out as they come",
    "Progress, event streams and large answers need every block on its way before the next one is asked for.",
)
CLOSE = Theme(
    "close",
    "close()",
    "Frameworks give back connections and files in close(): a request without it leaks one.",
)

_CALLABLE = "PEP 3333, The start_response() Callable"
_BUFFERING = "PEP 3333, Buffering and Streaming"
_HANDLING = "PEP 3333, Error Handling"

_MANGLED = Broken(rb"\r\n\r\n(?s:.)*\Z", b"\r\n\r\nnothing of it")
_AS_IF_NOTHING = Broken(rb"(?s)\A.*\Z", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


def _answers(behaviour: str, status: int, body: bytes, client: Client) -> None:
    response = client.behave(behaviour)
    check(
        (response.status, response.body) == (status, body),
        f"answered with {response.status} {response.reason}, {response.body[:100]!r}",
    )


for _name, _level, _body, _rule, _section in (
    ("starts-late", MUST, b"onetwo", "start_response may be called as late as before the first block", _CALLABLE),
    ("positional", MUST, b"hello", "start_response takes exc_info by position", _CALLABLE),
    (
        "writes",
        MUST,
        b"onetwothree",
        "what was written comes before what is iterated",
        "PEP 3333, The write() Callable",
    ),
    ("one-block", MUST, b"hello", "a list of one block", _BUFFERING),
    ("blocks", MUST, b"onetwothree", "a list of blocks", _BUFFERING),
    ("tuple", MUST, b"onetwo", "a tuple of blocks", _BUFFERING),
    ("generator", MUST, b"onetwothree", "a generator of blocks", _BUFFERING),
    ("no-block", MUST, b"", "no block at all", _BUFFERING),
    ("empty-generator", MUST, b"", "a generator without a block", _BUFFERING),
    ("empty-blocks", MUST, b"onetwo", "empty blocks in a list say nothing", _BUFFERING),
    ("generator-of-empty-blocks", MUST, b"onetwo", "an empty block does not end a body", _BUFFERING),
    ("old-iterable", MAY, b"onetwo", "an iterable by __getitem__ alone", _BUFFERING),
):
    CALLS.add(
        _name,
        _level,
        _rule,
        _section,
        partial(_answers, _name, 200, _body),
        _AS_IF_NOTHING if _body != b"hello" else _MANGLED,
    )


@CALLS.case(
    MUST,
    "start_response with exc_info takes the place of the first one while nothing is sent",
    _CALLABLE,
    (rb"503 Service Unavailable", b"200 OK"),
    known="waitress before 0.8.10 (#51)",
)
def _exc_info_replaces(client: Client) -> None:
    response = client.behave("replaces")
    check(response.status == 503 and response.body == b"sorry", f"answered with {response.status} {response.body!r}")
    check(
        not response.values("x-first") and response.values("x-second"),
        f"fields of the first are left: {response.fields}",
    )


CALLS.add(
    "exc-info-replaces-while-iterated",
    MUST,
    "also when the application is a generator, before a block that is not empty",
    _CALLABLE,
    partial(_answers, "replaces-while-iterated", 503, b"sorry"),
    Broken(rb"503 Service Unavailable", b"200 OK"),
)


@CALLS.case(
    MUST,
    "start_response with exc_info raises it again when something is sent",
    _CALLABLE,
    (rb'"raised"', b'"nothing raised"'),
)
def _exc_info_too_late(client: Client) -> None:
    _is_cut(client.connect(), f"/conform/replaces-too-late?{client.token}")
    noted = client.journal("raised")
    check(noted == ["raised"], f"it {noted[0] if noted else 'did not return'}")


def _is_cut(connection: Connection, path: str) -> None:
    """Whether the client can see that the answer is not whole."""
    connection.send(f"GET {path} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    try:
        response = connection.response()
    except FailedError as error:
        check("ended in the middle" in str(error), str(error))
    else:
        check(
            response.framing == "close" or response.status >= 500,
            f"a whole answer: {response.status} {response.body!r}",
        )


for _name, _rule in (
    ("raises-in-the-middle", "an error behind the first block cuts the answer, so that the client can see it"),
    ("raises-in-the-middle-of-a-length", "also when the length was said"),
):
    ERRORS.add(
        _name,
        MUST,
        _rule,
        f"{_HANDLING}; RFC 9112 §8",
        lambda client, path=f"/conform/{_name}": _is_cut(client.connect(), path),  # type: ignore[misc]
        _AS_IF_NOTHING,
        why="Half of an answer that looks whole is cached, parsed, saved.",
    )


def _fails(behaviour: str, client: Client) -> None:
    """500, or no whole answer."""
    connection = client.connect()
    connection.send(f"GET /conform/{behaviour}?{client.token} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    try:
        response: Response | None = connection.response() if connection.answers() else None
    except FailedError as error:
        check("ended in the middle" in str(error), str(error))
        return
    check(
        response is None or response.status >= 500,
        f"answered with {response and response.status} {response and response.body[:80]!r}",
    )


def _mistake(name: str, level: Level, rule: str, section: str) -> None:
    ERRORS.add(name, level, rule, section, partial(_fails, name), _AS_IF_NOTHING)


_mistake("raises", MUST, "an error before anything is an error of the server: 500", _HANDLING)
_mistake("raises-after-start", MUST, "so is one behind start_response", _HANDLING)
_mistake("never-starts", MUST, "an application that never calls start_response has no answer", _CALLABLE)
_mistake("starts-twice", MUST, "start_response is called once, but for exc_info", _CALLABLE)
_mistake("str-body", SHOULD, "a body is an iterable of bytes, not a str", "PEP 3333, A Note On String Types")
_mistake("str-block", MUST, "a block is bytes, not str", "PEP 3333, A Note On String Types")
_mistake("none", SHOULD, "a body is an iterable, not None", "PEP 3333, The Application/Framework Side")
_mistake("bytes-status", SHOULD, "the status is a native string", "PEP 3333, A Note On String Types")
_mistake("bytes-value", SHOULD, "values of fields are native strings", "PEP 3333, A Note On String Types")
_mistake("number-value", SHOULD, "values of fields are no numbers", "PEP 3333, A Note On String Types")
_mistake("writes-str", MUST, "write takes bytes, not str", "PEP 3333, The write() Callable")


def _streams(behaviour: str, client: Client) -> None:
    """The first block comes, then a pause."""
    connection = client.connect()
    connection.send(f"GET /conform/{behaviour} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    while b"one" not in connection.seen() and connection.wait():
        pass
    check(b"two" not in connection.seen(), "both blocks came at once")
    check(connection.response().body == b"onetwo", "the answer is not whole")


for _name, _rule in (
    ("slowly", "a block is sent before the next is asked for"),
    ("writes-slowly", "what is written is sent at once"),
):
    STREAMING.add(
        _name,
        MUST,
        _rule,
        _BUFFERING,
        partial(_streams, _name),
        Broken(rb"(?s)\A.*\Z", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nonetwo"),
        why=f"{STREAMING.why} The second comes {PAUSE:g} s later.",
    )


def _closes(behaviour: str, method: str, client: Client) -> None:
    connection = client.connect()
    connection.send(f"{method} /conform/{behaviour}?{client.token} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    try:
        connection.response(method)
    except FailedError as error:
        check("ended in the middle" in str(error), str(error))
    noted = client.journal("closed")
    check(noted == ["closed"], f"close() was called {noted.count('closed')} times")


_NEVER = Broken(rb'\["closed"\]', b"[]")

for _name, _behaviour, _method, _rule in (
    ("after-the-last-block", "closes", "GET", "close() is called once, behind the last block"),
    ("of-a-known-length", "closes-twice", "GET", "also when the length was said"),
    ("of-head", "closes", "HEAD", "also for HEAD"),
    ("without-content", "closes-no-content", "GET", "also when there is no content to send"),
    ("after-an-error", "closes-after-an-error", "GET", "also when iteration raises"),
    ("after-an-error-at-once", "closes-after-an-error-at-once", "GET", "also when the first step raises"),
):
    CLOSE.add(_name, MUST, _rule, "PEP 3333, Specification Details", partial(_closes, _behaviour, _method), _NEVER)


@CLOSE.case(
    MUST,
    "close() comes behind the last block, not before",
    "PEP 3333, Specification Details",
    (rb'"block", "exhausted", "closed"', b'"closed", "block", "exhausted"'),
)
def _in_order(client: Client) -> None:
    check(client.behave("closes-in-order").body == b"onetwo", "the answer is not whole")
    noted = client.journal("closed")
    check(noted == ["block", "block", "exhausted", "closed"], f"the order is {', '.join(noted)}")


@CLOSE.case(
    MUST,
    "close() is called when the client goes away",
    "PEP 3333, Specification Details",
    (rb'\["closed"\]', b"[]"),
    why="Event streams end this way and no other: without close() each client leaks what its stream holds.",
)
def _of_a_client_that_went(client: Client) -> None:
    connection = client.connect()
    connection.send(f"GET /conform/endless?{client.token} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    check(connection.answers(), "there is no answer")
    connection.close()
    noted = client.journal("closed")
    check(noted == ["closed"], f"close() was called {noted.count('closed')} times")
