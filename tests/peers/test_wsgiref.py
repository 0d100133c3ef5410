"""The same application run by wsgiref's handler and by our gateway: what a client reads, and what was closed.

Applications are those of ``tests/wsgi/test_gateway_means_it.py``, generated, and some by hand about ``exc_info``,
``write()`` and mistakes. Where the two differ ``DIFFERENCES`` says why; each of its rows is met.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from wsgiref.handlers import SimpleHandler

import h11
import pytest
from hypothesis import given

from tests.wsgi.playing import OLD, Played
from tests.wsgi.test_gateway_means_it import Acting, Plan, plans

TEXT = [("Content-Type", "text/plain")]


class Seen(NamedTuple):
    """What a client of HTTP/1.0 has read until the end of the connection.

    Attributes:
        fields: those of the application, in order.
    """

    status: str
    fields: list[tuple[str, str]]
    body: bytes


FAILED = Seen("500", [], b"")
"""A response of the server's own, whatever its words."""


def seen(data: bytes) -> Seen:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "example")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    client.receive_data(b"")
    response = client.next_event()
    assert isinstance(response, h11.Response)
    # What is behind the head was read by its bytes: of what is longer than its Content-Length a client reads a part.
    body = data.partition(b"\r\n\r\n")[2]
    own = {b"date", b"server", b"connection", b"content-length"}
    fields = [
        (name.decode(), value.decode("latin-1"))
        for name, value in response.headers.raw_items()
        if name.lower() not in own
    ]
    return Seen(f"{response.status_code} {bytes(response.reason).decode('latin-1')}", fields, body)


def by_wsgiref(application: Callable[..., Any]) -> Seen:
    out = io.BytesIO()
    environ = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.0"}
    handler = SimpleHandler(io.BytesIO(), out, io.StringIO(), environ, multithread=False)
    with suppress(TypeError):  # when close() raises, run() looks into the environ that close() has thrown away
        handler.run(application)
    found = seen(out.getvalue())
    return FAILED if found.body == SimpleHandler.error_body else found


def by_us(application: Callable[..., Any]) -> Seen:
    played = Played(application, OLD)
    if not played.wire.data:
        assert played.error is not None
        return FAILED  # the handler's business
    return seen(played.wire.data)


class Difference(NamedTuple):
    """One that is meant.

    Attributes:
        plan: an application that shows it.
        mended: what wsgiref would send if it did as we do.
    """

    why: str
    plan: Plan
    mended: Callable[[Plan, Seen], Seen]


def _no_head_before_there_is_a_body(plan: Plan, theirs: Seen) -> Seen:
    blocks = len(plan.returned) if plan.shape in ("generator", "iterable") else 0
    returns = not (plan.late and plan.shape == "generator")
    before_close = 1 + len(plan.written) + returns + blocks
    too_early = plan.fails is not None and plan.fails < before_close and not theirs.body
    return FAILED if too_early else theirs


def _without_content(plan: Plan, theirs: Seen) -> Seen:
    return theirs._replace(body=b"") if plan.status[:3] in ("204", "205", "304") else theirs


def _no_longer_than_said(plan: Plan, theirs: Seen) -> Seen:
    return theirs._replace(body=theirs.body[: plan.length])


DIFFERENCES = [
    Difference(
        "an empty block does not send the head: an error behind it is a 500 (PEP 3333, The start_response() Callable)",
        Plan("200 OK", [], [], [b"", b"more"], "generator", fails=3),
        _no_head_before_there_is_a_body,
    ),
    Difference(
        "these statuses have no content (RFC 9110 §15.3.5, §15.3.6, §15.4.5)",
        Plan("204 No Content", [], [], [b"some"], "list"),
        _without_content,
    ),
    Difference(
        "no more is sent than Content-Length says (PEP 3333, Handling the Content-Length Header)",
        Plan("200 OK", [], [b"one"], [b"two"], "generator", surplus=-1),
        _no_longer_than_said,
    ),
]


