"""What applications do: each behaviour is one that PEP 3333 allows, or forbids and says what follows.

A behaviour's name is the last segment of its path. Those that have something to tell note it in the journal that the
query names.
"""

from wsgiserve.conform.behaviours import bodies, calls, files, reading
from wsgiserve.conform.behaviours.common import BEHAVIOURS, content

__all__ = ["BEHAVIOURS", "bodies", "calls", "content", "files", "reading"]
