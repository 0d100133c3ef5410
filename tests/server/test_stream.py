"""Streams over real sockets: what can be done now, what is waited for, and what an error of the kernel's means."""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.server.running import reset, until
from wsgiserve.errors import ClientDisconnected
from wsgiserve.server.stream import RECEIVE_BYTES, PlainStream, Stream, has_bytes, wait
from wsgiserve.server.tlsstream import TLSStream

DATA = bytes(range(256)) * 4096
# Much more than the kernel takes in unasked, and not so much that it refuses.
EXPECTED = 500_000


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Server's and client's socket; the client's kernel keeps little for it, so that it can be slow."""
    client = socket.socket()
    client.settimeout(20)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client.connect(listener.getsockname())
        server, _ = listener.accept()
    server.setblocking(False)
    return server, client


def arrived(pair: Pair) -> int:
    """Bytes that nobody has received, as they came: under TLS, records."""
    assert pair.stream.wait_readable(20)
    return len(socket.socket.recv(pair.stream.sock, len(DATA), socket.MSG_PEEK))


class Pair:
    """A stream, and its client's socket."""

    def __init__(self, stream: Stream, client: socket.socket) -> None:
        self.stream = stream
        self.client = client

    def fill(self) -> int:
        """Send until the client takes no more; how many bytes it took."""
        total = 0
        while sent := self.stream.send_some(DATA):
            total += sent
        return total

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self.client.recv(count - len(data))
        return data


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = pytest.importorskip("trustme").CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    return server, client


def shake_hands(stream: TLSStream, sock: socket.socket, context: ssl.SSLContext) -> socket.socket:
    """The client's socket, once both sides agree."""
    made: list[socket.socket] = []
    client = threading.Thread(target=lambda: made.append(context.wrap_socket(sock, server_hostname="localhost")))
    client.start()
    while not stream.handshake():
        assert stream.wait_readable(20)
    client.join()
    return made[0]


@pytest.fixture
def plain() -> Iterator[Pair]:
    server, client = tcp_pair()
    yield Pair(PlainStream(server), client)
    server.close()
    client.close()


