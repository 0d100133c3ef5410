"""A question to the person at the terminal."""

from __future__ import annotations

import sys

__all__ = ["agrees", "is_attended"]


def is_attended() -> bool:
    """Whether there is somebody to answer a question."""
    # A stream that was closed before the start is None.
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def agrees(question: str) -> bool:
    """Ask on standard error; Enter alone agrees, the end of the input does not."""
    print(f"  {question} [Y/n] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:  # the end of the input, and not of a line
        print(file=sys.stderr, flush=True)
    return bool(answer) and answer.strip().lower() in ("", "y", "yes")
