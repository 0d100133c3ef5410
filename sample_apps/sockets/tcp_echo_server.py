"""A TCP server that sends every byte back; one client at a time, in a loop one can read in a minute.

    python -m sample_apps.sockets.tcp_echo_server --port 9000
    nc 127.0.0.1 9000

While one client is served the next one waits in the kernel's queue. ``socketserver_tcp_echo_server`` serves many.
"""

from __future__ import annotations

import socket

from .endpoint import endpoint_parser, show

__all__ = ["main"]

RECEIVE_BYTES = 65536


def main() -> None:
    """Listen, say where, and serve until Ctrl-C."""
    arguments = endpoint_parser(str(__doc__).splitlines()[0], "0 lets the system pick").parse_args()
    with socket.create_server((arguments.host, arguments.port)) as listener:
        try:
            print(f"listening on {show(listener.getsockname())}", flush=True)
            while True:
                serve_one(listener)
        except KeyboardInterrupt:
            print("stopped", flush=True)


def serve_one(listener: socket.socket) -> None:
    """Accept the next client and echo until it closes its side."""
    connection, peer = listener.accept()
    with connection:
        print(f"{show(peer)} connected", flush=True)
        try:
            count = echo(connection)
        except ConnectionError as error:  # one client's broken line must not end the server
            print(f"{show(peer)} lost: {error.strerror}", flush=True)
        else:
            print(f"{show(peer)} closed after {count} bytes", flush=True)


def echo(connection: socket.socket) -> int:
    """Send back what arrives; return how many bytes that were."""
    count = 0
    # An empty result is how a socket says that the peer has closed its side.
    while data := connection.recv(RECEIVE_BYTES):
        connection.sendall(data)
        count += len(data)
    return count


if __name__ == "__main__":
    main()
