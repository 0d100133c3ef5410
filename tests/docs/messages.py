"""What the pages of ``docs/e/`` show: ``python -m tests.docs.messages`` copies it from the messages' golden files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["PAGES", "golden_texts", "pages", "with_texts"]

PAGES = Path(__file__).parents[2] / "docs" / "e"
_GOLDEN = Path(__file__).parents[1] / "cli" / "golden"

_BETWEEN = re.compile(r"(<!-- told -->\n).*(<!-- end -->)", re.DOTALL)


def golden_texts() -> dict[str, list[str]]:
    """All forms of each message, by slug."""
    texts: dict[str, list[str]] = {}
    for file in sorted(_GOLDEN.iterdir()):
        text = file.read_text()
        slug = text.removeprefix("error[").partition("]")[0] if text.startswith("error[") else file.stem
        texts.setdefault(slug, []).append(text)
    return texts


def pages() -> Iterator[Path]:
    """The page of each message that there is."""
    yield from sorted(PAGES.glob("*.md"))


def with_texts(page: str, texts: list[str]) -> str:
    """The page with all forms of its message."""
    blocks = "\n".join(f"```text\n{text}```\n" for text in texts)
    return _BETWEEN.sub(lambda match: match[1] + blocks + match[2], page)


if __name__ == "__main__":
    for page in pages():
        page.write_text(with_texts(page.read_text(), golden_texts()[page.stem]))
