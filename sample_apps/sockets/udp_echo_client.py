"""A UDP client that sends datagrams and shows what comes back.

    python -m sample_apps.sockets.udp_echo_client --port 9000 hello world

Each argument is one datagram. One that gets no answer within ``--timeout`` seconds counts as lost: status 1.
"""

from __future__ import annotations

import socket
import sys

from .endpoint import endpoint_parser

__all__ = ["main"]

DATAGRAM_BYTES = 65535


def main() -> int:
    """Send each word, wait for its echo, return the exit status."""
    parser = endpoint_parser(str(__doc__).splitlines()[0], "of the server")
    parser.add_argument("--timeout", type=float, default=2.0, metavar="SECONDS", help="(default: %(default)s)")
    parser.add_argument("words", nargs="+", metavar="WORD", help="sent as a datagram each")
    arguments = parser.parse_args()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.settimeout(arguments.timeout)
        # A connected UDP socket takes datagrams from this one address only, and hears when nobody listens there.
        endpoint.connect((arguments.host, arguments.port))
        try:
            for word in arguments.words:
                endpoint.send(f"{word}\n".encode())
                print(endpoint.recv(DATAGRAM_BYTES).decode(), end="", flush=True)
        except TimeoutError:
            print(f"no answer within {arguments.timeout:g} s", file=sys.stderr)
            return 1
        except ConnectionRefusedError:
            print(f"nobody listens on {arguments.host}:{arguments.port}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
