"""``manage.py runserver``, with our server and our reloader.

Everything that Django's command does with its options and its words is inherited; only what serves is ours.
Source: Django 5.2 ``management.commands.runserver``, and that of ``contrib.staticfiles``.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from wsgiserve.banner import Banner
from wsgiserve.cli import CommandLine
from wsgiserve.command import Command as OurCommand
from wsgiserve.config import Config, options
from wsgiserve.foreign import is_foreign
from wsgiserve.frameworks import framework_label
from wsgiserve.importer import LoadedApp
from wsgiserve.reload.loader import Loader
from wsgiserve.settings import Settings

# Not asked of the registry, which is empty when the project cannot be set up: see apps.py.
if any(name.startswith("django.contrib.staticfiles") for name in settings.INSTALLED_APPS):
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
        if given["use_reloader"]:
            code = self._serve(given, loader=self._loader(passed_on))
        else:
            code = self._serve(given, loaded=self.load(**passed_on))
        if code == _INTERRUPTED and given.get("shutdown_message"):
            self.stdout.write(given["shutdown_message"])
        sys.exit(0 if code == _INTERRUPTED else code)

    def load(self, **options: bool) -> LoadedApp:
        """Look the project over, and make its application.

        Raises:
            SystemCheckError: something is wrong with the project.
        """
        self.look_over(**options)
        application = self.get_handler(**options)
        return LoadedApp(application, settings.WSGI_APPLICATION or "django", framework_label(application), "")

    def _loader(self, options: dict[str, bool]) -> Loader:
        """For a worker, which is told what ``manage.py`` has done to its process before it came here."""
        command = f"{type(self).__module__}.{type(self).__qualname__}"
        arguments = {"settings": settings.SETTINGS_MODULE, "path": sys.path, "argv": sys.argv}
        return Loader("wsgiserve.django.project:load", {**arguments, "command": command, "options": options})

    def look_over(self, *, skip_checks: bool = False, **_: Any) -> None:
        """Django's checks, and whether migrations wait to be applied.

        Raises:
            SystemCheckError: something is wrong with the project.
        """
        if not settings.DEBUG and not settings.ALLOWED_HOSTS:
            raise CommandError("You must set settings.ALLOWED_HOSTS if DEBUG is False.")  # as at the start
        if not skip_checks:
            self.stdout.write("Performing system checks...\n\n")
            self.check(**BaseCommand.get_check_kwargs(self, {}), display_num_errors=True)
        self.check_migrations()
        for connection in connections.all(initialized_only=True):
            connection.close()
        self.stdout.flush()  # before others write to the same place

    def _serve(self, given: dict[str, Any], **made: Any) -> int:
        config = Config(
            app=settings.WSGI_APPLICATION or settings.SETTINGS_MODULE,
            app_dir=str(_project()),
            host=(self.addr if self.addr != "0" else "0.0.0.0",),
            port=int(self.port),
            mode="dev" if settings.DEBUG else "prod",
            reload=given["use_reloader"],
            concurrency="pool" if given["use_threading"] else "single",
            color="never" if given.get("no_color") else "always" if given.get("force_color") else "auto",
        )
        sources = dict.fromkeys(options(), "default") | {"app": "APP", "mode": "settings.DEBUG"}
        command = OurCommand(CommandLine(options()), sys.argv[1:])
        return command.serve(
            Settings(config, sources),
            greet=partial(self._greet, given),
            typed=self._typed(given),
            **made,
        )

    def _typed(self, given: dict[str, Any]) -> list[str]:
        """The command, with the address that it may have left to be filled in."""
        host = f"[{self.addr}]" if self._raw_ipv6 else self.addr
        return ["python", *(word for word in sys.argv if word != given.get("addrport")), f"{host}:{self.port}"]

    def _greet(self, given: dict[str, Any], banner: Banner) -> str:
        """In Django's own words, which editors look for."""
        self.on_bind(banner.addresses[0][1])  # type: ignore[index]  # of TCP, always
        return "".join(f"WARNING {note}\n" for note in banner.notes)


def _project() -> Path:
    """The directory of ``manage.py``; for ``django-admin`` the current one."""
    script = Path(sys.argv[0]).absolute()
    return script.parent if script.suffix == ".py" and not is_foreign(str(script)) else Path.cwd()
