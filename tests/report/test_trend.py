"""From when on a query costs less, worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from costguard.report.trend import QueryWeek, Savings, savings_of


def weeks(*told: tuple[int, str]) -> list[QueryWeek]:
    return [QueryWeek(f"2026-W{30 + number}", runs, Decimal(usd)) for number, (runs, usd) in enumerate(told)]


def test_since_when_and_how_much() -> None:
    """(2 + 6) / 4 = 2 a run before, 4 / 8 = 0.5 after: 1.5 for each of 8 runs."""
    found = savings_of(weeks((1, "2"), (3, "6"), (0, "0"), (4, "2"), (4, "2")))
    assert found == Savings("2026-W33", Decimal(2), Decimal("0.5"), 8)
    assert found.usd == 12


def test_of_two_steps_the_one_that_saves_most() -> None:
    """From W31 on (10 - 4.5) x 2 = 11; from W32 on (9 - 1) x 1 = 8."""
    found = savings_of(weeks((1, "10"), (1, "8"), (1, "1")))
    assert found == Savings("2026-W31", Decimal(10), Decimal("4.5"), 2)


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
    assert savings_of(weeks((1, "10"), (1, "8"))) == Savings("2026-W31", Decimal(10), Decimal(8), 1)
