"""From when on a query costs less, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from costguard.report.trend import QueryWeek, Savings, savings_of


def weeks(*told: tuple[int, str]) -> list[QueryWeek]:
    return [
        QueryWeek(f"2026-W{30 + number}", runs, Fraction(runs), Decimal(usd))
        for number, (runs, usd) in enumerate(told)
    ]


def test_since_when_and_how_much() -> None:
    """(2 + 6) / 4 = 2 a run before, 4 / 8 = 0.5 after: 1.5 for each of 8 runs."""
    found = savings_of(weeks((1, "2"), (3, "6"), (0, "0"), (4, "2"), (4, "2")))
    assert found == Savings("2026-W33", Decimal(2), Decimal("0.5"), Fraction(8))
    assert found.usd == 12


def test_of_two_steps_the_one_that_saves_most() -> None:
    """From W31 on (10 - 4.5) x 2 = 11; from W32 on (9 - 1) x 1 = 8."""
    found = savings_of(weeks((1, "10"), (1, "8"), (1, "1")))
    assert found == Savings("2026-W31", Decimal(10), Decimal("4.5"), Fraction(2))


@pytest.mark.parametrize(
    "told",
    [
        [],
        [(5, "5")],
        [(1, "10"), (1, "8.01")],  # by less than a fifth
        [(1, "10"), (1, "1"), (1, "10")],  # it came back
        [(1, "0"), (1, "0")],
        [(1, "0.01"), (1, "0.001")],  # less than a cent
        [(0, "0"), (0, "0")],
    ],
)
def test_nothing_to_tell(told: list[tuple[int, str]]) -> None:
    assert savings_of(weeks(*told)) is None


def test_exactly_four_fifths_is_cheaper() -> None:
    assert savings_of(weeks((1, "10"), (1, "8"))) == Savings("2026-W31", Decimal(10), Decimal(8), Fraction(1))


def test_weeks_without_a_priced_run_tell_nothing() -> None:
    """Three runs in a reservation between two weeks at 2 a run, then 2 at 0.5: 1.5 for each of the last two."""
    first, slots, again, last = weeks((1, "2"), (3, "0"), (1, "2"), (2, "1"))
    told = [first, replace(slots, priced=Fraction(0)), again]
    assert savings_of(told) is None
    assert savings_of([*told, last]) == Savings("2026-W33", Decimal(2), Decimal("0.5"), Fraction(2))


def test_runs_that_are_shared() -> None:
    """One job of three queries is a third of a run: 1 / (1/3) = 3 before, 1 after, 2 for a whole run."""
    before, after = weeks((1, "1"), (1, "1"))
    found = savings_of([replace(before, priced=Fraction(1, 3)), after])
    assert found == Savings("2026-W31", Decimal(3), Decimal(1), Fraction(1))
    assert found.usd == 2
