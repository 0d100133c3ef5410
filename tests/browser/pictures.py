"""Pictures for README.md and the documentation: ``python -m tests.browser.pictures`` has the tests take them anew."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["PICTURES", "TAKEN"]

_ROOT = Path(__file__).parents[2]
PICTURES = _ROOT / "docs" / "pictures"

# By the name in docs/pictures: what the day's work on Flask's shop leaves.
TAKEN = {
    "terminal.png": "day-flask-code-terminal.png",
    "error.png": "day-flask-exception-page-light.png",
    "error-dark.png": "day-flask-exception-page-dark.png",
    "broken.png": "day-flask-syntax-error-page-light.png",
}


def main() -> None:
    """Run the tests, and copy what they have photographed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-m", "slow", "tests/browser/test_dayswork.py", "-k", "a_day"]
        subprocess.run(command, cwd=_ROOT, env={**os.environ, "WSGISERVE_SCREENSHOTS": folder}, check=True)
        PICTURES.mkdir(exist_ok=True)
        for name, taken in TAKEN.items():
            shutil.copyfile(Path(folder, taken), PICTURES / name)


if __name__ == "__main__":
    main()