@pytest.fixture
def tls(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> Iterator[Pair]:
    server, client = tcp_pair()
    stream = TLSStream(server, contexts[0])
    pair = Pair(stream, shake_hands(stream, client, contexts[1]))
    yield pair
    stream.close()
    pair.client.close()


@pytest.fixture(params=["plain", "tls"])
def pair(request: pytest.FixtureRequest) -> Pair:
    """Both kinds."""
    found: Pair = request.getfixturevalue(request.param)
    return found


# Receiving


def test_nothing_there_is_not_the_end(pair: Pair) -> None:
    assert pair.stream.recv() is None
    pair.client.sendall(b"abc")
    assert pair.stream.wait_readable(20)
    assert pair.stream.recv() == b"abc"
    pair.client.shutdown(socket.SHUT_WR)
    assert pair.stream.wait_readable(20)
    assert pair.stream.recv() == b""


def test_a_look_for_bytes_does_not_wait_for_them_although_the_socket_would(plain: Pair) -> None:
    plain.stream.sock.setblocking(True)
    looked = threading.Event()

    def look() -> None:
        assert not has_bytes(plain.stream.sock)
        looked.set()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        assert looked.wait(20)
    finally:
        plain.client.sendall(b"x")
        thread.join()
    assert has_bytes(plain.stream.sock)


def test_more_is_what_would_come_without_an_event(plain: Pair) -> None:
    plain.client.sendall(b"x" * RECEIVE_BYTES)
    until(lambda: len(plain.stream.sock.recv(RECEIVE_BYTES, socket.MSG_PEEK)) == RECEIVE_BYTES)
    assert plain.stream.recv() == b"x" * RECEIVE_BYTES
    assert plain.stream.more is True
    assert plain.stream.recv() is None
    assert plain.stream.more is False
    plain.client.sendall(b"x")
    assert plain.stream.wait_readable(20)
    assert plain.stream.recv() == b"x"
    assert plain.stream.more is False


def test_under_tls_more_is_what_has_come_in_another_record(tls: Pair) -> None:
    tls.client.sendall(b"abc")
    first = arrived(tls)
    tls.client.sendall(b"def")
    until(lambda: arrived(tls) == 2 * first)
    assert tls.stream.recv() == b"abc"
    assert tls.stream.more is True
    assert tls.stream.recv() == b"def"
    assert tls.stream.more is False
    assert tls.stream.recv() is None
    assert tls.stream.more is False


def test_under_tls_more_is_what_may_be_left_of_a_record(tls: Pair) -> None:
    tls.client.sendall(b"abc")
    assert tls.stream.wait_readable(20)
    assert tls.stream.recv(1) == b"a"
    assert tls.stream.more is True
    assert tls.stream.recv(2) == b"bc"
    assert tls.stream.more is True
    assert tls.stream.recv(2) is None
    assert tls.stream.more is False


def test_under_tls_there_may_be_more_after_a_full_record(tls: Pair) -> None:
    record = DATA[:16_384]
    tls.client.sendall(record)
    until(lambda: arrived(tls) > len(record))
    assert tls.stream.recv() == record
    assert tls.stream.more is True
    assert tls.stream.recv() is None
    assert tls.stream.more is False


def test_under_tls_nothing_comes_after_the_end(tls: Pair) -> None:
    assert isinstance(tls.client, ssl.SSLSocket)
    tls.client.setblocking(False)
    with pytest.raises(ssl.SSLWantReadError):
        tls.client.unwrap()
    good_bye = arrived(tls)
    socket.socket.send(tls.client, b"one word more")
    until(lambda: arrived(tls) > good_bye)
    assert tls.stream.recv() == b""
    assert tls.stream.more is False


def test_what_openssl_holds_back_is_not_waited_for(tls: Pair) -> None:
    assert isinstance(tls.stream, TLSStream)
    tls.client.sendall(b"abc")
    assert tls.stream.wait_readable(20)
    assert tls.stream.tls.recv(1) == b"a"
    assert tls.stream.wait_readable(0)


def test_a_reset_is_a_client_that_left(plain: Pair) -> None:
    reset(plain.client)
    assert plain.stream.wait_readable(20)
    with pytest.raises(ClientDisconnected, match="receiving: Connection reset"):
        plain.stream.recv()
    with pytest.raises(ClientDisconnected, match="sending: "):
        plain.fill()


def test_under_tls_a_reset_is_a_client_that_left_or_an_end(tls: Pair) -> None:
    reset(tls.client)
    assert tls.stream.wait_readable(20)
    with suppress(ClientDisconnected):  # Python 3.13 tells the one from the other, 3.11 does not
        assert tls.stream.recv() == b""
    with pytest.raises(ClientDisconnected, match="sending: "):
        tls.fill()


def test_bytes_that_are_no_record_are_a_client_that_left(tls: Pair) -> None:
    socket.socket.send(tls.client, b"in the clear")
    assert tls.stream.wait_readable(20)
    with pytest.raises(ClientDisconnected, match="receiving: "):
        tls.stream.recv()


def test_waiting_for_bytes_has_an_end(pair: Pair) -> None:
    assert pair.stream.wait_readable(0.01) is False


@pytest.mark.skipif(sys.platform != "linux", reason="asking for room in this way is Linux's")
def test_what_is_expected_finds_room_and_wakes_from_its_first_byte_on(pair: Pair) -> None:
    client = pair.client.fileno()
    pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    pair.client.setblocking(False)
    pair.stream.expect(EXPECTED)
    sent = os.write(client, b"x")
    assert wait(pair.stream.fileno, 20, write=False)
    # The kernel tells of larger room only, so a short silence is the end.
    while wait(client, 0.5, write=True):
        sent += os.write(client, DATA)
    assert sent >= EXPECTED


def test_what_is_expected_of_a_closed_socket_does_not_come(plain: Pair) -> None:
    plain.stream.close()
    plain.stream.expect(len(DATA))


# Sending


@pytest.mark.skipif(not hasattr(socket, "MSG_MORE"), reason="the system has no MSG_MORE")
def test_what_is_only_begun_waits_for_the_rest() -> None:
    server, client = tcp_pair()
    with server, client:
        stream = PlainStream(server)
        begun = time.monotonic()
        assert stream.send_some(b"head", True) == 4
        client.setblocking(False)
        came = has_bytes(client)
        assert not came or time.monotonic() - begun > 0.19  # Linux gives it 200 ms
        client.settimeout(20)
        assert stream.send_some(b"body") == 4
        assert client.recv(100) == b"headbody"


def test_sending_takes_what_there_is_room_for(pair: Pair) -> None:
    total = pair.fill()
    assert total > 0
    assert pair.stream.wait_writable(0.01) is False
    received = pair.read(total)
    assert received == (DATA * (total // len(DATA) + 1))[:total]
    assert pair.stream.wait_writable(20) is True


def test_a_client_that_takes_a_little_is_seen_by_trying_before_the_kernel_tells(pair: Pair) -> None:
    total = pair.fill()
    pair.read(total // 5)
    until(lambda: pair.stream.send_some(DATA[total % len(DATA) :]))  # its acknowledgement is on its way
    assert pair.stream.wait_writable(0) is False


def test_nothing_to_send_disturbs_nothing(pair: Pair) -> None:
    total = pair.fill()
    assert pair.stream.send_some(b"") == 0
    pair.read(total)
    until(lambda: pair.stream.send_some(DATA[total % len(DATA) :]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "file"
    found.write_bytes(DATA[:300_000])
    return found


def send_file(stream: Stream, path: Path) -> int:
    """Send from the tenth byte on, as long as there is room and file; how many bytes."""
    with path.open("rb") as file:
        offset = 10
        while sent := stream.send_file_some(file.fileno(), offset, 300_000):
            offset += sent
        assert file.tell() == 0
    return offset - 10


def test_a_file_is_sent_to_its_end(pair: Pair, path: Path) -> None:
    assert pair.stream.sends_files
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pair.read(299_990)))
    reader.start()
    offset, ended = 10, False
    with path.open("rb") as file:
        while not ended:
            sent = pair.stream.send_file_some(file.fileno(), offset, 1 << 40)
            ended = sent is None
            offset += sent or 0
            if sent == 0:
                assert pair.stream.wait_writable(20)
    reader.join()
    assert offset == 300_000
    assert received == [DATA[10:300_000]]


def test_a_file_waits_for_room(pair: Pair, path: Path) -> None:
    pair.fill()
    assert send_file(pair.stream, path) == 0


def test_a_file_for_a_client_that_left_is_a_client_that_left(pair: Pair, path: Path) -> None:
    reset(pair.client)
    assert pair.stream.wait_readable(20)
    with pytest.raises(ClientDisconnected):
        send_file(pair.stream, path)


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_that_the_kernel_cannot_send_is_copied(
    error: int, plain: Pair, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sendfile", raising(error))
    with path.open("rb") as file:
        assert plain.stream.send_file_some(file.fileno(), 10, 100) == 100
        assert plain.stream.send_file_some(file.fileno(), 300_000, 100) is None
    assert plain.read(100) == DATA[10:110]


def test_a_disk_that_fails_is_no_client_that_left(plain: Pair, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sendfile", raising(errno.EIO))
    with pytest.raises(OSError, match="Input/output") as failure:
        send_file(plain.stream, path)
    assert not isinstance(failure.value, ClientDisconnected)


def raising(error: int) -> object:
    def sendfile(*_: object) -> int:
        raise OSError(error, os.strerror(error))

    return sendfile


# Waiting


def test_the_kernel_tells_when_bytes_came(pair: Pair) -> None:
    pair.client.sendall(b"x")
    until(lambda: pair.stream.seconds_since_arrival() > 0.1)
    assert pair.stream.recv() == b"x"
    assert pair.stream.seconds_since_arrival() > 0.1  # whether they were read says nothing
    sent = time.monotonic()
    pair.client.sendall(b"x")
    tick = 0.02  # the kernel's clock for it goes in steps of up to ten milliseconds
    assert pair.stream.seconds_since_arrival() <= time.monotonic() - sent + tick


def test_where_the_kernel_does_not_tell_they_came_now(plain: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"x")
        assert PlainStream(ours).seconds_since_arrival() == 0.0
    plain.client.sendall(b"x")
    until(lambda: plain.stream.seconds_since_arrival() > 0)
    monkeypatch.setattr("sys.platform", "other")
    assert plain.stream.seconds_since_arrival() == 0.0


def test_a_time_that_is_too_long_for_poll_is_no_limit(pair: Pair) -> None:
    assert pair.stream.wait_writable(float("inf")) is True
    assert pair.stream.wait_writable(1e9) is True


def test_without_poll_select_waits(plain: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")
    assert plain.stream.wait_writable(20) is True
    assert plain.stream.wait_readable(0.01) is False
    plain.client.sendall(b"abc")
    assert plain.stream.wait_readable(20) is True


# The end


def test_after_shutdown_the_client_sees_the_end_and_can_still_be_heard(pair: Pair) -> None:
    pair.stream.say_goodbye()
    pair.stream.shutdown()
    assert pair.client.recv(1) == b""
    if not isinstance(pair.client, ssl.SSLSocket):
        pair.client.sendall(b"abc")
        assert pair.stream.wait_readable(20)
        assert pair.stream.recv() == b"abc"


def test_good_bye_is_said_by_tls_alone(tls: Pair) -> None:
    assert isinstance(tls.client, ssl.SSLSocket)
    tls.client.suppress_ragged_eofs = False  # type: ignore[attr-defined]  # typeshed does not know it
    tls.stream.say_goodbye()
    assert tls.client.recv(1) == b""  # close_notify; TCP's end alone would raise


def test_the_clients_good_bye_in_answer_to_ours_is_its_end(tls: Pair) -> None:
    assert isinstance(tls.client, ssl.SSLSocket)
    tls.stream.say_goodbye()
    tls.client.unwrap()
    assert tls.stream.wait_readable(20)
    assert tls.stream.recv() == b""


def test_without_a_good_bye_a_client_can_tell_that_something_is_missing(tls: Pair) -> None:
    assert isinstance(tls.client, ssl.SSLSocket)
    tls.client.suppress_ragged_eofs = False  # type: ignore[attr-defined]  # typeshed does not know it
    tls.stream.shutdown()
    with pytest.raises(ssl.SSLEOFError):
        tls.client.recv(1)


def test_good_bye_twice_or_after_the_end_does_no_harm(tls: Pair) -> None:
    tls.stream.say_goodbye()
    tls.stream.say_goodbye()
    tls.stream.close()
    tls.stream.say_goodbye()


def test_nothing_is_sent_in_the_clear_after_the_socket_was_shut(tls: Pair) -> None:
    for end in (tls.stream.shutdown, tls.stream.abort):
        end()
        assert isinstance(tls.stream, TLSStream)
        assert tls.stream.tls.version() is not None  # the session is still there, and whoever sends uses it
        with pytest.raises(ClientDisconnected):
            tls.stream.send_some(b"abc")


def test_abort_ends_the_waiting_of_another_thread(pair: Pair) -> None:
    found: list[object] = []

    def wait() -> None:
        assert pair.stream.wait_readable(20)
        found.append(pair.stream.recv())

    thread = threading.Thread(target=wait)
    thread.start()
    pair.stream.abort()
    thread.join(20)
    assert found == [b""]


def test_closing_twice_is_closing_once(pair: Pair) -> None:
    pair.stream.close()
    pair.stream.close()
    pair.stream.shutdown()
    pair.stream.abort()


# The handshake


def test_a_handshake_that_waits_tells_for_what(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = tcp_pair()
    stream = TLSStream(server, contexts[0])
    assert stream.handshake() is False
    assert stream.needs_write is False
    shake_hands(stream, client, contexts[1]).close()
    stream.close()


def test_a_handshake_waits_for_room_for_its_certificates(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = socket.socketpair()
    server.setblocking(False)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    while True:  # nothing fits any more
        try:
            server.send(b"x" * 100)
        except BlockingIOError:
            break
    stream = TLSStream(server, contexts[0])
    hello, _ = ssl.MemoryBIO(), ssl.MemoryBIO()
    shaking = contexts[1].wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        shaking.do_handshake()
    client.sendall(hello.read())
    assert stream.handshake() is False
    assert stream.needs_write is True
    stream.close()
    client.close()


def test_a_handshake_that_fails_leaves_a_plain_socket(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = tcp_pair()
    stream = TLSStream(server, contexts[0])
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert stream.wait_readable(20)
    with pytest.raises(ClientDisconnected, match="TLS handshake: HTTP_REQUEST") as failure:
        stream.handshake()
    assert isinstance(failure.value.__cause__, ssl.SSLError)
    released = stream.release()
    assert released.fileno() == stream.fileno
    assert released.getblocking() is False
    released.sendall(b"plain")
    while b"plain" not in (data := client.recv(100)):
        assert data
    released.close()
    client.close()
