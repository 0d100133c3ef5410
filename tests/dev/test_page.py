"""The page: what is in it, and that nothing of an exception becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.dev import raising
from wsgiserve.dev.exceptions import describe_exception
from wsgiserve.dev.page import html_of, policy
from wsgiserve.dev.problem import Problem
from wsgiserve.dev.text import headline, markdown_of, text_of, traceback_of

# The classics, and what is ours to get wrong: attributes, the title, the end of a script, of a style, of a comment.
XSS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "'\"><b id=evil>",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    "</title><b id=evil>",
    "</pre></code></script></style><b id=evil>",
    "--><b id=evil><!--",
    "javascript:alert(1)",
    "&lt;b id=evil&gt;",
    "\x00<b id=evil>\x1b[31m",
    "<b\nid=evil\n>",
    "＜b id=evil＞\ud800",
]


class Elements(HTMLParser):
    """All start tags of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def problem_with(text: str) -> Problem:
    """A problem that has a text wherever an exception or a request can have one."""
    error = ExceptionGroup(text, [KeyError(text)])
    error.__cause__ = type(text.replace("\x00", "").encode("ascii", "replace").decode(), (Exception,), {})(text)
    error.add_note(text)
    chain = describe_exception(error)
    frame: Any = {
        "file": f"/{text}",
        "name": text,
        "line": 2,
        "column": 1,
        "function": text,
        "own": True,
        "first": 1,
        "source": [text, f"{text} {text}"],
        "marks": [{"line": 2, "start": 1, "end": 3}],
        "locals": [(text, text)],
        "repeats": (1, 5),
    }
    chain[0]["frames"] = [frame, frame | {"own": False}]
    return Problem(500, "exception", headline(chain[0]), "", text, chain, [("Request", text), (text, text)])


@pytest.mark.parametrize("text", XSS)
def test_no_text_becomes_markup(text: str) -> None:
    tame = Elements(html_of(problem_with("x"), lambda *place: "x://x")).found
    found = Elements(html_of(problem_with(text), lambda *place: f"x://{text}")).found
    assert [(tag, sorted(attributes)) for tag, attributes in found] == [
        (tag, sorted(attributes)) for tag, attributes in tame
    ]


def page_of(function: Any, slug: str = "exception") -> str:
    chain = describe_exception(raising.caught(function))
    return html_of(Problem(500, slug, headline(chain[0]), "", "", chain, [("Request", "GET /")]), lambda *place: "")


def test_the_policy_names_the_style_and_the_script_of_the_page_and_nothing_else() -> None:
    page = page_of(raising.plain)
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy()
    assert not any("style" in attributes for _, attributes in Elements(page).found)
    assert "unsafe" not in policy()


def test_the_users_frames_are_open_and_others_folded() -> None:
    page = page_of(lambda: re.compile("("))
    folded = page[page.index('<li class="folded">') :]
    assert re.search("<summary>[0-9]+ calls in re</summary>", folded)
    assert folded.index("re/_parser.py") < folded.index("tests/dev/raising.py")
    assert '<li class="folded">' not in page_of(raising.plain)


def test_causes_and_groups_have_sections_of_their_own() -> None:
    page = page_of(raising.group)
    assert "1 of 2: KeyError: &#x27;coffee&#x27;" in page
    assert page.count("It was raised from this exception") == 1
    assert "It was raised while this exception was handled" in page_of(raising.chained)


def test_a_recursion_says_how_deep_it_was() -> None:
    assert re.search("these 2 frames are repeated [0-9]{3} more times", page_of(raising.deep))


def test_the_text_is_what_python_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    text = traceback_of(describe_exception(raising.caught(raising.chained)))
    first, second = text.split("\n\nDuring handling of the above exception, another exception occurred:\n\n")
    assert first.startswith("Traceback (most recent call last):\n  File ")
    assert first.endswith("    return 1 + prices[sku]\n               ^^^^^^^^^^^\nKeyError: 'coffee'")
    assert second.endswith("ValueError: while handled")


def test_markdown_has_the_traceback_and_neither_variables_nor_fields() -> None:
    chain = describe_exception(raising.caught(raising.plain))
    request = [("Request", "GET /cart"), ("Cookie", "crumbs")]
    markdown = markdown_of(Problem(500, "exception", headline(chain[0]), "", "", chain, request))
    assert markdown.startswith("### KeyError: 'coffee'\n\n- Request: `GET /cart`\n- wsgiserve ")
    assert "```text\nTraceback (most recent call last):\n" in markdown
    assert markdown.endswith("KeyError: 'coffee'\n```\n")
    assert "crumbs" not in markdown
    assert "tea" not in markdown


def test_a_fence_is_longer_than_what_it_holds() -> None:
    chain = describe_exception(ValueError("````"))
    assert "`````text\n" in markdown_of(Problem(500, "exception", "x", "", "", chain, []))


def test_members_of_a_group_are_told_apart_in_text() -> None:
    chain = describe_exception(raising.caught(raising.group))
    text = text_of(Problem(500, "exception", headline(chain[0]), "", "", chain, []))
    assert "  +---------------- 2 ----------------\n  | Traceback" in text
