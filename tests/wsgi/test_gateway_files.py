"""``wsgi.file_wrapper`` returned by an application: by the kernel or block by block, the same response."""

from __future__ import annotations

import gzip
import io
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.wsgi.applications import blamed_function, failing, returning
from tests.wsgi.playing import GET, HEAD, Played, Wire
from wsgiserve.errors import ClientDisconnected, LocalProtocolError
from wsgiserve.wsgi import FileWrapper


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    return file


def sending(file: Any, headers: list[tuple[str, str]] | None = None, status: str = "200 OK") -> Any:
    return returning(FileWrapper(file, 4), status, headers)


def test_a_file_is_sent_by_the_kernel_with_its_length(path: Path) -> None:
    with path.open("rb") as file:
        file.read(2)
        played = Played(sending(file), wire=Wire(sends_files=True))
        assert played.wire.files == [b"23456789"]
        assert played.read()[2] == b"23456789"
        assert file.closed


@pytest.mark.parametrize("request_", [GET, HEAD])
def test_a_file_that_the_kernel_sends_is_not_read(request_: bytes, path: Path) -> None:
    stood: list[int] = []
    with path.open("rb") as file:
        wrapper = FileWrapper(file)
        wrapper.close = lambda: stood.append(file.tell())  # type: ignore[method-assign]
        Played(returning(wrapper), request_, Wire(sends_files=True))
    assert stood == [0]


@pytest.mark.parametrize("length", [0, 3, 10])
def test_a_file_may_be_longer_than_its_content_length(length: int, path: Path) -> None:
    played = Played(sending(path.open("rb"), [("Content-Length", str(length))]), wire=Wire(sends_files=True))
    assert played.read()[2] == b"0123456789"[:length]
    assert played.wire.files == [b"0123456789"[:length]]


def test_a_file_that_is_shorter_breaks_the_response_off(path: Path) -> None:
    played = Played(sending(path.open("rb"), [("Content-Length", "11")]), wire=Wire(sends_files=True))
    assert "1 bytes shorter" in str(played.error)
    assert played.wire.files == []


@pytest.mark.parametrize(("request_", "status"), [(HEAD, "200 OK"), (GET, "304 Not Modified"), (GET, "204 None")])
def test_a_file_is_not_sent_where_no_content_is(request_: bytes, status: str, path: Path) -> None:
    played = Played(sending(path.open("rb"), status=status), request_, Wire(sends_files=True))
    assert played.wire.files == []
    assert played.text.endswith("\r\n\r\n")
    assert ("Content-Length: 10" in played.text) == (request_ is HEAD)


def _opened(path: Path) -> Any:
    return path.open("rb")


def _behind_its_start(path: Path) -> Any:
    file = path.open("rb")
    file.read(2)
    return file


def _packed(path: Path) -> Any:
    path.with_suffix(".gz").write_bytes(gzip.compress(path.read_bytes()))
    return gzip.open(path.with_suffix(".gz"))


def _temporary(path: Path) -> Any:
    file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed by the gateway, as a server must
    file.write(path.read_bytes())
    file.seek(0)
    return file


@pytest.mark.parametrize("sends_files", [True, False])
@pytest.mark.parametrize(
    ("make", "by_kernel", "expected"),
    [
        (_opened, True, b"0123456789"),
        (_behind_its_start, True, b"23456789"),
        (_temporary, True, b"0123456789"),
        (_packed, False, b"0123456789"),
        (lambda path: io.BytesIO(path.read_bytes()), False, b"0123456789"),
    ],
)
@pytest.mark.parametrize("length", [None, 3])
def test_a_file_is_the_same_response_whoever_reads_it(
    make: Any, by_kernel: bool, expected: bytes, length: int | None, sends_files: bool, path: Path
) -> None:
    file = make(path)
    headers = [] if length is None else [("Content-Length", str(length))]
    played = Played(sending(file, headers), wire=Wire(sends_files=sends_files))
    assert played.error is None
    assert played.read()[2] == expected[:length]
    assert bool(played.wire.files) == (by_kernel and sends_files)
    assert played.gateway.excess is None
    assert file.closed


def test_a_text_file_is_no_body_and_its_application_to_blame(path: Path) -> None:
    error = failing(sending(path.open()))
    assert "yields str" in str(error)
    assert blamed_function(error) == "application"


def test_a_file_wrapper_that_somebody_changed_is_asked_for_its_blocks(path: Path) -> None:
    class Counting(FileWrapper):
        counted = False

        def __next__(self) -> bytes:
            if self.counted:
                return super().__next__()
            self.counted = True
            return b"counted: "

    played = Played(returning(Counting(path.open("rb"))), wire=Wire(sends_files=True))
    assert played.read()[2] == b"counted: 0123456789"


def test_the_environ_has_the_wrapper() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        body: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(b"0123456789"), 3)
        return body

    assert [piece.count(b"\r\n") for piece in Played(application).wire.pieces[1:]] == [2, 2, 2, 1 + 1]


def test_a_file_follows_what_was_written(path: Path) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])(b"first ")
        return FileWrapper(path.open("rb"))

    assert Played(application, wire=Wire(sends_files=True)).read()[2] == b"first 0123456789"


def test_a_file_is_closed_when_the_client_is_gone(path: Path) -> None:
    file = path.open("rb")
    played = Played(sending(file), wire=Wire(sends_files=True, fails_after=0))
    assert isinstance(played.error, ClientDisconnected)
    assert file.closed


def test_a_file_is_not_sent_after_a_mistake(path: Path) -> None:
    file = path.open("rb")

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        with pytest.raises(LocalProtocolError):
            start_response("202 Accepted", [])
        return FileWrapper(file)

    played = Played(application, wire=Wire(sends_files=True))
    assert "second time" in str(played.error)
    assert played.wire.pieces == []
    assert file.closed


def test_a_file_without_start_response_is_a_mistake(path: Path) -> None:
    with path.open("rb") as file:
        assert "not called" in str(failing(lambda environ, start_response: FileWrapper(file)))
