"""Whose code a file is. On the ground, since both the server and what stands above it point at lines of the user's."""

from __future__ import annotations

import os

__all__ = ["is_foreign"]

_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120 - compared with texts
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def is_foreign(filename: str) -> bool:
    """Whether code is the interpreter's, or installed; what is left is the user's, or ours."""
    return filename.startswith(_STANDARD_LIBRARY) or any(part in filename for part in _INSTALLED)
