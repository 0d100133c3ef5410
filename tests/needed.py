"""Programs that tests start."""

from __future__ import annotations

import os
import shutil

import pytest

__all__ = ["needs"]


def needs(program: str) -> None:
    """Skip the test if a program is not installed; where all tests have to run, fail."""
    if shutil.which(program) is None:
        assert "WSGISERVE_TEST_ALL" not in os.environ, f"{program} is not installed"
        pytest.skip(f"{program} is not installed")
