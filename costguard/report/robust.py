"""The middle of some amounts, and how far they lie from it, undisturbed by a few that are far off."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

_PLACES: Final = Decimal("0.000000001")
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


def upper_decile(values: Sequence[Decimal]) -> Decimal:
    """The smallest value that at least nine of ten do not exceed; of fewer than ten values the largest.

    >>> upper_decile([Decimal(number) for number in range(1, 21)]), upper_decile([Decimal(3), Decimal(1)])
    (Decimal('18'), Decimal('3'))
    """
    ordered = sorted(values)
    return ordered[-(-len(ordered) * 9 // 10) - 1]


def slope(values: Sequence[tuple[int, Decimal]]) -> Decimal:
    """The median of the slopes between any two points (Theil and Sen): how much a value grows by one step.

    >>> slope([(0, Decimal(10)), (1, Decimal(12)), (3, Decimal(16)), (4, Decimal(90))])
    Decimal('11.000000000')
    """
    slopes = [
        ((other - value) / (later - at)).quantize(_PLACES)
        for number, (at, value) in enumerate(values)
        for later, other in values[number + 1 :]
    ]
    return median(slopes)


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
    Decimal('6.7450')
    """
    spread = deviation(values)
    return NORMAL * (value - median(values)) / spread if spread else None
