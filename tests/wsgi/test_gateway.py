"""PEP 3333, the server's half: what an application does, and what goes over the wire for it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import pytest

from tests.wsgi.playing import GET, HEAD, OLD, TEXT, Played, Wire, answer, environ, parse, stream
from wsgiserve.errors import ClientDisconnected, LocalProtocolError, RemoteProtocolError
from wsgiserve.wsgi import FileWrapper, Gateway, Input


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


def test_a_wrong_header_is_blamed_on_the_line_that_sent_it() -> None:
    error = failing(answer(b"x", headers=[("X", "a\r\nb")]))
    assert blamed_line(error) == "application"


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
        return []

    played = Played(application)
    assert played.read()[2] == b"one"
    assert played.gateway.excess is not None


# Types of bodies


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


def test_close_is_called_when_the_client_is_gone() -> None:
    body = Body(b"x", b"y")
    played = Played(returning(body), wire=Wire(fails_after=1))
    assert isinstance(played.error, ClientDisconnected)
    assert body.closed == 1


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


def test_a_file_is_read_where_the_kernel_cannot_send_it(path: Path) -> None:
    played = Played(sending(path.open("rb")))
    assert played.read()[2] == b"0123456789"
    played = Played(sending(io.BytesIO(b"0123456789")), wire=Wire(sends_files=True))
    assert played.read()[2] == b"0123456789"
    assert played.wire.files == []


def test_a_file_follows_what_was_written(path: Path) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])(b"first ")
        return FileWrapper(path.open("rb"))

    assert Played(application, wire=Wire(sends_files=True)).read()[2] == b"first 0123456789"


def test_a_file_without_start_response_is_a_mistake(path: Path) -> None:
    with path.open("rb") as file:
        assert "not called" in str(failing(lambda environ, start_response: FileWrapper(file)))


# Broken requests


BROKEN = b"POST / HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"


def test_whatever_is_made_of_a_broken_request_the_answer_says_that_it_is_broken() -> None:
    connection, _ = parse(BROKEN)
    wire = Wire()
    gateway = Gateway(connection, wire, date=b"", server=b"")

    def receive() -> bytes:
        connection.next_event()
        return b""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            environ["wsgi.input"].read()
        except RemoteProtocolError:
            start_response("500 Framework", [])
        return [b"a page about an error"]

    with pytest.raises(RemoteProtocolError):
        gateway.run(application, {"wsgi.input": Input(receive)})
    assert wire.pieces == []


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
