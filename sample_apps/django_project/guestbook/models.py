"""One table: the entries of the guest book."""
# Django ships no types.
# mypy: disable-error-code="import-untyped,misc"

from __future__ import annotations

from django.db import models

__all__ = ["Entry"]


class Entry(models.Model):
    """What one visitor left. The photo is kept under a name of ours, below MEDIA_ROOT."""

    name = models.CharField(max_length=60)
    words = models.TextField(max_length=500)
    photo = models.FileField(blank=True, upload_to="entries")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name}: {self.words}"
