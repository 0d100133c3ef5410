"""The notebook on Flask: what its pages do, and what the server must do for it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.oracle.conversations import Talk
from tests.oracle.serving import Served, Spec

Serve = Callable[[Spec], Served]


@pytest.fixture
def served(kind: str, serve_anew: Serve) -> Served:
    return serve_anew(Spec("sample_apps.notes:create_app", kind, ()))


@pytest.fixture
def talk(served: Served) -> Talk:
    """A visitor who has signed in."""
    talk = Talk(served.url)
    talk("POST", "/sign-in", data={"name": "Ada"})
    return talk


def test_a_visitor_must_sign_in_to_write(served: Served) -> None:
    answer = Talk(served.url)("POST", "/notes", data={"title": "x"})
    assert answer.status_code == 403
    assert "Sign in to write a note." in answer.text


def test_the_session_remembers_the_name_until_sign_out(talk: Talk) -> None:
    assert "Sign out" in talk("GET", "/").text
    talk("POST", "/sign-out")
    assert "Sign out" not in talk("GET", "/").text


def test_a_note_is_stored_shown_and_escaped(talk: Talk) -> None:
    made = talk("POST", "/notes", data={"title": "<b>über</b>", "text": "two\nlines"})
    page = talk("GET", made.headers["Location"]).text
    assert "&lt;b&gt;über&lt;/b&gt;" in page
    assert "two\nlines" in page
    assert "The note is stored." in page


def test_an_attachment_comes_back_byte_for_byte_under_its_own_name(talk: Talk) -> None:
    content = bytes(range(256)) * 8000
    made = talk("POST", "/notes", data={"title": "file"}, files={"attachment": ("../ü x.bin", content)})
    answer = talk("GET", made.headers["Location"] + "/attachment")
    assert answer.content == content
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")


def test_uploads_and_database_lie_in_the_data_folder(served: Served, talk: Talk) -> None:
    talk("POST", "/notes", data={"title": "file"}, files={"attachment": ("x", b"y")})
    data = served.folder / "data" / "notes"
    assert {path.name for path in data.iterdir()} == {"notes.sqlite3", "attachment-1"}


def test_only_its_author_deletes_a_note(served: Served, talk: Talk) -> None:
    talk("POST", "/notes", data={"title": "mine"})
    other = Talk(served.url)
    other("POST", "/sign-in", data={"name": "Eve"})
    assert other("POST", "/notes/1/delete").status_code == 403
    assert talk("POST", "/notes/1/delete").status_code == 302
    assert talk("GET", "/notes/1").status_code == 404


def test_a_range_of_an_attachment_is_partial_content(talk: Talk) -> None:
    talk("POST", "/notes", data={"title": "file"}, files={"attachment": ("x", b"0123456789")})
    answer = talk("GET", "/notes/1/attachment", headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (206, b"234")


def test_an_attachment_that_has_not_changed_is_a_304_and_the_connection_lives_on(talk: Talk) -> None:
    talk("POST", "/notes", data={"title": "file"}, files={"attachment": ("x", b"0123456789")})
    etag = talk("GET", "/notes/1/attachment").headers["ETag"]
    answer = talk("GET", "/notes/1/attachment", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert talk("GET", "/notes/1").status_code == 200


def test_a_form_in_chunks_is_read_like_any_other(talk: Talk) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    made = talk("POST", "/notes", data=iter([b"title=in", b" chunks"]), headers=form)
    assert "in chunks" in talk("GET", made.headers["Location"]).text


def test_the_export_streams_all_notes(talk: Talk) -> None:
    for title in ("one", "two", "three"):
        talk("POST", "/notes", data={"title": title})
    answer = talk("GET", "/export.txt")
    assert answer.headers.get("Transfer-Encoding") == "chunked"
    assert answer.text.index("one") < answer.text.index("two") < answer.text.index("three")


def test_an_event_arrives_while_the_stream_is_still_open(served: Served, talk: Talk) -> None:
    talk("POST", "/notes", data={"title": "event"})
    with talk("GET", "/feed", stream=True) as stream:
        lines = stream.iter_lines(chunk_size=1)
        assert next(lines) == b": open"
        assert [line for line, _ in zip(lines, range(3), strict=False)][1] == b"id: 1"


def test_a_stream_ends_when_its_reader_leaves(served: Served, talk: Talk) -> None:
    with talk("GET", "/feed", stream=True) as stream:
        assert next(stream.iter_lines(chunk_size=1)) == b": open"
    # A server that runs one request at a time answers this only when the stream is over.
    assert requests.get(f"{served.url}/", timeout=20).status_code == 200
    assert "Traceback" not in served.log()


def test_an_exception_shows_the_error_page_and_its_traceback_goes_to_the_log(served: Served, talk: Talk) -> None:
    answer = talk("GET", "/broken")
    assert answer.status_code == 500
    assert "<h1>Internal Server Error</h1>" in answer.text
    assert "RuntimeError: this page fails on purpose" in served.log()
    assert "purpose" not in answer.text


def test_the_error_page_keeps_the_headers_of_the_error(talk: Talk) -> None:
    answer = talk("DELETE", "/notes/1")
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"GET", "HEAD", "OPTIONS"})


def test_an_upload_over_the_limit_is_refused_and_the_answer_arrives(talk: Talk) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = talk("POST", "/notes", data=b"x" * (9 << 20), headers=form)
    assert answer.status_code == 413
    assert "Request Entity Too Large" in answer.text


def test_an_upload_cut_off_leaves_no_note_and_the_server_alive(served: Served, talk: Talk) -> None:
    head = f"POST /notes HTTP/1.1\r\nHost: x\r\nCookie: session={talk.session.cookies['session']}\r\n"
    with served.connect() as connection:
        connection.sendall(
            head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\ntitle=cut"
        )
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert "There are no notes yet." in talk("GET", "/").text


def test_nothing_is_written_before_the_first_request(kind: str, serve_anew: Serve, tmp_path: Path) -> None:
    serve_anew(Spec("sample_apps.notes:create_app", kind, (("data", str(tmp_path / "data")),)))
    assert list(tmp_path.iterdir()) == []
