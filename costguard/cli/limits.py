"""Amounts, percents, shares, days and years on the command line; the first three go before those of the config."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from costguard.calendar_day import parse_day
from costguard.errors import UsageProblem

_YEARS: Final = range(1970, 3000)


def amount(option: str, given: str | None, otherwise: Decimal | None) -> Decimal | None:
    """Dollars.

    Raises:
        UsageProblem: it is no amount of 0 or more.
    """
    if given is None:
        return otherwise
    value = _decimal(given.removeprefix("$"))
    if value is None:
        raise UsageProblem(f"{option} {given!r} is not an amount of dollars such as 2.50")
    if not value.is_finite() or value < 0:
        raise UsageProblem(f"{option} {given!r} must be 0 or more")
    return value


def percent(option: str, given: str | None, otherwise: Decimal | None) -> Decimal | None:
    """Percent, with or without the sign.

    Raises:
        UsageProblem: it is no number of 0 or more.
    """
    if given is None:
        return otherwise
    value = _decimal(given.strip().removesuffix("%").strip())
    if value is None:
        raise UsageProblem(f"{option} {given!r} is not an amount of percent such as 10")
    if not value.is_finite() or value < 0:
        raise UsageProblem(f"{option} {given!r} must be 0 or more")
    return value


def share(option: str, given: str | None, otherwise: Decimal | None) -> Decimal | None:
    """A part of a whole.

    Raises:
        UsageProblem: it is not from 0 to 1.
    """
    if given is None:
        return otherwise
    value = _decimal(given)
    if value is None or not (value.is_finite() and 0 <= value <= 1):
        raise UsageProblem(f"{option} {given!r} is not a share from 0 to 1, such as 0.9")
    return value


def day(option: str, given: str | None) -> date | None:
    """A day.

    Raises:
        UsageProblem: it is none.
    """
    if given is None:
        return None
    value = parse_day(given)
    if value is None:
        raise UsageProblem(f"{option} {given!r} is not a day such as 2027-01-01")
    return value


def check_year(option: str, given: str, year: int) -> None:
    """Days, weeks and months are counted from a time, on both sides: it must not stand at the end of all of them.

    Raises:
        UsageProblem: the year is far from ours.
    """
    if year not in _YEARS:
        raise UsageProblem(f"{option} {given!r}: the year must be from {_YEARS.start} to {_YEARS.stop - 1}")


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
