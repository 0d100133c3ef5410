"""Figures inside documents: they stand between two comments, and are replaced by those of the next run."""

from __future__ import annotations

from pathlib import Path

__all__ = ["insert"]

_BEGIN, _END = "<!-- {} -->\n", "<!-- end -->\n"


def insert(document: Path, name: str, text: str) -> None:
    """Put figures in place of those that stand in a document under a name.

    Args:
        name: ``benchmark: part``, as in the comment before the figures.
        text: Markdown; it ends with a line feed.
    Raises:
        ValueError: The document has no such place.
    """
    head, mark, rest = document.read_text().partition(_BEGIN.format(name))
    if not mark:
        raise ValueError(f"{document} has no place for {name}")
    document.write_text(f"{head}{mark}{text}{_END}{rest.partition(_END)[2]}")
