"""The inputs that fuzzing has found, and the wire samples, through all targets; and that targets find something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import CORPUS, NAMES
from tests.fuzz.targets import TARGETS
from wsgiserve.conform.samples import samples
from wsgiserve.http11 import RequestParser, content

SAMPLES = [sample.data for sample in [*samples("valid"), *samples("invalid")]]


def test_each_target_can_be_named_and_has_a_corpus() -> None:
    assert TARGETS.keys() == set(NAMES) == {folder.name for folder in CORPUS.iterdir()}


@pytest.mark.parametrize("name", NAMES)
def test_what_was_found_and_the_samples(name: str) -> None:
    inputs = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    assert len(inputs) > 20
    for data in [*inputs, *SAMPLES]:
        TARGETS[name](data)


def test_the_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in Path(CORPUS).rglob("*") if path.is_file()) < 300 * 1024


def test_a_reader_that_forgets_where_it_was_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(self: content.ChunkedReader, buffer: bytes, start: int) -> content.Read:
        self._step = self._read_size
        return None, start + 2

    monkeypatch.setattr(content.ChunkedReader, "_read_data_end", forgetful)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
    for name, data in (("chunked", chunks), ("connection", head + chunks)):
        with pytest.raises(AssertionError):
            TARGETS[name](data)


def test_what_is_kept_beyond_the_limits_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RequestParser, "check_section", lambda *_, **__: None)
    with pytest.raises(AssertionError, match="more is kept"):
        TARGETS["connection"](b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200)
