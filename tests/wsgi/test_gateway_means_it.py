"""Any application at all: h11, http.client and curl read exactly what it meant, or see that something is missing."""

from __future__ import annotations

import io
import socket
import subprocess
import threading
from collections.abc import Iterable, Iterator
from http.client import HTTPResponse, IncompleteRead
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import h11
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.needed import needs
from tests.wsgi.playing import GET, HEAD, OLD, Played, Wire
from wsgiserve.errors import LocalProtocolError
from wsgiserve.wsgi import FileWrapper


class Failure(Exception):
    """What an application raises when its plan says so."""


class Plan(NamedTuple):
    """What an application is going to do.

    Attributes:
        shape: of what it returns.
        late: a generator calls start_response, and write, when it is first iterated.
        surplus: what its Content-Length is too much by; None for no Content-Length.
        fails: before this step, counted from 0; None for never. The steps are start_response, each ``write()``,
            returning, each block that is asked for, ``close()``.
    """

    status: str
    headers: list[tuple[str, str]]
    written: list[bytes]
    returned: list[bytes]
    shape: str
    late: bool = False
    surplus: int | None = None
    fails: int | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.written + self.returned)

    @property
    def length(self) -> int | None:
        return None if self.surplus is None else max(len(self.body) + self.surplus, 0)


