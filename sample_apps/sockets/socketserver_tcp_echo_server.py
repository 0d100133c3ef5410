"""The TCP echo server once more, with ``socketserver``: the loop is the library's, a thread serves each client.

    python -m sample_apps.sockets.socketserver_tcp_echo_server --port 9000
    nc 127.0.0.1 9000

One class says what to do with one connection; the mix-in says who does it. wsgiserve's servers have the same shape.
"""

from __future__ import annotations

from socketserver import StreamRequestHandler, TCPServer, ThreadingMixIn

from .endpoint import endpoint_parser, show

__all__ = ["EchoHandler", "EchoServer", "main"]

RECEIVE_BYTES = 65536


class EchoHandler(StreamRequestHandler):
    """Serves one connection: ``rfile`` and ``wfile`` are its two directions as files."""

    def handle(self) -> None:
        """Send back what arrives, as soon as it arrives."""
        print(f"{show(self.client_address)} connected", flush=True)
        try:
            # read1() returns what is there; read() would wait until all of its bytes are.
            while data := self.rfile.read1(RECEIVE_BYTES):
                self.wfile.write(data)
        except ConnectionError as error:
            print(f"{show(self.client_address)} lost: {error.strerror}", flush=True)
        else:
            print(f"{show(self.client_address)} closed", flush=True)


class EchoServer(ThreadingMixIn, TCPServer):
    """The mix-in stands first, so that its ``process_request`` wins."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Listen, say where, and serve until Ctrl-C."""
    arguments = endpoint_parser(str(__doc__).splitlines()[0], "0 lets the system pick").parse_args()
    with EchoServer((arguments.host, arguments.port), EchoHandler) as server:
        try:
            print(f"listening on {show(server.server_address)}", flush=True)  # type: ignore[arg-type]  # IPv4: two items
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped", flush=True)


if __name__ == "__main__":
    main()
