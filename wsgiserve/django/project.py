"""The application of a Django project, in a worker: a new process that is told what ``manage.py`` had found out.

Source: Django 5.2 ``utils.autoreload`` for the variable, and for the signal by which others name files to watch.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import SystemCheckError
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV, autoreload_started
from django.utils.module_loading import import_string

from wsgiserve import messages
from wsgiserve.errors import UserError
from wsgiserve.importer import LoadedApp
from wsgiserve.modules import loading_failed
from wsgiserve.watched import watch

__all__ = ["load"]

# Patterns of Django's own receivers; such files count anyway.
_USUAL = frozenset(["**/*", "**/*.mo"])

_COLORS = re.compile(r"\x1b\[[\d;]*m")


def load(
    settings: str, path: Sequence[str], argv: Sequence[str], command: str, options: Mapping[str, bool]
) -> LoadedApp:
    """Set the project up, check it, and make its application.

    Args:
        settings: the module of the settings.
        path: ``sys.path`` of ``manage.py``, with what that and ``--pythonpath`` have put there.
        argv: ``sys.argv``, at which applications look.
        command: the class of the command that was called.
        options: for it.
    Raises:
        UserError: settings, applications, checks, or the application itself.
    """
    sys.path[:], sys.argv[:] = path, argv
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    # Apps look at it in AppConfig.ready(), to tell the process that serves from the one that only watches.
    os.environ[DJANGO_AUTORELOAD_ENV] = "true"
    try:
        django.setup()
        autoreload_started.send(sender=_Watcher())
        loaded: LoadedApp = import_string(command)().load(**options)
    except (Exception, SystemExit) as error:
        raise _explained(settings, error) from error
    return loaded


def _explained(settings: str, error: BaseException) -> UserError:
    if isinstance(error, SystemCheckError):
        return messages.django_checks(_COLORS.sub("", str(error)).strip())
    if isinstance(error, ImproperlyConfigured) and isinstance(error.__cause__, ImportError):
        error = error.__cause__  # of WSGI_APPLICATION; Django does not say why
    return loading_failed(settings, error, full_traceback=False)


class _Watcher:
    """What receivers of ``autoreload_started`` take for Django's reloader, and tell what else to watch."""

    def __init__(self) -> None:
        self.extra_files = _Files()

    def watch_dir(self, path: str | os.PathLike[str], glob: str) -> None:
        """Files in a directory that match a pattern."""
        folder = Path(path).absolute()
        if folder.is_dir():
            watch(folder, *([] if glob in _USUAL else folder.glob(glob)))


class _Files(set[Path]):
    """Each file that is added is watched."""

    def add(self, path: Path) -> None:
        super().add(path)
        watch(path)
