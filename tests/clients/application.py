"""One application for all clients: it tells what it got, and gives what they ask for.

/echo tells method, fields and content; /stream gives blocks when a semaphore lets it; /file is a file with ranges;
/go redirects; /refuse answers 413 without reading.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.utils import send_file
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["ClientsApplication", "Echo", "digest"]

Echo = dict[str, str]


def digest(content: bytes) -> str:
    """What /echo says of content."""
    return hashlib.sha256(content).hexdigest()


class ClientsApplication:
    """The application.

    Args:
        file: what /file gives.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == "/stream":
            return Response((f"{number}\n" * 1000 for number in range(20)), mimetype="text/plain")
        if request.path == "/file":
            return send_file(self._file, request.environ)
        if request.path == "/go":
            return Response(status=307, headers={"Location": "/echo"})
        if request.path == "/refuse":
            return Response("too much", 413, mimetype="text/plain")
        return Response(json.dumps(_echo(request)), mimetype="application/json")


def _echo(request: Request) -> Echo:
    content = request.get_data()
    return {
        "method": request.method,
        "target": request.full_path,
        "protocol": request.environ["SERVER_PROTOCOL"],
        "length": str(len(content)),
        "sha256": digest(content),
        "encoding": request.headers.get("Transfer-Encoding", ""),
        "expect": request.headers.get("Expect", ""),
        "port": str(request.environ["REMOTE_PORT"]),
        "name": request.headers.get("X-Name", ""),
    }
