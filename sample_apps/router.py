"""A router: a dict of paths to functions, as an application object.

    wsgiserve sample_apps.router
    curl -i 'http://127.0.0.1:8000/add?a=2&b=3'

Here the application is an object with ``__call__``, and a function of the program (a view) takes the environ and
returns a page. Frameworks begin where this module ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Page", "Router", "app"]


class Page(NamedTuple):
    """What a view returns: text, and the status if it is not 200."""

    text: str
    status: HTTPStatus = HTTPStatus.OK


View = Callable[["WSGIEnvironment"], Page]


class Router:
    """Calls the view that stands at PATH_INFO in ``routes``; an unknown path is a 404."""

    def __init__(self, routes: Mapping[str, View]) -> None:
        self.routes = dict(routes)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        view = self.routes.get(environ["PATH_INFO"], not_found)
        page = view(environ)
        body = page.text.encode()
        status = f"{page.status.value} {page.status.phrase}"
        start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
        return [body]


def home(environ: WSGIEnvironment) -> Page:
    """Say which paths there are."""
    return Page("try /hello?name=you or /add?a=2&b=3\n")


def hello(environ: WSGIEnvironment) -> Page:
    """Greet ``?name=``."""
    return Page(f"Hello, {argument(environ, 'name', 'world')}!\n")


def add(environ: WSGIEnvironment) -> Page:
    """Add ``?a=`` and ``?b=``; what is no number is the client's mistake."""
    try:
        a, b = int(argument(environ, "a", "0")), int(argument(environ, "b", "0"))
    except ValueError:
        return Page("a and b must be whole numbers\n", HTTPStatus.BAD_REQUEST)
    return Page(f"{a + b}\n")


def not_found(environ: WSGIEnvironment) -> Page:
    """The view of every path that has none."""
    return Page("there is nothing here\n", HTTPStatus.NOT_FOUND)


def argument(environ: WSGIEnvironment, name: str, default: str) -> str:
    """The first value of ``name`` in the query string, or ``default``."""
    query: str = environ.get("QUERY_STRING", "")
    return parse_qs(query).get(name, [default])[0]


app = Router({"/": home, "/hello": hello, "/add": add})
