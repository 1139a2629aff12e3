"""Conditions over the values of one partition: what they can come to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.estimate.constant import Evaluator
from costguard.estimate.functions import FUNCTIONS
from costguard.estimate.values import NULL, Known, Outcome, Value, point
from tests.estimate.expressions import NOW, condition, evaluator, tree

T, F, N, ANY = Outcome.TRUE, Outcome.FALSE, Outcome.NULL, Outcome.ANY
MARCH = Known("DATE", date(2026, 3, 1), date(2026, 3, 31))
DAY = Known("TIMESTAMP", datetime(2026, 3, 5), datetime(2026, 3, 5, 23, 59, 59, 999_999))


def over(sql: str, value: Value) -> int:
    return evaluator(k=value).condition(condition(sql))


@pytest.mark.parametrize(
    ("sql", "outcome"),
    [
        ("k >= '2026-03-01'", T),
        ("k > '2026-03-01'", T | F),
        ("k > '2026-03-31'", F),
        ("k = '2026-03-05'", T | F),
        ("k != '2026-04-01'", T),
        ("k BETWEEN '2026-03-01' AND '2026-03-31'", T),
        ("k BETWEEN '2026-03-31' AND '2026-04-02'", T | F),
        ("k BETWEEN '2026-04-01' AND '2026-04-02'", F),
        ("k NOT BETWEEN '2026-04-01' AND '2026-04-02'", T),
        ("k IN ('2026-03-05', '2026-05-05')", T | F),
        ("k IN ('2026-05-05')", F),
        ("k NOT IN ('2026-05-05')", T),
        ("k IN UNNEST(GENERATE_DATE_ARRAY('2026-02-01', '2026-02-28'))", F),
        ("k IN UNNEST(GENERATE_DATE_ARRAY('2026-02-01', '2026-03-01'))", T | F),
        ("k IN UNNEST(GENERATE_DATE_ARRAY('2020-01-01', '2026-02-28'))", F),  # a long list
        ("k IN UNNEST([])", F),
        ("k IN UNNEST(@days)", ANY),
        ("k IS NULL", F),
        ("k IS NOT NULL", T),
        ("k = NULL", N),
        ("k >= @p", ANY),
        ("k >= '2026-04-01' AND k >= @p", F),
        ("k >= '2026-04-01' OR j = 1", ANY),
        ("k >= '2026-03-01' OR j = 1", T),
        ("DATE_TRUNC(k, MONTH) = '2026-03-01'", T),
        ("DATE_ADD(k, INTERVAL 1 DAY) > '2026-03-01'", T),
        ("DATE_SUB(k, INTERVAL 1 MONTH) < '2026-03-01'", T),
        ("DATE_DIFF(k, DATE '2026-03-01', DAY) < 31", T),
        ("DATE_DIFF(DATE '2026-03-31', k, DAY) > 30", F),  # falls while k rises
        ("EXTRACT(YEAR FROM k) = 2026", T),
        ("EXTRACT(MONTH FROM k) = 3", T),  # one month only
        ("EXTRACT(MONTH FROM k) = 4", F),
        ("EXTRACT(DAY FROM k) = 4", ANY),  # several days
        ("FORMAT_DATE('%Y%m', k) = '202603'", T),
        ("FORMAT_DATE('%Y%m%d', k) >= '20260401'", F),
        ("FORMAT_DATE('%m', k) = '03'", T),
        ("FORMAT_DATE('%d%m', k) = '0103'", ANY),
        ("LAST_DAY(k) = '2026-03-31'", T),
        ("CAST(k AS STRING) LIKE '2026-03%'", T),
        ("CAST(k AS STRING) LIKE '2026-04%'", F),
        ("CAST(k AS STRING) LIKE '2026-03-0%'", T | F),
        ("UNIX_DATE(k) < 0", F),
        ("k + 1 > '2026-03-01'", T),
        ("k - INTERVAL 1 DAY >= '2026-02-28'", T),
        ("GREATEST(k, DATE '2026-01-01') > '2026-01-01'", ANY),
    ],
)
def test_a_month_of_days(sql: str, outcome: int) -> None:
    assert over(sql, MARCH) == outcome


@pytest.mark.parametrize(
    ("sql", "outcome"),
    [
        ("DATE(k) = '2026-03-05'", T),
        ("DATE(k) = '2026-03-06'", F),
        ("CAST(k AS DATE) = '2026-03-05'", T),
        ("TIMESTAMP_TRUNC(k, DAY) = TIMESTAMP '2026-03-05'", T),
        ("TIMESTAMP_TRUNC(k, HOUR) = TIMESTAMP '2026-03-05'", T | F),
        ("TIMESTAMP_DIFF(k, TIMESTAMP '2026-03-05', HOUR) <= 23", T),
        ("TIMESTAMP_ADD(k, INTERVAL 1 DAY) >= '2026-03-06'", T),
        ("EXTRACT(DATE FROM k) = '2026-03-05'", T),
        ("EXTRACT(HOUR FROM k) = 3", ANY),
        ("EXTRACT(DAYOFWEEK FROM k) = 5", T),  # a Thursday
        ("FORMAT_TIMESTAMP('%F', k) = '2026-03-05'", T),
        ("FORMAT_TIMESTAMP('%F %H', k) = '2026-03-05 03'", ANY),
        ("DATE(k, 'America/Los_Angeles') = '2026-03-04'", T | F),
        ("DATE(k, 'America/Los_Angeles') = '2026-03-06'", F),
        ("EXTRACT(DATE FROM k AT TIME ZONE 'Asia/Tokyo') = '2026-03-04'", F),
        ("UNIX_SECONDS(k) >= 1772668800", T),  # 2026-03-05 00:00 UTC
        ("k < '2026-03-05'", F),
        ("k <= '2026-03-05'", T | F),
        ("k >= '2026-03-05 23:59:59.999999'", T | F),
        ("k > '2026-03-05 23:59:59.999999'", F),
    ],
)
def test_the_moments_of_a_day(sql: str, outcome: int) -> None:
    assert over(sql, DAY) == outcome


@pytest.mark.parametrize(
    ("sql", "low", "high", "outcome"),
    [
        ("k = 5", 0, 9, T | F),
        ("k IN (10, 11)", 0, 9, F),
        ("k * 2 < 20", 0, 9, T),
        ("k * -1 > 0", 0, 9, F),
        ("2 * k = 19", 0, 9, F),
        ("k / 10 < 1", 0, 9, T),
        ("k - 10 < 0", 0, 9, T),
        ("10 - k > 0", 0, 9, T),
        ("k / 0 = 1", 0, 9, ANY),
        ("MOD(k, 10) = 3", 0, 9, ANY),
        ("MOD(k, 10) = 3", 13, 13, T),
        ("k BETWEEN 20 AND 10", 0, 30, T | F),
    ],
)
def test_whole_numbers(sql: str, low: int, high: int, outcome: int) -> None:
    assert over(sql, Known("INT64", low, high)) == outcome


@pytest.mark.parametrize(
    ("sql", "low", "high", "outcome"),
    [
        ("k LIKE '2024%'", "20240101", "20241231", T),
        ("k LIKE '2024%'", "20230101", "20241231", T | F),
        ("k LIKE '2025%'", "20240101", "20241231", F),
        ("k LIKE '202401__'", "20240115", "20240115", T),
        ("k LIKE '202401__'", "20240215", "20240215", F),
        ("k LIKE '202401__'", "20240101", "20240131", T | F),
        ("k LIKE '%15'", "20240115", "20240115", T),
        ("k LIKE '%15'", "20240116", "20240116", F),
        (r"k LIKE r'2024%'", "20240115", "20240115", T),
        ("k LIKE 'a'", "a", "a", T),
        ("k LIKE '%'", "a", "b", T),
        ("k LIKE ''", "a", "b", F),
        ("k NOT LIKE '2024%'", "20240101", "20241231", F),
        ("SUBSTR(k, 1, 4) = '2024'", "20240101", "20241231", T),
        ("SUBSTR(k, 5, 2) = '01'", "20240101", "20241231", ANY),
        ("SUBSTR(k, 5, 2) = '01'", "20240115", "20240115", T),
        ("LEFT(k, 6) = '202401'", "20240101", "20240131", T),
        ("RIGHT(k, 2) = '01'", "20240101", "20240101", T),
        ("CONCAT('events_', k) >= 'events_2025'", "20240101", "20241231", F),
        ("CONCAT(k, '_x') = 'a_x'", "a", "b", ANY),
        ("CAST(k AS INT64) >= 2018", "2017", "2017", F),
        ("CAST(k AS INT64) >= 2018", "2018", "2018", T),
        ("STARTS_WITH(k, '2024')", "20240101", "20240101", T),
        ("PARSE_DATE('%Y%m%d', k) >= '2024-01-02'", "20240101", "20240101", F),
        ("LENGTH(k) = 8", "20240101", "20240101", T),
        ("k = 'intraday_1' OR k > '3'", "20240101", "20241231", F),
    ],
)
def test_suffixes(sql: str, low: str, high: str, outcome: int) -> None:
    assert over(sql, Known("STRING", low, high)) == outcome


@pytest.mark.parametrize(
    ("sql", "outcome"),
    [("k IS NULL", T), ("k IS NOT NULL", F), ("k = '2026-01-01'", N), ("NOT k = '2026-01-01'", N),
     ("k IN ('2026-01-01')", N), ("k BETWEEN '2026-01-01' AND '2026-01-02'", N), ("k LIKE 'x%'", N),
     ("DATE_ADD(k, INTERVAL 1 DAY) > '2026-01-01'", N), ("IFNULL(k, DATE '2026-01-01') = '2026-01-01'", T),
     ("(k = '2026-01-01') IS TRUE", N), ("(k = '2026-01-01') IS NOT TRUE", T),
     ("k = '2026-01-01' OR k IS NULL", T), ("COALESCE(k, CURRENT_DATE()) > '2026-01-01'", T)],
)  # fmt: skip
def test_null(sql: str, outcome: int) -> None:
    assert over(sql, NULL) == outcome


@pytest.mark.parametrize(
    ("sql", "outcome"),
    [("TRUE", T), ("FALSE", F), ("1 = 0", F), ("1 = 1 AND NULL", N), ("NOT FALSE", T),
     ("CURRENT_DATE() > '2026-10-31'", T), ("CURRENT_DATE() > @p", ANY), ("RAND() < 0.1", ANY)],
)  # fmt: skip
def test_conditions_without_a_column(sql: str, outcome: int) -> None:
    assert evaluator().condition(tree(sql)) == outcome


def test_parameters_and_variables() -> None:
    given_ = {"p": ["date", "2026-01-02"], "v": ["num", "7"]}
    assert evaluator(given_).value(["param", "P"]) == point("DATE", date(2026, 1, 2))
    assert evaluator().value(["param", "p"]) is None
    assert evaluator().value(["var", "v", ["num", "5"]]) == point("INT64", 5)
    assert evaluator(given_).value(["var", "v", ["num", "5"]]) == point("INT64", 7)  # what is given wins
    assert evaluator().value(["var", "v", None]) is None
    assert evaluator({"p": ["param", "p"]}).value(["param", "p"]) is None  # not for ever


def test_depth_is_bounded() -> None:
    deep: Any = ["num", "1"]
    for _ in range(10_000):
        deep = ["arith", "+", deep, ["num", "1"]]
    assert evaluator().value(deep) is None
    condition_: Any = ["bool", True]
    for _ in range(10_000):
        condition_ = ["not", condition_]
    assert evaluator().condition(condition_) == ANY


def test_places_are_looked_through() -> None:
    assert evaluator().condition(["at", 3, ["bool", False]]) == F


def test_an_unknown_node_is_anything() -> None:
    assert evaluator().condition(["news"]) == ANY
    assert evaluator().value(["hole", "x"]) is None
    assert evaluator().value([]) is None


@pytest.mark.parametrize("sql", ["INTERVAL 3 DAY", "INTERVAL '3' DAY", "INTERVAL 1 + 2 DAY"])
def test_intervals(sql: str) -> None:
    assert evaluator().value(tree(sql)) == point("INTERVAL", (3, "DAY"))


_LEAVES = st.one_of(
    st.sampled_from(
        [
            ["col", "k"],
            ["col", "x"],
            ["null"],
            ["bool", True],
            ["param", "p"],
            ["unit", "DAY"],
            ["unit", "WEEK(MONDAY)"],
            ["unit", "HOUR"],
            ["subquery", ""],
            ["opaque", "?", []],
            ["array", []],
            ["hole", "h"],
        ]
    ),
    st.tuples(st.just("str"), st.sampled_from(["", "2026-01-01", "%Y%m", "UTC", "x%", "12", "é"])).map(list),
    st.tuples(st.just("num"), st.sampled_from(["0", "-1", "7", "1.5", "99999999999999999999"])).map(list),
    st.tuples(st.just("date"), st.sampled_from(["0001-01-01", "9999-12-31", "2026-02-28"])).map(list),
    st.tuples(st.just("timestamp"), st.sampled_from(["9999-12-31 23:59:59", "2026-01-01"])).map(list),
)


def _inner(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(children, max_size=3)
    units = st.sampled_from(["DAY", "MONTH", "HOUR", "YEAR", "NO"])
    return st.one_of(
        st.tuples(st.sampled_from(["and", "or", "array"]), several).map(list),
        st.tuples(st.sampled_from(["not", "is_null"]), children).map(list),
        st.tuples(st.just("cmp"), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), children, children).map(list),
        st.tuples(st.just("between"), children, children, children).map(list),
        st.tuples(st.just("in"), children, several).map(list),
        st.tuples(st.sampled_from(["in_unnest", "like"]), children, children).map(list),
        st.tuples(st.just("call"), st.sampled_from(sorted(FUNCTIONS)), several).map(list),
        st.tuples(st.just("cast"), children, st.sampled_from(["DATE", "INT64", "X"]), st.booleans()).map(list),
        st.tuples(st.just("arith"), st.sampled_from("+-*/"), children, children).map(list),
        st.tuples(st.just("if"), children, children, children).map(list),
        st.tuples(st.just("interval"), children, units).map(list),
    )  # fmt: skip


TREES = st.recursive(_LEAVES, _inner, max_leaves=12)
COLUMNS = st.sampled_from(
    [
        None,
        NULL,
        MARCH,
        DAY,
        Known("DATE", date.min, date.max),
        Known("TIMESTAMP", datetime.min, datetime.max),
        Known("DATETIME", datetime.min, datetime.max),
        Known("INT64", -(1 << 63), (1 << 63) - 1),
        Known("STRING", "", "z"),
        point("STRING", "20260101"),
    ]
)


@settings(max_examples=400)
@given(TREES, COLUMNS)
def test_no_tree_raises(node: Any, value: Value) -> None:
    found = Evaluator(NOW, {"p": ["num", "3"]}, {"k": value})
    assert 0 <= found.condition(node) <= 7
    known = found.value(node)
    assert known is None or known is NULL or known.is_point or known.low <= known.high
