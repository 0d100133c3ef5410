"""Listening sockets: which addresses, which options, whose file, whose descriptor."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from wsgiserve.server import sockets

CONGESTION = (socket.IPPROTO_TCP, getattr(socket, "TCP_CONGESTION", None))


@contextmanager
def bound(*listeners: socket.socket) -> Iterator[tuple[socket.socket, ...]]:
    try:
        yield listeners
    finally:
        for listener in listeners:
            listener.close()


@pytest.fixture
def no_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose kernel has no IPv6."""

    class IPv4Only(sockets.Listener):
        def __init__(self, family: int = socket.AF_INET, *args: Any, **kwargs: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
            super().__init__(family, *args, **kwargs)

    monkeypatch.setattr(sockets, "Listener", IPv4Only)


def taken_port() -> tuple[socket.socket, int]:
    (listener,) = sockets.bind_tcp("127.0.0.1", 0)
    return listener, listener.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_listener_is_ready_when_it_is_returned(host: str) -> None:
    with bound(*sockets.bind_tcp(host, 0)) as (listener,):
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        assert listener.getblocking() is False
        assert listener.get_inheritable() is False


def test_an_accepted_socket_has_nodelay_without_a_system_call_of_its_own() -> None:
    with bound(*sockets.bind_tcp("127.0.0.1", 0)) as (listener,):
        with socket.create_connection(listener.getsockname()):
            listener.setblocking(True)
            accepted, _ = listener.accept()
        with closing(accepted):
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no BBR, or do not tell of it")
@pytest.mark.parametrize(
    ("host", "default", "address", "changed"),
    [
        ("127.0.0.1", b"bbr", None, True),
        ("127.1.2.3", b"bbr2", None, True),
        ("::1", b"bbr", None, True),
        ("127.0.0.1", b"cubic", None, False),
        ("0.0.0.0", b"bbr", None, False),
        ("::", b"bbr", None, False),
        ("127.0.0.1", b"bbr", ("192.0.2.1", 80), False),
    ],
)
def test_clients_of_this_machine_are_sent_to_without_pauses(
    host: str, default: bytes, address: Any, changed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[bytes] = []

    class OfItsSystem(sockets.Listener):
        def getsockopt(self, *args: Any) -> Any:
            return default.ljust(16, b"\0") if args[:2] == CONGESTION else super().getsockopt(*args)

        def setsockopt(self, *args: Any) -> None:
            if args[:2] == CONGESTION:
                chosen.append(args[2])
            super().setsockopt(*args)

    monkeypatch.setattr(sockets, "Listener", OfItsSystem)
    if address is not None:
        monkeypatch.setattr(sockets, "own_address", lambda listener: address)
    with bound(*sockets.bind_tcp(host, 0)) as (listener,):
        client = "::1" if ":" in host else host.replace("0.0.0.0", "127.0.0.1")
        with socket.create_connection((client, listener.getsockname()[1])) as asking:
            before = asking.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
            listener.setblocking(True)
            accepted, _ = listener.accept()
        with closing(accepted):
            found = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
        assert chosen == [b"reno"] * changed
        assert found.rstrip(b"\0") == (b"reno" if changed else before.rstrip(b"\0"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no BBR, or do not tell of it")
def test_where_the_system_allows_no_other_way_than_with_pauses_it_is_that_way(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strict(sockets.Listener):
        def getsockopt(self, *args: Any) -> Any:
            return b"bbr" if args[:2] == CONGESTION else super().getsockopt(*args)

        def setsockopt(self, *args: Any) -> None:
            if args[:2] == CONGESTION:
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
            super().setsockopt(*args)

    monkeypatch.setattr(sockets, "Listener", Strict)
    with bound(*sockets.bind_tcp("127.0.0.1", 0)) as (listener,):
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no BBR, or do not tell of it")
def test_how_an_inherited_listener_sends_is_its_owners_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_send_at_once", None)
    owners = socket.create_server(("127.0.0.1", 0))
    with bound(sockets.from_fd(owners.detach())) as (listener,):
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


def test_a_port_in_time_wait_can_be_bound_again() -> None:
    listener, port = taken_port()
    with closing(listener):
        client = socket.create_connection(("127.0.0.1", port))
        listener.setblocking(True)
        accepted, _ = listener.accept()
    accepted.close()  # who closes first keeps the TIME_WAIT, so the port is the server's
    client.close()
    with bound(*sockets.bind_tcp("127.0.0.1", port)) as (again,):
        assert again.getsockname()[1] == port


@pytest.mark.parametrize("name", ["localhost", "LocalHost"])
def test_localhost_is_both_loopbacks_on_one_port(name: str) -> None:
    with bound(*sockets.bind_tcp(name, 0)) as (four, six):
        assert four.getsockname() == ("127.0.0.1", four.getsockname()[1])
        assert six.getsockname()[:2] == ("::1", four.getsockname()[1])


def test_localhost_is_in_use_when_one_of_its_addresses_is() -> None:
    four, six = sockets.bind_tcp("localhost", 0)
    four.close()  # so nobody else has this port there
    with closing(six):
        with pytest.raises(OSError, match="::1") as caught:
            sockets.bind_tcp("localhost", six.getsockname()[1])
        assert (caught.value.errno, caught.value.filename) == (errno.EADDRINUSE, "::1")


def test_the_ipv6_wildcard_leaves_the_ipv4_port_alone() -> None:
    with bound(*sockets.bind_tcp("::", 0)) as (six,):
        port = six.getsockname()[1]
        with bound(*sockets.bind_tcp("0.0.0.0", port)) as (four,):
            assert four.getsockname() == ("0.0.0.0", port)


@pytest.mark.usefixtures("no_ipv6")
def test_localhost_without_ipv6_is_the_ipv4_loopback() -> None:
    with bound(*sockets.bind_tcp("localhost", 0)) as (four,):
        assert four.getsockname()[0] == "127.0.0.1"


@pytest.mark.usefixtures("no_ipv6")
def test_an_address_of_a_family_that_the_machine_lacks_is_an_error_unless_optional() -> None:
    with pytest.raises(OSError, match="::1") as caught:
        sockets.bind_hosts(sockets.LOOPBACKS, 0)
    assert caught.value.errno == errno.EAFNOSUPPORT
    with bound(*sockets.bind_hosts(sockets.LOOPBACKS, 0, optional=["::1"])) as (four,):
        assert four.getsockname()[0] == "127.0.0.1"


@pytest.mark.usefixtures("no_ipv6")
def test_when_nothing_is_left_to_listen_on_even_an_optional_address_is_an_error() -> None:
    with pytest.raises(OSError, match="::1"):
        sockets.bind_hosts(["::1"], 0, optional=["::1"])


def test_an_optional_address_that_is_in_use_is_an_error() -> None:
    with bound(*sockets.bind_tcp("::1", 0)) as (six,), pytest.raises(OSError, match="in use"):
        sockets.bind_hosts(sockets.LOOPBACKS, six.getsockname()[1], optional=["::1"])


def test_an_address_that_is_named_twice_is_bound_once() -> None:
    with bound(*sockets.bind_hosts(["localhost", "127.0.0.1", "::1"], 0)) as listeners:
        assert len(listeners) == 2


def test_no_socket_stays_open_when_a_later_host_fails() -> None:
    listener, port = taken_port()
    with closing(listener):
        with pytest.raises(OSError, match="in use"):
            sockets.bind_hosts(["127.0.0.2", "127.0.0.1"], port)
        with bound(*sockets.bind_tcp("127.0.0.2", port)):
            pass


def refusing(addresses: list[str], times: int) -> Callable[..., socket.socket]:
    """``_listen_tcp`` for a machine on which the port that the system picked is taken for the next address."""
    listen, left = sockets._listen_tcp, [times]

    def listen_unless_taken(family: socket.AddressFamily, address: Any) -> socket.socket:
        addresses.append(address[0])
        if family == socket.AF_INET6 and left[0]:
            left[0] -= 1
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        return listen(family, address)

    return listen_unless_taken


def test_port_0_is_picked_again_when_it_is_taken_for_the_second_address(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr(sockets, "_listen_tcp", refusing(tried, times=2))
    with bound(*sockets.bind_tcp("localhost", 0)) as (four, six):
        assert four.getsockname()[1] == six.getsockname()[1]
    assert tried == ["127.0.0.1", "::1"] * 3


def test_port_0_is_given_up_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr(sockets, "_listen_tcp", refusing(tried, times=1000))
    with pytest.raises(OSError, match="in use"):
        sockets.bind_tcp("localhost", 0)
    assert len(tried) < 100


@pytest.mark.parametrize(("host", "code"), [("192.0.2.1", errno.EADDRNOTAVAIL), ("::not::", socket.EAI_NONAME)])
def test_an_address_that_is_not_here_is_named(host: str, code: int) -> None:
    with pytest.raises(OSError, match=host) as caught:
        sockets.bind_tcp(host, 0)
    assert (caught.value.errno, caught.value.filename) == (code, host)


def resolve_as(monkeypatch: pytest.MonkeyPatch, table: dict[str, list[str]]) -> None:
    """Put a name into the resolver: its addresses, in the resolver's order."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, family: int = 0, *rest: Any) -> list[Any]:
        found = [entry for address in table.get(host, [host]) for entry in real(address, port, 0, *rest)]
        matching = [entry for entry in found if family in (0, entry[0])]
        if not matching:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return matching

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_name_is_its_first_ipv4_address(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, {"shop.test": ["::1", "127.0.0.2", "127.0.0.3"]})
    with bound(*sockets.bind_tcp("shop.test", 0)) as (listener,):
        assert listener.getsockname()[0] == "127.0.0.2"


def test_a_name_without_an_ipv4_address_is_its_ipv6_address(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, {"shop.test": ["::1"]})
    with bound(*sockets.bind_tcp("shop.test", 0)) as (listener,):
        assert listener.getsockname()[0] == "::1"


def test_no_host_is_every_ipv4_address() -> None:
    with bound(*sockets.bind_tcp("", 0)) as (listener,):
        assert listener.getsockname()[0] == "0.0.0.0"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "unix"])
def test_what_a_listener_accepts_is_what_any_socket_accepts(host: str, tmp_path: Path) -> None:
    listeners = [sockets.bind_unix(str(tmp_path / "s"))] if host == "unix" else sockets.bind_tcp(host, 0)
    with bound(*listeners) as (listener,), socket.socket(listener.family) as one, socket.socket(listener.family) as two:
        for client in (one, two):
            client.connect(listener.getsockname())
        sock, address = listener.accept()
        other, _ = socket.socket.accept(listener)
        with sock, other:
            assert type(sock) is socket.socket
            assert (sock.family, sock.type, sock.proto) == (other.family, other.type, other.proto)
            assert sock.gettimeout() == other.gettimeout()
            assert address == one.getsockname()
            one.sendall(b"it")
            assert sock.recv(2) == b"it"


@pytest.mark.parametrize(("host", "own"), [("127.0.0.1", True), ("0.0.0.0", False), ("::1", True), ("::", False)])
def test_a_listener_on_all_addresses_has_none_of_its_own(host: str, own: bool) -> None:
    with bound(*sockets.bind_tcp(host, 0)) as (listener,):
        assert sockets.own_address(listener) == (listener.getsockname() if own else None)


# --- unix sockets


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Short, whatever the temporary directory is called: an AF_UNIX path has room for about 100 bytes."""
    monkeypatch.chdir(tmp_path)
    return Path("s")


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def leave_stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))


def test_a_unix_socket_listens_and_its_file_goes_with_it(path: Path) -> None:
    with closing(sockets.bind_unix(str(path))) as listener:
        assert connects(path)
        assert listener.getblocking() is False
        sockets.unlink_unix(listener)
    assert not path.exists()


def test_a_stale_unix_socket_is_replaced(path: Path) -> None:
    leave_stale(path)
    with closing(sockets.bind_unix(str(path))):
        assert connects(path)


def test_a_unix_socket_that_somebody_listens_on_is_left_alone(path: Path) -> None:
    with closing(sockets.bind_unix(str(path))):
        with pytest.raises(OSError, match="in use") as caught:
            sockets.bind_unix(str(path))
        assert (caught.value.errno, caught.value.filename) == (errno.EADDRINUSE, str(path.absolute()))
        assert connects(path)


def test_a_busy_server_is_not_taken_for_a_dead_one(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(path))
        busy.listen(0)
        waiting.connect(str(path))  # the queue is full now
        with pytest.raises(OSError, match="in use"):
            sockets.bind_unix(str(path))
        assert stat.S_ISSOCK(path.stat().st_mode)


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("elsewhere")])
def test_a_file_that_is_no_socket_is_left_alone(path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    before = os.lstat(path)
    with pytest.raises(OSError, match="in use"):
        sockets.bind_unix(str(path))
    assert os.lstat(path) == before


def test_a_datagram_socket_of_somebody_else_is_left_alone(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))
        with pytest.raises(OSError, match="in use"):
            sockets.bind_unix(str(path))


def test_the_error_of_a_missing_directory_names_the_path(path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        sockets.bind_unix(str(path / "below"))
    assert caught.value.filename == str((path / "below").absolute())


def test_of_several_servers_that_find_the_same_stale_file_one_gets_it(path: Path) -> None:
    leave_stale(path)
    start, listeners, refused = threading.Barrier(8), [], []

    def serve() -> None:
        start.wait()
        try:
            listeners.append(sockets.bind_unix(str(path)))
        except OSError as error:
            refused.append(error.errno)

    threads = [threading.Thread(target=serve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with bound(*listeners):
        assert (len(listeners), refused) == (1, [errno.EADDRINUSE] * 7)
        assert connects(path)


def test_the_directory_is_locked_from_the_look_at_the_old_file_until_the_new_one_listens(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def check_lock(name: str) -> None:
        function = getattr(sockets, name)

        def checked(argument: Any) -> Any:
            directory = os.open(".", os.O_RDONLY)
            try:
                with pytest.raises(BlockingIOError):
                    fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            finally:
                os.close(directory)
            looked.append(name)
            return function(argument)

        monkeypatch.setattr(sockets, name, checked)

    check_lock("_is_stale")
    check_lock("_activate")
    with closing(sockets.bind_unix(str(path))):
        assert looked == ["_is_stale", "_activate"]


def test_the_file_of_a_successor_is_not_removed(path: Path) -> None:
    with closing(sockets.bind_unix(str(path))) as first:
        path.unlink()
        with closing(sockets.bind_unix(str(path))):
            sockets.unlink_unix(first)
            assert connects(path)


def test_unlinking_what_is_gone_already_is_no_error(path: Path) -> None:
    with closing(sockets.bind_unix(str(path))) as listener:
        path.unlink()
        sockets.unlink_unix(listener)


def test_a_closed_listener_removes_nothing(path: Path) -> None:
    listener = sockets.bind_unix(str(path))
    listener.close()
    sockets.unlink_unix(listener)
    assert path.exists()


def test_an_inherited_unix_socket_keeps_its_file(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
        opened.listen()
        with closing(sockets.from_fd(opened.detach())) as listener:
            sockets.unlink_unix(listener)
            assert connects(path)


def test_a_forked_child_removes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sockets.bind_unix(str(path))) as listener:
        pid = os.getpid()
        monkeypatch.setattr(os, "getpid", lambda: pid + 1)
        sockets.unlink_unix(listener)
    assert path.exists()


# --- inherited descriptors


def test_an_inherited_listener_is_taken_over_and_not_duplicated() -> None:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        address, fd = opened.getsockname(), opened.detach()
    with closing(sockets.from_fd(fd)) as listener:
        assert (listener.fileno(), listener.getsockname(), listener.getblocking()) == (fd, address, False)
        with socket.create_connection(address):
            pass


def test_a_number_that_is_no_descriptor_is_said_to_be_closed() -> None:
    with socket.socket() as gone:
        fd = gone.fileno()
    with pytest.raises(OSError, match=f"file descriptor {fd} is not open"):
        sockets.from_fd(fd)


def test_a_file_is_not_a_socket(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        with pytest.raises(OSError, match="is not a socket"):
            sockets.from_fd(file.fileno())
        file.write("still open")


@pytest.mark.parametrize(
    ("kind", "fault"), [(socket.SOCK_DGRAM, "is not a stream socket"), (socket.SOCK_STREAM, "does not listen")]
)
def test_a_refused_descriptor_stays_open(kind: socket.SocketKind, fault: str) -> None:
    with socket.socket(socket.AF_INET, kind) as opened:
        with pytest.raises(ValueError, match=f"file descriptor {opened.fileno()} {fault}"):
            sockets.from_fd(opened.fileno())
        opened.getsockname()


def test_a_listener_is_taken_at_its_word_where_the_system_cannot_say(monkeypatch: pytest.MonkeyPatch) -> None:
    class NeverSays(sockets.Listener):
        def getsockopt(self, *_: Any) -> Any:
            raise OSError(errno.ENOPROTOOPT, os.strerror(errno.ENOPROTOOPT))

    monkeypatch.setattr(sockets, "Listener", NeverSays)
    with socket.create_server(("127.0.0.1", 0)) as opened:
        fd = opened.detach()
    with closing(sockets.from_fd(fd)) as listener:
        assert listener.fileno() == fd


# --- werkzeug's helpers


def test_listen_takes_a_host_a_unix_url_or_a_descriptor(path: Path) -> None:
    with bound(*sockets.listen("localhost", 0)) as listeners:
        assert len(listeners) == 2
    with bound(*sockets.listen(f"unix://{path}", 0)) as (listener,):
        assert listener.getsockname() == str(path.absolute())
    with socket.create_server(("127.0.0.1", 0)) as opened:
        fd = opened.detach()
    with bound(*sockets.listen("unix:///never/made", 0, fd)) as (listener,):
        assert listener.fileno() == fd


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("unix:///tmp/x", socket.AF_UNIX),
        ("::1", socket.AF_INET6),
        ("127.0.0.1", socket.AF_INET),
        ("shop.test", socket.AF_INET),
    ],
)
def test_the_family_is_read_off_the_host(host: str, family: socket.AddressFamily) -> None:
    assert sockets.select_address_family(host, 8000) is family


def test_a_unix_address_is_an_absolute_path() -> None:
    assert sockets.get_sockaddr("unix://./x.sock", 0, socket.AF_UNIX) == str(Path.cwd() / "x.sock")


@pytest.mark.parametrize(
    ("host", "family", "address"),
    [
        ("127.0.0.1", socket.AF_INET, ("127.0.0.1", 80)),
        ("::1", socket.AF_INET6, ("::1", 80, 0, 0)),
        ("no such host", socket.AF_INET, ("no such host", 80)),
    ],
)
def test_a_tcp_address_is_what_the_resolver_says_or_what_was_given(
    host: str, family: socket.AddressFamily, address: object
) -> None:
    assert sockets.get_sockaddr(host, 80, family) == address


class Routes(socket.socket):
    """A datagram socket on a machine whose routing table has one entry, or none."""

    here: str | None = None

    def connect(self, address: Any) -> None:
        if self.here is None:
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    def getsockname(self) -> Any:
        return (self.here, 9)


@pytest.mark.parametrize(
    ("family", "here", "shown"),
    [
        (socket.AF_INET, "192.168.1.23", "192.168.1.23"),
        (socket.AF_INET, None, "127.0.0.1"),
        (socket.AF_INET6, None, "::1"),
    ],
)
def test_the_address_to_show_is_where_packets_leave_else_the_loopback(
    family: socket.AddressFamily, here: str | None, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Routes, "here", here)
    monkeypatch.setattr(socket, "socket", Routes)
    assert sockets.get_interface_ip(family) == shown
