"""Bodies: what an application returns, and what goes over the wire for it (PEP 3333, the server's half)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.wsgi.applications import Body, answer, blamed_function, failing, returning, stream
from tests.wsgi.playing import GET, HEAD, OLD, Played, Wire
from wsgiserve.errors import LocalProtocolError

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


class HasIter:
    def __iter__(self) -> Next:
        return Next(b"one", b"two")


class HasItems:
    """Iterable by the protocol that was there before ``__iter__``."""

    def __getitem__(self, index: int) -> bytes:
        return [b"one", b"two"][index]


@pytest.mark.parametrize("body", [HasIter(), HasItems(), {b"one": 1, b"two": 2}, (b for b in (b"one", b"two"))])
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
    assert played.wire.begun == [True, False]  # nor wakes the head anybody


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
    assert blamed_function(failing(returning(Body("text")))) == "__iter__"


def test_a_wrong_block_after_output_breaks_the_response_off() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[Any]:
        start_response("200 OK", [])
        yield b"x"
        yield "text"

    played = Played(application)
    assert isinstance(played.error, LocalProtocolError)
    assert blamed_function(played.error) == "application"
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
        """As if it were written in C: there is no line to show."""

        __call__ = staticmethod(functools.partial(with_length(3, b"abcd")))

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
    assert blamed_function(played.error) == "application"


def test_a_body_that_does_not_come_at_all_is_visibly_missing() -> None:
    played = Played(with_length(4))
    assert isinstance(played.error, LocalProtocolError)
    assert played.text.endswith("Content-Length: 4\r\nDate: a date\r\nServer: a server\r\n\r\n")


def test_a_server_that_is_stopping_says_so_in_every_head_that_is_not_out_yet() -> None:
    wire = Wire()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        wire.closing = True  # the signal comes while the application is at work
        return [b"last"]

    assert Played(application, wire=wire).read()[1]["connection"] == "close"
