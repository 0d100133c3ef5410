"""The samples before any framework: plain text, static pages, the router; and the smallest one with Flask."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.oracle.conversations import Talk
from tests.oracle.serving import Served, Spec
from tests.oracle.wire import exchange

Serve = Callable[[Spec], Served]


@pytest.fixture
def plain(kind: str, serve: Serve) -> Talk:
    return Talk(serve(Spec("sample_apps.plain_text:app", kind)).url)


@pytest.fixture
def static(kind: str, serve: Serve) -> Talk:
    return Talk(serve(Spec("sample_apps.static_pages:app", kind)).url)


@pytest.fixture
def router(kind: str, serve: Serve) -> Talk:
    return Talk(serve(Spec("sample_apps.router:app", kind)).url)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_plain_text_answers_any_request(plain: Talk, method: str) -> None:
    answer = plain(method, "/any/path?and=query")
    assert (answer.status_code, answer.text) == (200, "This text answers any request.\n")


def test_plain_text_on_head_has_the_length_and_no_body(plain: Talk) -> None:
    answer = plain("HEAD", "/")
    assert (answer.headers["Content-Length"], answer.content) == ("31", b"")


@pytest.mark.parametrize(
    ("path", "kind_of_content", "text"),
    [
        ("/", "text/html; charset=utf-8", "<h1>Static pages</h1>"),
        ("/index.html", "text/html; charset=utf-8", "<h1>Static pages</h1>"),
        ("/road/", "text/html; charset=utf-8", "The road from a socket"),
        ("/style.css", "text/css; charset=utf-8", "font:"),
        ("/road.svg", "image/svg+xml", "<svg"),
    ],
)
def test_static_pages_are_files_with_their_type(static: Talk, path: str, kind_of_content: str, text: str) -> None:
    answer = static("GET", path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind_of_content)
    assert text in answer.text


def test_a_missing_static_page_is_the_folders_own_404(static: Talk) -> None:
    answer = static("GET", "/nowhere")
    assert answer.status_code == 404
    assert "There is no file of that name in this folder." in answer.text


@pytest.mark.parametrize("path", ["/", "/style.css", "/nowhere"])
def test_head_of_a_static_page_is_get_without_the_body(static: Talk, path: str) -> None:
    got, head = static("GET", path), static("HEAD", path)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (
        got.status_code,
        str(len(got.content)),
        b"",
    )


def test_a_static_folder_without_its_slash_is_a_redirect(static: Talk) -> None:
    answer = static("GET", "/road")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/road/")


def test_two_slashes_before_a_static_folder_lead_to_no_other_site(kind: str, serve: Serve) -> None:
    served = serve(Spec("sample_apps.static_pages:app", kind))
    (answer,), _ = exchange(served.connect(), [raw("//road")], ["GET"])
    assert answer.values("location") in ([], ["/road/"])


def test_static_pages_take_no_other_method(static: Talk) -> None:
    answer = static("POST", "/", data="x")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.fixture(scope="session")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every way out of it that a link or a name can be."""
    outer = tmp_path_factory.mktemp("outer")
    folder = outer / "pages"
    folder.mkdir()
    (outer / "secret.txt").write_text("secret")
    (outer / "pages-too").mkdir()
    (outer / "pages-too" / "secret.txt").write_text("secret")
    (folder / "404.html").write_text("own page")
    (folder / "inside.txt").write_text("inside")
    (folder / "link-in.txt").symlink_to(folder / "inside.txt")
    (folder / "link-out.txt").symlink_to(outer / "secret.txt")
    (folder / "link-folder").symlink_to(outer)
    (folder / "link-loop").symlink_to(folder / "link-loop")
    os.mkfifo(folder / "fifo")
    return folder


def raw(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode("latin-1")


WAYS_OUT = (
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2E./secret.txt",
    "/..%2fsecret.txt",
    "/a/../../secret.txt",
    "/inside.txt/../../secret.txt",
    "/....//secret.txt",
    "/..\\secret.txt".replace("\\", "%5c"),
    "/../pages-too/secret.txt",
    "/link-out.txt",
    "/link-folder/secret.txt",
    "/link-folder/",
    "/link-loop",
    "//etc/passwd",
    "/%2fetc/passwd",
    "/%00",
    "/inside.txt%00.html",
    "/fifo",
    "/" + "a" * 5000,
    "/%ff%fe",
)


@pytest.mark.parametrize("target", WAYS_OUT, ids=lambda target: target[:30])
def test_there_is_no_way_out_of_the_static_folder(kind: str, serve: Serve, trap: Path, target: str) -> None:
    served = serve(Spec("sample_apps.static_pages:StaticPages", kind, (("folder", trap),)))
    (answer,), _ = exchange(served.connect(), [raw(target)], ["GET"])
    assert (answer.status, answer.body) == (404, b"own page")


def test_a_link_within_the_static_folder_is_followed(kind: str, serve: Serve, trap: Path) -> None:
    served = serve(Spec("sample_apps.static_pages:StaticPages", kind, (("folder", trap),)))
    assert Talk(served.url)("GET", "/link-in.txt").text == "inside"


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/", 200, "try /hello?name=you or /add?a=2&b=3\n"),
        ("/hello", 200, "Hello, world!\n"),
        ("/hello?name=J%C3%BCrgen", 200, "Hello, Jürgen!\n"),
        ("/add?a=2&b=3", 200, "5\n"),
        ("/add?a=two", 400, "a and b must be whole numbers\n"),
        ("/nowhere", 404, "there is nothing here\n"),
    ],
)
def test_the_router_calls_the_function_of_the_path(router: Talk, path: str, status: int, text: str) -> None:
    answer = router("GET", path)
    answer.encoding = "utf-8"
    assert (answer.status_code, answer.text) == (status, text)


def test_flask_index_has_one_page(kind: str, serve: Serve) -> None:
    talk = Talk(serve(Spec("sample_apps.flask_index:app", kind)).url)
    assert "<h1>Index</h1>" in talk("GET", "/index/").text
    assert talk("GET", "/index").headers["Location"].endswith("/index/")
    assert talk("GET", "/").status_code == 404


def test_app_run_reaches_our_server() -> None:
    line = [sys.executable, "-m", "sample_apps.flask_index", "--port", "0"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            url = next(found[0] for line in process.stdout if (found := re.search(r"http://[^\s/]+", line)))
            answer = requests.get(f"{url}/index/", timeout=20)
        finally:
            process.terminate()
    assert (answer.headers["Server"], answer.status_code) == ("wsgiserve", 200)
