"""Pyramid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.response import FileResponse, Response


def index(request: Any) -> Response:
    return Response("hello from pyramid")


def give_back(request: Any) -> Response:
    return Response(json_body={"got": request.json_body})


def form(request: Any) -> Response:
    return Response(f"{request.POST['name']} {len(request.POST['file'].file.read())}")


def stream(request: Any) -> Response:
    return Response(app_iter=(f"{number},".encode() for number in range(10)), content_type="text/plain")


def file(request: Any) -> Response:
    return FileResponse(Path(__file__).with_name("__init__.py"), request=request)


def go(request: Any) -> Response:
    return HTTPFound("/")


def cookies(request: Any) -> Response:
    response = Response("set")
    response.set_cookie("one", "1")
    response.set_cookie("two", "2", httponly=True)
    return response


def error(request: Any) -> Response:
    raise KeyError("sku")


def path(request: Any) -> Response:
    return Response(request.matchdict["name"])


VIEWS: dict[str, Callable[[Any], Response]] = {
    "": index,
    "json": give_back,
    "form": form,
    "stream": stream,
    "file": file,
    "go": go,
    "cookies": cookies,
    "error": error,
    "path/{name}": path,
}

with Configurator() as config:
    for pattern, view in VIEWS.items():
        config.add_route(pattern, f"/{pattern}")
        config.add_view(view, route_name=pattern)
    app = config.make_wsgi_app()
