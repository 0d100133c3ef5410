"""A URL shortener on Werkzeug, without a framework: a form, short links, a page with their visits.

    wsgiserve sample_apps.shortly                                         # links in SQLite
    wsgiserve 'sample_apps.shortly:create_app(redis_host="127.0.0.1")'    # links in Redis

Werkzeug brings the request, the response, the URL map and ``SharedDataMiddleware``; the application ties them
together. Where the links are kept is the business of ``links.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from ..data import data_folder
from .links import Links, RedisLinks, SQLiteLinks

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Shortly", "app", "create_app"]

HERE = Path(__file__).parent
URL_CHARACTERS = 2000


class Shortly:
    """The application: picks an endpoint by the URL map and calls the method of that name."""

    urls = Map(
        [
            Rule("/", endpoint="new", methods=["GET", "POST"]),
            Rule("/<code>", endpoint="follow", methods=["GET"]),
            Rule("/<code>/details", endpoint="details", methods=["GET"]),
        ]
    )

    def __init__(self, links: Links) -> None:
        self.links = links
        self.templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        return self.respond(request)(environ, start_response)

    def respond(self, request: Request) -> HTTPException | Response:
        """Dispatch; an HTTP error is a response like any other, and a missing page has one of ours."""
        try:
            endpoint, arguments = self.urls.bind_to_environ(request.environ).match()
            response: Response = getattr(self, endpoint)(request, **arguments)
        except NotFound:
            return self.page("missing.html", request, status=404)
        except HTTPException as error:
            return error
        return response

    def new(self, request: Request) -> Response:
        """The form; a URL sent with it gets a code."""
        if request.method != "POST":
            return self.page("new.html", request)
        url = request.form.get("url", "").strip()
        if error := complaint(url):
            return self.page("new.html", request, status=400, url=url, error=error)
        return redirect(f"{request.script_root}/{self.links.add(url)}/details")

    def follow(self, request: Request, code: str) -> Response:
        """Send the visitor on, and count the visit."""
        url = self.links.visit(code)
        if url is None:
            raise NotFound
        return redirect(url)

    def details(self, request: Request, code: str) -> Response:
        """Where the link leads, and how often it was followed."""
        link = self.links.find(code)
        if link is None:
            raise NotFound
        return self.page("details.html", request, link=link, short=f"{request.url_root}{code}")

    def page(self, template: str, request: Request, status: int = 200, **values: object) -> Response:
        """A rendered template as an HTML response."""
        text = self.templates.get_template(template).render(root=request.script_root, **values)
        return Response(text, status=status, mimetype="text/html")


def complaint(url: str) -> str | None:
    """What is wrong with a URL for a person to read, or None; only the web's two schemes may be a redirect's target."""
    if not url:
        return "Please enter an address."
    if len(url) > URL_CHARACTERS:
        return f"The address is longer than {URL_CHARACTERS} characters."
    try:
        parts = urlsplit(url)
    except ValueError:
        return "This is not a valid address."
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "The address must begin with http:// or https:// and name a host."
    return None


def create_app(
    redis_host: str | None = None, redis_port: int = 6379, with_static: bool = True, database: str | None = None
) -> WSGIApplication:
    """Build the application.

    Args:
        redis_host: of the Redis server that keeps the links; None keeps them in SQLite.
        redis_port: TCP port of that server.
        with_static: serve the files below ``/static`` too, by ``SharedDataMiddleware``.
        database: path of the SQLite file; by default below ``sample_apps.data.data_folder``.
    """
    links: Links
    if redis_host is not None:
        links = RedisLinks(redis_host, redis_port)
    else:
        links = SQLiteLinks(Path(database) if database else data_folder("shortly") / "links.sqlite3")
    application: WSGIApplication = Shortly(links)
    if with_static:
        exports: Mapping[str, str] = {"/static": str(HERE / "static")}
        application = SharedDataMiddleware(application, exports)
    return application


app = create_app()
