"""PEP 3333, the server's half: what an application does, and what goes over the wire for it."""

from __future__ import annotations

import functools
import gzip
import io
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import pytest

from tests.wsgi.playing import GET, HEAD, OLD, TEXT, Played, Wire, answer, environ, parse, stream
from wsgiserve.errors import ClientDisconnected, LocalProtocolError, RemoteProtocolError
from wsgiserve.wsgi import FileWrapper, Gateway, Input


HERE = Path(__file__).name


class Body:
    """An iterable that counts its closing and can fail anywhere."""

    def __init__(self, *blocks: Any, fails: bool = False, fails_to_close: bool = False) -> None:
        self.blocks = blocks
        self.closed = 0
        self.fails = fails
        self.fails_to_close = fails_to_close

    def __iter__(self) -> Iterator[Any]:
        yield from self.blocks
        if self.fails:
            raise KeyError("sku")

    def close(self) -> None:
        self.closed += 1
        if self.fails_to_close:
            raise ValueError("cannot close")


def returning(body: Any, status: str = "200 OK", headers: list[tuple[str, str]] | None = None) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, list(TEXT if headers is None else headers))
        return body

    return application


# Bodies


def test_a_list_goes_out_in_one_piece_with_its_length() -> None:
    played = Played(answer(b"Hello, ", b"", b"world"))
    assert played.text == (
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\nDate: a date\r\nServer: a server\r\n"
        "\r\nHello, world"
    )
    assert (len(played.wire.pieces), played.wire.last) == (1, 1)


def test_a_tuple_is_as_good_as_a_list() -> None:
    assert Played(returning((b"a", b"b"))).read()[2] == b"ab"


def test_each_block_of_an_iterator_is_on_the_wire_before_the_next_is_asked_for() -> None:
    wire = Wire()
    seen: list[bytes] = []

    def blocks() -> Iterator[bytes]:
        for block in (b"one", b"two", b"three"):
            yield block
            seen.append(wire.data)

    played = Played(returning(blocks()), wire=wire)
    assert [data.rpartition(b"\r\n\r\n")[2].count(b"\r\n") for data in seen] == [2, 4, 6]
    assert played.read()[2] == b"onetwothree"


class Next:
    """An iterator that cannot be asked for itself, as ``for`` never does."""

    def __init__(self, *blocks: bytes) -> None:
        self.blocks = list(blocks)

    def __next__(self) -> bytes:
        if not self.blocks:
            raise StopIteration
        return self.blocks.pop(0)


class Iterable1:
    def __iter__(self) -> Next:
        return Next(b"one", b"two")


class Sequence1:
    """Iterable by the protocol that was there before ``__iter__``."""

    def __getitem__(self, index: int) -> bytes:
        return [b"one", b"two"][index]


@pytest.mark.parametrize("body", [Iterable1(), Sequence1(), {b"one": 1, b"two": 2}, (b for b in (b"one", b"two"))])
def test_whatever_a_for_loop_takes_is_a_body(body: Any) -> None:
    assert Played(returning(body)).read()[1:] == (
        {"content-type": "text/plain", "transfer-encoding": "chunked", "date": "a date", "server": "a server"},
        b"onetwo",
    )


def test_empty_blocks_send_nothing_not_even_the_head() -> None:
    wire = Wire()

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("500 Wrong", [])
        yield b""
        assert wire.data == b""
        start_response("200 OK", [], (ValueError, ValueError(), None))
        yield b"x"

    assert Played(application, wire=wire).read()[0] == 200


@pytest.mark.parametrize("application", [answer(), answer(b""), stream(), stream(b"", b"")])
def test_an_empty_body_has_the_length_nought(application: Any) -> None:
    status, headers, body = Played(application).read()
    assert (status, headers["content-length"], body) == (200, "0", b"")


def test_large_blocks_are_not_copied_behind_the_head() -> None:
    block = b"x" * 100_000
    played = Played(answer(block))
    assert played.read()[2] == block
    assert [len(piece) for piece in played.wire.pieces][1:] == [100_000]


def test_a_large_list_goes_out_block_by_block_with_its_length() -> None:
    block = b"x" * 50_000
    played = Played(answer(block, b"", block))
    assert played.read()[1]["content-length"] == "100000"
    assert played.wire.last == 1


