"""Log records: who handles them, and how they look in the three forms."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Iterator

import pytest

from wsgiserve import logs
from wsgiserve.console import Console, Form

NOON = 1764158671.25  # 2025-11-26 12:04:31.250 UTC


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """Loggers as in a new process, below a root logger of their own: pytest's handlers would count as the user's."""
    fresh = logging.RootLogger(logging.WARNING)
    server = logging.getLogger(logs.SERVER_LOGGER)
    monkeypatch.setattr(server, "parent", fresh)
    monkeypatch.setattr(server, "handlers", [])
    level = server.level
    server.setLevel(logging.NOTSET)
    yield fresh
    server.setLevel(level)


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "localtime", time.gmtime)


def console(form: Form = "plain", *, color: bool = False) -> Console:
    return Console(io.StringIO(), form, color)


def written(to: Console) -> str:
    assert isinstance(to.stream, io.StringIO)
    return to.stream.getvalue()


class Collecting(logging.Handler):
    """A handler of the user's."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


# --- who handles a record


@pytest.mark.parametrize("name", [logs.SERVER_LOGGER, logs.ERROR_LOGGER, logs.ACCESS_LOGGER, "wsgiserve.anything"])
def test_records_of_every_logger_of_the_server_are_written(name: str) -> None:
    out = console()
    logs.configure(out)
    logging.getLogger(name).warning("100 %s", "percent")
    assert written(out) == "WARNING 100 percent\n"


def test_info_is_written_and_debug_is_not_unless_asked_for() -> None:
    out, log = console(), logging.getLogger(logs.SERVER_LOGGER)
    logs.configure(out)
    log.debug("one")
    log.info("two")
    logs.configure(out, logging.DEBUG)
    log.debug("three")
    logs.configure(out, logging.ERROR)
    log.warning("four")
    assert written(out) == "INFO two\nDEBUG three\n"


def test_configuring_twice_writes_once_and_to_the_second_console() -> None:
    first, second = console("plain"), console("json")
    handler = logs.configure(first)
    assert logs.configure(second) is handler
    logging.getLogger(logs.SERVER_LOGGER).info("here")
    assert written(first) == ""
    assert [json.loads(line)["event"] for line in written(second).splitlines()] == ["here"]


def test_the_root_logger_stays_as_it_is(root: logging.Logger) -> None:
    before = (logging.getLogger().level, list(logging.getLogger().handlers))
    logs.configure(console())
    logging.getLogger(logs.SERVER_LOGGER).info("here")
    assert (logging.getLogger().level, logging.getLogger().handlers) == before
    assert (root.level, root.handlers) == (logging.WARNING, [])


def test_a_level_that_the_user_set_stays() -> None:
    log = logging.getLogger(logs.SERVER_LOGGER)
    log.setLevel(logging.WARNING)
    logs.configure(console())
    logs.configure(console(), logging.DEBUG)
    assert log.level == logging.WARNING


@pytest.mark.parametrize("where", ["root", logs.SERVER_LOGGER])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_the_users_logging_takes_is_not_written_a_second_time(where: str, when: str, root: logging.Logger) -> None:
    out, theirs = console(), Collecting()
    logger = root if where == "root" else logging.getLogger(where)
    if when == "before":
        logger.addHandler(theirs)
        logs.configure(out)
    else:
        logs.configure(out)
        logger.addHandler(theirs)
    logging.getLogger(logs.SERVER_LOGGER).info("once")
    assert theirs.messages == ["once"]
    assert written(out) == ""


def test_what_the_users_logging_is_not_interested_in_is_written(root: logging.Logger) -> None:
    out, theirs = console(), Collecting(logging.ERROR)
    root.addHandler(theirs)
    logs.configure(out)
    logging.getLogger(logs.SERVER_LOGGER).info("ours")
    logging.getLogger(logs.SERVER_LOGGER).error("theirs")
    assert (written(out), theirs.messages) == ("INFO ours\n", ["theirs"])


