"""Every sample of wsgiserve/conform/wire, however its bytes are cut."""

from __future__ import annotations

import random
import re

import pytest

from tests.http11.reading import read
from tests.wire.damage import damaged
from wsgiserve.conform.samples import FOLDER, Sample, samples
from wsgiserve.http11 import Limits, RequestParser

VALID, INVALID = samples("valid"), samples("invalid")
SAMPLES = [*VALID, *INVALID]

# What must not be read behind the end: a request, an end of a line, of a head, of a chunk, and bytes that are nothing.
GARBAGE = b"GET /never HTTP/1.1\r\nHost: never.example\r\n\r\n0\r\n\r\n\n\x00\xff"

# Their error is the end of the connection itself, so nothing can be behind it.
CUT_SHORT = [sample for sample in INVALID if "ended before" in sample.events[-1]]

each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)


def parser_for(sample: Sample) -> RequestParser:
    return RequestParser(Limits(**sample.limits))


def single_bytes(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


@each_sample
def test_whole(sample: Sample) -> None:
    assert read(sample.data, parser=parser_for(sample)) == sample.events


@each_sample
def test_cut_in_two_at_every_byte(sample: Sample) -> None:
    for cut in range(1, len(sample.data)):
        pieces = sample.data[:cut], sample.data[cut:]
        assert read(*pieces, parser=parser_for(sample)) == sample.events, f"cut at byte {cut}"


@each_sample
def test_byte_by_byte(sample: Sample) -> None:
    assert read(*single_bytes(sample.data), parser=parser_for(sample)) == sample.events


@each_sample
def test_read_again_by_the_parser_that_knows_it(sample: Sample) -> None:
    parser = parser_for(sample)
    assert [read(sample.data, parser=parser) for _ in range(3)] == [sample.events] * 3


@pytest.mark.parametrize(
    "sample", [sample for sample in INVALID if sample not in CUT_SHORT], ids=lambda sample: sample.name
)
def test_what_follows_an_error_is_never_parsed(sample: Sample) -> None:
    same_piece = read(sample.data + GARBAGE, parser=parser_for(sample))
    next_pieces = read(sample.data, GARBAGE, GARBAGE, parser=parser_for(sample))
    assert (same_piece, next_pieces) == (sample.events, sample.events)


@pytest.mark.parametrize(
    "sample", [sample for sample in VALID if sample.events[-1] == "close"], ids=lambda sample: sample.name
)
def test_what_follows_the_last_request_is_never_parsed(sample: Sample) -> None:
    same_piece = read(sample.data + GARBAGE, parser=parser_for(sample))
    next_pieces = read(sample.data, GARBAGE, parser=parser_for(sample))
    assert (same_piece, next_pieces) == (sample.events, sample.events)


def test_all_samples_read_by_one_parser_in_any_order() -> None:
    parser = RequestParser(Limits())
    samples = [sample for sample in SAMPLES if not sample.limits]
    for sample in [*samples, *reversed(samples)]:
        assert read(sample.data, parser=parser) == sample.events, sample.name


def test_damaged_samples_however_cut_and_limited() -> None:
    choose = random.Random(9112)
    seeds = [sample.data for sample in SAMPLES]
    for _ in range(2500):
        data = damaged(seeds, choose)
        limits = Limits(
            request_line=choose.randint(14, 60),
            field=choose.randint(14, 60),
            head=choose.randint(14, 120),
            fields=choose.randint(1, 5),
            body=choose.randint(1, 12),
            chunk_extensions=choose.randint(0, 12),
        )
        cut = choose.randint(1, max(len(data) - 1, 1))
        whole = read(data, parser=RequestParser(limits))
        assert read(*single_bytes(data), parser=RequestParser(limits)) == whole, (data, limits)
        assert read(data[:cut], *single_bytes(data[cut:]), parser=RequestParser(limits)) == whole, (data, cut, limits)


def test_valid_samples_are_never_refused_and_invalid_ones_always() -> None:
    assert not any(line.startswith("error ") for sample in VALID for line in sample.events)
    assert all(sample.events[-1].startswith("error ") for sample in INVALID)


def test_every_sample_is_a_case_of_conform_or_in_the_table_of_limits_once() -> None:
    limits = re.findall(
        r"^\| .+ \| RFC [^|]+ \| `((?:in)?valid/[^`]+)` \|$", (FOLDER / "README.md").read_text(), re.MULTILINE
    )
    sources = [file.read_text("utf-8") for file in (FOLDER.parent / "cases").glob("*.py")]
    cases = [name for source in sources for name in re.findall(r'"((?:in)?valid/[^"]+)"', source)]
    assert sorted(limits + cases) == sorted(sample.name for sample in SAMPLES)


def test_every_file_is_half_of_a_sample() -> None:
    names = [path.stem for path in FOLDER.glob("*valid/*")]
    assert sorted(names) == sorted(2 * [sample.name.partition("/")[2] for sample in SAMPLES])