@pytest.mark.parametrize(
    ("request_", "headers", "sent"),
    [(HEAD, [], 0), (GET, [("Content-Length", "50000")], 50_000), (GET, [("Content-Length", "3")], 3)],
)
def test_nothing_follows_the_end_of_a_large_list(request_: bytes, headers: list[tuple[str, str]], sent: int) -> None:
    played = Played(answer(b"x" * 50_000, b"y" * 50_000, headers=headers), request_)
    assert played.error is None
    assert len(played.read()[2]) == sent
    assert played.wire.last == 1


def test_http_1_0_never_gets_chunks() -> None:
    played = Played(stream(b"a", b"b"), OLD)
    assert "chunked" not in played.text
    assert played.text.endswith("Connection: close\r\n\r\nab")


# No body


@pytest.mark.parametrize("application", [answer(b"body"), answer(b"bo", b"dy")])
def test_a_response_to_head_tells_the_length_and_sends_no_body(application: Any) -> None:
    played = Played(application, HEAD)
    assert played.read()[1:] == ({**dict(played.read()[1]), "content-length": "4"}, b"")


@pytest.mark.parametrize("application", [answer(), stream(), stream(b"body")])
def test_head_says_no_length_that_nobody_knows(application: Any) -> None:
    played = Played(application, HEAD)
    assert "content-length" not in played.read()[1]
    assert played.text.endswith("\r\n\r\n")


def test_an_endless_body_ends_for_head() -> None:
    def forever() -> Iterator[bytes]:
        while True:
            yield b"x"

    played = Played(returning(forever()), HEAD)
    assert played.read()[2] == b""


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_without_content_there_is_none_and_the_log_hears_of_it(status: str) -> None:
    played = Played(answer(b"body", status=status, headers=[]))
    assert played.text.endswith("\r\n\r\n")
    assert "Content-Length" not in played.text
    assert played.gateway.excess is not None


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


def failing(application: Any, request: bytes = GET) -> LocalProtocolError:
    """The error of an application that broke a rule before anything was sent."""
    played = Played(application, request)
    assert isinstance(played.error, LocalProtocolError), played.error
    assert played.wire.pieces == []
    return played.error


def blamed_line(error: LocalProtocolError) -> str:
    assert error.blame is not None
    place, _, function = error.blame.partition(" in ")
    assert place.startswith(__file__) or "playing.py" in place
    return function


def test_never_calling_it_is_a_mistake() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return [b"x"]

    error = failing(application)
    assert "not called" in str(error)
    assert blamed_line(error) == "application"


def test_never_calling_it_is_one_without_a_body_too() -> None:
    assert "not called" in str(failing(lambda environ, start_response: []))


def test_calling_it_twice_is_a_mistake() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        start_response("200 OK", [])
        return [b"x"]

    error = failing(application)
    assert "second time" in str(error)
    assert blamed_line(error) == "application"


def test_a_mistake_is_not_mended_by_swallowing_it() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        with pytest.raises(LocalProtocolError):
            start_response("200 OK", [])
        return [b"x"]

    assert "second time" in str(failing(application))


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


def test_exc_info_after_output_is_raised_again() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x"
        try:
            raise KeyError("sku")
        except KeyError:
            start_response("500 Oh", [], sys.exc_info())

    played = Played(application)
    assert isinstance(played.error, KeyError)
    assert not played.text.endswith("0\r\n\r\n")


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
    assert blamed_line(played.error) == "application"
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
    assert blamed_line(error) == "application"


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
        assert blamed_line(caught.value) == "write_again"
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
    Gateway(http, wire, date=b"", server=b"").run(first, {})
    http.finish()
    http.next_event()
    wire.last = 0
    before = wire.data

    def second(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"second"
        first.write_again()

    Gateway(http, wire, date=b"", server=b"").run(second, {})
    assert wire.data[len(before) :].endswith(b"6\r\nsecond\r\n0\r\n\r\n")


def test_after_an_error_nothing_can_be_written() -> None:
    application = Keeping(fails=True)
    played = Played(application)
    assert isinstance(played.error, KeyError)
    application.write_again()
    assert played.wire.pieces == []


# Types of bodies


class NotIterable:
    """Its ``__iter__`` gives something that is no iterator."""

    def __iter__(self) -> Any:
        return 5


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (["text"], "yields str"),
        ([b"bytes", 1], "yields int"),
        (iter(["text"]), "yields str"),
        ([bytearray(b"x")], "yields bytearray"),
        (None, "returned NoneType"),
        (b"bytes", "returned bytes"),
        ("text", "returned str"),
        (5, "returned int"),
        (bytearray(b"x"), "yields int"),
        (NotIterable(), "returned NotIterable"),
        (iter([None]), "yields NoneType"),
    ],
)
def test_a_body_is_an_iterable_of_bytes(body: Any, message: str) -> None:
    assert message in str(failing(returning(body)))


