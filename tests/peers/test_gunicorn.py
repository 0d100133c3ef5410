"""Faults that gunicorn has mended, with the version that did, asked of ours: what is no matter of a standard.

Those of framing, fields and targets are cases of ``wsgiserve conform``, where ``known`` names gunicorn.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import until
from tests.reload.looping import loop
from tests.server.client import Client, connect, request
from tests.server.running import IN_ONE_PROCESS, descriptors, hello, running
from wsgiserve.server.access import Access
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.servers import ThreadPoolWSGIServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

each_class = pytest.mark.parametrize("server_class", IN_ONE_PROCESS)

_CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def made(server_class: type[BaseWSGIServer], app: WSGIApplication, **settings: Any) -> BaseWSGIServer:
    return server_class("127.0.0.1", 0, app, **settings)


def connected(server: BaseWSGIServer, **options: Any) -> Client:
    return connect(("127.0.0.1", server.port), **options)


def reads(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    size = len(environ["wsgi.input"].read())
    start_response("200 OK", [])
    return [str(size).encode()]


def test_a_request_that_ends_in_a_chunk_keeps_no_thread() -> None:
    """23.0.0, #2688: the worker waited for ever."""
    with running(made(ThreadPoolWSGIServer, reads, threads=1)) as server:
        for _ in range(3):
            client = connected(server)
            client.send(_CHUNKED + b"9\r\nabc")
            client.close()
        client = connected(server)
        assert client.exchange(_CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", "POST").body == b"3"
        client.close()


@each_class
def test_uploads_and_files_leave_nothing_open(server_class: type[BaseWSGIServer]) -> None:
    """19.8.0, #1327: unlinked temporary files stayed open."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            return reads(environ, start_response)
        start_response("200 OK", [])
        wrapper = environ["wsgi.file_wrapper"]
        body: Iterable[bytes] = wrapper(Path(__file__).open("rb"))  # noqa: SIM115 - the server closes it
        return body

    before = descriptors()
    with running(made(server_class, app)) as server:
        for _ in range(5):
            client = connected(server)
            assert client.exchange(request(method="POST", body=bytes(1_000_000)), "POST").body == b"1000000"
            assert client.exchange(request()).body == Path(__file__).read_bytes()
            client.send(request())
            client.reset()
        until(lambda: not server.connections)
    assert descriptors() - before == set()


@each_class
def test_a_large_file_arrives_whole_however_slowly_it_is_taken(
    server_class: type[BaseWSGIServer], tmp_path: Path
) -> None:
    """19.4.2, #1155: ``sendfile`` sends less than it is asked to."""
    content = bytes(range(256)) * 40_000
    (tmp_path / "large").write_bytes(content)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        file = (tmp_path / "large").open("rb")
        file.seek(1000)
        body: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return body

    with running(made(server_class, app)) as server:
        client = connected(server, receive_bytes=4096)
        assert client.exchange(request()).body == content[1000:]
        client.close()


@each_class
def test_what_an_application_must_not_send_is_500_and_not_quoted(server_class: type[BaseWSGIServer]) -> None:
    """27.0.0: it was 400, which blames the client, and showed the value."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("X-Session", "secret\r\nX-Injected: 1")])
        return []

    with running(made(server_class, app)) as server:
        client = connected(server)
        client.send(request())
        answer = client.rest()
        client.close()
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer
    assert b"Injected" not in answer


@each_class
def test_an_empty_answer_has_the_size_0_in_the_access_log(server_class: type[BaseWSGIServer]) -> None:
    """19.9.0, #1787: it had none."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return []

    accesses: list[Access] = []
    with running(made(server_class, app, access_log=accesses.append)) as server:
        client = connected(server)
        assert client.exchange(request()).status == 200
        client.close()
    assert [access.size for access in accesses] == [0]


@each_class
def test_credentials_that_are_none_are_the_applications_business(server_class: type[BaseWSGIServer]) -> None:
    """19.8.0: the access log failed for want of a user's name."""
    accesses: list[Access] = []
    with running(made(server_class, hello, access_log=accesses.append)) as server:
        client = connected(server)
        for value in ("Basic", "Basic %%%", "Basic Og==", "Basic dXNlcg==", "Digest x"):
            assert client.exchange(request("/", f"Authorization: {value}")).status == 200
        client.close()
    assert len(accesses) == 5


# Reloading


def test_the_target_of_a_linked_module_is_watched(tmp_path: Path) -> None:
    """27.0.0, #3243: only the link was."""
    target = tmp_path / "shared.py"
    target.write_text("WORD = 'one'\n")
    words = "import os\nif not os.path.lexists('linked.py'):\n    os.symlink('../shared.py', 'linked.py')\n"
    with loop(tmp_path, files={"words.py": f"{words}from linked import WORD\n"}) as project:
        until(lambda: project.says("one"))
        for word in ("three", "seven"):
            target.write_text(f"WORD = {word!r}\n")
            until(lambda word=word: project.says(word))  # type: ignore[misc]  # bound now
    assert "reloaded: linked.py -> linked" in project.log()


def test_a_module_without_a_file_is_no_trouble(tmp_path: Path) -> None:
    """20.0.0: the reloader failed at ``__file__ = None``."""
    words = "import sys, types\nodd = sys.modules['odd'] = types.ModuleType('odd')\nodd.__file__ = None\n"
    with loop(tmp_path, files={"words.py": f"{words}WORD = 'one'\n"}) as project:
        until(lambda: project.says("one"))
        project.save("words.py", f"{words}WORD = 'two'\n")
        until(lambda: project.says("two"))
