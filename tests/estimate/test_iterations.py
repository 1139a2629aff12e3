"""How often a statement runs, and where the number comes from."""

from __future__ import annotations

import pytest

from costguard.estimate.iterations import RunCounter
from costguard.estimate.settings import EstimateSettings
from tests.estimate.statements import NOW

PATHS = ["sql/daily.sql", "models/marts/orders.sql", "notebook.ipynb"]


def counter(*runs: tuple[str, float], incremental: tuple[int, ...] = ()) -> RunCounter:
    return RunCounter(EstimateSettings(NOW, runs=runs), PATHS, incremental)


def test_once_when_nobody_says_anything() -> None:
    assert counter().runs(0, None, None) == (1.0, "assumed")


def test_loops_whose_turns_are_written() -> None:
    assert counter().runs(0, None, 7) == (7.0, "written")
    assert counter().runs(0, None, 0) == (0.0, "written")
    assert counter().runs(0, None, 1) == (1.0, "written")


@pytest.mark.parametrize("pattern", ["sql/daily.sql", "sql/*", "*.sql", "daily.sql", "*/daily.sql", "*"])
def test_declared_runs_of_a_path(pattern: str) -> None:
    assert counter((pattern, 30.0)).runs(0, None, None) == (30.0, "declared")
    assert counter((pattern, 0.5)).runs(0, None, 4) == (2.0, "declared")


@pytest.mark.parametrize("pattern", ["sql", "aily.sql", "sql/daily", "SQL/*"])
def test_patterns_that_do_not_match(pattern: str) -> None:
    assert counter((pattern, 30.0)).runs(0, None, None) == (1.0, "assumed")


def test_the_first_pattern_that_matches_counts() -> None:
    assert counter(("models/**", 2.0), ("*.sql", 3.0)).runs(1, None, None) == (2.0, "declared")
    assert counter(("models/**", 2.0), ("*.sql", 3.0)).runs(0, None, None) == (3.0, "declared")


def test_never_is_a_number_too() -> None:
    assert counter(("*", 0.0)).runs(2, None, 9) == (0.0, "declared")


def test_a_full_refresh_does_not_happen_next_to_an_incremental_run() -> None:
    assert counter(incremental=(1,)).runs(1, "full-refresh", None) == (0.0, "assumed")
    assert counter(incremental=(1,)).runs(1, "incremental", None) == (1.0, "assumed")
    assert counter(incremental=(1,)).runs(0, "full-refresh", None) == (1.0, "assumed")
    assert counter(("*", 5.0), incremental=(1,)).runs(1, "full-refresh", None) == (0.0, "assumed")
