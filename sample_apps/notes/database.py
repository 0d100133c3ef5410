"""The notes in SQLite: one connection per request, opened when first asked for. Knows no HTML."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from flask import current_app, g

__all__ = ["Note", "add", "attachment_path", "close", "every", "get", "latest", "remove", "since"]

LOCK_SECONDS = 5.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    author TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    attachment TEXT NOT NULL DEFAULT ''
)
"""


class Note(NamedTuple):
    """One row; ``attachment`` is the uploaded file's own name, or empty."""

    id: int
    author: str
    title: str
    text: str
    attachment: str


def connection() -> sqlite3.Connection:
    """This request's connection."""
    if "connection" not in g:
        folder: Path = current_app.config["DATA"]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        g.connection = sqlite3.connect(folder / "notes.sqlite3", timeout=LOCK_SECONDS)
        g.connection.execute(SCHEMA)
    opened: sqlite3.Connection = g.connection
    return opened


def close(error: BaseException | None = None) -> None:
    """Flask calls this when the request is over; with a streamed response, after its last block."""
    if opened := g.pop("connection", None):
        opened.close()


def latest(count: int) -> list[Note]:
    """The newest notes, newest first."""
    rows = connection().execute("SELECT * FROM note ORDER BY id DESC LIMIT ?", (count,))
    return [Note(*row) for row in rows]


def every() -> Iterator[Note]:
    """All notes, oldest first, one row at a time."""
    for row in connection().execute("SELECT * FROM note ORDER BY id"):
        yield Note(*row)


def since(last: int) -> list[Note]:
    """The notes with a greater id than ``last``, oldest first."""
    rows = connection().execute("SELECT * FROM note WHERE id > ? ORDER BY id", (last,))
    return [Note(*row) for row in rows]


def get(number: int) -> Note | None:
    """The note of that id."""
    row = connection().execute("SELECT * FROM note WHERE id = ?", (number,)).fetchone()
    return Note(*row) if row else None


def add(author: str, title: str, text: str, attachment: str) -> int:
    """Store a note; return its id."""
    with connection() as opened:
        values = (author, title, text, attachment)
        cursor = opened.execute("INSERT INTO note (author, title, text, attachment) VALUES (?, ?, ?, ?)", values)
    return cursor.lastrowid or 0


def remove(number: int) -> None:
    """Delete a note and its attachment."""
    with connection() as opened:
        opened.execute("DELETE FROM note WHERE id = ?", (number,))
    attachment_path(number).unlink(missing_ok=True)


def attachment_path(number: int) -> Path:
    """Where a note's file lies: under the note's id, so an uploaded name never becomes a path."""
    folder: Path = current_app.config["DATA"]
    return folder / f"attachment-{number}"
