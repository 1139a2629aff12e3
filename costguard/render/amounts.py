"""Amounts in a person's words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from costguard.money import ByteRange, Dollars, format_bytes, format_usd

WIDE: Final = Decimal("0.1")
"""A range is shown when its bounds lie further apart than this part of the point estimate."""


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun.

    >>> counted(1, "query", "queries"), counted(1204, "finding")
    ('1 query', '1,204 findings')
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def slot_hours(slot_milliseconds: int) -> str:
    """Slot time in hours: a little of it never reads as nothing.

    >>> [slot_hours(v) for v in (0, 7_000, 5_400_000, 36_000_000_000)]
    ['0 slot hours', '0.0019 slot hours', '1.5 slot hours', '10,000 slot hours']
    """
    hours = Decimal(slot_milliseconds) / 3_600_000
    if 0 < hours < 1:
        return f"{hours:.{1 - hours.adjusted()}f} slot hours"
    return f"{hours:,.{0 if hours >= 100 or not hours else 1}f} slot hours"


def percent_text(percent: float) -> str:
    """A change in percent, with its sign.

    >>> percent_text(4.6), percent_text(-0.26), percent_text(0.0), percent_text(1234.5)
    ('+5 %', '-0.3 %', '0 %', '+1,234 %')
    """
    if not percent:
        return "0 %"
    return f"{percent:+,.1f} %" if abs(percent) < 1 else f"{percent:+,.0f} %"


def percentages(parts: Sequence[Decimal]) -> list[int]:
    """Each part's share of their sum in whole per cent, which add up to 100: what is missing goes to those that were
    cut most. Nothing where a part is below zero, or there is no sum.

    >>> percentages([Decimal("22.6"), Decimal("4.8"), Decimal("72.6")])
    [23, 5, 72]
    >>> percentages([Decimal(1), Decimal(1), Decimal(1)]), percentages([Decimal(2), Decimal(-1)])
    ([34, 33, 33], [])
    """
    whole = sum(parts, Decimal(0))
    if whole <= 0 or min(parts) < 0:
        return []
    exact = [part * 100 / whole for part in parts]
    floors = [int(share) for share in exact]
    cut_most = sorted(range(len(parts)), key=lambda index: (floors[index] - exact[index], index))
    for index in cut_most[: 100 - sum(floors)]:
        floors[index] += 1
    return floors


def usd_text(amount: Dollars, unit: str = "") -> str:
    """Dollars, with their range where that is wide, and their basis unless they are exact.

    >>> usd_text(Dollars(Decimal(1), Decimal(2), Decimal(4), "modelled"), " an iteration")
    '$2.00 an iteration ($1.00 to $4.00, modelled)'
    """
    return format_usd(amount.point) + unit + _in_brackets(_usd_remarks(amount))


def certainty_text(amount: Dollars) -> str:
    """How sure an amount is: its range where that is wide, and its basis.

    >>> certainty_text(Dollars(Decimal(1), Decimal(2), Decimal(4), "modelled"))
    '$1.00 to $4.00, modelled'
    >>> certainty_text(Dollars(Decimal(2), Decimal(2), Decimal(2), "exact"))
    'exact'
    """
    return ", ".join(_usd_remarks(amount)) or amount.basis


def _usd_remarks(amount: Dollars) -> list[str]:
    wide = amount.high - amount.low > abs(amount.point) * WIDE
    return _remarks(format_usd(amount.low), format_usd(amount.high), wide, amount.basis)


def bytes_text(amount: ByteRange, unit: str = "") -> str:
    """Bytes, in the same manner.

    >>> bytes_text(ByteRange(0, 2048, 2048, "upper-bound")), bytes_text(ByteRange.exactly(2048), " a run")
    ('2 KiB (0 B to 2 KiB, upper-bound)', '2 KiB a run')
    """
    wide = amount.high - amount.low > amount.point * WIDE
    remarks = _remarks(format_bytes(amount.low), format_bytes(amount.high), wide, amount.basis)
    return format_bytes(amount.point) + unit + _in_brackets(remarks)


def _remarks(low: str, high: str, wide: bool, basis: str) -> list[str]:
    """The range where it is wide, the basis unless it is exact."""
    return [*([f"{low} to {high}"] if wide and low != high else ()), *([basis] if basis != "exact" else ())]


def _in_brackets(remarks: Sequence[str]) -> str:
    return f" ({', '.join(remarks)})" if remarks else ""


def runs_text(runs: float) -> str:
    """A number of runs.

    >>> runs_text(1.0), runs_text(0.25), runs_text(1200.0)
    ('1', '0.25', '1,200')
    """
    return f"{int(runs):,}" if runs == int(runs) else f"{runs:,.3g}"
