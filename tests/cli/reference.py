"""The tables of ``docs/cli.md`` that are made from the code: ``python -m tests.cli.reference`` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from wsgiserve.config import options
from wsgiserve.options import Option

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"

_BETWEEN = re.compile(r"(<!-- options -->\n).*(<!-- end of options -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """The document with its tables as they should be."""
    return _BETWEEN.sub(lambda match: match[1] + tables() + match[2], text)


def tables() -> str:
    """A table of options for each group."""
    groups: dict[str, list[str]] = {}
    for name, about in options().items():
        groups.setdefault(about.group, []).append(_row(name, about))
    return "\n".join(
        "\n".join([f"### {group}\n", "| Option | Key | Default | |", "|---|---|---|---|", *rows, ""])
        for group, rows in groups.items()
    )


def _row(name: str, about: Option) -> str:
    default = "–" if about.default in (None, "") else f"`{about.kind.show(about.default)}`"
    return f"| {_flags(name, about)} | `{name}` | {default} | {about.help} |"


def _flags(name: str, about: Option) -> str:
    if name == "app":
        return "`APP`"
    if about.flags:
        return " / ".join(f"`{flag}`" for flag in about.flags)
    # A bar would end the cell.
    metavar = f" {about.kind.metavar}".rstrip().replace("|", "\\|")
    short = f"`{about.short}`, " if about.short else ""
    return f"{short}`--{name.replace('_', '-')}{metavar}`"


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text()))
