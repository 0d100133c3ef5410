"""Makes the table of entries."""
# Django ships no types.
# mypy: disable-error-code="import-untyped,misc"

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """As ``makemigrations`` wrote it."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar[list[migrations.CreateModel]] = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("words", models.TextField(max_length=500)),
                ("photo", models.FileField(blank=True, upload_to="entries")),
            ],
            options={"ordering": ("-id",)},
        ),
    ]
