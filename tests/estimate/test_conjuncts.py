"""What a condition says about the key of the partitions, and why the rest of it does not count."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from costguard.estimate.conjuncts import SUFFIX, Keys, Reduced, Reducer
from costguard.estimate.values import Known, point
from tests.estimate.expressions import condition, evaluator

DAY = Keys({"k": point("DATE", date(2024, 5, 17))})
SUFFIXES = Keys({SUFFIX: point("STRING", "20240517")}, any_function=True)
RANGE = Keys({"k": point("INT64", 7)}, by_range=True)


def reduced(sql: str, keys: Keys = DAY, parameters: dict[str, Any] | None = None) -> Reduced:
    return Reducer(keys, evaluator(parameters)).reduce(condition(sql))


def test_a_comparison_with_a_constant_is_all_of_the_condition() -> None:
    found = reduced("k = '2024-01-01'")
    assert found == Reduced(["cmp", "=", ["col", "k"], ["str", "2024-01-01"]], used=True)


def test_and_keeps_what_speaks_of_the_key() -> None:
    found = reduced("k > '2024-01-01' AND v = 1 AND k < '2024-02-01'")
    assert found.tree[0] == "and"
    assert [item[1] for item in found.tree[1]] == [">", "<"]
    assert (found.used, found.whole, found.defeats) == (True, False, ())


def test_or_needs_the_key_on_every_side() -> None:
    assert reduced("k = '2024-01-01' OR k = '2024-02-01'").used
    found = reduced("k = '2024-01-01' OR v = 1")
    assert found.tree is True
    assert [defeat.cause for defeat in found.defeats] == ["or"]
    # both sides limit the key, each with something else
    found = reduced("(k = '2024-01-01' AND v = 1) OR (k = '2024-02-01' AND v = 2)")
    assert (found.tree[0], found.used, found.whole) == ("or", True, False)


def test_constants_fold() -> None:
    assert reduced("k = '2024-01-01' OR 1 = 0").tree[0] == "cmp"
    assert reduced("k = '2024-01-01' OR 1 = 1").tree is True
    assert reduced("k = '2024-01-01' AND 1 = 0").tree is False
    assert reduced("NOT (1 = 1) AND k = '2024-01-01'").tree is False
    assert reduced("v = 1 AND k IS NOT NULL").whole is False
    assert reduced("1 = 1 AND k IS NOT NULL").whole is True


def test_not_turns_a_whole_condition_only() -> None:
    assert reduced("NOT k = '2024-01-01'").tree[0] == "not"
    found = reduced("NOT (k = '2024-01-01' AND v = 1)")
    assert (found.tree, [defeat.cause for defeat in found.defeats]) == (True, ["negation"])
    found = reduced("NOT k = @p")
    assert (found.tree, found.unknown, found.at_most) == (True, True, None)
    assert reduced("NOT v = 1").tree is True


def test_the_unknown_value_bounds_the_partitions_where_it_is_one_value() -> None:
    assert reduced("k = @p").at_most == 1
    assert reduced("k IN (@p, @q, '2024-01-01')").at_most == 3
    assert reduced("k = @p OR k = @q").at_most == 2
    assert reduced("k = @p AND k IN (@q, @r)").at_most == 1
    assert reduced("k > @p").at_most is None
    assert reduced("k = @p OR k > @q").at_most is None
    assert reduced("k IN UNNEST(@p)").at_most is None
    assert reduced("DATE_TRUNC(k, MONTH) = @p").at_most is None


def test_half_a_between_counts() -> None:
    found = reduced("k BETWEEN '2024-01-01' AND @p")
    assert found.tree == ["cmp", ">=", ["col", "k"], ["str", "2024-01-01"]]
    assert (found.used, found.unknown) == (True, True)


@pytest.mark.parametrize(
    ("sql", "cause"),
    [
        ("k = (SELECT MAX(k) FROM d.u)", "subquery"),
        ("k = other", "column"),
        ("k BETWEEN other AND '2024-01-01'", None),
        ("'2024-01-01' BETWEEN k AND other", None),
        ("DATE_ADD(k, INTERVAL v DAY) = '2024-01-01'", "function"),
        ("k + 1 = '2024-01-01'", "arithmetic"),
        ("LAST_DAY(k) = '2024-01-31'", "function"),
        ("k >= CURRENT_TIMESTAMP()", "coercion"),
        ("k >= CAST(@p AS DATETIME)", "coercion"),
        ("k >= DATETIME_SUB(@p, INTERVAL 1 DAY)", "coercion"),
        ("k = COALESCE(k, CURRENT_DATE())", "column"),
        ("(k, v) IN (('2024-01-01', 3))", "function"),
        ("(k, v) IN (SELECT (k, v) FROM d.u)", "subquery"),
    ],
)
def test_causes(sql: str, cause: str | None) -> None:
    found = reduced(sql)
    if cause is None:
        assert found.used
    else:
        assert not found.used
        assert found.defeats[0].cause == cause
        assert "k" in found.defeats[0].reason


def test_casts_to_the_type_itself_are_no_function() -> None:
    assert reduced("CAST(k AS DATE) = '2024-01-01'").used
    assert reduced("DATE(k) = '2024-01-01'").used


def test_integer_ranges_stand_alone() -> None:
    assert reduced("k = 5", RANGE).used
    assert reduced("k + 1 = 5", RANGE).defeats[0].cause == "range-function"
    assert reduced("k = 5.5", RANGE).defeats[0].cause == "coercion"


@pytest.mark.parametrize(
    "sql",
    [
        "_TABLE_SUFFIX = '2024'",
        "CAST(_TABLE_SUFFIX AS INT64) >= 2018",
        "SUBSTR(_TABLE_SUFFIX, 1, 4) = '2024'",
        "PARSE_DATE('%Y%m%d', _TABLE_SUFFIX) >= CURRENT_DATE()",
        "STARTS_WITH(_TABLE_SUFFIX, '2024')",
        "REGEXP_CONTAINS(_TABLE_SUFFIX, r'^2024')",
        "_TABLE_SUFFIX LIKE '2024%'",
        "CONCAT('a', _TABLE_SUFFIX) = 'a2024'",
    ],
)
def test_any_function_of_constants_prunes_a_wildcard(sql: str) -> None:
    found = reduced(sql, SUFFIXES)
    assert (found.used, found.defeats) == (True, ())


@pytest.mark.parametrize(
    ("sql", "cause"),
    [
        ("_TABLE_SUFFIX = (SELECT MAX(x) FROM d.u)", "subquery"),
        ("_TABLE_SUFFIX = FORMAT_DATE('%Y%m%d', k)", "column"),
        ("CONCAT(_TABLE_SUFFIX, v) = 'x'", "function"),
        ("STARTS_WITH(_TABLE_SUFFIX, v)", "function"),
    ],
)
def test_what_depends_on_rows_does_not(sql: str, cause: str) -> None:
    found = reduced(sql, SUFFIXES)
    assert (found.used, found.defeats[0].cause) == (False, cause)
    assert found.defeats[0].reason.find("_TABLE_SUFFIX") >= 0


def test_the_place_of_a_condition_goes_with_its_defeat() -> None:
    tree = ["and", [["at", 7, ["cmp", "=", ["arith", "+", ["col", "k"], ["num", "1"]], ["num", "2"]]]]]
    (defeat,) = Reducer(Keys({"k": Known("DATE", date.min, date.max)}), evaluator()).reduce(tree).defeats
    assert defeat.at == 7
