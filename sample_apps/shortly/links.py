"""Where short links are kept: in Redis or in SQLite, behind the three calls of ``Links``.

Knows nothing of HTTP. A code is the link's number in base 36, so it is short and never taken twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import redis

__all__ = ["Link", "Links", "RedisLinks", "SQLiteLinks"]

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
LOCK_SECONDS = 5.0


class Link(NamedTuple):
    """One short link."""

    code: str
    url: str
    visits: int


class Links(Protocol):
    """What the application asks of a store."""

    def add(self, url: str) -> str:
        """The code of ``url``, a new one if it has none yet."""

    def find(self, code: str) -> Link | None:
        """The link of that code."""

    def visit(self, code: str) -> str | None:
        """The URL of that code, one visit counted."""


def base36(number: int) -> str:
    """``base36(35)`` is ``"z"``, ``base36(36)`` is ``"10"``; positive numbers only."""
    text = ""
    while number:
        number, digit = divmod(number, len(DIGITS))
        text = DIGITS[digit] + text
    return text


class RedisLinks:
    """Links in Redis: a hash of URL to code, and a hash per code. The client connects when first used."""

    def __init__(self, host: str, port: int) -> None:
        self.client = redis.Redis(host, port, decode_responses=True)

    def add(self, url: str) -> str:
        known = self.client.hget("shortly:codes", url)
        if known:
            return str(known)
        code = base36(int(self.client.incr("shortly:last")))
        self.client.hset(f"shortly:link:{code}", mapping={"url": url, "visits": 0})
        # Of two that came at once one wins; the other one's number stays unused.
        if not self.client.hsetnx("shortly:codes", url, code):
            return str(self.client.hget("shortly:codes", url))
        return code

    def find(self, code: str) -> Link | None:
        url, visits = self.client.hmget(f"shortly:link:{code}", ["url", "visits"])
        return Link(code, str(url), int(visits or 0)) if url else None

    def visit(self, code: str) -> str | None:
        link = self.find(code)
        if link is None:
            return None
        self.client.hincrby(f"shortly:link:{code}", "visits", 1)
        return link.url


class SQLiteLinks:
    """Links in one SQLite table. Each call opens its own connection, so threads and forked processes share nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a transaction; the table is made when it is missing."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=LOCK_SECONDS)) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS link"
                " (id INTEGER PRIMARY KEY, url TEXT UNIQUE, code TEXT UNIQUE, visits INTEGER DEFAULT 0)"
            )
            yield connection

    def add(self, url: str) -> str:
        with self.connect() as connection:
            connection.execute("INSERT INTO link (url) VALUES (?) ON CONFLICT DO NOTHING", (url,))
            number, code = connection.execute("SELECT id, code FROM link WHERE url = ?", (url,)).fetchone()
            if code is None:
                code = base36(number)
                connection.execute("UPDATE link SET code = ? WHERE id = ?", (code, number))
        return str(code)

    def find(self, code: str) -> Link | None:
        with self.connect() as connection:
            row = connection.execute("SELECT code, url, visits FROM link WHERE code = ?", (code,)).fetchone()
        return Link(*row) if row else None

    def visit(self, code: str) -> str | None:
        with self.connect() as connection:
            row = connection.execute(
                "UPDATE link SET visits = visits + 1 WHERE code = ? RETURNING url", (code,)
            ).fetchone()
        return row[0] if row else None
