"""WebOb, whose response is the application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webob import Response
from webob.dec import wsgify
from webob.exc import HTTPFound, HTTPNotFound
from webob.static import FileApp


@wsgify
def app(request: Any) -> Any:
    path = request.path_info
    if path == "/":
        return Response(text="hello from webob")
    if path == "/json":
        return Response(json_body={"got": request.json_body})
    if path == "/form":
        return Response(text=f"{request.POST['name']} {len(request.POST['file'].file.read())}")
    if path == "/stream":
        return Response(app_iter=(f"{number},".encode() for number in range(10)), content_type="text/plain")
    if path == "/file":
        return FileApp(str(Path(__file__).with_name("__init__.py")))
    if path == "/go":
        return HTTPFound(location="/")
    if path == "/cookies":
        response = Response(text="set")
        response.set_cookie("one", "1")
        response.set_cookie("two", "2", httponly=True)
        return response
    if path == "/error":
        raise KeyError("sku")
    if path.startswith("/path/"):
        return Response(text=path.removeprefix("/path/"))
    return HTTPNotFound()
