"""What a query cost week by week, and from when on a run of it costs less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

CHEAPER: Final = Decimal("0.8")
"""A run that costs at most this part of what it did became cheaper."""
FEWEST_USD: Final = Decimal("0.01")
"""A smaller saving is no news."""
PLACES: Final = Decimal("0.000000001")


@dataclass(frozen=True, slots=True)
class QueryWeek:
    """A query in one week."""

    week: str
    """`2026-W47`."""
    runs: int
    """Those that cost nothing (from the cache, failed) included."""
    usd: Decimal
    """US dollars of jobs that pay by their bytes."""


@dataclass(frozen=True, slots=True)
class Savings:
    """A query of which a run costs less than it did."""

    since: str
    """The first week in which it does."""
    before: Decimal
    """US dollars of a run in the weeks before, to nine places."""
    after: Decimal
    """The same from then on."""
    runs: int
    """From then on."""

    @property
    def usd(self) -> Decimal:
        """What these runs would have cost more."""
        return (self.before - self.after) * self.runs


def savings_of(weeks: Sequence[QueryWeek]) -> Savings | None:
    """When a query became cheaper: the week from which on a run costs at most four fifths of the mean before, in every
    week that has some. Of several such weeks the one that saves most; None when there is none, or it saves less than
    a cent.

    `weeks`: the oldest first.
    """
    ran = [week for week in weeks if week.runs]
    found: Savings | None = None
    for index in range(1, len(ran)):
        before, after = _each(ran[:index]), _each(ran[index:])
        if before <= 0 or any(_each([week]) > before * CHEAPER for week in ran[index:]):
            continue
        savings = Savings(ran[index].week, before, after, sum(week.runs for week in ran[index:]))
        if savings.usd >= FEWEST_USD and (found is None or savings.usd > found.usd):
            found = savings
    return found


def _each(weeks: Sequence[QueryWeek]) -> Decimal:
    usd = sum((week.usd for week in weeks), Decimal(0))
    return (usd / sum(week.runs for week in weeks)).quantize(PLACES)
