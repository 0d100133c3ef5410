"""A problem as an HTML page that needs no script: frames with their source, variables on demand, the request.

Every text is escaped where it is put into markup, by ``escape``; nothing else makes markup of texts. Style and script
are files beside this one, and the policy names their hashes, so that nothing else could run or be loaded.
Source: Content Security Policy Level 3 for the policy; WCAG 2.2 for what can be read by whom.
"""

from __future__ import annotations

import base64
import hashlib
import platform
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from html import escape
from http import HTTPStatus
from itertools import groupby
from pathlib import Path

from wsgiserve._version import __version__
from wsgiserve.dev.problem import Problem
from wsgiserve.dev.report import Chain, Frame, Mark, Raised
from wsgiserve.dev.text import headline, markdown_of, repeated

__all__ = ["Link", "html_of", "policy"]

Link = Callable[[str, int, int], str]
"""From file, line and column to the URL that opens them in an editor, or to an empty text."""

_RELATIONS = {
    "cause": "It was raised from this exception",
    "context": "It was raised while this exception was handled",
}

_RUNNING = "<h2>Where it happened, the innermost call first</h2>"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<p class="status">{status}</p>
<h1>{what}</h1>
{notes}
{advice}
<p id="actions"></p>
</header>
<main>
{sections}
</main>
<footer><p>wsgiserve {version} · Python {python} · shown to this machine only</p></footer>
<script>{script}</script>
</body>
</html>
"""


@cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


@cache
def policy() -> str:
    """The Content-Security-Policy of the page: its own style and script, and nothing else from anywhere."""
    style, script = (
        base64.b64encode(hashlib.sha256(_asset(name).encode()).digest()).decode() for name in ("page.css", "page.js")
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def html_of(problem: Problem, link: Link) -> str:
    """The page."""
    sections = [*_chain(problem.chain, link, _RUNNING), _request(problem), _markdown(problem)]
    return _PAGE.format(
        title=escape(problem.what.partition("\n")[0][:200]),
        style=_asset("page.css"),
        status=_status(problem),
        what=_what(problem),
        notes=_notes(problem.chain[0]) if problem.chain else "",
        advice=_pairs("advice", [("Why", "" if problem.chain else problem.why), ("Fix", problem.fix)]),
        sections="\n".join(filter(None, sections)),
        version=escape(__version__),
        python=escape(platform.python_version()),
        script=_asset("page.js"),
    )


def _status(problem: Problem) -> str:
    request = dict(problem.request)
    request_id = request.get("In the log", "")
    status = f"{problem.status} {HTTPStatus(problem.status).phrase}"
    parts = [status, request["Request"], request_id and f"log id {request_id}"]
    return " ".join(f"<span>{escape(part)}</span>" for part in parts if part)


def _what(problem: Problem) -> str:
    if problem.slug == "exception":
        return _headline(problem.chain[0])
    # What follows the first line of a message about an exception is its place, which is shown below.
    what = problem.what.partition("\n")[0] if problem.chain else problem.what
    return f'<span class="message">{escape(what)}</span>'


def _headline(raised: Raised) -> str:
    message = f' <span class="message">{escape(raised["message"])}</span>' if raised["message"] else ""
    return f'<span class="type">{escape(raised["type"])}</span>{message}'


def _notes(raised: Raised) -> str:
    return "".join(f'<p class="note">{escape(note)}</p>' for note in raised["notes"])


def _pairs(name: str, pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>" for key, value in pairs if value)
    return f'<dl class="{name}">{rows}</dl>' if rows else ""


# Exceptions


def _chain(chain: Chain, link: Link, title: str = "") -> Iterator[str]:
    """A section for each exception; ``title`` is for the first."""
    for raised in chain:
        relation = raised["relation"]
        if relation:
            title = f"<h2><small>{_RELATIONS[relation]}</small> {_headline(raised)}</h2>{_notes(raised)}"
        yield f"<section>{title}{_frames(raised['frames'], link)}{_group(raised, link)}</section>"


def _group(raised: Raised, link: Link) -> str:
    members = [
        f"<details open><summary>{number} of {len(raised['group'])}: {escape(headline(chain[0]))}</summary>"
        f"{_notes(chain[0])}{''.join(_chain(chain, link))}</details>"
        for number, chain in enumerate(raised["group"], 1)
        if chain
    ]
    return f'<div class="group">{"".join(members)}</div>' if members else ""


def _frames(frames: list[Frame], link: Link) -> str:
    """The user's own in full, the others folded away, unless there are no others."""
    items = []
    has_own = any(frame["own"] for frame in frames)
    for is_open, run in groupby(reversed(frames), key=lambda frame: frame["own"] or not has_own):
        calls = list(run)
        shown = "".join(_frame(frame, link) for frame in calls)
        items.append(shown if is_open else _folded(calls, shown))
    return f'<ol class="frames">{"".join(items)}</ol>' if items else ""


def _folded(frames: list[Frame], shown: str) -> str:
    packages = dict.fromkeys(frame["name"].partition("/")[0] for frame in frames)
    calls = "1 call" if len(frames) == 1 else f"{len(frames)} calls"
    summary = f"{calls} in {', '.join(packages)}"
    return f'<li class="folded"><details><summary>{escape(summary)}</summary><ol>{shown}</ol></details></li>'


def _frame(frame: Frame, link: Link) -> str:
    gaps = [repeated(*frame["repeats"])] if "repeats" in frame else []
    if "omitted" in frame:
        gaps.append(f"{frame['omitted']} calls from here are left out")
    gap = "".join(f'<p class="gap">{escape(text)}</p>' for text in gaps)
    return f'<li class="frame">{gap}{_place(frame, link)}{_source(frame)}{_locals(frame)}</li>'


def _place(frame: Frame, link: Link) -> str:
    place = escape(f"{frame['name']}:{frame['line']}")
    url = link(frame["file"], frame["line"], frame["column"])
    if url:
        place = f'<a href="{escape(url)}" title="Open in the editor">{place}</a>'
    function = f" <b>{escape(frame['function'])}</b>" if frame["function"] else ""
    return f'<p class="place" title="{escape(frame["file"])}">{place}{function}</p>'


def _source(frame: Frame) -> str:
    lines = enumerate(frame["source"], frame["first"])
    shown = "".join(_line(number, text, frame) for number, text in lines)
    return f'<pre class="source"><code>{shown}</code></pre>' if shown else ""


def _line(number: int, text: str, frame: Frame) -> str:
    marks = [mark for mark in frame["marks"] if mark["line"] == number]
    current = ' aria-current="true"' if number == frame["line"] else ""
    return f'<span class="line" data-number="{number}"{current}>{_marked(text, marks)}\n</span>'


def _marked(text: str, marks: list[Mark]) -> str:
    if not marks:
        return escape(text)
    start, end = marks[0]["start"], marks[0]["end"]
    return f"{escape(text[:start])}<mark>{escape(text[start:end])}</mark>{escape(text[end:])}"


def _locals(frame: Frame) -> str:
    if not frame["locals"]:
        return ""
    variables = "1 variable" if len(frame["locals"]) == 1 else f"{len(frame['locals'])} variables"
    return f"<details><summary>{variables}</summary>{_pairs('values', frame['locals'])}</details>"


# The rest


def _request(problem: Problem) -> str:
    pairs = _pairs("values", problem.request)
    return f"<section><details><summary>The request, with its fields</summary>{pairs}</details></section>"


def _markdown(problem: Problem) -> str:
    text = escape(markdown_of(problem))
    return f'<section><details><summary>As Markdown</summary><pre id="markdown">{text}</pre></details></section>'
