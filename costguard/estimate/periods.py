"""Hours, days, months and years as whole numbers, and the ids that partitions and shards have for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

UNITS: Final = {10: "HOUR", 8: "DAY", 6: "MONTH", 4: "YEAR"}
"""The unit of an id by its length: `2026110113`, `20261101`, `202611`, `2026`."""


def number_at(moment: datetime, unit: str) -> int:
    """The number of the unit that a moment lies in; units that follow each other have numbers that do.

    >>> number_at(datetime(2026, 12, 31, 23), "MONTH") + 1 == number_at(datetime(2027, 1, 1), "MONTH")
    True
    """
    if unit == "HOUR":
        return moment.toordinal() * 24 + moment.hour
    if unit == "DAY":
        return moment.toordinal()
    return moment.year * 12 + moment.month - 1 if unit == "MONTH" else moment.year


def number_of(identifier: str, unit: str) -> int:
    """The number of the unit that an id names.

    Raises:
        ValueError: it names none, such as `20260231`.
    """
    return number_at(start_of(identifier), unit)


def start_of(identifier: str) -> datetime:
    """When the unit that an id names begins.

    Raises:
        ValueError: it names none.
    """
    return datetime(
        int(identifier[:4]), int(identifier[4:6] or 1), int(identifier[6:8] or 1), int(identifier[8:10] or 0)
    )


def identifier_of(number: int, unit: str) -> str:
    """The id of a unit.

    >>> [identifier_of(number_of(text, UNITS[len(text)]), UNITS[len(text)]) for text in ("2026022823", "202612")]
    ['2026022823', '202612']
    """
    if unit == "HOUR":
        return f"{identifier_of(number // 24, 'DAY')}{number % 24:02}"
    if unit == "DAY":
        day = date.fromordinal(number)
        return f"{day.year:04}{day.month:02}{day.day:02}"
    if unit == "MONTH":
        return f"{number // 12:04}{number % 12 + 1:02}"
    return f"{number:04}"
