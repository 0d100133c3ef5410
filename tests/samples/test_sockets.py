"""The echo programs as a person runs them: each server with each client of its transport, and with netcat."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.ports import reserved_port
from tests.processes import sleeps, until

TCP_SERVERS = ("tcp_echo_server", "socketserver_tcp_echo_server")
TCP_CLIENTS = ("tcp_echo_client", "socketserver_tcp_echo_client")
NETCAT = shutil.which("nc")
SECONDS = 20


def command(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"sample_apps.sockets.{program}", *arguments]


def run(line: list[str], data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(line, input=data, capture_output=True, timeout=SECONDS, check=False)


@contextmanager
def running(program: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Start a server on a free port; yield the port that it prints."""
    line = command(program, "--port", "0")
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            assert first.startswith("listening on 127.0.0.1:"), first
            yield int(first.rpartition(":")[2]), process
        finally:
            process.terminate()


@pytest.mark.parametrize("client", TCP_CLIENTS)
@pytest.mark.parametrize("server", TCP_SERVERS)
def test_each_tcp_client_gets_its_words_back_from_each_server(server: str, client: str) -> None:
    with running(server) as (port, _):
        done = run(command(client, "--port", str(port), "hello", "wörld"))
    assert (done.returncode, done.stdout.decode()) == (0, "hello\nwörld\n")


@pytest.mark.parametrize("server", TCP_SERVERS)
def test_a_tcp_server_echoes_more_than_the_buffers_hold(server: str) -> None:
    data = bytes(range(256)) * 16_384
    with running(server) as (port, _):
        done = run(command("tcp_echo_client", "--port", str(port)), data)
    assert done.stdout == data


@pytest.mark.skipif(NETCAT is None, reason="netcat is not installed")
@pytest.mark.parametrize("server", TCP_SERVERS)
def test_netcat_speaks_with_the_tcp_servers(server: str) -> None:
    with running(server) as (port, _):
        done = run(["nc", "-N", "127.0.0.1", str(port)], b"from netcat\nno end")
    assert done.stdout == b"from netcat\nno end"


@pytest.mark.skipif(NETCAT is None, reason="netcat is not installed")
@pytest.mark.parametrize("client", TCP_CLIENTS)
def test_the_tcp_clients_speak_with_netcat(client: str) -> None:
    # netcat sends what it reads: one line that is the echo of the one word.
    with (
        reserved_port() as port,
        subprocess.Popen(["nc", "-v", "-l", "127.0.0.1", str(port)], stdin=-1, stdout=-1, stderr=-1) as netcat,
    ):
        assert netcat.stdin is not None
        assert netcat.stdout is not None
        assert netcat.stderr is not None
        assert b"Listening" in netcat.stderr.readline()
        netcat.stdin.write(b"hello\n")
        netcat.stdin.flush()
        done = run(command(client, "--port", str(port), "hello"))
        assert netcat.stdout.readline() == b"hello\n"
        netcat.kill()
    assert (done.returncode, done.stdout) == (0, b"hello\n")


def test_one_client_waits_while_the_simple_tcp_server_has_another() -> None:
    with running("tcp_echo_server") as (port, process), socket.create_connection(("127.0.0.1", port)) as first:
        assert process.stdout is not None
        assert "connected" in process.stdout.readline()
        with socket.create_connection(("127.0.0.1", port)) as second:
            second.sendall(b"second")
            first.sendall(b"first")
            assert first.recv(100) == b"first"
            first.shutdown(socket.SHUT_WR)
            assert second.recv(100) == b"second"


def test_the_socketserver_serves_two_clients_at_once() -> None:
    with (
        running("socketserver_tcp_echo_server") as (port, _),
        socket.create_connection(("127.0.0.1", port)) as first,
        socket.create_connection(("127.0.0.1", port)) as second,
    ):
        second.sendall(b"second")
        assert second.recv(100) == b"second"
        first.sendall(b"first")
        assert first.recv(100) == b"first"


@pytest.mark.parametrize("server", TCP_SERVERS)
def test_a_reset_connection_ends_no_server(server: str) -> None:
    with running(server) as (port, process):
        assert process.stdout is not None
        with socket.create_connection(("127.0.0.1", port)) as reset:
            assert "connected" in process.stdout.readline()
            # Linger for 0 seconds: closing sends a reset.
            reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert "lost: Connection reset by peer" in process.stdout.readline()
        assert run(command("tcp_echo_client", "--port", str(port), "still here")).stdout == b"still here\n"


@pytest.mark.parametrize("client", TCP_CLIENTS)
def test_a_tcp_client_says_when_nobody_listens(client: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        done = run(command(client, "--port", str(unused.getsockname()[1]), "hello"))
    assert done.returncode == 1
    assert b"Connection refused" in done.stderr


def test_the_tcp_client_says_when_the_server_closes_too_early() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = subprocess.Popen(command("tcp_echo_client", "--port", str(port), "hello"), stderr=subprocess.PIPE)
        connection, _ = listener.accept()
        assert connection.recv(100) == b"hello\n"
        connection.close()
        _, error = client.communicate(timeout=SECONDS)
    assert client.returncode == 1
    assert b"closed before the echo was complete" in error


def test_udp_client_and_server() -> None:
    with running("udp_echo_server") as (port, process):
        done = run(command("udp_echo_client", "--port", str(port), "hello", "wörld"))
        assert process.stdout is not None
        assert "sent 6 bytes" in process.stdout.readline()
    assert (done.returncode, done.stdout.decode()) == (0, "hello\nwörld\n")


@pytest.mark.skipif(NETCAT is None, reason="netcat is not installed")
def test_netcat_speaks_with_the_udp_server() -> None:
    with running("udp_echo_server") as (port, _):
        done = run(["nc", "-u", "-W", "1", "127.0.0.1", str(port)], b"datagram")
    assert done.stdout == b"datagram"


def test_the_udp_server_keeps_the_borders_of_datagrams() -> None:
    with running("udp_echo_server") as (port, _), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS)
        client.connect(("127.0.0.1", port))
        sent = [b"", b"one", b"x" * 20_000]
        for datagram in sent:
            client.send(datagram)
        assert [client.recv(65_535) for _ in sent] == sent


def test_the_udp_client_says_when_there_is_no_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = str(silent.getsockname()[1])
        lost = run(command("udp_echo_client", "--port", port, "--timeout", "0.05", "hello"))
    refused = run(command("udp_echo_client", "--port", port, "hello"))
    assert (lost.returncode, lost.stderr) == (1, b"no answer within 0.05 s\n")
    assert (refused.returncode, refused.stderr) == (1, f"nobody listens on 127.0.0.1:{port}\n".encode())


@pytest.mark.parametrize("server", [*TCP_SERVERS, "udp_echo_server"])
def test_ctrl_c_ends_a_server_without_a_traceback(server: str) -> None:
    with running(server) as (_, process):
        until(lambda: sleeps(process.pid))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=SECONDS)
    assert (process.returncode, output) == (0, "stopped\n")
