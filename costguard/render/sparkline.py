"""A row of small bars, made of characters: the same in every format."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

_BARS: Final = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[Decimal]) -> str:
    """A bar for each value, from nothing to the largest; a point for nothing.

    >>> sparkline([Decimal(0), Decimal(1), Decimal(4), Decimal(8)])
    '·▁▄█'
    """
    largest = max(values, default=Decimal(0))
    return "".join(
        _BARS[max(0, int(value / largest * len(_BARS) + Decimal("0.5")) - 1)] if value > 0 else "·"
        for value in values
    )
