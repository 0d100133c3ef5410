"""Django's commands for this project: ``python -m sample_apps.django_project.manage check``."""
# Django ships no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sample_apps.django_project.settings")
    execute_from_command_line(sys.argv)
