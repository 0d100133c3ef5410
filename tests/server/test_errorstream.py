"""``wsgi.errors``: text becomes log records, whole lines at a time."""

from __future__ import annotations

import io
import logging

import pytest

from wsgiserve.server.errorstream import ErrorStream


@pytest.fixture
def stream(caplog: pytest.LogCaptureFixture) -> ErrorStream:
    caplog.set_level(logging.DEBUG, "wsgiserve.errors")
    return ErrorStream(lambda: "127.0.0.1 GET /cart")


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_one_write_of_several_lines_is_one_record(stream: ErrorStream, caplog: pytest.LogCaptureFixture) -> None:
    assert stream.write("Traceback\n  File\nKeyError\n") == 26
    assert said(caplog) == ["Traceback\n  File\nKeyError"]
    assert caplog.records[0].levelno == logging.ERROR
    assert caplog.records[0].__dict__["request"] == "127.0.0.1 GET /cart"


def test_a_line_waits_for_its_end(stream: ErrorStream, caplog: pytest.LogCaptureFixture) -> None:
    stream.write("a")
    stream.write("b")
    assert said(caplog) == []
    stream.write("c\nd")
    assert said(caplog) == ["abc"]
    stream.flush()
    stream.flush()
    assert said(caplog) == ["abc", "d"]


def test_print_and_writelines_work(stream: ErrorStream, caplog: pytest.LogCaptureFixture) -> None:
    print("printed", 1, file=stream)
    stream.writelines(["x\n", "y\n"])
    assert said(caplog) == ["printed 1", "x", "y"]


def test_a_percent_sign_is_only_a_percent_sign(stream: ErrorStream, caplog: pytest.LogCaptureFixture) -> None:
    stream.write("100 %s\n")
    assert said(caplog) == ["100 %s"]


def test_it_can_be_written_to_and_not_read(stream: ErrorStream) -> None:
    assert stream.writable()
    assert not stream.readable()
    with pytest.raises(io.UnsupportedOperation):
        stream.read()


def test_it_answers_as_any_text_file_that_is_no_terminal_and_has_no_descriptor(stream: ErrorStream) -> None:
    assert isinstance(stream, io.TextIOBase)
    assert not stream.isatty()
    assert not stream.closed
    with pytest.raises(io.UnsupportedOperation):
        stream.fileno()
    assert getattr(stream, "buffer", None) is None


def test_blank_lines_are_kept_as_they_are(stream: ErrorStream, caplog: pytest.LogCaptureFixture) -> None:
    stream.write("\na\n\nb\n")
    stream.write("")
    assert said(caplog) == ["\na\n\nb"]


def test_the_request_is_asked_for_only_when_there_is_text(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[str] = []
    stream = ErrorStream(lambda: asked.append("asked") or "GET /")  # type: ignore[func-returns-value]
    stream.write("no end yet")
    stream.write("")
    assert not asked
    stream.flush()
    stream.flush()
    assert asked == ["asked"]


def test_an_application_that_closes_it_does_not_take_it_from_the_next_request(
    stream: ErrorStream, caplog: pytest.LogCaptureFixture
) -> None:
    with stream:
        stream.write("first")
    assert said(caplog) == ["first"]
    stream.close()
    stream.writelines(["second\n"])
    print("third", file=stream, flush=True)
    assert said(caplog) == ["first", "second", "third"]


@pytest.mark.parametrize("text", [b"bytes\n", None, 5])
def test_text_is_str(text: object, stream: ErrorStream, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TypeError):
        stream.write(text)  # type: ignore[arg-type]  # the mistake
    stream.write("after it\n")
    assert said(caplog) == ["after it"]


def test_a_logging_handler_can_write_to_it(stream: ErrorStream, caplog: pytest.LogCaptureFixture) -> None:
    handler = logging.StreamHandler(stream)
    record = logging.LogRecord("shop", logging.WARNING, __file__, 1, "two\nlines", (), None)
    handler.handle(record)
    assert said(caplog) == ["two\nlines"]
