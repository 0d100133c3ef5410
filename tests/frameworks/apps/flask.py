"""Flask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, request, send_file

app = Flask(__name__)


@app.get("/")
def index() -> str:
    return "hello from flask"


@app.post("/json")
def give_back() -> dict[str, Any]:
    return {"got": request.get_json()}


@app.post("/form")
def form() -> str:
    return f"{request.form['name']} {len(request.files['file'].read())}"


@app.get("/stream")
def stream() -> Response:
    def blocks() -> Iterator[str]:
        for number in range(10):
            yield f"{number},"

    return Response(blocks(), mimetype="text/plain")


@app.get("/file")
def file() -> Response:
    return send_file(Path(__file__).with_name("__init__.py"))


@app.get("/go")
def go() -> Any:
    return redirect("/")


@app.get("/cookies")
def cookies() -> Response:
    response = Response("set")
    response.set_cookie("one", "1")
    response.set_cookie("two", "2", httponly=True)
    return response


@app.get("/error")
def error() -> str:
    raise KeyError("sku")


@app.get("/path/<name>")
def path(name: str) -> str:
    return name
