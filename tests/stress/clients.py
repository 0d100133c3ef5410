"""Clients of all sorts. Each opens a connection, behaves in its way, and checks every byte that it gets.

They choose by a generator of random numbers that they are given, so a seed tells what a client did, though not when.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from tests.server.client import Client, Response
from tests.stress.app import content

__all__ = ["Stressor", "Wrong"]

Connect = Callable[[], Client]

_names = itertools.count()


class Wrong(Exception):
    """An answer is not what it has to be."""


class Asked:
    """A request, and what has to come back."""

    def __init__(self, choose: Random, *, ways: str = "plain stream write file", largest: int = 20_000) -> None:
        self.name = f"r{next(_names)}"
        self.way = choose.choice(ways.split())
        self.size = choose.choice([0, 1, choose.randint(2, 500), choose.randint(501, largest)])
        # Most are fast, as requests are; some block, for longer than a deputy's round and than a switch of threads.
        self.pause = choose.choice([0.0] * 12 + [0.0003, 0.002, 0.02])
        self.body = b""
        self.extra: list[str] = []

    @property
    def target(self) -> str:
        return f"/{self.way}?name={self.name}&size={self.size}&pause={self.pause}"

    def head(self, version: str = "HTTP/1.1") -> bytes:
        method = "POST" if self.body or self.extra else "GET"
        return "\r\n".join([f"{method} {self.target} {version}", "Host: x", *self.extra, "", ""]).encode()

    def check(self, response: Response) -> None:
        """Raise Wrong unless it is the answer to this request."""
        expected = content(self.name, self.size)
        if self.way == "upload":
            expected = f"{hashlib.sha256(self.body).hexdigest()} {len(self.body)}".encode()
        elif self.way == "half":
            expected = content(self.name, 100)
        seen = (response.status, response.headers["X-Name"], len(response.body))
        if response.body != expected or seen != (200, self.name, len(expected)):
            raise Wrong(f"{self.target}: expected {len(expected)} bytes, got {seen}: {response.body[:60]!r}")


class Stressor:
    """One client after another.

    Args:
        connect: makes a connection.
        choose: of its own.
        tls: over which Python cannot close one half of a connection and go on reading from the other.

    Attributes:
        right: answers that were.
        aborted: connections that were given up on purpose.
    """

    def __init__(self, connect: Connect, choose: Random, *, tls: bool = False) -> None:
        self._behaviours = [behaviour for behaviour in _BEHAVIOURS if not (tls and behaviour is Stressor.half_close)]
        self._connect = connect
        self._choose = choose
        self.right = 0
        self.aborted = 0

    def behave(self) -> None:
        """Be one client, from its connection to its end."""
        self._choose.choice(self._behaviours)(self)

    @contextmanager
    def _connected(self) -> Iterator[Client]:
        client = self._connect()
        try:
            yield client
        finally:
            client.close()

    def _read(self, client: Client, asked: Asked) -> None:
        asked.check(client.read())
        self.right += 1

    def _send_in_pieces(self, client: Client, data: bytes, pause: float = 0.0) -> None:
        while data:
            size = self._choose.choice([1, 7, 100, 3000, len(data)])
            client.send(data[:size])
            data = data[size:]
            if pause:
                time.sleep(pause)

    # Good ones

    def keep(self) -> None:
        """Asks again and again."""
        with self._connected() as client:
            for _ in range(self._choose.randint(1, 30)):
                asked = Asked(self._choose)
                client.send(asked.head())
                self._read(client, asked)

    def pipeline(self) -> None:
        """Asks many things before it listens."""
        asked = [Asked(self._choose) for _ in range(self._choose.randint(2, 40))]
        with self._connected() as client:
            # In pieces that end within heads; all of them together still fit the kernel's buffers.
            self._send_in_pieces(client, b"".join(each.head() for each in asked))
            for each in asked:
                self._read(client, each)

    def drip(self) -> None:
        """Has a slow line."""
        asked = Asked(self._choose)
        with self._connected() as client:
            for byte in asked.head():
                client.send(bytes([byte]))
                if self._choose.random() < 0.1:
                    time.sleep(0.001)
            self._read(client, asked)

    def upload(self) -> None:
        """Sends much, with its length or in chunks, and another request after it."""
        asked = Asked(self._choose, ways="upload upload half")
        asked.body = content("upload" + asked.name, self._choose.choice([1, 5000, self._choose.randint(1, 200_000)]))
        asked.size = len(asked.body)
        body = asked.body
        if self._choose.random() < 0.5:
            asked.extra = [f"Content-Length: {len(body)}"]
        else:
            asked.extra = ["Transfer-Encoding: chunked"]
            body = b"".join(self._chunks(body))
        after = Asked(self._choose)
        with self._connected() as client:
            self._send_in_pieces(client, asked.head() + body + after.head(), self._choose.choice([0.0, 0.0, 0.0005]))
            self._read(client, asked)
            self._read(client, after)

    def _chunks(self, body: bytes) -> Iterator[bytes]:
        while body:
            size = self._choose.choice([100, 5000, 70_000])
            yield b"%x\r\n%b\r\n" % (len(body[:size]), body[:size])
            body = body[size:]
        yield b"0\r\n\r\n"

    def wait_for_continue(self) -> None:
        """Sends its content when it is asked to."""
        asked = Asked(self._choose, ways="upload")
        asked.body = content(asked.name, 3000)
        asked.extra = ["Content-Length: 3000", "Expect: 100-continue"]
        with self._connected() as client:
            client.send(asked.head())
            if client.read_head() != b"HTTP/1.1 100 Continue\r\n\r\n":
                raise Wrong(f"{asked.target}: no 100 Continue")
            client.send(asked.body)
            self._read(client, asked)

    def slow_reader(self) -> None:
        """Asks for much and is slow to take it, twice."""
        with self._connected() as client:
            for _ in range(2):
                asked = Asked(self._choose, ways="plain file stream", largest=3_000_000)
                asked.pause = 0.0
                client.send(asked.head())
                time.sleep(self._choose.choice([0.0, 0.005, 0.05]))
                self._read(client, asked)

    def half_close(self) -> None:
        """Says that it will send no more."""
        asked = [Asked(self._choose) for _ in range(self._choose.randint(1, 3))]
        with self._connected() as client:
            client.send(b"".join(each.head() for each in asked))
            client.finish()
            for each in asked:
                self._read(client, each)
            if client.rest():
                raise Wrong("bytes after the last answer")

    def old(self) -> None:
        """Speaks HTTP/1.0."""
        asked = Asked(self._choose)
        with self._connected() as client:
            client.send(asked.head("HTTP/1.0"))
            self._read(client, asked)

    # Bad ones

    def garbage(self) -> None:
        """Does not speak HTTP."""
        with self._connected() as client:
            client.send(self._choose.choice([b"\x00\x01\x02", b"GET  / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]))
            if client.read().status not in (400, 505):
                raise Wrong("garbage was not refused")
            self.right += 1

    def silent(self) -> None:
        """Connects and goes."""
        with self._connected():
            self.aborted += 1

    def abort(self) -> None:
        """Resets its connection at any point of anything."""
        client = self._connect()
        asked = Asked(self._choose, ways="plain stream write file upload half", largest=500_000)
        if asked.way in ("upload", "half"):
            asked.body = content(asked.name, asked.size + 1)
            asked.extra = [f"Content-Length: {len(asked.body)}"]
        data = asked.head() + asked.body
        part = self._choose.choice([data, data[: self._choose.randint(0, len(data))]])
        try:
            client.send(part)
            time.sleep(self._choose.choice([0.0, 0.0, 0.0005, 0.005]))
            if part == data and self._choose.random() < 0.3:
                client.sock.recv(self._choose.randint(1, 10_000))
        finally:
            self.aborted += 1
            self._choose.choice([client.reset, client.reset, client.close])()


_BEHAVIOURS: list[Callable[[Stressor], None]] = [
    *[Stressor.keep] * 4,
    *[Stressor.pipeline] * 3,
    Stressor.drip,
    *[Stressor.upload] * 2,
    Stressor.wait_for_continue,
    *[Stressor.slow_reader] * 2,
    Stressor.half_close,
    Stressor.old,
    Stressor.garbage,
    Stressor.silent,
    *[Stressor.abort] * 5,
]
