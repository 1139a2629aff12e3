"""Intervals, conversions and three-valued logic."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.estimate.values import (
    FALSE,
    NULL,
    TRUE,
    Known,
    Outcome,
    Value,
    alike,
    as_value,
    compare,
    conjunction,
    convert,
    disjunction,
    literal_moment,
    moment_text,
    negate,
    number,
    outcome_of,
    point,
)

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
BOUNDS = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(lambda ends: (min(ends), max(ends)))


@given(BOUNDS, BOUNDS, st.sampled_from(sorted(OPERATORS)))
def test_a_comparison_has_exactly_the_outcomes_that_its_values_have(
    left: tuple[int, int], right: tuple[int, int], word: str
) -> None:
    found = compare(word, Known("INT64", *left), Known("INT64", *right))
    expected = 0
    for one, other in product(range(left[0], left[1] + 1), range(right[0], right[1] + 1)):
        expected |= Outcome.TRUE if OPERATORS[word](one, other) else Outcome.FALSE
    assert found == expected


def _and(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _members(outcomes: int) -> list[bool | None]:
    bits: list[tuple[int, bool | None]] = [(Outcome.TRUE, True), (Outcome.FALSE, False), (Outcome.NULL, None)]
    return [value for bit, value in bits if outcomes & bit]


def _set(values: list[bool | None]) -> int:
    bits = {True: Outcome.TRUE, False: Outcome.FALSE, None: Outcome.NULL}
    total = 0
    for value in values:
        total |= bits[value]
    return total


@pytest.mark.parametrize("outcomes", list(product(range(1, 8), repeat=2)))
def test_three_valued_logic_on_sets_of_outcomes(outcomes: tuple[int, int]) -> None:
    """All combinations, against AND and NOT of single values."""
    one, other = _members(outcomes[0]), _members(outcomes[1])
    assert conjunction(outcomes) == _set([_and(a, b) for a in one for b in other])
    assert negate(outcomes[0]) == _set([None if a is None else not a for a in one])
    ors = [_and(None if a is None else not a, None if b is None else not b) for a in one for b in other]
    assert disjunction(outcomes) == _set([None if value is None else not value for value in ors])


def test_of_no_conditions() -> None:
    assert conjunction([]) == Outcome.TRUE
    assert disjunction([]) == Outcome.FALSE


@pytest.mark.parametrize("word", sorted(OPERATORS))
def test_null_and_unknown(word: str) -> None:
    one = point("INT64", 1)
    assert compare(word, one, NULL) == compare(word, NULL, one) == compare(word, None, NULL) == Outcome.NULL
    assert compare(word, one, None) == compare(word, None, one) == Outcome.ANY


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (point("INT64", 1), point("STRING", "1")),
        (point("BOOL", True), point("INT64", 1)),
        (point("ARRAY", ()), point("ARRAY", ())),
        (point("INTERVAL", (1, "DAY")), point("INTERVAL", (1, "DAY"))),
        (point("DATE", date(2026, 1, 1)), point("STRING", "soon")),
    ],
)
def test_what_cannot_be_compared_can_come_to_anything(left: Known, right: Known) -> None:
    assert compare("=", left, right) == Outcome.ANY


def test_coercion_goes_towards_the_finer_type() -> None:
    day, moment = point("DATE", date(2026, 1, 2)), point("TIMESTAMP", datetime(2026, 1, 2, 3))
    assert compare("<", day, moment) == Outcome.TRUE
    assert compare("=", day, moment) == Outcome.FALSE
    assert compare("=", moment, day) == Outcome.FALSE
    assert compare("=", day, point("STRING", "2026-01-02")) == Outcome.TRUE
    assert compare("<", point("STRING", "2026-01-02"), moment) == Outcome.TRUE
    assert compare("=", point("INT64", 2), point("FLOAT64", Decimal("2.0"))) == Outcome.TRUE
    assert alike(point("BOOL", True), point("INT64", 1)) is None


def test_an_interval_of_texts_is_not_converted() -> None:
    """The order of texts need not be that of the dates in them."""
    texts = Known("STRING", "2026-01-02", "2026-1-3")
    assert convert(texts, "DATE") is None
    assert compare("=", texts, point("DATE", date(2026, 1, 2))) == Outcome.ANY


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (point("STRING", "2026-01-02 03:04:05"), "DATE", point("DATE", date(2026, 1, 2))),
        (point("STRING", "2026-01-02"), "TIMESTAMP", point("TIMESTAMP", datetime(2026, 1, 2))),
        (
            Known("TIMESTAMP", datetime(2026, 1, 2, 3), datetime(2026, 1, 3, 4)),
            "DATE",
            Known("DATE", date(2026, 1, 2), date(2026, 1, 3)),
        ),
        (point("DATE", date(2026, 1, 2)), "DATETIME", point("DATETIME", datetime(2026, 1, 2))),
        (
            Known("DATE", date(2026, 1, 2), date(2026, 1, 3)),
            "STRING",
            Known("STRING", "2026-01-02", "2026-01-03"),
        ),
        (Known("FLOAT64", Decimal("0.5"), Decimal("2.4")), "INT64", Known("INT64", 1, 2)),
        (point("FLOAT64", Decimal("-0.5")), "INT64", point("INT64", -1)),
        (point("INT64", 3), "NUMERIC", point("NUMERIC", 3)),
        (point("INT64", 3), "INT64", point("INT64", 3)),
        (NULL, "DATE", NULL),
        (FALSE, "STRING", point("STRING", "false")),
        (point("STRING", " 12 "), "INT64", point("INT64", 12)),
        (point("STRING", "x"), "INT64", None),
        (point("STRING", "x"), "FLOAT64", None),
        (point("STRING", "x"), "BOOL", None),
        (Known("INT64", 1, 20), "STRING", None),  # "20" < "3"
        (point("FLOAT64", Decimal("1.5")), "STRING", None),
        (point("BOOL", True), "INT64", None),
    ],
)
def test_casts(value: Known, kind: str, expected: Value) -> None:
    assert convert(value, kind) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", point("INT64", 12)),
        ("-12", point("INT64", -12)),
        ("0x1F", point("INT64", 31)),
        ("1.50", point("FLOAT64", Decimal("1.50"))),
        ("1e3", point("FLOAT64", Decimal(1000))),
        ("x", None),
    ],
)
def test_numbers(text: str, value: Value) -> None:
    assert number(text) == value


def test_literals_of_moments() -> None:
    assert literal_moment("DATE", "2026-01-02") == point("DATE", date(2026, 1, 2))
    assert literal_moment("DATE", "2026-01-02 01:00:00") is None
    assert literal_moment("TIMESTAMP", "2026-01-02 00:00:00-01") == point(
        "TIMESTAMP", datetime(2026, 1, 2, 1)
    )


def test_moments_as_text() -> None:
    assert moment_text(datetime(2026, 1, 2, 3, 4, 5, 120_000), "DATETIME") == "2026-01-02 03:04:05.120"
    assert moment_text(datetime(2026, 1, 2, 3, 4, 5, 123_456), "TIMESTAMP") == "2026-01-02 03:04:05.123456+00"
    assert moment_text(date(44, 3, 15), "DATE") == "0044-03-15"


def test_conditions_as_values_and_back() -> None:
    assert [as_value(outcome) for outcome in (1, 2, 4, 3, 7, 0)] == [TRUE, FALSE, NULL, None, None, None]
    assert [outcome_of(value) for value in (TRUE, FALSE, NULL, None, point("INT64", 1))] == [1, 2, 4, 7, 7]
    assert outcome_of(Known("BOOL", False, True)) == Outcome.ANY
