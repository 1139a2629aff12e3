"""How a table grows after its catalog was made: which partitions come, and on which they are modelled."""

from __future__ import annotations

import doctest
from datetime import datetime
from types import ModuleType

import pytest

from costguard.estimate import partitions, periods
from costguard.estimate.growth import COMPLETE, MOST, Growth, growth_of
from costguard.estimate.periods import identifier_of, number_of
from tests.estimate.warehouse import days

MADE = datetime(2026, 11, 1)
IDS = days("2026-10-20", 12)
"""Up to the day before."""


@pytest.mark.parametrize("module", [partitions, periods])
def test_examples_in_docstrings(module: ModuleType) -> None:
    done = doctest.testmod(module)
    assert (done.failed, done.attempted > 0) == (0, True)


def grown(ids: list[str], made: datetime, now: datetime, unit: str = "DAY") -> Growth:
    found = growth_of(ids, unit, made, now)
    assert found is not None
    return found


def test_days_up_to_the_clock_come_the_last_of_which_is_not_over() -> None:
    found = grown(IDS, MADE, datetime(2026, 11, 4, 12))
    assert found == Growth(tuple(days("2026-11-01", 4)), {}, 3, (5, 12), 6)


def test_what_is_late_stays_late() -> None:
    """The catalog of 1 November ends with 29 October: on the 4th, what is surely there ends with the 1st."""
    found = grown(IDS[:-2], MADE, datetime(2026, 11, 4, 12))
    assert (found.ids, found.sure) == (tuple(days("2026-10-30", 6)), 3)


def test_on_the_day_of_the_catalog_only_that_day_comes() -> None:
    found = grown(IDS[:-2], MADE, datetime(2026, 11, 1, 12))
    assert (found.ids, found.sure) == (("20261101",), 0)


def test_a_partition_that_had_begun_is_replaced_when_it_is_over() -> None:
    made = datetime(2026, 11, 1, 10)
    ids = [*IDS, "20261101", "20261103", "20991231"]
    assert growth_of([*IDS, "20261101"], "DAY", made, datetime(2026, 11, 1, 20)) is None
    found = grown(ids, made, datetime(2026, 11, 4, 12))
    assert (found.ids, found.begun) == (tuple(days("2026-11-01", 4)), {0: 12, 2: 13})
    assert found.recent == (5, 12)


def test_a_first_partition_is_all_there_is_to_go_by() -> None:
    found = grown(["20261101"], datetime(2026, 11, 1, 10), datetime(2026, 11, 3))
    assert found == Growth(("20261101", "20261102", "20261103"), {0: 0}, 0, (0, 1), 0)


@pytest.mark.parametrize(
    ("unit", "ids", "near", "far"),
    [
        ("HOUR", ["2026102922", "2026102923"], datetime(2026, 10, 31, 23, 30), datetime(2026, 11, 1)),
        ("DAY", IDS, datetime(2026, 11, 7, 23), datetime(2026, 11, 8)),
        ("MONTH", ["202609", "202610"], datetime(2026, 12, 31), datetime(2027, 1, 1)),
        ("YEAR", ["2025", "2026"], datetime(2027, 12, 31), datetime(2028, 1, 1)),
    ],
)
def test_a_table_grows_if_its_newest_partition_is_near(
    unit: str, ids: list[str], near: datetime, far: datetime
) -> None:
    now = datetime(2029, 1, 1)
    assert growth_of(ids, unit, near, now) is not None
    assert growth_of(ids, unit, far, now) is None


def test_a_pause_is_no_end_if_it_paused_as_long_before() -> None:
    """Monthly snapshots in partitions of a day; after a year without one, no pause is a habit."""
    monthly = ["20260801", "20260901", "20261001"]
    found = grown(monthly, MADE, datetime(2026, 11, 3))
    assert (found.recent, found.steps, found.sure) == ((0, 3), 61, 0)
    assert growth_of(monthly, "DAY", datetime(2026, 11, 2), datetime(2026, 11, 3)) is None
    assert growth_of(["20241001", "20251001"], "DAY", MADE, datetime(2026, 11, 3)) is None


@pytest.mark.parametrize(
    ("ids", "unit", "made", "now"),
    [
        (IDS, "DAY", None, datetime(2026, 11, 4)),
        (IDS, "DAY", MADE, MADE),
        (IDS, "DAY", MADE, datetime(2026, 10, 31)),
        (["0", "10"], "RANGE", MADE, datetime(2026, 11, 4)),
        ([], "DAY", MADE, datetime(2026, 11, 4)),
        (["20991231"], "DAY", MADE, datetime(2026, 11, 4)),
    ],
)
def test_no_growth(ids: list[str], unit: str, made: datetime | None, now: datetime) -> None:
    assert growth_of(ids, unit, made, now) is None


def test_no_more_come_than_a_table_may_have() -> None:
    hours = [identifier_of(number_of("2026103100", "HOUR") + hour, "HOUR") for hour in range(24)]
    found = grown(hours, MADE, datetime(2029, 1, 1, 0, 30), "HOUR")
    assert (len(found.ids), found.ids[-1]) == (MOST, "2029010100")
    assert found.recent == (24 - COMPLETE, 24)
