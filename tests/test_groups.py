"""Tests of one group (an emulator, an analyser of 200 MB) have to run in one process."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.xdist_group("groups")


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
def test_groups_are_kept_together(request: pytest.FixtureRequest) -> None:
    """xdist adds the group to a test's id. pytest 9.2 ignores that, and groups fall apart silently."""
    assert request.node.nodeid.endswith("@groups")
