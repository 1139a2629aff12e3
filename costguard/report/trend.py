"""What a query cost week by week, and from when on a run of it costs less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
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
    priced: Fraction
    """Runs that `usd` is of: not free, in a reservation or of unknown cost. One that k queries share is a k-th."""
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
    runs: Fraction
    """From then on, those that have a price."""

    @property
    def usd(self) -> Decimal:
        """What these runs would have cost more, to nine places."""
        return times(self.before - self.after, self.runs)


def price_of_run(usd: Decimal, runs: Fraction) -> Decimal | None:
    """Dollars of each of some runs, to nine places; None without any."""
    return times(usd, 1 / runs) if runs else None


def times(usd: Decimal, number: Fraction) -> Decimal:
    """Dollars a number of times, to nine places."""
    return (usd * number.numerator / number.denominator).quantize(PLACES)


def savings_of(weeks: Sequence[QueryWeek]) -> Savings | None:
    """When a query became cheaper: the week from which on a run costs at most four fifths of the mean before, in every
    week that has some. Only runs with a price count: what fails, or moves to slots, saves nothing. Of several such
    weeks the one that saves most; None when there is none, or it saves less than a cent.

    `weeks`: the oldest first.
    """
    ran = [week for week in weeks if week.priced]
    found: Savings | None = None
    for index in range(1, len(ran)):
        before, after = _each(ran[:index]), _each(ran[index:])
        if before <= 0 or any(_each([week]) > before * CHEAPER for week in ran[index:]):
            continue
        savings = Savings(
            ran[index].week, before, after, sum((week.priced for week in ran[index:]), Fraction(0))
        )
        if savings.usd >= FEWEST_USD and (found is None or savings.usd > found.usd):
            found = savings
    return found


def _each(weeks: Sequence[QueryWeek]) -> Decimal:
    usd = sum((week.usd for week in weeks), Decimal(0))
    return price_of_run(usd, sum((week.priced for week in weeks), Fraction(0))) or Decimal(0)
