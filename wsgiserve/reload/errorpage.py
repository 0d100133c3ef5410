"""What is served while there is no application: why, to the developer alone, in the form that the client reads.

A WSGI application. Knows nothing of reloading.
Source: RFC 9110 §12.5.1 for Accept, of which only the order of three types is looked at.
"""

from __future__ import annotations

import html
import ipaddress
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["HEALS", "ErrorPage", "Failure"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1d1f24; --paper: #fbfbfd; --line: #d8dae2; --accent: #b3261e;
  --code: #f1f2f6 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e7eb; --paper: #17181c; --line: #3a3c45; --accent: #ff8f85; --code: #202229 }
}
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper) }
h1 { font-size: 1.25rem; white-space: pre-wrap; overflow-wrap: anywhere; border-left: .3rem solid var(--accent);
  padding-left: .8rem }
dt { font-weight: 600; margin-top: 1rem }
dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }
pre { background: var(--code); border: 1px solid var(--line); border-radius: .4rem; padding: 1rem; overflow-x: auto;
  font: .875rem/1.5 ui-monospace, monospace }
""".strip()


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
<main>
<h1>{what}</h1>
<dl>{rows}</dl>
{traceback}
</main>
</html>
"""


HEALS = "save a fix and it reloads by itself."


class Failure(NamedTuple):
    """Why there is no application, as a message tells it."""

    slug: str
    what: str
    why: str
    fix: str
    details: str
    """The whole traceback, or empty."""


class ErrorPage:
    """Answers every request with 503 and the reason."""

    def __init__(self, failure: Failure) -> None:
        self._failure = failure

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        content_type, text = self._answer(environ)
        body = text.encode()
        headers = [
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ]
        start_response("503 Service Unavailable", headers)
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> tuple[str, str]:
        if not _is_developer(environ):
            return "text/plain; charset=utf-8", "The application cannot be loaded. The server's log says why.\n"
        accepted = environ.get("HTTP_ACCEPT", "")
        kinds = {name: accepted.find(name) for name in ("text/html", "json", "text/plain") if name in accepted}
        first = min(kinds, key=lambda name: kinds[name], default="text/plain")
        if first == "json":
            return "application/json", json.dumps({"error": self._failure._asdict()}) + "\n"
        if first == "text/html":
            return "text/html; charset=utf-8", self._html()
        return "text/plain; charset=utf-8", self._text()

    def _text(self) -> str:
        _, what, why, fix, details = self._failure
        return "\n\n".join(filter(None, [what, why, f"Fix: {fix}", details])) + "\n"

    def _html(self) -> str:
        slug, what, why, fix, details = (html.escape(part) for part in self._failure)
        rows = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in (("Why", why), ("Fix", fix)) if text)
        traceback = f"<h2>Traceback</h2>\n<pre>{details}</pre>" if details else ""
        return _PAGE.format(title=slug, style=_STYLE, what=what, rows=rows, traceback=traceback)


def _is_developer(environ: WSGIEnvironment) -> bool:
    """Whether the client is on this machine, and speaks for itself: a proxy's requests are anybody's."""
    if any(key in environ for key in ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")):
        return False
    address: str = environ.get("REMOTE_ADDR", "")
    try:
        return bool(ipaddress.ip_address(address.partition("%")[0]).is_loopback)
    except ValueError:
        return address == "<local>"  # a unix socket
