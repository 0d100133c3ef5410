"""The pages of ``docs/lint/``, whose examples are run; ``python -m tests.lint.pages`` writes anew what they say."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from tests.docs.blocks import blocks
from tests.lint.bench import Result, ask, request
from wsgiserve.lint import RULES

__all__ = ["PAGES", "example", "told", "with_told"]

PAGES = Path(__file__).parents[2] / "docs" / "lint"

_TOLD = re.compile(r"(<!-- told -->\n```text\n)(.*?)(```\n<!-- end -->)", re.DOTALL)


def example(code: str, name: str, folder: Path) -> Result:
    """Run one of a page's two applications, with the request that stands above it or above the other one."""
    page = PAGES / f"{code}.md"
    (text,) = (block.text for block in blocks(page) if block.file == name)
    file = folder / name
    file.write_text(text)
    namespace: dict[str, Any] = {"__name__": "example"}
    exec(compile(text, str(file), "exec"), namespace)
    marks = dict(re.findall(r"<!-- request: (.*) -->\n<!-- file: (.*) -->", page.read_text())[::-1])
    names = {file: mark for mark, file in marks.items()}
    return _run(namespace["app"], names.get(name, names.get("bad.py", "GET /")))


def _run(app: Any, mark: str) -> Result:
    method, target, *rest = mark.split(" ", 2)
    words = rest[0] if rest else ""
    data = request(method, target, b"hello" if words.startswith("hello") else b"")
    if "at once" in words:
        return ask(app, [data, data], at_once=True, threads=4 if "four" in words else 1)
    # A second is too long for a test; that it is a second is for test_gateway.py.
    with patch("wsgiserve.lint.gateway._PATIENCE", 0.1):
        return ask(app, [data] * (2 if "twice" in words else 1), slowly="slowly" in words)


def told(code: str, folder: Path) -> str:
    """What is found in the page's first application."""
    result = example(code, "bad.py", folder)
    return "".join(f"{finding}\n" for finding in result.findings).replace(f"{folder}/", "")


def with_told(text: str, words: str) -> str:
    """A page with them."""
    return _TOLD.sub(lambda match: match[1] + words + match[3], text)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        for code in sys.argv[1:] or RULES:
            page = PAGES / f"{code}.md"
            page.write_text(with_told(page.read_text(), told(code, Path(folder))))
