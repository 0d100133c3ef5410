"""The application that a server under test serves: it tells what it was given, or behaves as a case asks it to.

``/conform/NAME?ID`` is a behaviour of ``behaviours.py``, ``/conform/journal?ID`` tells what it noted down, and every
other path is answered with the environ and the content as JSON. Uses nothing that PEP 3333 does not promise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from wsgiserve.conform.behaviours import BEHAVIOURS, content
from wsgiserve.conform.journal import noted

__all__ = ["probe"]


def probe(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The application."""
    folder, _, name = environ.get("PATH_INFO", "").rpartition("/")
    if folder == "/conform" and name == "journal":
        return _as_json(noted(environ["QUERY_STRING"]), start_response)
    if folder == "/conform" and name in BEHAVIOURS:
        return BEHAVIOURS[name](environ, start_response)
    return _as_json(_told(environ), start_response)


def _told(environ: dict[str, Any]) -> dict[str, Any]:
    # Some servers mix in their own environment, which may hold secrets and is nobody's business.
    given = {key: value for key, value in environ.items() if os.environ.get(key) != value}
    return {
        "content": content(environ).decode("latin-1"),
        "environ": {key: value if isinstance(value, str) else repr(value) for key, value in given.items()},
        "types": {key: type(value).__name__ for key, value in given.items()},
        "type": type(environ).__name__,
    }


def _as_json(value: object, start_response: Any) -> list[bytes]:
    body = json.dumps(value).encode("ascii")
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
