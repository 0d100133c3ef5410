"""The documentation as text: a page for each message, in the words of the message, and nothing that is not reached."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.pictures import PICTURES, TAKEN
from tests.docs.messages import PAGES, golden_texts, pages, with_texts

ROOT = Path(__file__).parents[2]
TEXTS = golden_texts()


def test_every_message_has_a_page_and_every_page_a_message() -> None:
    assert {page.stem for page in pages()} == TEXTS.keys()


@pytest.mark.parametrize("slug", TEXTS)
def test_a_page_says_what_the_message_says(slug: str) -> None:
    text = (PAGES / f"{slug}.md").read_text()
    assert text.startswith(f"# {slug}\n")
    assert text == with_texts(text, TEXTS[slug]), "python -m tests.docs.messages writes it anew"
    assert len(text.rpartition("<!-- end -->")[2].strip()) > 40, "it explains nothing"


def test_every_page_is_in_the_navigation() -> None:
    navigation = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text()))
    there = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert there == navigation


def test_every_picture_is_there_and_shown() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = {name for page in documents for name in re.findall(r"pictures/([\w-]+\.png)", page.read_text())}
    assert shown == {picture.name for picture in PICTURES.iterdir()} == TAKEN.keys()


def test_no_picture_keeps_a_reader_waiting() -> None:
    assert {picture.name for picture in PICTURES.iterdir() if picture.stat().st_size > 80 * 1024} == set()
