"""A UDP server that sends every datagram back to where it came from.

    python -m sample_apps.sockets.udp_echo_server --port 9000
    nc -u 127.0.0.1 9000

No connection, so no accept and no close: each datagram stands for itself, may get lost, and keeps its borders.
"""

from __future__ import annotations

import socket

from .endpoint import endpoint_parser, show

__all__ = ["main"]

# The length field of a UDP header has 16 bits; no datagram is longer.
DATAGRAM_BYTES = 65535


def main() -> None:
    """Bind, say where, and serve until Ctrl-C."""
    arguments = endpoint_parser(str(__doc__).splitlines()[0], "0 lets the system pick").parse_args()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind((arguments.host, arguments.port))
        try:
            print(f"listening on {show(endpoint.getsockname())}", flush=True)
            while True:
                serve_one(endpoint)
        except KeyboardInterrupt:
            print("stopped", flush=True)


def serve_one(endpoint: socket.socket) -> None:
    """Receive one datagram and send it back."""
    datagram, peer = endpoint.recvfrom(DATAGRAM_BYTES)
    endpoint.sendto(datagram, peer)
    print(f"{show(peer)} sent {len(datagram)} bytes", flush=True)


if __name__ == "__main__":
    main()
