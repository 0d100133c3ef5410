"""The WSGI application of the project.

    wsgiserve sample_apps.django_project.wsgi

A real project migrates when it is deployed and leaves static files to a web server; a sample must run with one
command, so both happen here.
"""
# Django ships no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import os

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connections

__all__ = ["application"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sample_apps.django_project.settings")

application = StaticFilesHandler(get_wsgi_application())

settings.DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
call_command("migrate", verbosity=0, interactive=False)
# A server may fork now, and a SQLite connection must not be carried into the child.
connections.close_all()
