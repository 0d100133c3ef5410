"""What is in a notebook when a test looks at it."""

from __future__ import annotations

from tests.oracle.conversations import Talk

__all__ = ["notebook"]


def notebook(url: str) -> Talk:
    """Two notes in the empty notebook that is there."""
    talk = Talk(url)
    talk("POST", "/sign-in", data={"name": "Ada Lovelace"})
    files = {"attachment": ("engine.txt", b"punched card\n")}
    text = "It weaves algebraical patterns\njust as the loom weaves flowers and leaves."
    talk("POST", "/notes", data={"title": "The engine", "text": text}, files=files)
    title = "A title that is so long that it has to find another line in the list of all notes"
    talk("POST", "/notes", data={"title": title})
    return talk
