"""Amounts of the bill's currency in a person's words."""

from __future__ import annotations

from decimal import Decimal

from costguard.money import format_usd


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount to two significant digits or the cent, whichever shows more.

    >>> amount_text(Decimal("1204.5"), "USD"), amount_text(Decimal("-0.004"), "CHF")
    ('$1,204.50', '-CHF 0.004')
    """
    text = format_usd(amount)
    return text if currency == "USD" else text.replace("$", f"{currency} ")


def change_text(change: Decimal, share: Decimal | None, currency: str) -> str:
    """A change with its sign, and as a part of what was there before.

    >>> change_text(Decimal(12), Decimal("0.15"), "USD"), change_text(Decimal(0), None, "USD")
    ('+$12.00 (+15 %)', 'no change')
    """
    if not change:
        return "no change"
    sign = "+" if change > 0 else ""
    return f"{sign}{amount_text(change, currency)}{_share(share)}"


def _share(share: Decimal | None) -> str:
    if share is None:
        return ""
    percent = share * 100
    return f" ({percent:+,.0f} %)" if abs(percent) >= 1 else f" ({percent:+.1g} %)"
