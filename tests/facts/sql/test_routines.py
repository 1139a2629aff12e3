"""What a user-defined function is made of."""

from __future__ import annotations

import pytest

from costguard.extract.sql import parse_leaf
from costguard.extract.sqlfile import extract_sql
from costguard.facts.source import Rows, facts_of
from costguard.facts.sql.routines import routine_of


def facts(script: str) -> Rows:
    return facts_of(extract_sql(script, "bigquery"), "script.sql", len(script), is_test=False)


@pytest.mark.parametrize(
    ("definition", "reads"),
    [
        ("CREATE FUNCTION d.f(x INT64) AS (x + 1)", False),
        ("CREATE FUNCTION d.f(x INT64) AS ((SELECT MAX(a) FROM d.t WHERE b = x))", True),
        ("CREATE FUNCTION d.f(x STRING) RETURNS STRING LANGUAGE js AS 'return x'", False),
        ("CREATE FUNCTION d.f(x ARRAY<INT64>) AS ((SELECT SUM(i) FROM UNNEST(x) AS i))", False),
        ("CREATE FUNCTION d.f(x ANY TYPE) AS ((SELECT SUM(i) FROM x.items AS i))", False),
        ("CREATE FUNCTION d.f(x ANY TYPE) AS ((SELECT SUM(j) FROM UNNEST(x) AS i, i.parts AS j))", False),
        ("CREATE FUNCTION d.f(x INT64) AS ((WITH q AS (SELECT x AS y) SELECT y FROM q))", False),
        ("CREATE TABLE FUNCTION d.f(x INT64) AS SELECT a FROM d.t WHERE b = x", True),
    ],
)
def test_whether_a_function_reads_tables(definition: str, reads: bool) -> None:
    tree = parse_leaf(definition).tree
    assert tree is not None
    routine = routine_of(tree, {})
    assert routine is not None
    assert (routine.name, routine.reads_tables) == ("d.f", reads)


def test_calls_of_functions_that_the_text_does_not_define() -> None:
    rows = facts(
        "CREATE TEMP FUNCTION own(x INT64) AS (p.d.other(x));"
        "CREATE TEMP FUNCTION outer_(x INT64) AS (own(x));"
        "SELECT outer_(a), `p.d.g`(a), d.h(a), SAFE.SUBSTR(c, 1), NET.HOST(c), own_too(a), bqutil.fn.i(a) FROM d.t"
    )
    assert [tuple(row) for row in rows["routine_calls"]] == [(2, "d.h"), (2, "p.d.g"), (2, "p.d.other")]
    assert [tuple(row) for row in rows["routines"]] == [
        ("own", False, ("p.d.other",)),
        ("outer_", False, ("p.d.other",)),
    ]


def test_what_a_function_reads_stands_where_it_is_called() -> None:
    rows = facts("CREATE TEMP FUNCTION n() AS ((SELECT MAX(a) FROM d.t));\nSELECT n()")
    (scan,) = rows["scans"]
    place = rows["locations"][scan.at]  # type: ignore[attr-defined]
    assert (scan.query, scan.table_name) == (1, "d.t")  # type: ignore[attr-defined]
    assert (place.start_line, place.start_column, place.end_column) == (2, 8, 9)  # type: ignore[attr-defined]
