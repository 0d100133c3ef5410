"""Where the samples keep databases and uploads: never in the source tree.

``$WSGISERVE_SAMPLES_DATA`` if set, else a folder of this user's below the system's temporary folder. Nothing is
created before a sample really stores something, so importing a sample leaves no trace.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["data_folder"]


def data_folder(sample: str) -> Path:
    """The folder of one sample; the caller creates it with mode 0700 when it first writes there."""
    configured = os.environ.get("WSGISERVE_SAMPLES_DATA")
    # The user's id in the name: on a shared machine the second user could not write into the first one's folder.
    root = Path(configured) if configured else Path(tempfile.gettempdir()) / f"wsgiserve-samples-{os.getuid()}"
    return root / sample
