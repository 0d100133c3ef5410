"""``wsgiserve.testing.serve``: what it records, what it waits for, and that it is gone when it is closed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask
import pytest
import requests
from django.core.signals import got_request_exception

from tests.server.running import until
from wsgiserve.errors import UserError
from wsgiserve.testing import Exchange, TestServer, serve

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/raise":
        raise KeyError("sku")
    if path == "/file":
        start_response("200 OK", TEXT)
        wrapper: Any = environ["wsgi.file_wrapper"]
        body: Iterable[bytes] = wrapper(Path(__file__).open("rb"))  # noqa: SIM115 - the server closes it
        return body
    if path == "/cut":
        start_response("200 OK", [*TEXT, ("Content-Length", "100")])
        return [b"too short"]
    if path == "/long":
        start_response("200 OK", [*TEXT, ("Content-Length", "3")])
        return [b"too long"]
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("201 Created", TEXT)
    return stream(path, content)


def stream(path: str, content: bytes) -> Iterator[bytes]:
    yield f"{path}: ".encode()
    yield content


@pytest.fixture
def server() -> Iterator[TestServer]:
    with serve(app) as made:
        yield made


def ask(server: TestServer, path: str = "/", method: str = "GET", **options: Any) -> requests.Response:
    return requests.request(method, server.url(path), timeout=20, **options)


def serving_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("wsgiserve")]


def last(server: TestServer) -> Exchange:
    return server.requests[-1]


def test_an_exchange_is_recorded_as_it_was_on_the_wire(server: TestServer) -> None:
    assert ask(server, "/a?b=1", "POST", data=b"content", headers={"X-Own": "yes"}).status_code == 201
    one = last(server)
    assert (one.method, one.target, one.path, one.status) == ("POST", "/a?b=1", "/a", 201)
    assert (one.request_headers["x-own"], one.request_body) == ("yes", b"content")
    assert (one.headers["Transfer-Encoding"], one.headers["Server"]) == ("chunked", "wsgiserve")
    assert (one.body, one.text) == (b"/a: content", "/a: content")
    assert 0 < one.seconds < 20
    assert (one.errors, one.findings, server.errors, server.lint) == ([], [], [], [])


def test_json_is_read(server: TestServer) -> None:
    with serve(flask_app()) as other:
        ask(other, "/json")
        assert last(other).json == {"n": 1}


def test_a_file_is_recorded_though_the_kernel_sends_it(server: TestServer) -> None:
    assert ask(server, "/file").content == Path(__file__).read_bytes() == last(server).body


def test_an_exception_is_an_error(server: TestServer) -> None:
    assert ask(server, "/raise").status_code == 500
    assert last(server).status == 500
    assert repr(server.errors) == "[KeyError('sku')]"


def test_broken_rules_are_findings(server: TestServer) -> None:
    assert ask(server, "/long").content == b"too"
    with pytest.raises(requests.RequestException):
        ask(server, "/cut")
    long, short = server.lint
    assert str(long).startswith("GET /long: E107 the body is 5 bytes longer than its Content-Length\n  at ")
    assert "test_serving.py" in long.place
    assert short.request == "GET /cut"
    assert last(server).body == b"too short"
    assert server.errors == []


def flask_app() -> flask.Flask:
    app = flask.Flask("shop")

    @app.get("/boom")
    def boom() -> str:
        raise ValueError("swallowed")

    @app.get("/json")
    def json() -> dict[str, int]:
        return {"n": 1}

    return app


def test_what_flask_makes_a_page_of_is_an_error_once() -> None:
    with serve(flask_app()) as server, serve(app) as other:
        assert ask(server, "/boom").status_code == 500
        ask(other)
        assert repr(server.errors) == "[ValueError('swallowed')]"
        assert other.errors == []


def test_what_django_makes_a_page_of_is_an_error() -> None:
    def like_django(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        try:
            raise ValueError("swallowed")
        except ValueError:
            got_request_exception.send(sender=None, request=None)
        start_response("500 Internal Server Error", TEXT)
        return [b"sorry"]

    with serve(like_django) as server:
        ask(server)
        assert repr(server.errors) == "[ValueError('swallowed')]"


# --- waiting


def test_waiting_returns_each_exchange_once_and_in_order(server: TestServer) -> None:
    for number in range(3):
        ask(server, f"/a?n={number}")
    assert server.wait_for("GET /a").target == "/a?n=0"
    assert server.wait_for("GET /a?n=2").target == "/a?n=2"
    assert server.wait_for("GET /a").target == "/a?n=1"
    thread = threading.Thread(target=ask, args=(server, "/later"))
    thread.start()
    assert server.wait_for("GET /later").status == 201
    thread.join()


class Lingering:
    """A body of which the client has the whole while its ``close`` still runs."""

    def __init__(self, go: threading.Event) -> None:
        self._go = go

    def __iter__(self) -> Iterator[bytes]:
        yield b"all"

    def close(self) -> None:
        self._go.wait(20)


def test_the_order_is_that_in_which_clients_had_their_answers() -> None:
    go = threading.Event()

    def lingering(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        first = environ["PATH_INFO"] == "/a"
        start_response("200 OK", [*TEXT, ("Content-Length", "3")])
        return Lingering(go) if first else [b"all"]

    with serve(lingering) as server:
        assert ask(server, "/a?n=0").text == "all"
        assert ask(server, "/b").text == "all"
        assert server.wait_for("GET /b").target == "/b"  # though the one before is not over
        assert ask(server, "/c").text == "all"
        go.set()
        assert server.wait_for("GET /a").target == "/a?n=0"
        assert [one.target for one in server.requests] == ["/a?n=0", "/b", "/c"]


def test_waiting_in_vain_tells_what_there_was(server: TestServer) -> None:
    with pytest.raises(AssertionError, match=r"no GET /b within 0\.01 s; there was: nothing"):
        server.wait_for("GET /b", timeout=0.01)
    ask(server, "/a")
    with pytest.raises(AssertionError, match=r"there was:\n  GET    201  /a  \d+ ms$"):
        server.wait_for("GET /b", timeout=0.01)


# --- where it is, and its end


def test_it_is_there_at_once_and_refuses_at_the_end() -> None:
    server = serve(app)
    socket.create_connection((server.host, server.port)).close()
    server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port))
    assert not serving_threads()


def test_it_ends_though_a_stream_does_not() -> None:
    over = threading.Event()

    def endless(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        try:
            while True:
                time.sleep(0.01)
                yield b"more"
        finally:
            over.set()

    with serve(endless) as server:
        answer = ask(server, stream=True)
        assert next(answer.iter_content(4)) == b"more"
    assert over.wait(20)
    answer.close()


def test_it_ends_though_a_request_does_not() -> None:
    inside, go = threading.Event(), threading.Event()

    def stuck(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        inside.set()
        go.wait()
        return []

    with serve(stuck) as server, socket.create_connection((server.host, server.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert inside.wait(20)
    go.set()
    until(lambda: not serving_threads())  # which other tests may count


def test_https_with_a_certificate_that_can_be_trusted() -> None:
    pytest.importorskip("cryptography")
    with serve(app, https=True) as server, requests.Session() as session:
        session.trust_env = False  # REQUESTS_CA_BUNDLE would go before verify
        assert server.url().startswith("https://127.0.0.1:")
        assert session.get(server.url("/a"), verify=server.ca, timeout=20).text == "/a: "
        assert Path(server.ca).exists()
    assert not Path(server.ca).exists()


def test_ipv6_and_a_mounted_application() -> None:
    with serve(app, host="::1", script_name="/shop") as server:
        assert server.url("/a") == f"http://[::1]:{server.port}/shop/a"
        assert ask(server, "/a").text == "/a: "


def test_as_many_requests_run_at_once_as_there_are_threads() -> None:
    barrier = threading.Barrier(3, timeout=20)

    def meet(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        barrier.wait()
        start_response("200 OK", TEXT)
        return [b"met"]

    with serve(meet, threads=3) as server:
        threads = [threading.Thread(target=ask, args=(server,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [one.status for one in server.requests] == [200] * 3


def test_an_application_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "named_shop.py").write_text(
        "def make(word):\n"
        "    def app(environ, start_response):\n"
        "        start_response('200 OK', [])\n"
        "        return [word.encode()]\n"
        "    return app\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with serve("named_shop:make('test')") as server:
        assert ask(server).text == "test"
    with pytest.raises(UserError) as caught:
        serve("named_shop:nothing")
    assert caught.value.__notes__[0].startswith("Why: it defines nothing that could be an application.")
