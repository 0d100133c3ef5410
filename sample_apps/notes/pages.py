"""The pages a person sees: the list, one note, sign-in, and the forms behind them."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, session, url_for
from werkzeug.wrappers import Response

from . import database

__all__ = ["blueprint"]

blueprint = Blueprint("pages", __name__)

LIST_NOTES = 50
NAME_CHARACTERS = 40
TITLE_CHARACTERS = 120


@blueprint.get("/")
def index() -> str:
    """The newest notes, and the form for another one."""
    return render_template("index.html", notes=database.latest(LIST_NOTES))


@blueprint.post("/sign-in")
def sign_in() -> Response:
    """Any name will do: this is a notebook, not a bank."""
    name = request.form.get("name", "").strip()[:NAME_CHARACTERS]
    if name:
        session["name"] = name
    else:
        flash("Please enter a name.")
    return redirect(url_for(".index"))


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """Forget the name."""
    session.clear()
    return redirect(url_for(".index"))


@blueprint.post("/notes")
def write() -> Response:
    """Store a note and its attachment."""
    author = session.get("name") or abort(403, "Sign in to write a note.")
    title = request.form.get("title", "").strip()[:TITLE_CHARACTERS]
    if not title:
        flash("A note needs a title.")
        return redirect(url_for(".index"))
    file = request.files.get("attachment")
    name = file.filename or "" if file else ""
    number = database.add(author, title, request.form.get("text", "").strip(), name)
    if file and name:
        file.save(database.attachment_path(number))
    flash("The note is stored.")
    return redirect(url_for(".show", number=number))


@blueprint.get("/notes/<int:number>")
def show(number: int) -> str:
    """One note."""
    return render_template("note.html", note=note_or_404(number))


@blueprint.post("/notes/<int:number>/delete")
def delete(number: int) -> Response:
    """Delete one's own note."""
    if note_or_404(number).author != session.get("name"):
        abort(403, "Only its author can delete a note.")
    database.remove(number)
    flash("The note is deleted.")
    return redirect(url_for(".index"))


@blueprint.get("/notes/<int:number>/attachment")
def attachment(number: int) -> Response:
    """Download the file, under the name it was uploaded with; never shown as a page of this site."""
    note = note_or_404(number)
    if not note.attachment:
        abort(404)
    path = database.attachment_path(number)
    return send_file(path, "application/octet-stream", as_attachment=True, download_name=note.attachment)


@blueprint.get("/broken")
def broken() -> str:
    """Fail, to show the error page."""
    raise RuntimeError("this page fails on purpose")


def note_or_404(number: int) -> database.Note:
    """The note, or the error page."""
    return database.get(number) or abort(404, "There is no such note.")
