"""What the application calls: ``start_response`` in time, late, twice, after an error; ``write``."""

from __future__ import annotations

import sys
import traceback
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.wsgi.applications import TEXT, blamed_function, failing
from tests.wsgi.playing import GET, Played, Wire, parse
from wsgiserve.errors import ClientDisconnected, LocalProtocolError
from wsgiserve.wsgi import Gateway

# start_response


def test_start_response_may_come_with_the_first_block() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("201 Created", TEXT[:])
        yield b"late"

    assert Played(application).read()[0] == 201


def test_keywords_are_understood() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status="200 OK", headers=[], exc_info=None)
        return [b"x"]

    assert Played(application).read()[0] == 200


def test_never_calling_it_is_a_mistake() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return [b"x"]

    error = failing(application)
    assert "not called" in str(error)
    assert blamed_function(error) == "application"


def test_never_calling_it_is_one_without_a_body_too() -> None:
    assert "not called" in str(failing(lambda environ, start_response: []))


def test_calling_it_twice_is_a_mistake() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        start_response("200 OK", [])
        return [b"x"]

    error = failing(application)
    assert "second time" in str(error)
    assert blamed_function(error) == "application"


def test_a_mistake_is_not_mended_by_swallowing_it() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        with pytest.raises(LocalProtocolError):
            start_response("200 OK", [])
        return [b"x"]

    assert "second time" in str(failing(application))


def test_a_mistake_that_was_swallowed_leaves_nothing_for_the_garbage_collector() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with suppress(LocalProtocolError):
            start_response("wrong", [])
        return [b"x"]

    gateway = Gateway(parse(GET)[0], Wire())
    try:
        gateway.run(application, {})
    except LocalProtocolError as error:
        kept = weakref.ref(error)
    assert kept() is None


def test_nor_is_one_in_the_response_to_an_error() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        try:
            raise KeyError("sku")
        except KeyError:
            with pytest.raises(LocalProtocolError):
                start_response("500 Oh", [("X", "a\nb")], sys.exc_info())
        return [b"x"]

    assert "value of X" in str(failing(application))


def test_it_is_mended_by_a_valid_call_with_exc_info() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            start_response("200", [])
        except LocalProtocolError:
            start_response("500 Oh", [], sys.exc_info())
        return [b"x"]

    assert Played(application).read()[0] == 500


def test_exc_info_before_output_replaces_everything() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("X-First", "1"), ("Content-Length", "1000")])
        try:
            raise KeyError("sku")
        except KeyError:
            start_response("503 Later", [("X-Second", "2")], sys.exc_info())
        return [b"sorry"]

    played = Played(application)
    status, headers, body = played.read()
    assert (status, body) == (503, b"sorry")
    assert "x-first" not in headers
    assert headers["x-second"] == "2"
    assert played.gateway.status == 503


class Late(Exception):
    """An error when output is on its way."""


def fails_after_output(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    yield b"x"
    try:
        raise Late
    except Late:
        start_response("500 Oh", [], sys.exc_info())


def fails_after_output_without_a_traceback(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    yield b"x"
    start_response("500 Oh", [], (Late, Late(), None))


@pytest.mark.parametrize("application", [fails_after_output, fails_after_output_without_a_traceback])
def test_exc_info_after_output_is_raised_again(application: Any) -> None:
    played = Played(application)
    assert isinstance(played.error, Late)
    assert not played.text.endswith("0\r\n\r\n")


def test_its_traceback_begins_where_the_error_was() -> None:
    played = Played(fails_after_output)
    assert played.error is not None
    lines = [line for _, line in traceback.walk_tb(played.error.__traceback__)]
    assert lines[-1] == fails_after_output.__code__.co_firstlineno + 4


def test_it_leaves_nothing_for_the_garbage_collector() -> None:
    gateway = Gateway(parse(GET)[0], Wire())
    try:
        gateway.run(fails_after_output, {})
    except Late as error:
        kept = weakref.ref(error)
    assert kept() is None


def test_an_error_that_comes_too_late_cannot_be_swallowed() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x"
        try:
            raise KeyError("sku")
        except KeyError:
            with pytest.raises(KeyError):
                start_response("500 Oh", [], sys.exc_info())
        yield b"a page about the error, behind half of another page"

    played = Played(application)
    assert "too late" in str(played.error)
    assert isinstance(played.error, LocalProtocolError)
    assert blamed_function(played.error) == "application"
    assert played.gateway.status == 200
    assert b"a page" not in played.wire.data
    assert not played.text.endswith("0\r\n\r\n")


def test_a_second_call_after_output_is_fatal_even_if_it_is_swallowed() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x"
        with pytest.raises(LocalProtocolError):
            start_response("202 Accepted", [])

    played = Played(application)
    assert "second time" in str(played.error)
    assert played.gateway.status == 200
    assert not played.text.endswith("0\r\n\r\n")


NO_ERROR = (None, None, None)
"""What ``sys.exc_info()`` gives where there is no exception."""


def test_exc_info_of_no_exception_replaces_before_output() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        start_response("202 Accepted", [], NO_ERROR)
        return [b"x"]

    assert Played(application).read()[0] == 202


def test_exc_info_of_no_exception_is_no_excuse_after_output() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x"
        start_response("202 Accepted", [], NO_ERROR)

    played = Played(application)
    assert "second time" in str(played.error)
    assert played.gateway.status == 200


def test_a_wrong_header_is_blamed_on_the_line_that_sent_it() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("X", "a\r\nb")])
        return [b"x"]

    line = application.__code__.co_firstlineno + 1
    assert failing(application).blame == f"{__file__}:{line} in application"


