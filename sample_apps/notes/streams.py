"""Responses that go out while they are made: an export, and server-sent events for the page ``/live``."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from flask import Blueprint, Response, render_template, request, stream_with_context

from . import database

__all__ = ["blueprint"]

blueprint = Blueprint("streams", __name__)

POLL_SECONDS = 0.5


@blueprint.get("/export.txt")
def export() -> Response:
    """All notes as text, each sent as soon as it is read."""
    return Response(stream_with_context(as_text()), mimetype="text/plain")


def as_text() -> Iterator[str]:
    """One block per note."""
    yield "All notes\n=========\n"
    for note in database.every():
        yield f"\n{note.title}\nby {note.author}\n\n{note.text}\n"


@blueprint.get("/live")
def live() -> str:
    """A page that shows new notes as they come."""
    return render_template("live.html")


@blueprint.get("/feed")
def feed() -> Response:
    """Server-sent events, one per note after ``Last-Event-ID``; ends after ``?limit=`` events if that is given."""
    last = request.headers.get("Last-Event-ID", default=0, type=int)
    limit = request.args.get("limit", type=int)
    events = stream_with_context(new_notes(last, limit))
    return Response(events, mimetype="text/event-stream", headers={"Cache-Control": "no-store"})


def new_notes(last: int, limit: int | None) -> Iterator[str]:
    """Wait for notes and tell each one. The stream has no end of its own: the client closes it."""
    # A comment line first: the browser learns at once that the stream is open.
    yield ": open\n\n"
    sent = 0
    while limit is None or sent < limit:
        for note in database.since(last)[: None if limit is None else limit - sent]:
            last, sent = note.id, sent + 1
            data = json.dumps({"id": note.id, "title": note.title, "author": note.author})
            yield f"id: {note.id}\ndata: {data}\n\n"
        if limit is None or sent < limit:
            time.sleep(POLL_SECONDS)
            # Also how a closed browser is noticed: writing to it fails, and the server closes this generator.
            yield ": still here\n\n"
