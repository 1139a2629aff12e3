"""The days of a budget's period."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from costguard.budgets.declared import CalendarPeriod, CustomPeriod
from costguard.budgets.scope import BUDGET_ZONE
from costguard.history.rollup import Period, time_zone

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Days:
    """From a day to another one, both included."""

    name: str
    """`2026-11`, `2026-Q4`, `2026`, or the two days."""
    first: date
    last: date | None
    """None: without end."""

    def __contains__(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    @property
    def count(self) -> int:
        """How many they are.

        Raises:
            ValueError: they have no end.
        """
        if self.last is None:
            raise ValueError(f"{self.name} has no end")
        return (self.last - self.first).days + 1

    @property
    def moments(self) -> Period:
        """From the first midnight on, and before the one after the last day; midnights are those of budgets."""
        return Period(midnight(self.first), midnight(self.last + timedelta(days=1)) if self.last else None)


def days_of_period(period: CalendarPeriod | CustomPeriod, day: date) -> Days:
    """The month, quarter or year that a day lies in; a custom period is the same whatever the day."""
    if isinstance(period, CustomPeriod):
        until = period.end.isoformat() if period.end is not None else "no end"
        return Days(f"{period.start} to {until}", period.start, period.end)
    length = _MONTHS[period]
    first_month = (day.month - 1) // length * length + 1
    last_month = first_month + length - 1
    first = date(day.year, first_month, 1)
    last = date(day.year, last_month, calendar.monthrange(day.year, last_month)[1])
    names = {
        "month": f"{first:%Y-%m}",
        "quarter": f"{first.year}-Q{last_month // 3}",
        "year": f"{first.year}",
    }
    return Days(names[period], first, last)


def days_before(period: CalendarPeriod, days: Days) -> Days:
    """The period before a calendar period."""
    return days_of_period(period, days.first - timedelta(days=1))


def midnight(day: date) -> datetime:
    """The moment (UTC) at which a day of a budget begins."""
    return datetime(day.year, day.month, day.day, tzinfo=time_zone(BUDGET_ZONE)).astimezone(UTC)


def budget_day(time: datetime) -> date:
    """The day of a budget that a moment lies in."""
    return time.astimezone(time_zone(BUDGET_ZONE)).date()


def each_day(first: date, last: date) -> Iterator[date]:
    """The days from one to another, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
