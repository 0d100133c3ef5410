"""What a page is about: an error, or why there is no application; and the request that met it.

Knows the environ as the server made it; not how any of it is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wsgiserve.dev.masking import MASK, is_secret, mask
from wsgiserve.dev.report import Chain

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["Problem", "request_of"]


class Problem(NamedTuple):
    """All that there is to tell."""

    status: int
    slug: str
    """Of the message; ``error`` for an exception that a request has met."""
    what: str
    why: str
    fix: str
    chain: Chain
    """The exception, if it is about one; or empty."""
    request: list[tuple[str, str]]
    """Facts of the request, each with its name: ``("Request", "GET /cart")``."""


def request_of(environ: WSGIEnvironment, request_id: str = "") -> list[tuple[str, str]]:
    """What a request was, secrets left out; ``request_id`` is the one of its line in the access log."""
    facts = [("Request", mask(f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']}"))]
    if request_id:
        facts.append(("In the log", request_id))
    return facts + [(_field_name(key), _field_value(key, environ[key])) for key in environ if _is_field(key)]


def _is_field(key: str) -> bool:
    return key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH")


def _field_name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-").title()


def _field_value(key: str, value: str) -> str:
    return MASK if is_secret(key) else mask(value)
