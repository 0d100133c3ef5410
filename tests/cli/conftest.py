"""A project of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.projects import Project, in_project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project in the current directory; none of the variables that the command looks at is set."""
    with in_project(tmp_path) as made:
        yield made