def test_a_type_error_of_the_applications_own_is_its_own() -> None:
    class Broken:
        def __iter__(self) -> Iterator[bytes]:
            raise TypeError("mine")

    played = Played(returning(Broken()))
    assert isinstance(played.error, TypeError)
    assert not isinstance(played.error, LocalProtocolError)


def test_a_wrong_block_of_an_object_is_blamed_on_the_line_of_its_generator() -> None:
    assert blamed_line(failing(returning(Body("text")))) == "__iter__"


def test_a_wrong_block_after_output_breaks_the_response_off() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[Any]:
        start_response("200 OK", [])
        yield b"x"
        yield "text"

    played = Played(application)
    assert isinstance(played.error, LocalProtocolError)
    assert blamed_line(played.error) == "application"
    assert not played.text.endswith("0\r\n\r\n")


# Content-Length


def with_length(length: int, *blocks: bytes) -> Any:
    return stream(*blocks, headers=[("Content-Length", str(length))])


def test_a_body_of_the_promised_length_is_the_last_thing_sent() -> None:
    played = Played(with_length(4, b"ab", b"cd"))
    assert played.read()[2] == b"abcd"
    assert played.wire.last == 1
    assert played.gateway.excess is None


@pytest.mark.parametrize("blocks", [(b"abcdef",), (b"ab", b"cdef"), (b"abcd", b"e"), (b"abcd", b"", b"e")])
def test_a_longer_body_is_cut(blocks: tuple[bytes, ...]) -> None:
    played = Played(with_length(4, *blocks))
    assert played.read()[2] == b"abcd"
    assert played.gateway.excess is not None


def test_a_longer_body_is_blamed_on_the_line_that_gave_too_much() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "3")])
        yield b"one"
        yield b"two"

    line = application.__code__.co_firstlineno + 3
    assert Played(application).gateway.excess == f"{__file__}:{line} in application"


def test_what_is_too_long_is_so_even_if_nobody_is_to_blame() -> None:
    class Native:
        __call__ = functools.partial(answer(b"abcd", headers=[("Content-Length", "3")]))

    assert Played(Native()).gateway.excess == "the application"


def test_an_endless_body_is_not_asked_for_more_than_was_promised() -> None:
    def forever() -> Iterator[bytes]:
        while True:
            yield b"x"

    assert Played(returning(forever(), headers=[("Content-Length", "3")])).read()[2] == b"xxx"


@pytest.mark.parametrize("application", [with_length(4, b"ab"), answer(b"ab", headers=[("Content-Length", "4")])])
def test_a_shorter_body_is_a_mistake(application: Any) -> None:
    played = Played(application)
    assert isinstance(played.error, LocalProtocolError)
    assert "2 bytes shorter" in str(played.error)
    assert blamed_line(played.error) == "application"


def test_a_body_that_does_not_come_at_all_is_visibly_missing() -> None:
    played = Played(with_length(4))
    assert isinstance(played.error, LocalProtocolError)
    assert played.text.endswith("Content-Length: 4\r\nDate: a date\r\nServer: a server\r\n\r\n")


# close


@pytest.mark.parametrize(
    "body",
    [
        Body(b"x"),
        Body(),
        Body(b"x", fails=True),
        Body("text"),
        Body(b"x", fails_to_close=True),
        Body(b"x" * 10, fails=True, fails_to_close=True),
    ],
)
def test_close_is_called_exactly_once(body: Body) -> None:
    Played(returning(body))
    assert body.closed == 1


@pytest.mark.parametrize("pieces", [0, 1, 2])
def test_close_is_called_when_the_client_is_gone(pieces: int) -> None:
    body = Body(b"x", b"y")
    played = Played(returning(body), wire=Wire(fails_after=pieces))
    assert isinstance(played.error, ClientDisconnected)
    assert body.closed == 1


def test_close_is_called_when_start_response_was_wrong_or_missing() -> None:
    bodies = Body(b"x"), Body(b"x")
    Played(returning(bodies[0], status="wrong"))
    Played(returning(bodies[0], headers=[("Content-Length", "2")]))
    Played(lambda environ, start_response: bodies[1])
    assert [body.closed for body in bodies] == [1, 1]


