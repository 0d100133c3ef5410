"""The applications. A WebSocket at /echo gives back what it gets, and does what some words say."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_sock import Sock
from flask_socketio import SocketIO

__all__ = ["make_sock", "make_socketio"]

_PAGE = """<!doctype html><title>echo</title><body><script>
const ws = new WebSocket(`ws://${location.host}/echo`);
ws.binaryType = "arraybuffer";
ws.onopen = () => { ws.send("from the page"); ws.send(new Uint8Array(70000)); ws.send("close"); };
ws.onmessage = (event) => {
  document.body.append(typeof event.data === "string" ? `text ${event.data}; ` : `binary ${event.data.byteLength}; `);
};
ws.onclose = (event) => document.body.append(`closed ${event.code} ${event.reason} ${event.wasClean}`);
</script>"""


def make_sock() -> Flask:
    """With Flask-Sock."""
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: _PAGE)

    @Sock(app).route("/echo")  # type: ignore[untyped-decorator]
    def echo(ws: Any) -> None:
        while (message := ws.receive()) is not None:
            if message == "close":
                ws.close(4000, "as you wish")
            if message == "raise":
                raise KeyError("sku")
            ws.send(message)

    return app


def make_socketio() -> Flask:
    """With Flask-SocketIO, in its mode of threads."""
    app = Flask(__name__)
    socketio = SocketIO(app, async_mode="threading")

    @socketio.on("add")  # type: ignore[untyped-decorator]
    def add(numbers: list[int]) -> int:
        socketio.emit("added", {"sum": sum(numbers)})
        return sum(numbers)

    return app
