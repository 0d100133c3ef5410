"""The URL shortener, with its links in SQLite and in a real Redis server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest
import redis

from sample_apps.shortly.links import SQLiteLinks, base36
from tests.oracle.conversations import Talk
from tests.oracle.serving import Served, Spec
from tests.ports import reserved_port

Serve = Callable[[Spec], Served]
Arguments = tuple[tuple[str, object], ...]


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis server of our own, without a file, gone after the tests."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    folder = tmp_path_factory.mktemp("redis")
    with (
        reserved_port() as port,
        subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            assert any("Ready to accept connections" in line for line in process.stdout)
            yield port
        finally:
            process.terminate()


@pytest.fixture(params=["sqlite", "redis"])
def links(request: pytest.FixtureRequest) -> Arguments:
    if request.param == "sqlite":
        return ()
    port: int = request.getfixturevalue("redis_port")
    with redis.Redis("127.0.0.1", port) as client:
        client.flushall()
    return (("redis_host", "127.0.0.1"), ("redis_port", port))


@pytest.fixture
def talk(kind: str, serve_anew: Serve, links: Arguments) -> Talk:
    return Talk(serve_anew(Spec("sample_apps.shortly:create_app", kind, links)).url)


def test_a_link_is_made_followed_and_counted(talk: Talk) -> None:
    url = "https://example.org/a?b=c&d=%C3%BC"
    made = talk("POST", "/", data={"url": url})
    code = made.headers["Location"].split("/")[1]
    assert (made.status_code, talk("GET", f"/{code}").headers["Location"]) == (302, url)
    talk("GET", f"/{code}")
    page = talk("GET", f"/{code}/details").text
    assert f"{talk.url}/{code}</a>" in page
    assert "2 times" in page


def test_the_same_address_gets_the_same_code(talk: Talk) -> None:
    first, second, other = (talk("POST", "/", data={"url": f"https://example.org/{path}"}) for path in "aab")
    assert first.headers["Location"] == second.headers["Location"] != other.headers["Location"]


@pytest.mark.parametrize(
    "url", ["", "example.org", "javascript:alert(1)", "http://", "http://[", "https://x/" + "a" * 2000]
)
def test_what_is_no_web_address_is_refused_with_a_reason(talk: Talk, url: str) -> None:
    answer = talk("POST", "/", data={"url": url})
    assert answer.status_code == 400
    assert 'class="error"' in answer.text


def test_an_address_is_escaped_in_the_page(talk: Talk) -> None:
    made = talk("POST", "/", data={"url": "https://example.org/<script>"})
    assert "<script>" not in talk("GET", made.headers["Location"]).text


@pytest.mark.parametrize("path", ["/zzz", "/zzz/details", "/a/b/c"])
def test_an_unknown_link_is_a_page_of_the_application(talk: Talk, path: str) -> None:
    answer = talk("GET", path)
    assert answer.status_code == 404
    assert "Nobody has made this short link yet." in answer.text


def test_static_files_come_with_the_application_unless_told_otherwise(kind: str, serve: Serve) -> None:
    with_static = Talk(serve(Spec("sample_apps.shortly:create_app", kind, ())).url)
    without = Talk(serve(Spec("sample_apps.shortly:create_app", kind, (("with_static", False),))).url)
    assert with_static("GET", "/static/shortly.css").headers["Content-Type"].startswith("text/css")
    assert without("GET", "/static/shortly.css").status_code == 404


@pytest.mark.parametrize(("number", "code"), [(1, "1"), (35, "z"), (36, "10"), (36**4, "10000")])
def test_a_code_is_the_number_in_base_36(number: int, code: str) -> None:
    assert base36(number) == code


def test_sqlite_links_keep_counting_where_they_stopped(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("links") / "deeper" / "links.sqlite3"
    first = SQLiteLinks(path)
    code = first.add("https://example.org/1")
    first.visit(code)
    again = SQLiteLinks(path)
    link = again.find(code)
    assert link is not None
    assert link.visits == 1
    assert again.add("https://example.org/2") != code
