"""A TCP client that sends bytes and shows what comes back; the partner of every TCP echo server here.

    python -m sample_apps.sockets.tcp_echo_client --port 9000 hello world
    echo hello | python -m sample_apps.sockets.tcp_echo_client --port 9000

Sends its arguments, each as a line, or else standard input; ends with status 1 if the server closes too early.
"""

from __future__ import annotations

import socket
import sys

from .endpoint import endpoint_parser

__all__ = ["main"]

# No more than both kernels' buffers hold: we send a piece, then read it back. Sending everything first would end
# with each side waiting for the other one to read.
PIECE_BYTES = 16384


def main() -> int:
    """Connect, echo everything, return the exit status."""
    parser = endpoint_parser(str(__doc__).splitlines()[0], "of the server")
    parser.add_argument("words", nargs="*", metavar="WORD", help="sent as a line each; none: standard input is sent")
    arguments = parser.parse_args()
    data = "".join(f"{word}\n" for word in arguments.words).encode() or sys.stdin.buffer.read()
    try:
        with socket.create_connection((arguments.host, arguments.port)) as connection:
            for start in range(0, len(data), PIECE_BYTES):
                sys.stdout.buffer.write(exchange(connection, data[start : start + PIECE_BYTES]))
                sys.stdout.flush()
    except OSError as error:
        print(f"{arguments.host}:{arguments.port}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def exchange(connection: socket.socket, piece: bytes) -> bytes:
    """Send ``piece`` and receive as many bytes as it has; TCP may deliver them in any cut."""
    connection.sendall(piece)
    received = b""
    while len(received) < len(piece):
        data = connection.recv(len(piece) - len(received))
        if not data:
            raise ConnectionError("the server closed before the echo was complete")
        received += data
    return received


if __name__ == "__main__":
    sys.exit(main())