class Acting:
    """An application that follows its plan, once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.step = 0
        self.opened = self.closed = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        plan = self.plan
        if plan.late and plan.shape == "generator":
            return self._generator(start_response)
        self._start(start_response)
        self._step()
        return getattr(self, f"_{plan.shape}")()

    def _list(self) -> list[bytes]:
        return list(self.plan.returned)

    def _tuple(self) -> tuple[bytes, ...]:
        return tuple(self.plan.returned)

    def _file(self) -> FileWrapper:
        self.opened += 1
        content = io.BytesIO(b"".join(self.plan.returned))
        return FileWrapper(SimpleNamespace(read=content.read, close=self.close), 7)

    def _iterable(self) -> Acting:
        self.opened += 1
        return self

    def _step(self) -> None:
        if self.step == self.plan.fails:
            raise Failure
        self.step += 1

    def _start(self, start_response: Any) -> None:
        self._step()
        headers = list(self.plan.headers)
        if self.plan.length is not None:
            headers.append(("Content-Length", str(self.plan.length)))
        write = start_response(self.plan.status, headers)
        for block in self.plan.written:
            self._step()
            write(block)

    def _generator(self, start_response: Any = None) -> Iterator[bytes]:
        self.opened += 1
        try:
            if start_response is not None:
                self._start(start_response)
            yield from self
        finally:
            self.closed += 1

    def __iter__(self) -> Iterator[bytes]:
        for block in self.plan.returned:
            self._step()
            yield block

    def close(self) -> None:
        self.closed += 1
        self._step()


texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=10)
blocks = st.lists(st.binary(max_size=20), max_size=4)
plans = st.builds(
    Plan,
    status=st.builds("{} {}".format, st.sampled_from([200, 201, 204, 205, 304, 404, 599]), texts.map("R{}x".format)),
    headers=st.lists(st.tuples(st.sampled_from(["X-One", "x-two", "Set-Cookie", "ETag", "Date"]), texts), max_size=4),
    written=blocks,
    returned=blocks,
    shape=st.sampled_from(["list", "tuple", "generator", "iterable", "file"]),
    late=st.booleans(),
    surplus=st.one_of(st.none(), st.just(0), st.integers(-3, 3)),
    fails=st.one_of(st.none(), st.integers(0, 10)),
)


class Reading(NamedTuple):
    """What a client makes of the bytes on the wire, and of the end of the connection behind them."""

    status: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    whole: bool


def read(played: Played) -> Reading:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=played.method, target="/", headers=[("Host", "example")]))
    client.send(h11.EndOfMessage())
    client.receive_data(played.wire.data)
    client.receive_data(b"")
    response = client.next_event()
    assert isinstance(response, h11.Response)
    body = b""
    try:
        while isinstance(event := client.next_event(), h11.Data):
            body += event.data
    except h11.RemoteProtocolError:
        event = None
    status = f"{response.status_code} {bytes(response.reason).decode('latin-1')}"
    return Reading(status, response.headers.raw_items(), body, isinstance(event, h11.EndOfMessage))


def read_by_http_client(played: Played) -> Reading:
    wire = SimpleNamespace(makefile=lambda mode: io.BytesIO(played.wire.data))
    response = HTTPResponse(cast("socket.socket", wire), method=played.method.decode())
    response.begin()
    try:
        body, whole = response.read(), True
    except IncompleteRead as error:
        body, whole = error.partial, False
    response.close()
    headers = [(name.encode(), value.encode("latin-1")) for name, value in response.getheaders()]
    return Reading(f"{response.status} {response.reason}", headers, body, whole)


def read_by_curl(played: Played) -> Reading:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        replay = threading.Thread(target=_replay, args=(listener, played.wire.data))
        replay.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        words = ["--head"] if played.method == b"HEAD" else ["--include"]
        done = subprocess.run(["curl", "--silent", "--no-buffer", "--max-time", "30", *words, url], capture_output=True)
        replay.join()
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    status, *fields = head.split(b"\r\n")
    headers = [(name, value.strip(b" ")) for name, _, value in (field.partition(b":") for field in fields)]
    return Reading(status.partition(b" ")[2].decode("latin-1"), headers, body, done.returncode == 0)


def _replay(listener: socket.socket, data: bytes) -> None:
    client, _ = listener.accept()
    with client:
        while not client.recv(65536).endswith(b"\r\n\r\n"):
            pass
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        client.recv(1)  # curl has read all when it closes


def _of_the_application(headers: Iterable[tuple[bytes, bytes]], plan: Plan) -> list[tuple[str, str]]:
    added = {"content-length", "transfer-encoding", "connection", "server"}
    if all(name != "Date" for name, _ in plan.headers):
        added.add("date")
    texts = [(name.decode(), value.decode("latin-1")) for name, value in headers]
    return [(name, value) for name, value in texts if name.lower() not in added]


@given(plan=plans, request_=st.sampled_from([GET, HEAD, OLD]))
@example(plan=Plan("200 OK", [], [], [b"x"], "list", surplus=1), request_=GET)
@example(plan=Plan("200 OK", [], [b"x"], [b"y"], "generator", fails=3), request_=GET)
@example(plan=Plan("200 OK", [], [], [b"x", b"y"], "generator", surplus=-1, fails=4), request_=HEAD)
def test_a_client_reads_what_was_meant_or_sees_that_it_cannot(plan: Plan, request_: bytes) -> None:
    acting = Acting(plan)
    played = Played(acting, request_)
    assert isinstance(played.error, Failure | LocalProtocolError | None), played.error
    if not played.wire.data:
        assert played.error is not None, "no response, and nobody was told"
        return  # the server answers 500 in its own name
    reading = read(played)
    assert reading.status == plan.status
    assert _of_the_application(reading.headers, plan) == [(name, value.strip(" ")) for name, value in plan.headers]
    bodiless = request_ is HEAD or plan.status[:3] in ("204", "205", "304")
    meant = b"" if bodiless else plan.body[: plan.length]
    assert meant.startswith(reading.body)
    if played.error is None:
        assert reading.whole
        assert reading.body == meant
        # Nobody fails in secret: only what was never asked for can be missing, because nobody would have got it.
        assert plan.fails is None or acting.step <= plan.fails
    elif reading.whole and reading.body != meant:
        # HTTP/1.0 has no other end than that of the connection, so nobody can see there that something is missing.
        assert request_ is OLD
        assert plan.length is None


@given(plan=plans, request_=st.sampled_from([GET, HEAD, OLD]))
def test_http_client_reads_what_h11_reads(plan: Plan, request_: bytes) -> None:
    played = Played(Acting(plan), request_)
    if played.wire.data:
        assert read_by_http_client(played) == read(played)


@settings(max_examples=50)
@given(plan=plans, request_=st.sampled_from([GET, HEAD]))
def test_curl_reads_what_h11_reads(plan: Plan, request_: bytes) -> None:
    needs("curl")
    played = Played(Acting(plan), request_)
    if played.wire.data:
        assert read_by_curl(played) == read(played)


@given(plan=plans, request_=st.sampled_from([GET, HEAD, OLD]), pieces=st.integers(-1, 5))
def test_whatever_happens_what_was_returned_is_closed_once(plan: Plan, request_: bytes, pieces: int) -> None:
    acting = Acting(plan)
    Played(acting, request_, Wire(fails_after=pieces))
    assert acting.closed == acting.opened
