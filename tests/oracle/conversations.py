"""What a client does with each sample application, through ``requests``, as a person with a browser would.

A conversation takes a session whose ``get``, ``post`` and so on add the server's address, and yields its responses.
It must not depend on what other conversations did: each gets servers of its own.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import requests

__all__ = ["CONVERSATIONS", "Conversation", "Talk"]


class Talk:
    """A ``requests`` session with one server."""

    def __init__(self, url: str, verify: bool = True) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = verify

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request; redirects are not followed, so that each response is seen."""
        options = {"allow_redirects": False, "timeout": 20, **options}
        return self.session.request(method, self.url + path, **options)


@dataclass(frozen=True)
class Conversation:
    """With one application; ``arguments`` as in ``serving.Spec``."""

    application: str
    run: Callable[[Talk], Iterator[requests.Response]]
    arguments: tuple[tuple[str, object], ...] | None = None


def plain_text(talk: Talk) -> Iterator[requests.Response]:
    """Any method, any path."""
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        yield talk(method, "/any/path?and=query")
    yield talk("POST", "/", data=b"x" * 100_000)


def static_pages(talk: Talk) -> Iterator[requests.Response]:
    """Pages, types, what is not there, methods."""
    for path in ("/", "/style.css", "/road.svg", "/road/", "/road", "/nowhere", "/404.html"):
        yield talk("GET", path)
        yield talk("HEAD", path)
    yield talk("POST", "/")  # no content: werkzeug's server waits for more of what comes after it began to answer


def router(talk: Talk) -> Iterator[requests.Response]:
    """Every route, with and without arguments."""
    for path in ("/", "/hello", "/hello?name=J%C3%BCrgen", "/add?a=2&b=3", "/add?a=two", "/nowhere"):
        yield talk("GET", path)


def shortly(talk: Talk) -> Iterator[requests.Response]:
    """Make a link, follow it, look at its visits, and make mistakes."""
    yield talk("GET", "/")
    yield talk("GET", "/static/shortly.css")
    yield talk("GET", "/static/missing.css")
    yield talk("POST", "/", data={"url": "javascript:alert(1)"})
    yield talk("POST", "/", data={})
    made = talk("POST", "/", data={"url": "https://example.org/a?b=c&d=%C3%BC"})
    yield made
    yield talk("GET", made.headers["Location"])
    yield talk("GET", "/1")
    yield talk("GET", "/1/details")
    yield talk("GET", "/zzz")
    yield talk("PUT", "/1")


def flask_index(talk: Talk) -> Iterator[requests.Response]:
    """The page, the redirect to its slash, and what is not there."""
    yield talk("GET", "/index/")
    yield talk("HEAD", "/index/")
    yield talk("GET", "/index?a=b")
    yield talk("GET", "/")
    yield talk("POST", "/index/")


def notes(talk: Talk) -> Iterator[requests.Response]:
    """Sign in, write with an attachment, read, stream, download in part, delete, fail."""
    yield talk("GET", "/")
    yield talk("POST", "/notes", data={"title": "not signed in"})
    yield talk("POST", "/sign-in", data={"name": "Ada Lovelace"})
    yield talk("GET", "/")
    attachment = ("engine ü.txt", io.BytesIO(b"punched card\n" * 20_000), "text/plain")
    yield talk("POST", "/notes", data={"title": "Engine", "text": "über\nall"}, files={"attachment": attachment})
    yield talk("POST", "/notes", data={"title": "Second", "text": ""})
    yield talk("POST", "/notes", data={"title": ""})
    yield talk("GET", "/notes/1")
    yield talk("GET", "/notes/1/attachment")
    yield talk("HEAD", "/notes/1/attachment")
    yield talk("GET", "/notes/1/attachment", headers={"Range": "bytes=10-29"})
    yield talk("GET", "/notes/2/attachment")
    yield talk("GET", "/export.txt")
    yield talk("HEAD", "/export.txt")
    yield talk("GET", "/feed?limit=2", headers={"Accept": "text/event-stream"})
    yield talk("GET", "/feed?limit=1", headers={"Last-Event-ID": "1"})
    yield talk("GET", "/live")
    yield talk("GET", "/static/notes.css")
    yield talk("GET", "/broken")
    yield talk("DELETE", "/notes/1")
    yield talk("POST", "/notes/1/delete")
    yield talk("GET", "/notes/1")
    yield talk("POST", "/sign-out")