def test_a_status_is_none_before_there_is_one() -> None:
    assert Played(lambda environ, start_response: []).gateway.status == 0


# write


def test_write_sends_at_once() -> None:
    wire = Wire()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", TEXT[:])
        write(b"")
        assert wire.data == b""
        write(b"one")
        assert wire.data.endswith(b"one\r\n")
        write(b"two")
        return [b"three"]

    assert Played(application, wire=wire).read()[2] == b"onetwothree"


def test_write_takes_bytes() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])("text")
        return []

    error = failing(application)
    assert "write() takes bytes, not str" in str(error)
    assert blamed_function(error) == "application"


def test_what_is_written_beyond_the_length_is_not_sent() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [("Content-Length", "3")])
        write(b"one")
        write(b"two")
        return [b"three"]

    played = Played(application)
    assert played.read()[2] == b"one"
    line = application.__code__.co_firstlineno + 3
    assert played.gateway.excess == f"{__file__}:{line} in application"


@pytest.mark.parametrize("blocks", [[], [b"x"]])
def test_a_wrong_block_that_was_written_is_not_just_left_out(blocks: list[bytes]) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"one")
        with pytest.raises(LocalProtocolError):
            write("two")
        return blocks

    played = Played(application)
    assert "write() takes bytes" in str(played.error)
    assert not played.text.endswith("0\r\n\r\n")


def test_after_a_block_that_did_not_arrive_there_are_no_others() -> None:
    wire = Wire(fails_after=1)

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        write = start_response("200 OK", [("Content-Length", "9")])
        write(b"one")
        with pytest.raises(ConnectionError):
            write(b"two")
        wire.fails_after = -1  # as after a time-out: the client reads again
        return [b"three"]

    played = Played(application, wire=wire)
    assert isinstance(played.error, ClientDisconnected)
    assert wire.data.endswith(b"\r\n\r\none")


class Keeping:
    """Keeps ``write`` and calls it where it has no business any more."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.write: Any = None
        self.refused = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.write = start_response("200 OK", [])
        if self.fails:
            raise KeyError("sku")
        return self

    def __iter__(self) -> Iterator[bytes]:
        yield b"x"

    def close(self) -> None:
        self.write_again()

    def write_again(self) -> None:
        with pytest.raises(LocalProtocolError, match="after the application had returned") as caught:
            self.write(b"more")
        assert blamed_function(caught.value) == "write_again"
        self.refused += 1


def test_after_the_body_nothing_can_be_written() -> None:
    application = Keeping()
    played = Played(application)
    assert played.read()[2] == b"x"
    assert application.refused == 1
    application.write_again()
    assert played.read()[2] == b"x"


def test_what_is_written_late_does_not_get_into_the_next_response() -> None:
    first, wire = Keeping(), Wire()
    http, _ = parse(GET + GET)
    Gateway(http, wire).run(first, {})
    http.finish()
    http.next_event()
    wire.last = 0
    before = wire.data

    def second(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"second"
        first.write_again()

    Gateway(http, wire).run(second, {})
    assert wire.data[len(before) :].endswith(b"6\r\nsecond\r\n0\r\n\r\n")


def test_after_an_error_nothing_can_be_written() -> None:
    application = Keeping(fails=True)
    played = Played(application)
    assert isinstance(played.error, KeyError)
    application.write_again()
    assert played.wire.pieces == []
