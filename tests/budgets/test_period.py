"""The days of a budget's period."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from costguard.budgets.declared import CalendarPeriod, CustomPeriod
from costguard.budgets.period import Days, budget_day, days_before, days_of_period, each_day
from costguard.history.rollup import Period


@pytest.mark.parametrize(
    ("period", "day", "days"),
    [
        ("month", date(2026, 2, 28), Days("2026-02", date(2026, 2, 1), date(2026, 2, 28))),
        ("month", date(2028, 2, 1), Days("2028-02", date(2028, 2, 1), date(2028, 2, 29))),
        ("quarter", date(2026, 10, 1), Days("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))),
        ("quarter", date(2026, 6, 30), Days("2026-Q2", date(2026, 4, 1), date(2026, 6, 30))),
        ("year", date(2026, 6, 30), Days("2026", date(2026, 1, 1), date(2026, 12, 31))),
    ],
)
def test_calendar_periods(period: CalendarPeriod, day: date, days: Days) -> None:
    assert days_of_period(period, day) == days
    assert day in days


def test_custom_periods() -> None:
    days = days_of_period(CustomPeriod(date(2026, 1, 1), date(2026, 6, 30)), date(2030, 1, 1))
    assert days == Days("2026-01-01 to 2026-06-30", date(2026, 1, 1), date(2026, 6, 30))
    assert date(2026, 7, 1) not in days
    endless = days_of_period(CustomPeriod(date(2026, 1, 1)), date(2030, 1, 1))
    assert endless == Days("2026-01-01 to no end", date(2026, 1, 1), None)
    assert date(2099, 1, 1) in endless
    assert endless.moments == Period(datetime(2026, 1, 1, 8, tzinfo=UTC), None)
    with pytest.raises(ValueError, match="no end"):
        _ = endless.count


def test_the_period_before() -> None:
    assert days_before("month", days_of_period("month", date(2026, 1, 9))).name == "2025-12"
    assert days_before("quarter", days_of_period("quarter", date(2026, 1, 9))).name == "2025-Q4"
    assert days_before("year", days_of_period("year", date(2026, 1, 9))).name == "2025"


def test_days_begin_at_midnight_pacific_time() -> None:
    """Eight hours behind UTC in winter, seven in summer: November 2026 has an hour more."""
    november = days_of_period("month", date(2026, 11, 5))
    assert november.moments == Period(
        datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2026, 12, 1, 8, tzinfo=UTC)
    )
    assert november.count == 30
    assert budget_day(datetime(2026, 11, 1, 6, 59, tzinfo=UTC)) == date(2026, 10, 31)
    assert budget_day(datetime(2026, 11, 1, 7, tzinfo=UTC)) == date(2026, 11, 1)


def test_each_day() -> None:
    assert list(each_day(date(2026, 2, 27), date(2026, 3, 1))) == [
        *(date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1))
    ]
    assert list(each_day(date(2026, 3, 1), date(2026, 2, 27))) == []
