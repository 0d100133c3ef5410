"""Each rule has a page, and the page is true: what it says is found is found, and what it says is right is let be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import matches
from tests.lint.pages import PAGES, example, told, with_told
from wsgiserve.lint import RULES, page_of

ROOT = Path(__file__).parents[2]


def test_each_rule_has_a_page_and_each_page_a_rule() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == RULES.keys() | {"index"}


def test_the_list_of_rules_has_all_titles() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (.*) \|$", (PAGES / "index.md").read_text(), re.MULTILINE)
    assert dict(rows) == {code: rule.title for code, rule in RULES.items()}


def test_each_code_that_the_server_gives_is_a_rule() -> None:
    given = {
        code
        for file in (ROOT / "wsgiserve").rglob("*.py")
        for code in re.findall(r'"([EWP]\d{3})"', file.read_text("utf-8"))
    }
    assert given == RULES.keys()


def test_the_url_is_that_of_the_page() -> None:
    assert page_of("E107") == "https://wsgiserve.readthedocs.io/lint/E107/"


@pytest.mark.parametrize("code", RULES)
def test_a_page_says_what_the_rule_says(code: str) -> None:
    text = (PAGES / f"{code}.md").read_text()
    assert text.startswith(f"# {code}: {RULES[code].title}\n")
    assert f"**Fix**: {RULES[code].fix}\n" in text


@pytest.mark.parametrize("code", RULES)
def test_what_is_said_to_be_found_is_found_and_nothing_else(code: str, tmp_path: Path) -> None:
    text = (PAGES / f"{code}.md").read_text()
    said = re.search(r"<!-- told -->\n```text\n(.*?)```", text, re.DOTALL)
    assert said is not None
    found = told(code, tmp_path)
    assert matches(said[1], found), f"python -m tests.lint.pages {code} writes it anew"
    assert set(re.findall(r": ([EWP]\d{3}) ", found)) == {code}
    assert with_told(text, said[1]) == text


@pytest.mark.parametrize("code", RULES)
def test_what_is_said_to_be_right_is_let_be(code: str, tmp_path: Path) -> None:
    result = example(code, "good.py", tmp_path)
    assert result.answers
    assert result.findings == []
