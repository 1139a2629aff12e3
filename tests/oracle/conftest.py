"""One analyser for all tests of the oracle, and one process for them when tests run in several."""

from __future__ import annotations

import pytest

from tests.oracle.googlesql import GoogleSql


def pytest_configure(config: pytest.Config) -> None:
    """The mark belongs to a plugin that may be switched off."""
    config.addinivalue_line("markers", "xdist_group(name): run the tests of a group in one process")


@pytest.fixture(scope="session")
def engine(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> GoogleSql:
    """GoogleSQL's analyser. What it was compiled to is kept for the next run."""
    cache = pytestconfig.cache
    return GoogleSql(cache.mkdir("googlesql") if cache is not None else tmp_path_factory.mktemp("googlesql"))
