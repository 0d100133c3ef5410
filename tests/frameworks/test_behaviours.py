"""Applications of all frameworks behind us and behind werkzeug's server: what they say is right, and the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.frameworks import apps
from tests.frameworks.pair import Pair, paired

FRAMEWORKS = ["bottle", "django", "falcon", "flask", "pyramid", "webob"]

# What belongs to the server and its connection, or changes from second to second.
_NOT_COMPARED = {"date", "server", "connection", "content-length", "transfer-encoding", "keep-alive"}

Answer = tuple[int, list[tuple[str, str]], bytes]


@pytest.fixture(scope="module", params=FRAMEWORKS)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with paired(request.param) as made:
        yield made


def ask(pair: Pair, method: str, path: str, **options: object) -> tuple[requests.Response, Answer, Answer]:
    """Our answer, and what of both answers is to be the same."""
    with requests.Session() as session:
        ours, other = (
            session.request(method, url + path, allow_redirects=False, timeout=30, **options)  # type: ignore[arg-type]
            for url in pair
        )
    return ours, _comparable(ours), _comparable(other)


def _comparable(response: requests.Response) -> Answer:
    headers = [(name.lower(), value) for name, value in response.raw.headers.items()]
    return response.status_code, sorted(pair for pair in headers if pair[0] not in _NOT_COMPARED), response.content


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_hello(pair: Pair, method: str) -> None:
    answer, ours, other = ask(pair, method, "/")
    assert answer.status_code == 200
    assert answer.text.startswith("hello from ") == (method == "GET")
    assert ours == other


def test_json_comes_back(pair: Pair) -> None:
    answer, ours, other = ask(pair, "POST", "/json", json={"name": "grüß", "n": [1, None]})
    assert answer.json() == {"got": {"name": "grüß", "n": [1, None]}}
    assert ours == other


def test_a_field_and_a_file_arrive(pair: Pair) -> None:
    upload = {"data": {"name": "grün"}, "files": {"file": ("a.bin", bytes(70_000))}}
    answer, ours, other = ask(pair, "POST", "/form", **upload)
    assert answer.content == "grün 70000".encode()
    assert ours == other


def test_a_stream_arrives_in_order(pair: Pair) -> None:
    answer, ours, other = ask(pair, "GET", "/stream")
    assert answer.content == b"0,1,2,3,4,5,6,7,8,9,"
    assert ours == other


def test_a_file_arrives_whole(pair: Pair) -> None:
    answer, ours, other = ask(pair, "GET", "/file")
    assert answer.content == Path(apps.__file__).read_bytes()
    assert ours == other


def test_a_redirect(pair: Pair) -> None:
    answer, ours, other = ask(pair, "GET", "/go")
    assert answer.status_code == 302
    assert [value.replace(pair.ours, "") for name, value in ours[1] if name == "location"] == ["/"]
    location = ("location", answer.headers["Location"])
    assert [header for header in ours[1] if header != location] == [
        header for header in other[1] if header[0] != "location"
    ]


def test_two_cookies_are_two_fields(pair: Pair) -> None:
    answer, ours, other = ask(pair, "GET", "/cookies")
    assert dict(answer.cookies) == {"one": "1", "two": "2"}
    assert [name for name, _ in ours[1]].count("set-cookie") == 2
    assert ours == other


def test_an_error_is_500_and_the_next_request_is_served(pair: Pair) -> None:
    assert ask(pair, "GET", "/error")[0].status_code == 500
    assert ask(pair, "GET", "/")[0].status_code == 200


def test_a_path_beyond_ascii_and_with_encoded_signs(pair: Pair) -> None:
    answer, ours, other = ask(pair, "GET", "/path/gr%C3%BC%C3%9Fe%20%26%20%25")
    assert answer.text == "grüße & %"
    assert ours == other


def test_what_is_not_there(pair: Pair) -> None:
    answer, ours, other = ask(pair, "GET", "/nowhere")
    assert answer.status_code == 404
    # Bottle's page has the whole URL.
    assert (ours[0], ours[2].replace(pair.ours.encode(), b"")) == (
        other[0],
        other[2].replace(pair.werkzeugs.encode(), b""),
    )
