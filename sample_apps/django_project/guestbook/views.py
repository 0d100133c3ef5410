"""The guest book's page, the photos in it, and a streamed export."""
# Django ships no types.
# mypy: disable-error-code="import-untyped,untyped-decorator"

from __future__ import annotations

import csv
from collections.abc import Iterator

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from .forms import EntryForm
from .models import Entry

__all__ = ["book", "entries_csv", "photo"]

PAGE_ENTRIES = 50


@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest) -> HttpResponse:
    """Show the newest entries and the form; store what is sent."""
    form = EntryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Thank you for your visit.")
        return redirect("book")
    status = 400 if form.errors else 200
    return render(
        request, "guestbook/book.html", {"form": form, "entries": Entry.objects.all()[:PAGE_ENTRIES]}, status=status
    )


@require_GET
def photo(request: HttpRequest, number: int) -> FileResponse:
    """An entry's photo as a download, by the server's ``wsgi.file_wrapper``."""
    entry = get_object_or_404(Entry, pk=number)
    if not entry.photo:
        raise Http404("This entry has no photo.")
    return FileResponse(entry.photo.open("rb"), as_attachment=True)


@require_GET
def entries_csv(request: HttpRequest) -> StreamingHttpResponse:
    """All entries as CSV, a row at a time."""
    return StreamingHttpResponse(rows(), content_type="text/csv; charset=utf-8")


class Echo:
    """A file whose ``write`` returns the line, for ``csv.writer``."""

    def write(self, line: str) -> str:
        return line


def rows() -> Iterator[str]:
    """The head of the table, then one line per entry, oldest first."""
    writer = csv.writer(Echo())
    yield writer.writerow(["name", "words"])
    for entry in Entry.objects.order_by("id").iterator():
        yield writer.writerow([entry.name, entry.words])
