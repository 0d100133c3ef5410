"""A notebook on Flask, as people write Flask applications: blueprints, templates, sessions, SQLite, files, streams.

    wsgiserve sample_apps.notes
    curl -i http://127.0.0.1:8000/

Sign in with any name and write notes with attachments. ``/export.txt`` streams all notes as they are read from the
database; ``/feed`` is a stream of server-sent events, shown by the page ``/live``; ``/broken`` fails on purpose and
shows the error page.
"""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ..data import data_folder
from . import database, pages, streams

__all__ = ["app", "create_app"]

UPLOAD_BYTES = 8 * 1024 * 1024


def create_app(data: str | None = None) -> Flask:
    """Build the application; its database and uploads live in ``data``, which is made with the first note."""
    flask = Flask(__name__)
    flask.config.update(
        DATA=Path(data) if data else data_folder("notes"),
        MAX_CONTENT_LENGTH=UPLOAD_BYTES,
        # Fixed, so that every process of a server can read every session. A public site sets its own.
        SECRET_KEY=os.environ.get("NOTES_SECRET_KEY", "for the sample only"),
        # Another site's form does not carry the cookie, so it cannot write notes in a visitor's name.
        SESSION_COOKIE_SAMESITE="Lax",
    )
    flask.teardown_appcontext(database.close)
    flask.register_blueprint(pages.blueprint)
    flask.register_blueprint(streams.blueprint)
    flask.register_error_handler(HTTPException, error_page)
    return flask


def error_page(error: HTTPException) -> Response:
    """The one page for every HTTP error; an exception in a view arrives here as a 500."""
    # The error's own response, with our page in it: a 405 keeps its Allow header.
    response = Response.force_type(error.get_response())
    response.set_data(render_template("error.html", error=error))
    return response


app = create_app()
