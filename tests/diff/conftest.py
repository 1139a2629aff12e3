"""A repository for the tests of what reads one."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.diff.git import Repository, open_repository
from tests.diff.repository import Work, new_repository


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """An empty repository."""
    return new_repository(tmp_path.resolve())


@pytest.fixture
def repository(work: Work) -> Repository:
    """The same, as costguard reads it."""
    return open_repository(work.top, work.environment)
