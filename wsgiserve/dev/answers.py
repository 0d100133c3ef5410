"""A problem in the form that the client reads: HTML, JSON or text.

Source: RFC 9110 §12.5.1 for Accept, of which only the order of three types is looked at.
"""

from __future__ import annotations

import json

from wsgiserve.dev.page import Link, html_of, policy
from wsgiserve.dev.problem import Problem
from wsgiserve.dev.text import text_of

__all__ = ["answer"]

_HEADERS = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
]


def answer(problem: Problem, accepted: str, link: Link) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of the answer.

    Args:
        accepted: value of Accept; text where it names none of the three types.
        link: for the links of the page.
    """
    kinds = {name: accepted.find(name) for name in ("text/html", "json", "text/plain") if name in accepted}
    first = min(kinds, key=lambda name: kinds[name], default="text/plain")
    if first == "json":
        content_type, text = "application/json", json.dumps({"error": _as_json(problem)}) + "\n"
    elif first == "text/html":
        content_type, text = "text/html; charset=utf-8", html_of(problem, link)
    else:
        content_type, text = "text/plain; charset=utf-8", text_of(problem)
    body = text.encode("utf-8", "backslashreplace")
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), *_HEADERS]
    return [*headers, ("Content-Security-Policy", policy())], body


def _as_json(problem: Problem) -> dict[str, object]:
    return problem._asdict() | {"request": dict(problem.request)}
