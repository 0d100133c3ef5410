"""The application that a worker of ``runserver`` loads: Django is set up, looks itself over, and hands out its handler.

Source: Django 5.2 ``management.commands.runserver.Command.inner_run``, whose steps these are.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wsgiserve.watched import watch

if TYPE_CHECKING:
    from wsgiserve.wsgi.gateway import Application

__all__ = ["make_application"]


def make_application(options: dict[str, bool]) -> Application:
    """A factory, called in each new worker.

    Args:
        options: of the command, those that are said here: ``skip_checks``, and about static files.
    """
    # Apps look at it in AppConfig.ready(), to tell the process that serves from the one that only watches.
    os.environ["RUN_MAIN"] = "true"
    import django

    django.setup()
    from wsgiserve.django.management.commands.runserver import Command

    command = Command()
    command.look_over(**options)
    _watch_what_settings_name()
    application: Application = command.get_handler(**options)
    return application


def _watch_what_settings_name() -> None:
    """Templates and translations that are kept outside of the project."""
    from django.conf import settings

    folders = [folder for engine in settings.TEMPLATES for folder in engine.get("DIRS", ())]
    watch(*(folder for folder in [*folders, *settings.LOCALE_PATHS] if Path(folder).is_dir()))
