"""One behaviour per application: what PEP 3333 allows, what it forbids, and what programs do all the same.

    wsgiserve sample_apps.behaviours                        # all of them; / lists them
    curl -i http://127.0.0.1:8000/output/generator
    wsgiserve sample_apps.behaviours.output:generator       # one alone

Each application is a function whose docstring names the rule that it keeps or breaks. The tests run them to see what
a server makes of them, so some are wrong on purpose; none is an example to follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.util import shift_path_info

from . import bodiless, closing, environs, failures, fields, lengths, output, reading, starting, wrong_types

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["BEHAVIOURS", "app"]

MODULES = (output, starting, failures, closing, lengths, bodiless, fields, wrong_types, reading, environs)

BEHAVIOURS: dict[str, WSGIApplication] = {
    f"{module.__name__.rpartition('.')[2]}/{name}": getattr(module, name)
    for module in MODULES
    for name in module.__all__
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Hand the request to the behaviour that the first two segments of the path name, or list them all."""
    name = "/".join(environ["PATH_INFO"].split("/")[1:3])
    behaviour = BEHAVIOURS.get(name)
    if behaviour is None:
        return listing(environ, start_response)
    shift_path_info(environ)
    shift_path_info(environ)
    # Nothing stands between the behaviour and the server: what it returns, raises or writes goes through untouched.
    return behaviour(environ, start_response)


def listing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Every behaviour with the first line of its docstring; 404 unless the list itself was asked for."""
    lines = [f"/{name:<32} {str(behaviour.__doc__).splitlines()[0]}\n" for name, behaviour in BEHAVIOURS.items()]
    body = "".join(lines).encode()
    status = "200 OK" if environ["PATH_INFO"] in {"", "/"} else "404 Not Found"
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