def test_close_is_called_for_a_broken_request() -> None:
    body = Body(b"x")
    with pytest.raises(RemoteProtocolError):
        _play_broken(returning(body))
    assert body.closed == 1


def test_a_generator_is_closed_where_it_stands() -> None:
    left = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            while True:
                yield b"x"
        finally:
            left.append(True)

    Played(application, wire=Wire(fails_after=3))
    assert left == [True]


def test_the_last_byte_is_sent_before_close_is_called() -> None:
    wire = Wire()
    seen = []

    class Slow(Body):
        def close(self) -> None:
            seen.append(wire.data)

    Played(returning(Slow(b"x")), wire=wire)
    assert seen == [wire.data]
    assert wire.data.endswith(b"0\r\n\r\n")


def test_an_error_of_close_keeps_the_error_before_it() -> None:
    played = Played(returning(Body(b"x", fails=True, fails_to_close=True)))
    assert isinstance(played.error, ValueError)
    assert isinstance(played.error.__context__, KeyError)


def test_close_is_called_for_head_and_for_excess() -> None:
    for request, headers in ((HEAD, TEXT), (GET, [("Content-Length", "1")])):
        body = Body(b"x", b"y")
        Played(returning(body, headers=headers), request)
        assert body.closed == 1


def test_an_error_of_close_is_the_applications() -> None:
    played = Played(returning(Body(b"x", fails_to_close=True)))
    assert isinstance(played.error, ValueError)
    assert played.read()[2] == b"x"


def test_an_error_of_the_application_is_raised_as_it_is() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise SystemExit(3)

    assert isinstance(Played(application).error, SystemExit)


# file_wrapper


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    return file


def sending(file: Any, headers: list[tuple[str, str]] | None = None, status: str = "200 OK") -> Any:
    return returning(FileWrapper(file, 4), status, headers)


def test_a_file_is_sent_by_the_kernel_with_its_length(path: Path) -> None:
    with path.open("rb") as file:
        file.read(2)
        played = Played(sending(file), wire=Wire(sends_files=True))
        assert played.wire.files == [b"23456789"]
        assert played.read()[2] == b"23456789"
        assert file.closed


def test_a_file_may_be_longer_than_its_content_length(path: Path) -> None:
    played = Played(sending(path.open("rb"), [("Content-Length", "3")]), wire=Wire(sends_files=True))
    assert played.read()[2] == b"012"
    assert played.wire.files == [b"012"]


def test_a_file_that_is_shorter_breaks_the_response_off(path: Path) -> None:
    played = Played(sending(path.open("rb"), [("Content-Length", "11")]), wire=Wire(sends_files=True))
    assert "1 bytes shorter" in str(played.error)
    assert played.wire.files == []


@pytest.mark.parametrize(("request_", "status"), [(HEAD, "200 OK"), (GET, "304 Not Modified"), (GET, "204 None")])
def test_a_file_is_not_sent_where_no_content_is(request_: bytes, status: str, path: Path) -> None:
    played = Played(sending(path.open("rb"), status=status), request_, Wire(sends_files=True))
    assert played.wire.files == []
    assert played.text.endswith("\r\n\r\n")
    assert ("Content-Length: 10" in played.text) == (request_ is HEAD)


def _opened(path: Path) -> Any:
    return path.open("rb")


def _behind_its_start(path: Path) -> Any:
    file = path.open("rb")
    file.read(2)
    return file


def _packed(path: Path) -> Any:
    path.with_suffix(".gz").write_bytes(gzip.compress(path.read_bytes()))
    return gzip.open(path.with_suffix(".gz"))


def _temporary(path: Path) -> Any:
    file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed by the gateway, as a server must
    file.write(path.read_bytes())
    file.seek(0)
    return file


@pytest.mark.parametrize("sends_files", [True, False])
@pytest.mark.parametrize(
    ("make", "by_kernel", "expected"),
    [
        (_opened, True, b"0123456789"),
        (_behind_its_start, True, b"23456789"),
        (_temporary, True, b"0123456789"),
        (_packed, False, b"0123456789"),
        (lambda path: io.BytesIO(path.read_bytes()), False, b"0123456789"),
    ],
)
@pytest.mark.parametrize("length", [None, 3])
def test_a_file_is_the_same_response_whoever_reads_it(
    make: Any, by_kernel: bool, expected: bytes, length: int | None, sends_files: bool, path: Path
) -> None:
    file = make(path)
    headers = [] if length is None else [("Content-Length", str(length))]
    played = Played(sending(file, headers), wire=Wire(sends_files=sends_files))
    assert played.error is None
    assert played.read()[2] == expected[:length]
    assert bool(played.wire.files) == (by_kernel and sends_files)
    assert played.gateway.excess is None
    assert file.closed


