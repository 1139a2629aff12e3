"""The middle of some amounts, and how far they lie from it, undisturbed by a few that are far off."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

NORMAL: Final = Decimal("0.6745")
"""The median absolute deviation of a normal distribution, in standard deviations."""


def median(values: Sequence[Decimal]) -> Decimal:
    """The middle value; the mean of the two middle ones of an even number.

    >>> median([Decimal(3), Decimal(1), Decimal(2)]), median([Decimal(1), Decimal(2)])
    (Decimal('2'), Decimal('1.5'))
    """
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def deviation(values: Sequence[Decimal]) -> Decimal:
    """The median absolute deviation from the median.

    >>> deviation([Decimal(1), Decimal(2), Decimal(9)])
    Decimal('1')
    """
    middle = median(values)
    return median([abs(value - middle) for value in values])


def score(value: Decimal, values: Sequence[Decimal]) -> Decimal | None:
    """How many standard deviations a value lies from the median (Iglewicz and Hoaglin's modified z-score); None when
    the values do not differ.

    >>> score(Decimal(20), [Decimal(10), Decimal(11), Decimal(9)])
    Decimal('6.745')
    """
    spread = deviation(values)
    return NORMAL * (value - median(values)) / spread if spread else None
