"""The page of an error: who makes it, and when it is in the answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.running import IN_ONE_PROCESS, SECONDS, running, until
from wsgiserve.server.access import Access
from wsgiserve.server.base import BaseWSGIServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def failing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Raises, before or after its first block; and lies about who asked."""
    environ["REMOTE_ADDR"] = "lie"
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/after":
        yield b"begun"
    raise KeyError("sku")


Explain = Callable[[BaseException, dict[str, Any], int], tuple[bytes, bytes] | None]
Answer = tuple[int, str | None, bytes]


@contextmanager
def serving(kind: type[BaseWSGIServer], explain: Explain) -> Iterator[tuple[Callable[..., Answer], list[Access]]]:
    """A function that asks, and the lines of the access log."""
    accesses: list[Access] = []
    server = kind("127.0.0.1", 0, failing, access_log=accesses.append)
    server.explain = explain

    def ask(target: str = "/", method: str = "GET") -> Answer:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
        try:
            connection.request(method, target)
            response = connection.getresponse()
            return response.status, response.headers["Content-Type"], response.read()
        finally:
            connection.close()

    with running(server):
        yield ask, accesses


@pytest.mark.parametrize("kind", IN_ONE_PROCESS)
def test_the_answer_is_the_page_and_knows_its_line_in_the_log(kind: type[BaseWSGIServer]) -> None:
    def explain(error: BaseException, environ: dict[str, Any], number: int) -> tuple[bytes, bytes]:
        content = f"{error!r} {environ['REMOTE_ADDR']} {environ['PATH_INFO']} {number}"
        return b"Content-Type: text/html\r\n", content.encode()

    with serving(kind, explain) as (ask, accesses):
        assert ask("/a") == (500, "text/html", b"KeyError('sku') 127.0.0.1 /a 1")
        assert ask("/b") == (500, "text/html", b"KeyError('sku') 127.0.0.1 /b 2")
        until(lambda: len(accesses) == 2)
    # Sorted: the second connection may be another thread's, which is not the slower one for having begun later.
    assert sorted((access.number, access.status) for access in accesses) == [(1, 500), (2, 500)]


@pytest.mark.parametrize("kind", IN_ONE_PROCESS)
def test_a_long_page_arrives_whole(kind: type[BaseWSGIServer]) -> None:
    page = b"x" * 10_000_000
    with serving(kind, lambda *about: (b"Content-Type: text/html\r\n", page)) as (ask, _):
        assert ask() == (500, "text/html", page)


def test_the_answer_to_head_has_no_content() -> None:
    with serving(BaseWSGIServer, lambda *about: (b"Content-Type: text/html\r\n", b"page")) as (ask, _):
        assert ask(method="HEAD") == (500, "text/html", b"")


def test_who_is_not_to_know_gets_the_plain_answer() -> None:
    with serving(BaseWSGIServer, lambda *about: None) as (ask, _):
        status, content_type, content = ask()
    assert (status, content_type) == (500, "text/plain; charset=utf-8")
    assert b"KeyError" not in content


def test_after_the_head_is_out_nothing_is_explained() -> None:
    asked: list[Any] = []

    def explain(*about: Any) -> None:
        asked.append(about)

    with serving(BaseWSGIServer, explain) as (ask, accesses):
        with pytest.raises(Exception, match="IncompleteRead"):
            ask("/after")
        until(lambda: accesses)
    assert asked == []


def test_a_mistake_of_the_page_is_told_and_leaves_the_plain_answer(caplog: pytest.LogCaptureFixture) -> None:
    def explain(*about: Any) -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, "wsgiserve"), serving(BaseWSGIServer, explain) as (ask, accesses):
        status, content_type, _ = ask()
        until(lambda: accesses)
    assert (status, content_type) == (500, "text/plain; charset=utf-8")
    assert "internal error, the page about the error is missing" in caplog.text
    assert accesses[0].number == 1
