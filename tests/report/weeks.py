"""Bills of whole weeks for reports."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.history.bills import Row, charge

MONDAY = date(2026, 9, 7)
"""The Monday of 2026-W37."""


def moment(day: date, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def daily(day: date, cost: float, credits: tuple[tuple[str, float], ...] = (), **changes: Any) -> Row:
    """A charge of one hour at noon, exported six hours after it ended."""
    row = charge(
        cost,
        credits,
        usage_start_time=moment(day, 12),
        usage_end_time=moment(day, 13),
        export_time=moment(day, 19),
        invoice__month=f"{day:%Y%m}",
    )
    for path, value in changes.items():
        target = row
        *outer, name = path.split("__")
        for part in outer:
            target = target[part]
        target[name] = value
    return row


def weeks(count: int, cost: float = 10.0, last: date = MONDAY) -> list[Row]:
    """The same cost on each day of so many weeks, the last of which begins on `last`."""
    first = last - timedelta(weeks=count - 1)
    return [daily(first + timedelta(days=number), cost) for number in range(7 * count)]


def from_the_week_before(*rows: Row) -> list[Row]:
    """A bill that holds the whole week before: it begins with a charge of nothing on its Monday."""
    return [daily(MONDAY - timedelta(weeks=1), 0.0), *rows]
