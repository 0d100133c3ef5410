"""Which path is which view."""
# Django ships no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.book, name="book"),
    path("photos/<int:number>", views.photo, name="photo"),
    path("entries.csv", views.entries_csv, name="csv"),
]
