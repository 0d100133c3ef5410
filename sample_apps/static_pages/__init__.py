"""Files from a folder: ``/`` is ``index.html``, an own page for 404, and no way out of the folder.

    wsgiserve sample_apps.static_pages
    curl -i http://127.0.0.1:8000/

The body goes out through ``wsgi.file_wrapper`` where the server has one (PEP 3333, "Optional Platform-Specific File
Handling"), which lets it use ``sendfile``. Source for the content types: the table inside the standard library, not
the machine's, so that every machine answers alike.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from wsgiref.util import FileWrapper

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["StaticPages", "app"]

TYPES = mimetypes.MimeTypes()
TEXT = [("Content-Type", "text/plain; charset=utf-8")]
BLOCK_BYTES = 65536


class StaticPages:
    """Serves the regular files below ``folder``; ``404.html`` in it is the page for what is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            start_response("405 Method Not Allowed", [*TEXT, ("Allow", "GET, HEAD")])
            return [b"These are pages to read.\n"]
        path = self.find(environ["PATH_INFO"])
        if path is None:
            return self.send(environ, start_response, HTTPStatus.NOT_FOUND, self.folder / "404.html")
        if path.is_dir():
            if not environ["PATH_INFO"].endswith("/"):
                return self.redirect(environ, start_response, path)
            path = path / "index.html"
        if not path.is_file():
            return self.send(environ, start_response, HTTPStatus.NOT_FOUND, self.folder / "404.html")
        return self.send(environ, start_response, HTTPStatus.OK, path)

    def find(self, path_info: str) -> Path | None:
        """The file or folder that ``path_info`` names, links followed; None if it is missing or outside."""
        # PATH_INFO is bytes in latin-1 clothes (PEP 3333, "Unicode Issues"); file names are bytes too.
        name = os.fsdecode(path_info.encode("latin-1"))
        if "\0" in name or ".." in name.split("/"):
            return None
        try:
            path = (self.folder / name.lstrip("/")).resolve(strict=True)
        except (
            OSError,
            RuntimeError,
        ):  # missing, too long, not ours to enter; a loop of links (RuntimeError until 3.12)
            return None
        # Only after the links were followed can one say where the name leads.
        return path if path.is_relative_to(self.folder) else None

    def redirect(self, environ: WSGIEnvironment, start_response: StartResponse, path: Path) -> Iterable[bytes]:
        """Send the client to the folder's name with a slash, or relative links in its index would go astray."""
        # Built from the file's name, not from PATH_INFO: "//evil.example" would leave for another site.
        inside = os.fsencode(path.relative_to(self.folder))
        location = quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1") + "/" + quote(inside) + "/"
        start_response("301 Moved Permanently", [*TEXT, ("Location", location)])
        return [f"This folder is at {location}\n".encode()]

    def send(
        self, environ: WSGIEnvironment, start_response: StartResponse, status: HTTPStatus, path: Path
    ) -> Iterable[bytes]:
        """Answer with the file; the server closes it through the wrapper's ``close()``."""
        file = path.open("rb")
        headers = [("Content-Type", content_type(path)), ("Content-Length", str(os.fstat(file.fileno()).st_size))]
        start_response(f"{status.value} {status.phrase}", headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            file.close()
            return []
        wrapper: Iterable[bytes] = environ.get("wsgi.file_wrapper", FileWrapper)(file, BLOCK_BYTES)
        return wrapper


def content_type(path: Path) -> str:
    """The media type by the file's name; text is UTF-8 here, and says so."""
    kind = TYPES.guess_type(path.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


app = StaticPages(Path(__file__).parent / "pages")
