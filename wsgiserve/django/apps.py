"""The application, as Django knows it.

When a project cannot be set up, ``manage.py runserver`` goes on without its applications, and so without their
commands: Django's own would serve. So ours stands in for it, as soon as Django has come to its line of
``INSTALLED_APPS``.
Source: Django 5.2 ``core.management.ManagementUtility.execute``.
"""

from __future__ import annotations

import sys
from typing import Any

from django.apps import AppConfig
from django.core import management

__all__ = ["WsgiserveConfig"]

_RUNSERVER = "runserver"


class WsgiserveConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    """Named ``wsgiserve``."""

    name = "wsgiserve.django"
    label = "wsgiserve"
    verbose_name = "wsgiserve"

    def __init__(self, app_name: str, app_module: Any) -> None:
        super().__init__(app_name, app_module)
        if sys.argv[1:2] == [_RUNSERVER] and management.load_command_class is _load_command_class:
            management.load_command_class = _stand_in


_load_command_class = management.load_command_class


def _stand_in(app_name: str, name: str) -> Any:
    """As Django's function. It is asked for Django's own command only if no application has one of that name."""
    ours = (app_name, name) == ("django.core", _RUNSERVER)
    return _load_command_class(WsgiserveConfig.name if ours else app_name, name)
