"""Ports for programs that have to be told one: nobody else gets it in the meantime."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["reserved_port"]


@contextmanager
def reserved_port(port: int = 0) -> Iterator[int]:
    """A port of 127.0.0.1 on which nobody listens, and which the system gives to nobody who leaves the choice to it.

    Who names it, and sets SO_REUSEADDR as servers do, may listen there.

    Args:
        port: 0 for any.
    Raises:
        OSError: it is taken.
    """
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        yield int(sock.getsockname()[1])