def test_a_text_file_is_no_body_and_its_application_to_blame(path: Path) -> None:
    error = failing(sending(path.open()))
    assert "yields str" in str(error)
    assert blamed_line(error) == "application"


def test_a_file_wrapper_that_somebody_changed_is_asked_for_its_blocks(path: Path) -> None:
    class Counting(FileWrapper):
        def __iter__(self) -> Iterator[bytes]:
            yield b"counted: "
            yield from super().__iter__()

    played = Played(returning(Counting(path.open("rb"))), wire=Wire(sends_files=True))
    assert played.read()[2] == b"counted: 0123456789"


def test_the_environ_has_the_wrapper() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        body: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(b"0123456789"), 3)
        return body

    assert [piece.count(b"\r\n") for piece in Played(application).wire.pieces[1:]] == [2, 2, 2, 1 + 1]


def test_a_file_follows_what_was_written(path: Path) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])(b"first ")
        return FileWrapper(path.open("rb"))

    assert Played(application, wire=Wire(sends_files=True)).read()[2] == b"first 0123456789"


def test_a_file_is_closed_when_the_client_is_gone(path: Path) -> None:
    file = path.open("rb")
    played = Played(sending(file), wire=Wire(sends_files=True, fails_after=0))
    assert isinstance(played.error, ClientDisconnected)
    assert file.closed


def test_a_file_is_not_sent_after_a_mistake(path: Path) -> None:
    file = path.open("rb")

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        with pytest.raises(LocalProtocolError):
            start_response("202 Accepted", [])
        return FileWrapper(file)

    played = Played(application, wire=Wire(sends_files=True))
    assert "second time" in str(played.error)
    assert played.wire.pieces == []
    assert file.closed


def test_a_file_without_start_response_is_a_mistake(path: Path) -> None:
    with path.open("rb") as file:
        assert "not called" in str(failing(lambda environ, start_response: FileWrapper(file)))


# Broken requests


BROKEN = b"POST / HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"


def _play_broken(application: Any) -> Wire:
    """Run an application for a request whose content turns out to be broken."""
    connection, _ = parse(BROKEN)
    wire = Wire(sends_files=True)

    def receive() -> bytes:
        connection.next_event()
        return b""

    def reading(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with pytest.raises(RemoteProtocolError):
            environ["wsgi.input"].read()
        blocks: Iterable[bytes] = application(environ, start_response)
        return blocks

    try:
        Gateway(connection, wire, date=b"", server=b"").run(reading, {"wsgi.input": Input(receive)})
    finally:
        assert wire.pieces == []
    return wire


def _wrong_too(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    with pytest.raises(LocalProtocolError):
        start_response("wrong", [])
    return []


@pytest.mark.parametrize(
    "application",
    [
        answer(b"a page about an error"),
        stream(b"a page", b"about an error"),
        answer(),
        answer(b"1", status="400 Bad Request", headers=[("Content-Length", "5")]),
        lambda environ, start_response: start_response("500 Oh", [])(b"written") or [],
        lambda environ, start_response: sending(Path(__file__).open("rb"))(environ, start_response),
        _wrong_too,
    ],
)
def test_whatever_is_made_of_a_broken_request_the_answer_says_that_it_is_broken(application: Any) -> None:
    with pytest.raises(RemoteProtocolError):
        _play_broken(application)


# The standard library's opinion


@pytest.mark.parametrize("request_", [GET, HEAD])
@pytest.mark.parametrize("headers", [[("Content-Type", "text/plain"), ("Content-Length", "5")], TEXT])
def test_the_validator_has_nothing_to_say(request_: bytes, headers: list[tuple[str, str]]) -> None:
    @validator
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.input"].read(5)
        environ["wsgi.input"].readline()
        environ["wsgi.errors"].write("text\n")
        start_response("200 OK", list(headers))
        return [b"Hello"] if environ["REQUEST_METHOD"] == "GET" else []

    connection, _ = parse(request_)
    wire = Wire()
    found = environ(request_) | {
        "wsgi.input": Input(bytes),
        "wsgi.errors": io.StringIO(),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
    }
    Gateway(connection, wire, date=b"", server=b"").run(application, found)
    assert wire.data.startswith(b"HTTP/1.1 200 OK")
