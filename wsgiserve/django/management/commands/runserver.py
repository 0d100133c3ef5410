"""``manage.py runserver``, with our server and our reloader.

Everything that Django's command does with its options and its words is inherited; only what serves is ours.
Source: Django 5.2 ``management.commands.runserver``, and that of ``contrib.staticfiles``.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from wsgiserve.banner import Banner
from wsgiserve.cli import CommandLine
from wsgiserve.command import Command as OurCommand
from wsgiserve.config import Config, options
from wsgiserve.environment import Environment
from wsgiserve.frameworks import framework_label
from wsgiserve.importer import LoadedApp
from wsgiserve.settings import Settings

if apps.is_installed("django.contrib.staticfiles"):
    from django.contrib.staticfiles.management.commands.runserver import Command as DjangosCommand
else:
    from django.core.management.commands.runserver import Command as DjangosCommand

__all__ = ["Command"]

_INTERRUPTED = 130

# Options that the worker needs, by the names that Django gave them.
_PASSED_ON = ("skip_checks", "use_static_handler", "insecure_serving")


class Command(DjangosCommand):  # type: ignore[misc]  # Django has no types
    """The command."""

    help = "Starts wsgiserve for development, as Django's runserver starts its server."

    def run(self, **given: Any) -> None:
        """Serve until Ctrl-C, which is a good end here."""
        passed_on = {name: given[name] for name in _PASSED_ON if name in given}
        loaded = None
        if not given["use_reloader"]:
            self.look_over(**passed_on)
            application = self.get_handler(**passed_on)
            loaded = LoadedApp(application, settings.WSGI_APPLICATION or "django", framework_label(application), "")
        code = self._serve(given, passed_on, loaded)
        if code == _INTERRUPTED and given.get("shutdown_message"):
            self.stdout.write(given["shutdown_message"])
        sys.exit(0 if code == _INTERRUPTED else code)

    def look_over(self, *, skip_checks: bool = False, **_: Any) -> None:
        """Django's checks, and whether migrations wait to be applied.

        Raises:
            SystemCheckError: something is wrong with the project.
        """
        if not skip_checks:
            self.stdout.write("Performing system checks...\n\n")
            self.check(**BaseCommand.get_check_kwargs(self, {}), display_num_errors=True)
        self.check_migrations()
        for connection in connections.all(initialized_only=True):
            connection.close()

    def _serve(self, given: dict[str, Any], passed_on: dict[str, bool], loaded: LoadedApp | None) -> int:
        config = Config(
            app=f"wsgiserve.django.project:make_application({passed_on!r})",
            app_dir=str(Path.cwd()),
            host=(self.addr if self.addr != "0" else "0.0.0.0",),
            port=int(self.port),
            mode="dev" if settings.DEBUG else "prod",
            reload=given["use_reloader"],
            concurrency="pool" if given["use_threading"] else "single",
            color="never" if given.get("no_color") else "always" if given.get("force_color") else "auto",
        )
        sources = dict.fromkeys(options(), "default") | {"app": "APP", "mode": "settings.DEBUG"}
        # The worker finds the settings where this process has found them.
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings.SETTINGS_MODULE)
        command = OurCommand(CommandLine(options()), sys.argv[1:])
        return command.serve(Settings(config, sources, Environment()), loaded, partial(self._greet, given))

    def _greet(self, given: dict[str, Any], banner: Banner) -> str:
        """In Django's own words, which editors look for."""
        self.on_bind(banner.addresses[0][1])  # type: ignore[index]  # of TCP, always
        return "".join(f"WARNING {note}\n" for note in banner.notes)
