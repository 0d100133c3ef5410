"""Falcon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import falcon
from falcon import Request, Response


class Resource:
    """Paths and what they do: Falcon wants a method for each HTTP method."""

    def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "hello from falcon"

    on_head = on_get

    def on_post_json(self, req: Request, resp: Response) -> None:
        resp.media = {"got": req.get_media()}

    def on_post_form(self, req: Request, resp: Response) -> None:
        parts: dict[str, Any] = {part.name: part.stream.read() for part in req.get_media()}
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = f"{parts['name'].decode()} {len(parts['file'])}"

    def on_get_stream(self, req: Request, resp: Response) -> None:
        resp.content_type = falcon.MEDIA_TEXT
        resp.stream = (f"{number},".encode() for number in range(10))

    def on_get_file(self, req: Request, resp: Response) -> None:
        resp.content_type = "text/x-python; charset=utf-8"
        resp.stream = Path(__file__).with_name("__init__.py").open("rb")

    def on_get_go(self, req: Request, resp: Response) -> None:
        raise falcon.HTTPFound("/")

    def on_get_cookies(self, req: Request, resp: Response) -> None:
        resp.set_cookie("one", "1")
        resp.set_cookie("two", "2")
        resp.text = "set"

    def on_get_error(self, req: Request, resp: Response) -> None:
        raise KeyError("sku")

    def on_get_path(self, req: Request, resp: Response, name: str) -> None:
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = name


app = falcon.App()
app.add_route("/", Resource())
for suffix in ("json", "form", "stream", "file", "go", "cookies", "error"):
    app.add_route(f"/{suffix}", Resource(), suffix=suffix)
app.add_route("/path/{name}", Resource(), suffix="path")
