"""Constant expressions, from GoogleSQL text to values, against what the reference manual says of each function."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from costguard.estimate.functions import FUNCTIONS, MAXIMUM_ITEMS
from costguard.estimate.values import NULL, point
from tests.estimate.expressions import NOW, constant, evaluator, tree

ZONE = "'America/Los_Angeles'"


@pytest.mark.parametrize(
    ("sql", "kind", "value"),
    [
        ("CURRENT_DATE()", "DATE", date(2026, 11, 1)),
        ("CURRENT_DATE", "DATE", date(2026, 11, 1)),
        (f"CURRENT_DATE({ZONE})", "DATE", date(2026, 10, 31)),
        ("CURRENT_DATE('-06:00')", "DATE", date(2026, 10, 31)),
        ("CURRENT_TIMESTAMP()", "TIMESTAMP", NOW),
        ("CURRENT_DATETIME()", "DATETIME", NOW),
        (f"CURRENT_DATETIME({ZONE})", "DATETIME", datetime(2026, 10, 31, 22, 30, 15, 123_456)),
        ("CURRENT_TIME()", "TIME", time(5, 30, 15, 123_456)),
    ],
)
def test_the_clock(sql: str, kind: str, value: Any) -> None:
    assert constant(sql) == (kind, value)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("DATE '2026-01-31'", date(2026, 1, 31)),
        ("DATE('2026-1-31')", date(2026, 1, 31)),
        ("DATE(2026, 1, 31)", date(2026, 1, 31)),
        ("DATE(DATETIME '2026-01-31 23:00:00')", date(2026, 1, 31)),
        ("DATE(TIMESTAMP '2026-01-31 23:00:00-08:00')", date(2026, 2, 1)),  # 07:00 UTC
        (f"DATE(TIMESTAMP '2026-02-01 07:59:59+00', {ZONE})", date(2026, 1, 31)),
        ("DATE_ADD(DATE '2026-01-31', INTERVAL 1 MONTH)", date(2026, 2, 28)),
        ("DATE_ADD(DATE '2024-02-29', INTERVAL 1 YEAR)", date(2025, 2, 28)),
        ("DATE_ADD(DATE '2024-11-30', INTERVAL 1 QUARTER)", date(2025, 2, 28)),
        ("DATE_ADD(DATE '2024-02-29', INTERVAL -1 DAY)", date(2024, 2, 28)),
        ("DATE_ADD(DATE(2026, 1, 1), INTERVAL 2 * 3 DAY)", date(2026, 1, 7)),
        ("DATE_SUB('2024-03-01', INTERVAL 1 DAY)", date(2024, 2, 29)),
        ("DATE_SUB(CURRENT_DATE(), INTERVAL 2 WEEK)", date(2026, 10, 18)),
        ("DATE_SUB(DATE '2026-03-31', INTERVAL 13 MONTH)", date(2025, 2, 28)),
        ("CURRENT_DATE() - 3", date(2026, 10, 29)),
        ("3 + CURRENT_DATE()", date(2026, 11, 4)),
        ("DATE_TRUNC(DATE '2026-05-17', DAY)", date(2026, 5, 17)),
        ("DATE_TRUNC(DATE '2026-05-17', MONTH)", date(2026, 5, 1)),
        ("DATE_TRUNC(DATE '2026-05-17', QUARTER)", date(2026, 4, 1)),
        ("DATE_TRUNC(DATE '2026-05-17', YEAR)", date(2026, 1, 1)),
        ("DATE_TRUNC(DATE '2026-05-16', WEEK)", date(2026, 5, 10)),  # Saturday -> Sunday before
        ("DATE_TRUNC(DATE '2026-05-17', WEEK)", date(2026, 5, 17)),  # a Sunday
        ("DATE_TRUNC(DATE '2026-05-17', ISOWEEK)", date(2026, 5, 11)),
        ("DATE_TRUNC(DATE '2026-05-17', WEEK(MONDAY))", date(2026, 5, 11)),
        ("DATE_TRUNC(DATE '2026-05-17', WEEK(SATURDAY))", date(2026, 5, 16)),
        ("DATE_TRUNC(DATE '2026-05-17', ISOYEAR)", date(2025, 12, 29)),
        ("LAST_DAY(DATE '2024-02-03')", date(2024, 2, 29)),
        ("LAST_DAY(DATE '2026-02-03', MONTH)", date(2026, 2, 28)),
        ("LAST_DAY(DATE '2026-02-03', QUARTER)", date(2026, 3, 31)),
        ("LAST_DAY(DATE '2026-02-03', YEAR)", date(2026, 12, 31)),
        ("LAST_DAY(DATE '2026-02-03', WEEK)", date(2026, 2, 7)),  # a Saturday
        ("LAST_DAY(DATE '2026-02-03', WEEK(MONDAY))", date(2026, 2, 8)),
        ("LAST_DAY(DATE '2026-02-03', ISOYEAR)", date(2027, 1, 3)),
        ("PARSE_DATE('%Y%m%d', '20260102')", date(2026, 1, 2)),
        ("PARSE_DATE('%m/%d/%Y', '01/02/2026')", date(2026, 1, 2)),
        ("SAFE.PARSE_DATE('%F', '2026-01-02')", date(2026, 1, 2)),
        ("DATE_FROM_UNIX_DATE(4)", date(1970, 1, 5)),
        ("CAST('2026-01-02' AS DATE)", date(2026, 1, 2)),
        ("CAST(CURRENT_TIMESTAMP() AS DATE)", date(2026, 11, 1)),
        ("EXTRACT(DATE FROM CURRENT_TIMESTAMP())", date(2026, 11, 1)),
        (f"EXTRACT(DATE FROM CURRENT_TIMESTAMP() AT TIME ZONE {ZONE})", date(2026, 10, 31)),
        ("LEAST(DATE '2026-01-02', DATE '2026-01-01')", date(2026, 1, 1)),
        ("GREATEST(DATE '2026-01-02', '2026-01-03')", date(2026, 1, 3)),
        (
            "IF(EXTRACT(DAYOFWEEK FROM CURRENT_DATE()) = 1, DATE '2026-10-30', CURRENT_DATE())",
            date(2026, 10, 30),
        ),
        ("CASE WHEN 1 > 2 THEN DATE '2026-01-01' ELSE DATE '2026-01-02' END", date(2026, 1, 2)),
        ("CASE 2 WHEN 1 THEN DATE '2026-01-01' WHEN 2 THEN DATE '2026-01-02' END", date(2026, 1, 2)),
        ("IFNULL(NULL, CURRENT_DATE())", date(2026, 11, 1)),
        ("COALESCE(NULL, NULL, DATE '2026-01-02', CURRENT_DATE())", date(2026, 1, 2)),
    ],
)
def test_dates(sql: str, value: date) -> None:
    assert constant(sql) == ("DATE", value)


@pytest.mark.parametrize(
    ("sql", "kind", "value"),
    [
        ("TIMESTAMP '2026-01-02 03:04:05.6 America/Los_Angeles'", "TIMESTAMP", datetime(2026, 1, 2, 11, 4, 5, 600_000)),
        ("TIMESTAMP '2026-01-02T03:04:05Z'", "TIMESTAMP", datetime(2026, 1, 2, 3, 4, 5)),
        ("TIMESTAMP '2026-01-02'", "TIMESTAMP", datetime(2026, 1, 2)),
        ("TIMESTAMP('2026-01-02 03:04:05+02')", "TIMESTAMP", datetime(2026, 1, 2, 1, 4, 5)),
        (f"TIMESTAMP('2026-01-02', {ZONE})", "TIMESTAMP", datetime(2026, 1, 2, 8)),
        ("TIMESTAMP(DATE '2026-01-02')", "TIMESTAMP", datetime(2026, 1, 2)),
        ("CAST(DATE '2026-01-02' AS TIMESTAMP)", "TIMESTAMP", datetime(2026, 1, 2)),
        ("TIMESTAMP_ADD(TIMESTAMP '2026-01-01', INTERVAL 90 MINUTE)", "TIMESTAMP", datetime(2026, 1, 1, 1, 30)),
        ("TIMESTAMP_ADD('2026-01-01', INTERVAL 1 MILLISECOND)", "TIMESTAMP", datetime(2026, 1, 1, 0, 0, 0, 1000)),
        ("TIMESTAMP_SUB(TIMESTAMP '2026-01-01', INTERVAL 1 MICROSECOND)", "TIMESTAMP",
         datetime(2025, 12, 31, 23, 59, 59, 999_999)),
        ("TIMESTAMP_SUB(TIMESTAMP '2026-01-03', INTERVAL 48 HOUR)", "TIMESTAMP", datetime(2026, 1, 1)),
        ("TIMESTAMP '2026-01-03' - INTERVAL 1 HOUR", "TIMESTAMP", datetime(2026, 1, 2, 23)),
        ("TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR)", "TIMESTAMP", datetime(2026, 11, 1, 5)),
        ("TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), MILLISECOND)", "TIMESTAMP", datetime(2026, 11, 1, 5, 30, 15, 123_000)),
        # 31 October 00:00 in Los Angeles, which is seven hours behind until the day after
        (f"TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY, {ZONE})", "TIMESTAMP", datetime(2026, 10, 31, 7)),
        ("PARSE_TIMESTAMP('%Y-%m-%d %H:%M:%S', '2026-01-02 03:04:05')", "TIMESTAMP", datetime(2026, 1, 2, 3, 4, 5)),
        (f"PARSE_TIMESTAMP('%Y-%m-%d', '2026-01-02', {ZONE})", "TIMESTAMP", datetime(2026, 1, 2, 8)),
        ("TIMESTAMP_SECONDS(86400)", "TIMESTAMP", datetime(1970, 1, 2)),
        ("TIMESTAMP_MILLIS(-1)", "TIMESTAMP", datetime(1969, 12, 31, 23, 59, 59, 999_000)),
        ("TIMESTAMP_MICROS(1)", "TIMESTAMP", datetime(1970, 1, 1, 0, 0, 0, 1)),
        ("DATETIME(2026, 1, 2, 3, 4, 5)", "DATETIME", datetime(2026, 1, 2, 3, 4, 5)),
        (f"DATETIME(TIMESTAMP '2026-01-02', {ZONE})", "DATETIME", datetime(2026, 1, 1, 16)),
        ("DATETIME(DATE '2026-01-02', TIME '03:04:05')", "DATETIME", datetime(2026, 1, 2, 3, 4, 5)),
        ("DATETIME_ADD(DATETIME '2026-01-31', INTERVAL 1 MONTH)", "DATETIME", datetime(2026, 2, 28)),
        ("DATETIME_SUB(DATETIME '2026-01-31', INTERVAL 1 SECOND)", "DATETIME", datetime(2026, 1, 30, 23, 59, 59)),
        ("DATETIME_TRUNC(DATETIME '2026-05-05 10:11:12', MINUTE)", "DATETIME", datetime(2026, 5, 5, 10, 11)),
        ("PARSE_DATETIME('%F', '2026-01-02')", "DATETIME", datetime(2026, 1, 2)),
        # GoogleSQL: a DATE and an INTERVAL make a DATETIME
        ("CURRENT_DATE() - INTERVAL 3 DAY", "DATETIME", datetime(2026, 10, 29)),
        ("TIME '03:04:05'", "TIME", time(3, 4, 5)),
    ],
)  # fmt: skip
def test_moments(sql: str, kind: str, value: Any) -> None:
    assert constant(sql) == (kind, value)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("DATE_DIFF(DATE '2026-03-01', DATE '2026-02-28', DAY)", 1),
        ("DATE_DIFF(DATE '2026-02-28', DATE '2026-03-01', DAY)", -1),
        ("DATE_DIFF(DATE '2026-03-01', DATE '2026-02-28', MONTH)", 1),  # boundaries, not whole months
        ("DATE_DIFF(DATE '2017-12-18', DATE '2017-12-17', WEEK)", 0),  # the manual's own examples
        ("DATE_DIFF(DATE '2017-12-18', DATE '2017-12-17', WEEK(MONDAY))", 1),
        ("DATE_DIFF(DATE '2017-12-18', DATE '2017-12-17', ISOWEEK)", 1),
        ("DATE_DIFF(DATE '2017-12-30', DATE '2014-12-30', YEAR)", 3),
        ("DATE_DIFF(DATE '2017-12-30', DATE '2014-12-30', ISOYEAR)", 2),
        ("DATE_DIFF(DATE '2026-04-01', DATE '2026-03-31', QUARTER)", 1),
        ("DATE_DIFF(CURRENT_DATE(), '2026-10-01', DAY)", 31),
        ("DATETIME_DIFF(DATETIME '2026-01-02 00:00:00', DATETIME '2026-01-01 23:59:59', DAY)", 1),
        ("TIMESTAMP_DIFF(TIMESTAMP '2001-02-01 01:00:00', TIMESTAMP '2001-02-01 00:00:01', HOUR)", 0),
        ("TIMESTAMP_DIFF(TIMESTAMP '2018-08-14', TIMESTAMP '2018-10-14', DAY)", -61),
        ("TIMESTAMP_DIFF(TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-01 01:30:00', HOUR)", -1),  # to zero
        ("EXTRACT(YEAR FROM DATE '2026-02-03')", 2026),
        ("EXTRACT(QUARTER FROM DATE '2026-04-01')", 2),
        ("EXTRACT(MONTH FROM DATE '2026-02-03')", 2),
        ("EXTRACT(DAY FROM DATE '2026-02-03')", 3),
        ("EXTRACT(DAYOFWEEK FROM DATE '2026-11-01')", 1),  # Sunday
        ("EXTRACT(DAYOFWEEK FROM DATE '2026-10-31')", 7),
        ("EXTRACT(DAYOFYEAR FROM DATE '2026-03-01')", 60),
        ("EXTRACT(ISOYEAR FROM DATE '2027-01-01')", 2026),
        ("EXTRACT(ISOWEEK FROM DATE '2026-01-01')", 1),
        ("EXTRACT(WEEK FROM DATE '2026-01-03')", 0),  # before the first Sunday
        ("EXTRACT(WEEK FROM DATE '2026-01-04')", 1),
        ("EXTRACT(HOUR FROM CURRENT_TIMESTAMP())", 5),
        (f"EXTRACT(HOUR FROM CURRENT_TIMESTAMP() AT TIME ZONE {ZONE})", 22),
        ("EXTRACT(MILLISECOND FROM CURRENT_TIMESTAMP())", 123),
        ("EXTRACT(MICROSECOND FROM CURRENT_TIMESTAMP())", 123_456),
        ("UNIX_SECONDS(TIMESTAMP '1970-01-02')", 86_400),
        ("UNIX_SECONDS(TIMESTAMP '1969-12-31 23:59:59.5')", -1),  # the manual: rounds down
        ("UNIX_MILLIS(TIMESTAMP '1970-01-02')", 86_400_000),
        ("UNIX_MICROS(TIMESTAMP '1970-01-02')", 86_400_000_000),
        ("UNIX_DATE(DATE '1970-01-05')", 4),
        ("MOD(7, 3)", 1),
        ("MOD(-7, 3)", -1),
        ("DIV(20, 4)", 5),
        ("DIV(-7, 2)", -3),
        ("ABS(-3)", 3),
        ("GREATEST(1, 5, 3)", 5),
        ("1 + 2 * 3", 7),
        ("-(2 - 5)", 3),
        ("CAST('20' AS INT64)", 20),
        ("CAST(2.5 AS INT64)", 3),  # half away from zero
        ("CAST(-2.5 AS INT64)", -3),
        ("CAST(FORMAT_DATE('%Y%m%d', CURRENT_DATE()) AS INT64)", 20_261_101),
        ("LENGTH('abc')", 3),
        ("CHAR_LENGTH('äb')", 2),
        ("NULLIF(1, 2)", 1),
        ("IF(1 > 2, 1, 2)", 2),
    ],
)  # fmt: skip
def test_whole_numbers(sql: str, value: int) -> None:
    assert constant(sql) == ("INT64", value)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("FORMAT_DATE('%Y%m%d', CURRENT_DATE())", "20261101"),
        ("FORMAT_DATE('%F', CURRENT_DATE())", "2026-11-01"),
        ("FORMAT_DATE('%Y-%m', DATE_SUB(CURRENT_DATE(), INTERVAL 1 MONTH))", "2026-10"),
        ("FORMAT_DATE('%y%m', DATE '2026-02-01')", "2602"),
        ("FORMAT_DATE('%j', DATE '2026-02-01')", "032"),
        ("FORMAT_DATE('%Q', DATE '2026-05-01')", "2"),
        ("FORMAT_DATE('%G-W%V', DATE '2026-01-01')", "2026-W01"),
        ("FORMAT_DATE('%A, %B', DATE '2026-01-02')", "Friday, January"),
        ("FORMAT_DATE('%a %b', DATE '2026-01-02')", "Fri Jan"),
        (f"FORMAT_TIMESTAMP('%Y%m%d', CURRENT_TIMESTAMP(), {ZONE})", "20261031"),
        ("FORMAT_TIMESTAMP('%F %T', CURRENT_TIMESTAMP())", "2026-11-01 05:30:15"),
        ("FORMAT_DATETIME('%H', DATETIME '2026-01-02 03:04:05')", "03"),
        ("CAST(CURRENT_DATE() AS STRING)", "2026-11-01"),
        ("CAST(20260102 AS STRING)", "20260102"),
        ("CAST(TRUE AS STRING)", "true"),
        ("STRING(TIMESTAMP '2026-01-02 03:04:05')", "2026-01-02 03:04:05+00"),
        ("CAST(DATETIME '2026-01-02 03:04:05.5' AS STRING)", "2026-01-02 03:04:05.500"),
        ("CONCAT('events_', FORMAT_DATE('%Y%m%d', CURRENT_DATE()))", "events_20261101"),
        ("'a' || 'b' || 'c'", "abc"),
        ("SUBSTR('abcdef', 2, 3)", "bcd"),
        ("SUBSTR('abcdef', -2)", "ef"),
        ("SUBSTR('abcdef', -9, 2)", "ab"),
        ("SUBSTR('abcdef', 0, 2)", "ab"),
        ("SUBSTRING('abcdef', 3)", "cdef"),
        ("LEFT('abc', 2)", "ab"),
        ("RIGHT('abc', 2)", "bc"),
        ("RIGHT('abc', 5)", "abc"),
        ("REPLACE('2026-01-02', '-', '')", "20260102"),
        ("UPPER('ab')", "AB"),
        ("LOWER('AB')", "ab"),
        ("TRIM(' a ')", "a"),
        ("LPAD('7', 2, '0')", "07"),
        ("LPAD('7', 3)", "  7"),
        ("LPAD('1234', 2, '0')", "12"),
    ],
)  # fmt: skip
def test_texts(sql: str, value: str) -> None:
    assert constant(sql) == ("STRING", value)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("STARTS_WITH('abc', 'ab')", True),
        ("STARTS_WITH('abc', 'b')", False),
        ("ENDS_WITH('abc', 'bc')", True),
    ],
)
def test_text_tests(sql: str, value: bool) -> None:
    assert constant(sql) == ("BOOL", value)


def test_fractions() -> None:
    assert constant("7 / 2") == ("FLOAT64", Decimal("3.5"))
    assert constant("1.5") == ("FLOAT64", Decimal("1.5"))
    assert constant("CAST('1.5' AS NUMERIC)") == ("NUMERIC", Decimal("1.5"))


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("GENERATE_ARRAY(1, 5, 2)", [1, 3, 5]),
        ("GENERATE_ARRAY(1, 6, 2)", [1, 3, 5]),
        ("GENERATE_ARRAY(3, 1, -1)", [3, 2, 1]),
        ("GENERATE_ARRAY(3, 1)", []),
        (
            "GENERATE_DATE_ARRAY('2026-01-30', '2026-02-01')",
            [date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)],
        ),
        # from the first date each time, not from the one before: 31 January, 28 February, 31 March
        (
            "GENERATE_DATE_ARRAY('2026-01-31', '2026-03-31', INTERVAL 1 MONTH)",
            [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)],
        ),
        (
            "GENERATE_DATE_ARRAY('2026-01-03', '2026-01-01', INTERVAL -2 DAY)",
            [date(2026, 1, 3), date(2026, 1, 1)],
        ),
        ("GENERATE_DATE_ARRAY('2026-01-03', '2026-01-01')", []),
        (
            "GENERATE_TIMESTAMP_ARRAY(TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-01 23:00:00', INTERVAL 12 HOUR)",
            [datetime(2026, 1, 1), datetime(2026, 1, 1, 12)],
        ),
        ("['a', 'b']", ["a", "b"]),
    ],
)
def test_arrays(sql: str, values: list[Any]) -> None:
    found = constant(sql)
    assert found is not None
    assert (found[0], [item.low for item in found[1]]) == ("ARRAY", values)


@pytest.mark.parametrize(
    "sql",
    [
        "DATE_ADD(DATE '9999-12-31', INTERVAL 1 DAY)",
        "DATE_ADD(DATE '2026-01-01', INTERVAL 1 HOUR)",
        "DATE(2026, 2, 30)",
        "DATE 'soon'",
        "CAST('x' AS DATE)",
        "PARSE_DATE('%Y%m%d', 'x')",
        "PARSE_DATE('%m%d', '0102')",
        "CURRENT_DATE('Middle/Earth')",
        "FORMAT_DATE('%E*S', CURRENT_DATE())",
        "DIV(1, 0)",
        "MOD(1, 0)",
        "1 / 0",
        "CAST('x' AS INT64)",
        "GENERATE_ARRAY(1, 5, 0)",
        f"GENERATE_ARRAY(1, {MAXIMUM_ITEMS + 1})",
        "GENERATE_DATE_ARRAY('0001-01-01', '9999-01-01')",
        "RAND()",
        "SESSION_USER()",
        "my_function(1)",
        "@p",
        "CURRENT_DATE() - 'x'",
        "GREATEST(1, 'x')",
        "UPPER(1.5)",
        "LEFT('abc', -1)",
    ],
)  # fmt: skip
def test_what_fails_or_is_not_known_here(sql: str) -> None:
    assert constant(sql) is None


@pytest.mark.parametrize(
    "sql",
    [
        "DATE_ADD(NULL, INTERVAL 1 DAY)",
        "1 + NULL",
        "NULLIF(1, 1)",
        "SAFE_CAST('x' AS INT64)",
        "COALESCE(NULL)",
    ],
)
def test_null(sql: str) -> None:
    assert evaluator().value(tree(sql)) is NULL


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_function_raises_on_arguments_it_is_not_made_for(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("costguard.estimate.functions.MAXIMUM_ITEMS", 100)
    values = [
        point("STRING", "x"),
        point("INT64", 10**30),
        point("INT64", -(10**30)),
        point("DATE", date.max),
        point("DATE", date.min),
        point("TIMESTAMP", datetime.min),
        point("BOOL", True),
        point("ARRAY", ()),
        point("INTERVAL", (10**12, "YEAR")),
        point("UNIT", "DAY"),
    ]
    for first in values:
        for second in values:
            for given in ([first], [first, second], [first, second, second], [first, first, second]):
                evaluator().value(["call", name, [["param", f"p{number}"] for number in range(len(given))]])
                columns = {f"c{number}": value for number, value in enumerate(given)}
                evaluator(None, **columns).value(["call", name, [["col", column] for column in columns]])