def too_large_upload(talk: Talk) -> Iterator[requests.Response]:
    """An upload over the application's limit: refused unread, and the client still reads the answer."""
    yield talk("POST", "/sign-in", data={"name": "Ada"})
    yield talk("POST", "/notes", data=b"x" * (9 << 20), headers={"Content-Type": "application/x-www-form-urlencoded"})


def chunked_upload(talk: Talk) -> Iterator[requests.Response]:
    """A form whose length nobody knew before it was sent."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    yield talk("POST", "/sign-in", data=iter([b"name=", b"Ad", b"a+Byron"]), headers=form)
    yield talk("GET", "/")


def django(talk: Talk) -> Iterator[requests.Response]:
    """Sign the book with and without its token, upload, download, stream, static files."""
    page = talk("GET", "/")
    yield page
    yield talk("POST", "/", data={"name": "no token"})
    token = {"csrfmiddlewaretoken": re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page.text)[0]}
    yield talk("POST", "/", data={**token, "name": "", "words": "no name"})
    photo = {"photo": ("me ü.png", b"\x89PNG" + bytes(range(256)) * 400, "image/png")}
    yield talk("POST", "/", data={**token, "name": "Grace", "words": "Hello, wörld"}, files=photo)
    yield talk("GET", "/")
    yield talk("GET", "/photos/1")
    yield talk("GET", "/photos/2")
    yield talk("GET", "/entries.csv")
    yield talk("HEAD", "/")
    yield talk("GET", "/static/guestbook/book.css")
    yield talk("GET", "/static/../settings.py")
    yield talk("PATCH", "/")


def behaviours(talk: Talk) -> Iterator[requests.Response]:
    """The list of behaviours, and those that are right however they are asked for."""
    yield talk("GET", "/")
    yield talk("GET", "/nowhere/at/all")
    for name in ("one_block", "list_of_blocks", "generator", "write_only", "large", "file_with_length", "file_like"):
        yield talk("GET", f"/output/{name}")
    # Those that read to the end would wait for ever in werkzeug; cases.py has them.
    for name in ("exact", "half", "nothing", "zero_bytes"):
        yield talk("POST", f"/reading/{name}", data=b"first line\nsecond line\nno end")
    yield talk("POST", "/reading/echo_while_reading", data=bytes(range(256)) * 256)
    yield talk("GET", "/fields/cookies?a=1&b=%20", headers={"Accept": "x", "X-Name": "a, b", "X_Under": "dropped"})


CONVERSATIONS = {
    "plain_text": Conversation("sample_apps.plain_text:app", plain_text),
    "static_pages": Conversation("sample_apps.static_pages:app", static_pages),
    "router": Conversation("sample_apps.router:app", router),
    "shortly": Conversation("sample_apps.shortly:create_app", shortly, ()),
    "shortly_bare": Conversation("sample_apps.shortly:create_app", shortly, (("with_static", False),)),
    "flask_index": Conversation("sample_apps.flask_index:app", flask_index),
    "notes": Conversation("sample_apps.notes:create_app", notes, ()),
    "too_large_upload": Conversation("sample_apps.notes:create_app", too_large_upload, ()),
    "chunked_upload": Conversation("sample_apps.notes:create_app", chunked_upload, ()),
    "django": Conversation("sample_apps.django_project.wsgi:application", django),
    "behaviours": Conversation("sample_apps.behaviours:app", behaviours),
}
