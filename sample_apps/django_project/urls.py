"""Which path is which view."""
# Django ships no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("sample_apps.django_project.guestbook.urls"))]
