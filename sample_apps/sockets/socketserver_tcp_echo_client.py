"""A TCP client that speaks in lines, through the socket's file interface.

    python -m sample_apps.sockets.socketserver_tcp_echo_client --port 9000 hello world

A line is a protocol: both sides know where a message ends. Ends with status 1 if an echo is not its line.
"""

from __future__ import annotations

import socket
import sys
from typing import TextIO

from .endpoint import endpoint_parser

__all__ = ["main"]


def main() -> int:
    """Connect, send each word as a line, return the exit status."""
    parser = endpoint_parser(str(__doc__).splitlines()[0], "of the server")
    parser.add_argument("words", nargs="+", metavar="WORD", help="sent as a line each")
    arguments = parser.parse_args()
    try:
        with (
            socket.create_connection((arguments.host, arguments.port)) as connection,
            connection.makefile("rw", encoding="utf-8", newline="\n") as lines,
        ):
            return 0 if all(echoed(lines, word) for word in arguments.words) else 1
    except OSError as error:
        print(f"{arguments.host}:{arguments.port}: {error.strerror or error}", file=sys.stderr)
        return 1


def echoed(lines: TextIO, word: str) -> bool:
    """Send one line, read one line, show it; whether they are the same."""
    lines.write(f"{word}\n")
    lines.flush()
    answer = lines.readline()
    print(answer, end="", flush=True)
    return answer == f"{word}\n"


if __name__ == "__main__":
    sys.exit(main())
