"""A Flask application of one route, for what a framework adds."""

from __future__ import annotations

import flask

from benchmarks.apps import BODY

app = flask.Flask(__name__)


@app.get("/")
def hello() -> flask.Response:
    """The same thirteen bytes as without Flask."""
    return flask.Response(BODY, mimetype="text/plain")
