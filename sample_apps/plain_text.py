"""The smallest whole WSGI application: the same text for any request.

    wsgiserve sample_apps.plain_text
    curl -i http://127.0.0.1:8000/any/path

PEP 3333, "The Application/Framework Side": a callable of two arguments that calls the second one once and returns
an iterable of bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["app"]

TEXT = b"This text answers any request.\n"


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer 200 with the text, whatever was asked."""
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(TEXT)))])
    return [TEXT]
