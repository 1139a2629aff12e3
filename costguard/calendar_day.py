"""Days as they are written in ignore comments and in the baseline."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_day(text: str) -> date | None:
    """A day such as 2027-01-01; None when it is none.

    >>> parse_day("2027-01-01"), parse_day("20270101"), parse_day("2026-02-30")
    (datetime.date(2027, 1, 1), None, None)
    """
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
