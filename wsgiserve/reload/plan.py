"""What the workers of a supervisor are to run, and how they are told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wsgiserve.environment import Environment
from wsgiserve.reload.loader import Loader

if TYPE_CHECKING:
    from wsgiserve.config import Config
    from wsgiserve.process.channel import Message
    from wsgiserve.reload.failure import Failure

__all__ = ["Plan"]


class Plan(NamedTuple):
    """The same for every worker."""

    config: Config
    loader: Loader
    app: str
    """What the loader loads, as a person would call it."""
    found_by: str
    directory: Path
    environment: Environment = Environment()
    url: str = ""
    """Of the page that is served while there is no application."""

    def order(self, failure: Failure | None = None) -> Message:
        """A worker's first message, as far as it follows from the plan; see ``worker.py``.

        Args:
            failure: to be explained, in place of the application.
        """
        return {
            # The mode may follow from who started this process, which the worker could not tell.
            "config": vars(self.config.replaced(mode=self.config.effective_mode()[0])),
            "loader": self.loader,
            "app": self.app,
            "found_by": self.found_by,
            "env_files": [str(file) for file in self.environment.files],
            "failure": failure._asdict() if failure is not None else None,
        }
