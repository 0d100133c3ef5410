"""Answers by wsgi.file_wrapper."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from wsgiserve.conform.behaviours.common import BEHAVIOURS, TEXT, Application, Environ, behaviour, journal_of

THIS_FILE = Path(__file__)


def _file(open_file: Callable[[], Any], *headers: tuple[str, str], size: int | None = None) -> Application:
    def answer(environ: Environ, start_response: Any) -> Iterable[bytes]:
        wrapper = environ.get("wsgi.file_wrapper")
        if wrapper is None:
            start_response("200 OK", [TEXT])
            return [b"no wsgi.file_wrapper"]
        start_response("200 OK", [TEXT, *headers])
        file = open_file()
        wrapped: Iterable[bytes] = wrapper(file) if size is None else wrapper(file, size)
        return wrapped

    return answer


def _behind(start: int) -> Any:
    file = THIS_FILE.open("rb")
    file.seek(start)
    return file


class _OnlyReads:
    """All that a file-like object must have."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data, self._data = self._data[:size], self._data[size:]
        return data


BEHAVIOURS |= {
    "file": _file(partial(_behind, 0)),
    "file-size": _file(partial(_behind, 0), size=100),
    "file-behind": _file(partial(_behind, 100)),
    "file-length": _file(partial(_behind, 0), ("Content-Length", "10")),
    "file-behind-length": _file(partial(_behind, 100), ("Content-Length", "10")),
    "file-in-memory": _file(lambda: BytesIO(b"onetwo")),
    "file-only-reads": _file(lambda: _OnlyReads(b"onetwo")),
    "file-empty": _file(lambda: BytesIO(b"")),
    "file-with-length": _file(partial(_behind, 0), ("Content-Length", str(THIS_FILE.stat().st_size))),
}


class _NotedFile(BytesIO):
    def __init__(self, data: bytes, environ: Environ) -> None:
        super().__init__(data)
        self.note = journal_of(environ)

    def close(self) -> None:
        self.note("closed")
        super().close()


@behaviour
def _file_closed(environ: Environ, start_response: Any) -> Iterable[bytes]:
    """A file that notes when it is closed."""
    return _file(lambda: _NotedFile(b"onetwo", environ))(environ, start_response)
