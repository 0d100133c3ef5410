"""From a Config to listening sockets and a certificate, or to a message that says what is in the way."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from wsgiserve import certificates, listening
from wsgiserve.config import Config
from wsgiserve.errors import UserError
from wsgiserve.listening import load_certificate, open_listeners
from wsgiserve.server import sockets, tls

ARGV = ["wsgiserve", "shop.web:app", "--port", "8000"]


@contextmanager
def opened(config: Config) -> Iterator[list[socket.socket]]:
    listeners = open_listeners(config, ARGV)
    try:
        yield listeners
    finally:
        for listener in listeners:
            listener.close()


def refusal(config: Config) -> UserError:
    with pytest.raises(UserError) as caught:
        open_listeners(config, ARGV)
    assert caught.value.fix
    return caught.value


def test_without_a_host_both_loopbacks_listen_on_one_port() -> None:
    with opened(Config(port=0)) as (four, six):
        assert four.getsockname()[0] == "127.0.0.1"
        assert six.getsockname()[:2] == ("::1", four.getsockname()[1])


def without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    class IPv4Only(sockets.Listener):
        def __init__(self, family: int = socket.AF_INET, *rest: Any, **options: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
            super().__init__(family, *rest, **options)

    monkeypatch.setattr(sockets, "Listener", IPv4Only)
    monkeypatch.setattr(socket, "socket", IPv4Only)


def test_a_machine_without_ipv6_lacks_the_default_only_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    without_ipv6(monkeypatch)
    with opened(Config(port=0)) as (four,):
        assert four.getsockname()[0] == "127.0.0.1"
    error = refusal(Config(host=("::1",), port=0))
    assert (error.slug, error.what) == (
        "address-not-here",
        "cannot listen on ::1: this machine has no such address.",
    )
    assert "::1" not in error.why
    assert "127.0.0.1" in error.why


def test_every_host_is_listened_on() -> None:
    with opened(Config(host=("127.0.0.1", "127.0.0.2", "::1"), port=0)) as listeners:
        assert [listener.getsockname()[0] for listener in listeners] == ["127.0.0.1", "127.0.0.2", "::1"]
        assert len({listener.getsockname()[1] for listener in listeners}) == 1


def test_a_taken_port_is_told_with_its_host_and_the_command_for_the_next() -> None:
    # Addresses that no other test names: all ports but this one are most likely free there.
    with socket.create_server(("127.0.0.5", 0)) as taken:
        port = taken.getsockname()[1]
        error = refusal(Config(host=("127.0.0.4", "127.0.0.5"), port=port))
    assert (error.slug, error.exit_code) == ("port-in-use", 4)
    assert error.what == f"port {port} on 127.0.0.5 is already taken."
    assert f"wsgiserve shop.web:app --port {port + 1}" in error.fix


def test_an_address_of_another_machine_is_told_with_those_of_this_one() -> None:
    error = refusal(Config(host=("192.0.2.1",), port=0))
    assert (error.slug, error.exit_code) == ("address-not-here", 4)
    assert "192.0.2.1" in error.what
    assert "127.0.0.1" in error.why


def test_a_name_that_stands_for_no_address_is_told_as_one() -> None:
    error = refusal(Config(host=("no such host",), port=0))
    assert (error.slug, error.exit_code) == ("address-not-here", 4)
    assert error.what == "cannot listen on no such host: the name stands for no address."


@pytest.mark.parametrize(("host", "hinted"), [("fe80::1", True), ("fe80::1%lo", False), ("192.0.2.1", False)])
def test_a_link_local_address_needs_an_interface(host: str, hinted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument", host)

    monkeypatch.setattr(listening, "bind_hosts", refuse)
    assert (f"--host {host}%eth0" in refusal(Config(host=(host,))).fix) is hinted


def test_the_address_that_others_reach_this_machine_by_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    # 127.9.8.7 is here, as every 127.x.y.z is; 192.0.2.1 is nowhere.
    answers = {socket.AF_INET: "127.9.8.7", socket.AF_INET6: "192.0.2.1"}
    monkeypatch.setattr(listening, "get_interface_ip", answers.__getitem__)
    assert refusal(Config(host=("192.0.2.1",))).why.endswith("127.0.0.1, ::1, 127.9.8.7.")


def failing_with(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code), "127.0.0.1")

    monkeypatch.setattr(listening, "bind_hosts", fail)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_a_port_that_needs_rights_is_told(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_with(code, monkeypatch)
    error = refusal(Config(port=80))
    assert (error.slug, error.exit_code) == ("port-denied", 4)
    assert "80" in error.what


def test_another_error_is_told_in_the_words_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    failing_with(errno.EMFILE, monkeypatch)
    error = refusal(Config(port=80))
    assert (error.slug, error.exit_code) == ("cannot-listen", 4)
    assert error.what == "cannot listen on 127.0.0.1 port 80."
    assert error.why == f"the system says: {os.strerror(errno.EMFILE)}."


# --- unix sockets and descriptors


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # a relative path is short enough, whatever the directory is called
    return Path("s")


def test_a_unix_socket_takes_the_place_of_hosts(path: Path) -> None:
    with opened(Config(uds=str(path))) as (listener,):
        assert listener.getsockname() == str(path.absolute())


def test_a_unix_socket_in_use_is_told(path: Path) -> None:
    with opened(Config(uds=str(path))):
        error = refusal(Config(uds=str(path)))
    assert (error.slug, error.exit_code) == ("uds-denied", 4)
    assert error.what == "cannot listen on the unix socket s."
    assert error.why == "another program listens there."


def test_a_file_in_the_place_of_a_unix_socket_is_told(path: Path) -> None:
    path.write_text("precious")
    error = refusal(Config(uds=str(path)))
    assert (error.why, error.fix) == ("there is a file that is no socket.", "choose another path with --uds.")
    assert path.read_text() == "precious"


def test_a_directory_in_place_of_a_unix_socket_is_told_as_one(tmp_path: Path) -> None:
    error = refusal(Config(uds=str(tmp_path)))
    assert (error.why, error.fix) == ("it is a directory.", "choose another path with --uds.")


def test_a_unix_socket_in_no_directory_is_told(tmp_path: Path) -> None:
    error = refusal(Config(uds=str(tmp_path / "run" / "socket")))
    assert error.why == "the system says: No such file or directory."
    assert error.fix == f"make the directory ({tmp_path / 'run'}), or choose another path with --uds."


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing/s", f"the system says: {os.strerror(errno.ENOENT)}."),
        ("s" * 200, "the system says: AF_UNIX path too long."),
    ],
)
def test_another_fault_of_a_unix_socket_is_told_in_the_words_of_the_system(path: Path, name: str, why: str) -> None:
    assert refusal(Config(uds=name)).why == why


def test_an_inherited_socket_is_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening_socket:
        fd = listening_socket.detach()
    with opened(Config(fd=fd)) as (listener,):
        assert listener.fileno() == fd


def test_a_descriptor_that_cannot_be_served_is_told() -> None:
    with socket.socket() as silent:
        error = refusal(Config(fd=silent.fileno()))
        assert (error.slug, error.exit_code) == ("bad-fd", 4)
        assert error.what == f"cannot listen on file descriptor {silent.fileno()}."
        assert error.why == f"file descriptor {silent.fileno()} does not listen."
    with closing(socket.socket()) as gone:
        fd = gone.fileno()
    assert refusal(Config(fd=fd)).why == f"file descriptor {fd} is not open."


# --- certificates


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    pytest.importorskip("cryptography")
    return tls.make_ssl_devcert(str(tmp_path_factory.mktemp("tls") / "shop"), cn="shop.test")


def test_without_a_certificate_there_is_no_tls() -> None:
    assert load_certificate(Config()) is None


def test_certificate_and_key_make_a_context(pair: tuple[str, str]) -> None:
    assert isinstance(load_certificate(Config(cert=pair[0], key=pair[1])), ssl.SSLContext)


def test_adhoc_makes_a_certificate_up() -> None:
    pytest.importorskip("cryptography")
    assert isinstance(load_certificate(Config(cert="adhoc")), ssl.SSLContext)


def test_adhoc_without_the_package_for_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert certificate_refusal(Config(cert="adhoc")).slug == "tls-extra"


def certificate_refusal(config: Config) -> UserError:
    with pytest.raises(UserError) as caught:
        load_certificate(config)
    assert caught.value.exit_code == 5
    return caught.value


def test_a_missing_certificate_is_told() -> None:
    assert certificate_refusal(Config(cert="missing.pem")).why == "the file does not exist."


def test_a_key_of_another_certificate_is_told(pair: tuple[str, str], tmp_path: Path) -> None:
    _, other = tls.make_ssl_devcert(str(tmp_path / "other"))
    assert "does not match" in certificate_refusal(Config(cert=pair[0], key=other)).why


def test_an_encrypted_key_is_told_and_nobody_is_asked_for_a_password(pair: tuple[str, str], tmp_path: Path) -> None:
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    key = serialization.load_pem_private_key(Path(pair[1]).read_bytes(), None)
    encrypted = tmp_path / "encrypted.key"
    form, secret = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"open sesame")
    encrypted.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, secret))
    assert certificate_refusal(Config(cert=pair[0], key=str(encrypted))).why == "the key is encrypted."


def test_a_certificate_whose_time_is_over_is_told(pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "expiry", lambda pem: datetime(2026, 10, 1, tzinfo=UTC))
    assert certificate_refusal(Config(cert=pair[0], key=pair[1])).why == "it expired on 2026-10-01."
