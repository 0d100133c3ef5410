"""The published matrix is about the cases that there are."""

from __future__ import annotations

import re
from pathlib import Path

from wsgiserve.conform.cases import CASES
from wsgiserve.conform.servers import PEERS

PAGE = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text("utf-8")


def test_the_published_matrix_has_every_case_as_it_is_now() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (MUST|SHOULD|MAY) \| (.*?) \| (?:yes|\*\*no\*\*) \|", PAGE, re.MULTILINE)
    now = [(case.id, str(case.level), f"{case.rule} ({case.section})".replace("|", "\\|")) for case in CASES]
    assert rows == now, "wsgiserve conform --server wsgiserve --server peers --markdown docs/conformance.md"


def test_the_published_matrix_has_every_peer_with_its_version() -> None:
    assert [
        name for name in (peer.name for peer in PEERS) if not re.search(rf"^\| {name} \| .*\d.* \|", PAGE, re.MULTILINE)
    ] == []


def test_ours_fails_nothing_in_it() -> None:
    assert re.search(r"^\| wsgiserve \| \S+ \| (\d+) of \1 \| (\d+) of \2 \| (\d+) of \3 \|", PAGE, re.MULTILINE)
