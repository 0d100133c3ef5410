"""The form that makes an entry."""
# Django ships no types.
# mypy: disable-error-code="import-untyped,misc"

from __future__ import annotations

from django import forms

from .models import Entry

__all__ = ["EntryForm"]


class EntryForm(forms.ModelForm):
    """Checked by the model's own rules."""

    class Meta:
        model = Entry
        fields = ("name", "words", "photo")
        widgets = {"words": forms.Textarea(attrs={"rows": 3})}  # noqa: RUF012 - Django reads it as written here