@given(plan=plans)
def test_any_application_is_read_and_closed_as_it_is_with_wsgiref(plan: Plan) -> None:
    mine, other = Acting(plan), Acting(plan)
    ours, theirs = by_us(mine), by_wsgiref(other)
    for difference in DIFFERENCES:
        theirs = difference.mended(plan, theirs)
    assert ours == theirs
    assert (mine.opened, mine.closed) == (other.opened, other.closed)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.why)
def test_differences_are_met(difference: Difference) -> None:
    ours, theirs = (run(Acting(difference.plan)) for run in (by_us, by_wsgiref))
    assert ours != theirs
    assert ours == difference.mended(difference.plan, theirs)


# The rules of start_response and write, and what breaks them


def replaces(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("X-First", "1")])
    return _again(start_response)


def replaces_when_iterated(_: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("X-First", "1")])
    yield b""
    yield from _again(start_response)


def replaces_too_late(_: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    yield b"sent"
    yield from _again(start_response)


def replaces_what_was_written(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])(b"sent")
    return _again(start_response)


def _again(start_response: Any) -> Iterable[bytes]:
    try:
        raise ValueError("found out")
    except ValueError:
        start_response("503 Sorry", [("X-Second", "1")], sys.exc_info())
    return [b"sorry"]


def starts_twice(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    start_response("404 Not Found", [])
    return [b"twice"]


def starts_never(_: Any, __: Any) -> Iterable[bytes]:
    return [b"never"]


def starts_late(_: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"late"


def writes_and_returns(_: Any, start_response: Any) -> Iterable[bytes]:
    write = start_response("200 OK", TEXT)
    write(b"one")
    write(b"")
    write(b"two")
    return [b"three"]


def writes_str(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", TEXT)("text")
    return []


def returns_str(_: Any, start_response: Any) -> Any:
    start_response("200 OK", TEXT)
    return ["text"]


def returns_none(_: Any, start_response: Any) -> Any:
    start_response("200 OK", TEXT)


def has_fields_in_a_tuple(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", tuple(TEXT))
    return [b"tuple"]


def has_a_status_of_two_digits(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("20 OK", TEXT)
    return [b"status"]


def has_no_reason(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200", TEXT)
    return [b"status"]


def has_a_value_that_is_a_number(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("X-Number", 1)])
    return [b"number"]


def sends_what_is_the_servers(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Connection", "close")])
    return [b"hop by hop"]


def raises(_: Any, __: Any) -> Iterable[bytes]:
    raise ValueError("at once")


def raises_when_started(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    raise ValueError("then")


OUTCOMES = {
    replaces: Seen("503 Sorry", [("X-Second", "1")], b"sorry"),
    replaces_too_late: Seen("200 OK", [], b"sent"),
    replaces_what_was_written: Seen("200 OK", [], b"sent"),
    starts_late: Seen("200 OK", TEXT, b"late"),
    writes_and_returns: Seen("200 OK", TEXT, b"onetwothree"),
    starts_twice: FAILED,
    starts_never: FAILED,
    writes_str: FAILED,
    returns_str: FAILED,
    returns_none: FAILED,
    has_fields_in_a_tuple: FAILED,
    has_a_status_of_two_digits: FAILED,
    has_no_reason: FAILED,
    has_a_value_that_is_a_number: FAILED,
    sends_what_is_the_servers: FAILED,
    raises: FAILED,
    raises_when_started: FAILED,
}


@pytest.mark.parametrize("application", OUTCOMES, ids=lambda application: application.__name__)
def test_rules_are_kept_and_mistakes_answered_as_they_are_with_wsgiref(application: Callable[..., Any]) -> None:
    assert by_us(application) == by_wsgiref(application) == OUTCOMES[application]


def test_an_empty_block_does_not_send_the_head_as_it_does_with_wsgiref() -> None:
    """PEP 3333: headers go out with the first body bytestring that is not empty; until then they can be replaced."""
    assert by_us(replaces_when_iterated) == OUTCOMES[replaces]
    assert by_wsgiref(replaces_when_iterated) == Seen("200 OK", [("X-First", "1")], b"")
