"""More iterations, or dearer ones?"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from costguard.history.iterations import Found
from costguard.report.model import Volume

_PLACES: Final = Decimal("0.000000001")


def volume_of(now: Found, before: Found | None, compared: bool = True) -> Volume:
    """The change of what iterations came to, split in two: C - C' = (n - n') c' + n (c - c'), where n is their number
    and c what one of them came to. Iterations that the bill does not know of yet do not count.

    `before`: None when the bill does not hold that week. `compared`: both weeks are whole."""
    count = now.billed_iterations
    each = _each(now.to_iterations, count)
    if before is None:
        return Volume(count, None, each, None, None, None)
    count_before = before.billed_iterations
    each_before = _each(before.to_iterations, count_before)
    if not compared:
        return Volume(count, count_before, each, each_before, None, None)
    change = now.to_iterations - before.to_iterations
    price = each_before if each_before is not None else each
    by_count = (count - count_before) * price if price is not None else Decimal(0)
    if each is None or each_before is None:
        by_count = change  # none in one of the weeks: all of it comes from their number
    return Volume(count, count_before, each, each_before, by_count, change - by_count)


def _each(net: Decimal, count: int) -> Decimal | None:
    return (net / count).quantize(_PLACES) if count else None