def test_a_handler_that_records_do_not_reach_does_not_count(
    root: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.addHandler(Collecting())
    assert logs.is_handled_by_user(logs.ACCESS_LOGGER, logging.INFO)
    assert not logs.is_handled_by_user(logs.ACCESS_LOGGER, logging.INFO, below=logs.SERVER_LOGGER)
    monkeypatch.setattr(logging.getLogger(logs.SERVER_LOGGER), "propagate", False)
    assert not logs.is_handled_by_user(logs.ACCESS_LOGGER, logging.INFO)


# --- who writes when


class AskingWhetherLocked(io.StringIO):
    """A stream that lets another thread try the handler's lock while something is written."""

    handler: logging.Handler

    def __init__(self) -> None:
        super().__init__()
        self.locked: list[bool] = []

    def write(self, text: str, /) -> int:
        other = threading.Thread(target=self._try_lock)
        other.start()
        other.join()
        return super().write(text)

    def _try_lock(self) -> None:
        assert self.handler.lock is not None
        free = self.handler.lock.acquire(blocking=False)
        self.locked.append(not free)
        if free:
            self.handler.lock.release()


def test_no_thread_writes_while_another_does() -> None:
    stream = AskingWhetherLocked()
    stream.handler = handler = logs.configure(Console(stream, "plain", False))
    handler.write("a text\n")
    logging.getLogger(logs.SERVER_LOGGER).info("a record")
    assert stream.locked == [True, True]
    assert stream.getvalue() == "a text\nINFO a record\n"


class Noting(io.StringIO):
    """A stream that knows what was done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def write(self, text: str, /) -> int:
        self.calls.append("write")
        return super().write(text)

    def flush(self) -> None:
        self.calls.append("flush")


def test_a_text_is_written_in_one_piece_and_not_held_back() -> None:
    stream = Noting()
    logs.configure(Console(stream, "plain", False)).write("one\ntwo\n")
    assert stream.calls == ["write", "flush"]


class Broken(io.StringIO):
    def flush(self) -> None:
        raise BrokenPipeError


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [Broken(), closed()])
def test_a_stream_that_nobody_can_read_is_no_error_and_blocks_nobody(stream: io.StringIO) -> None:
    handler = logs.configure(Console(stream, "plain", False))
    handler.write("lost\n")
    other = threading.Thread(target=handler.write, args=["lost too\n"], daemon=True)
    other.start()
    other.join(timeout=10)
    assert not other.is_alive(), "the lock was kept"


# --- how it looks


def record(level: int = logging.INFO, message: str = "stopped", **fields: object) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": "wsgiserve", "levelno": level, "levelname": logging.getLevelName(level), "msg": message}
        | {"created": NOON}
        | fields
    )


def formatted(form: Form, entry: logging.LogRecord, *, color: bool = False) -> str:
    return logs.ConsoleHandler(console(form, color=color)).format(entry)


def failure() -> dict[str, object]:
    try:
        raise KeyError("sku")
    except KeyError as error:
        return {"exc_info": (KeyError, error, error.__traceback__)}


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize(
    ("level", "line"),
    [
        (logging.DEBUG, "12:04:31  debug  stopped"),
        (logging.INFO, "12:04:31  stopped"),
        (logging.WARNING, "12:04:31  warning  stopped"),
        (logging.ERROR, "12:04:31  error  stopped"),
    ],
)
def test_a_pretty_record_names_its_level_unless_it_is_info(level: int, line: str) -> None:
    assert formatted("pretty", record(level)) == line


@pytest.mark.parametrize(
    ("level", "word"),
    [
        (logging.DEBUG, "debug"),
        (logging.WARNING, "\x1b[33mwarning\x1b[0m"),
        (logging.ERROR, "\x1b[31merror\x1b[0m"),
        (logging.CRITICAL, "\x1b[31mcritical\x1b[0m"),
    ],
)
def test_only_the_level_of_a_pretty_record_is_colored(level: int, word: str) -> None:
    assert formatted("pretty", record(level), color=True)[8:] == f"  {word}  stopped"


@pytest.mark.parametrize("form", ["pretty", "plain"])
def test_a_traceback_stays_in_one_piece(form: Form) -> None:
    lines = formatted(form, record(logging.ERROR, "GET /cart", **failure())).splitlines()
    assert lines[0].endswith("GET /cart")
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-2:] == ['    raise KeyError("sku")', "KeyError: 'sku'"]


@pytest.mark.parametrize("form", ["pretty", "plain"])
def test_a_record_of_a_request_begins_with_the_request(form: Form) -> None:
    line = formatted(form, record(logging.ERROR, "no such table", request="127.0.0.1 GET /cart"))
    assert line.endswith("127.0.0.1 GET /cart: no such table")


@pytest.mark.parametrize("form", ["pretty", "plain"])
def test_no_record_moves_the_cursor(form: Form) -> None:
    assert formatted(form, record(message="a\x1b[2J\rb")).endswith("a\\x1b[2J\\rb")


def test_a_json_record_is_one_object_on_one_line() -> None:
    line = formatted("json", record(logging.ERROR, "two\nlines", **failure(), stack_info="Stack:\n  here"))
    assert "\n" not in line
    fields = json.loads(line)
    assert fields.pop("exception").splitlines()[-1] == "KeyError: 'sku'"
    assert fields == {
        "event": "two\nlines",
        "timestamp": "2025-11-26T12:04:31.250Z",
        "level": "error",
        "logger": "wsgiserve",
        "stack": "Stack:\n  here",
    }


def test_extra_fields_of_a_json_record_are_keys_that_cannot_replace_ours() -> None:
    entry = record(request_id="k3f9", request="127.0.0.1 GET /cart", event="another", thing=object, nothing=None)
    fields = json.loads(formatted("json", entry))
    assert (fields["request_id"], fields["request"]) == ("k3f9", "127.0.0.1 GET /cart")
    assert fields["event"] == "stopped"
    assert fields["thing"] == "<class 'object'>"
    assert "nothing" not in fields
