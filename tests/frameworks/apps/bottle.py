"""Bottle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bottle import Bottle, redirect, request, response, static_file

app = Bottle()


@app.get("/")
def index() -> str:
    return "hello from bottle"


@app.post("/json")
def give_back() -> dict[str, Any]:
    return {"got": request.json}


@app.post("/form")
def form() -> str:
    return f"{request.forms.name} {len(request.files['file'].file.read())}"


@app.get("/stream")
def stream() -> Iterator[str]:
    response.content_type = "text/plain; charset=utf-8"
    for number in range(10):
        yield f"{number},"


@app.get("/file")
def file() -> Any:
    return static_file("__init__.py", root=Path(__file__).parent)


@app.get("/go")
def go() -> None:
    redirect("/", 302)


@app.get("/cookies")
def cookies() -> str:
    response.set_cookie("one", "1")
    response.set_cookie("two", "2", httponly=True)
    return "set"


@app.get("/error")
def error() -> str:
    raise KeyError("sku")


@app.get("/path/<name>")
def path(name: str) -> str:
    return name
