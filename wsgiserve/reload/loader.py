"""How a worker comes by its application: a function to call, told in words that another process understands.

Knows neither applications nor frameworks.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from wsgiserve.importer import LoadedApp

__all__ = ["Loader"]


class Loader(NamedTuple):
    """A function that imports the user's code and returns a ``LoadedApp``, or raises a ``UserError``."""

    function: str
    """``module:name``; the supervisor never imports it."""
    arguments: Mapping[str, Any]
    """By name; they travel as JSON."""

    def load(self) -> LoadedApp:
        """Call it.

        Raises:
            UserError: there is no application.
        """
        module, _, name = self.function.partition(":")
        loaded: LoadedApp = getattr(import_module(module), name)(**self.arguments)
        return loaded
