"""Amounts of the bill's currency in a person's words."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from costguard.money import format_usd


def amount_text(amount: Decimal, currency: str | None = None, *, signed: bool = False) -> str:
    """An amount to two significant digits or the cent, whichever shows more: small ones never read as nothing. Without
    a currency where a table names it.

    >>> amount_text(Decimal("1204.5"), "USD"), amount_text(Decimal("-0.004"), "CHF")
    ('$1,204.50', '-CHF 0.004')
    >>> amount_text(Decimal("1234.5")), amount_text(Decimal(2), signed=True)
    ('1,234.50', '+2.00')
    """
    text = format_usd(amount)
    if currency != "USD":
        text = text.replace("$", f"{currency} " if currency is not None else "")
    return f"+{text}" if signed and amount > 0 else text


def change_text(change: Decimal, share: Decimal | None, currency: str) -> str:
    """A change with its sign, and as a part of what was there before.

    >>> change_text(Decimal(12), Decimal("0.15"), "USD"), change_text(Decimal(0), None, "USD")
    ('+$12.00 (+15 %)', 'no change')
    >>> change_text(Decimal(500), Decimal(5000), "USD")
    '+$500.00 (more than +1,000 %)'
    """
    if not change:
        return "no change"
    return f"{amount_text(change, currency, signed=True)}{_share(share)}"


_MOST: Final = 1000
"""A larger part tells that there was hardly anything before, and no more."""


def _share(share: Decimal | None) -> str:
    if share is None:
        return ""
    percent = share * 100
    if percent > _MOST:
        return f" (more than +{_MOST:,} %)"
    return f" ({percent:+,.0f} %)" if abs(percent) >= 1 else f" ({percent:+.1g} %)"
