"""Points in time, for people and for programs."""

from __future__ import annotations

from datetime import date, datetime


def moment(time: datetime) -> str:
    """To the minute, for people."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def days_text(first: date, last: date) -> str:
    """From a day to another one.

    >>> days_text(date(2026, 9, 7), date(2026, 9, 13)), days_text(date(2026, 12, 28), date(2027, 1, 3))
    ('7 September to 13 September 2026', '28 December 2026 to 3 January 2027')
    """
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%B}{year} to {last.day} {last:%B %Y}"


def stamp(time: datetime | None) -> str | None:
    """To the second, in ISO 8601."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time is not None else None
