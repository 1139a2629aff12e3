"""Joins whose condition stands elsewhere, or names only one of the sides."""

from __future__ import annotations

import pytest
from sqlglot import parse_one

from costguard.facts.rows import SourceRows, TextPlaces
from costguard.facts.sql.analyse import StatementContext, analyse_statement
from costguard.model import Hole, SqlText
from tests.facts.sql.statements import Rows, analyse, place

CONDITIONS = {
    # c - o and s - o: all three are one piece
    "SELECT 1 FROM d.c, d.s, d.o WHERE c.k = o.k AND s.j = o.j": ["elsewhere", "where-equality"],
    "SELECT 1 FROM d.c CROSS JOIN d.s JOIN d.o ON c.k = o.k AND s.j = o.j": ["elsewhere", "equality"],
    "SELECT 1 FROM d.c CROSS JOIN d.s JOIN d.o USING (k, j)": ["elsewhere", "using"],
    # s is compared with nothing
    "SELECT 1 FROM d.c, d.s, d.o WHERE c.k = o.k": ["none", "where-equality"],
    "SELECT 1 FROM d.c, d.s JOIN d.o USING (k)": ["none", "using"],
    # two pieces, {c, o} and {s, p}: one of the joins lacks a condition
    "SELECT 1 FROM d.c, d.s, d.o, d.p WHERE c.k = o.k AND s.j = p.j": [
        "none",
        "where-equality",
        "where-equality",
    ],
    # what an outer join compares its own side with leaves the others a product
    "SELECT 1 FROM d.c CROSS JOIN d.s LEFT JOIN d.o ON c.k = o.k AND s.j = o.j": ["none", "equality"],
    # both are filtered by the same row, and meet as before
    "SELECT 1 FROM (SELECT MAX(k) AS m FROM d.t) AS b, d.c, d.s WHERE c.k = b.m AND s.k = 1": [
        "where-equality",
        "none",
    ],
    "SELECT 1 FROM d.c CROSS JOIN d.s JOIN UNNEST(SPLIT(s.x, ',')) AS e ON e = c.k": [
        "elsewhere",
        "equality",
    ],
    "SELECT 1 FROM d.c CROSS JOIN d.s JOIN UNNEST(xs) AS e ON e.id = c.k": ["elsewhere", "equality"],
    "SELECT 1 FROM d.c CROSS JOIN d.s, UNNEST(xs) AS e": ["none", "none"],
    # the array has the name of its elements
    "SELECT 1 FROM d.c JOIN UNNEST(xs) AS xs ON xs.k = 'a'": ["one-side"],
    "SELECT 1 FROM d.c CROSS JOIN d.s JOIN UNNEST(s.xs) AS xs ON xs.k = c.k": ["elsewhere", "equality"],
    "SELECT 1 FROM d.c JOIN d.s ON s.k = s.j": ["one-side-key"],
    "SELECT 1 FROM d.c JOIN d.s ON s.k = c.k LEFT JOIN d.o ON s.k = c.k": ["equality", "one-side-key"],
    "SELECT 1 FROM d.c JOIN d.s ON s.k = 'x'": ["one-side"],
    "SELECT 1 FROM d.c LEFT JOIN d.s ON s.k > 5": ["one-side"],
    "SELECT 1 FROM d.c LEFT JOIN d.s ON c.k IN (1, 2)": ["one-side"],
    "SELECT 1 FROM d.c JOIN d.s ON flag": ["one-side"],
    "SELECT 1 FROM d.c JOIN d.s ON s.k = 'x' WHERE s.j = c.j": ["elsewhere"],
    # a bare name may be a column of either
    "SELECT 1 FROM d.c JOIN d.s ON s.k BETWEEN low AND high": ["inequality"],
    "SELECT 1 FROM d.c JOIN d.s ON EXISTS (SELECT 1 FROM d.o WHERE o.k = s.k AND o.j = c.j)": ["other"],
    "SELECT 1 FROM d.c JOIN d.s ON EXISTS (SELECT 1 FROM d.o WHERE o.k = s.k)": ["one-side"],
}


@pytest.mark.parametrize(("sql", "expected"), CONDITIONS.items(), ids=CONDITIONS.keys())
def test_the_conditions_of_joins(sql: str, expected: list[str]) -> None:
    assert [row.condition for row in analyse(sql)["joins"]] == expected


AROUND = {
    "SELECT * FROM (SELECT c.k AS a, s.k AS b FROM d.c, d.s) WHERE a = b": "elsewhere",
    "WITH x AS (SELECT c.k AS a, s.k AS b FROM d.c, d.s) SELECT 1 FROM (SELECT * FROM x) WHERE a > b": "elsewhere",
    "WITH x AS (SELECT c.k = s.k AS same FROM d.c, d.s) SELECT 1 FROM x WHERE same": "elsewhere",
    "WITH x AS (SELECT c.k AS a, s.k AS b FROM d.c, d.s) SELECT 1 FROM x WHERE a = 1 AND b = 2": "none",
    # compared with a third relation each, in another SELECT that does not read the product
    "WITH x AS (SELECT 1 FROM d.c, d.s) SELECT (SELECT 1 FROM d.c JOIN d.s ON c.k = s.k) FROM x": "none",
    # one value for each row of the query around
    "SELECT (SELECT SUM(s.n) FROM d.c, d.s WHERE c.k = t.k AND s.k = t.k) FROM d.t": "elsewhere",
}


@pytest.mark.parametrize(("sql", "expected"), AROUND.items(), ids=AROUND.keys())
def test_conditions_of_queries_around_a_join(sql: str, expected: str) -> None:
    commas = [row for row in analyse(sql)["joins"] if row.kind == "comma"]
    assert [row.condition for row in commas] == [expected]


def test_values_of_values_are_not_followed_without_end() -> None:
    """Found on a project whose macros compute each column from two others, dozens of times."""
    levels = ["v0 AS (SELECT c.k AS a, s.k AS b FROM d.c, d.s)"]
    levels += [f"v{n} AS (SELECT a + b AS a, a - b AS b FROM v{n - 1})" for n in range(1, 40)]
    sql = f"WITH {', '.join(levels)} SELECT a FROM v39 WHERE a > b"
    assert [row.condition for row in analyse(sql)["joins"]] == ["elsewhere"]


def test_a_condition_that_is_not_known_may_name_both_sides() -> None:
    sql = "SELECT 1 FROM d.c JOIN d.s ON hole_1"
    hole = Hole(sql.index("hole_1"), len(sql), "condition", "unknown")
    assert analyse(sql)["joins"][0].condition == "one-side"
    assert analyse(sql, holes=(hole,))["joins"][0].condition != "one-side"


ONE_ROW = {
    "SELECT k FROM d.t WHERE TRUE QUALIFY ROW_NUMBER() OVER (ORDER BY j DESC) = 1": True,
    "SELECT k, ROW_NUMBER() OVER (ORDER BY j) AS n FROM d.t WHERE TRUE QUALIFY n <= 1 AND k > 2": True,
    "SELECT k FROM d.t WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY j) = 1": False,
    "SELECT k FROM d.t WHERE TRUE QUALIFY RANK() OVER (ORDER BY j) = 1": False,  # ties
    "SELECT k FROM d.t WHERE TRUE QUALIFY ROW_NUMBER() OVER (ORDER BY j) = 2 OR k = 1": False,
}


@pytest.mark.parametrize(("query", "expected"), ONE_ROW.items(), ids=ONE_ROW.keys())
def test_a_qualify_that_keeps_one_row(query: str, expected: bool) -> None:
    assert analyse(f"SELECT 1 FROM d.c CROSS JOIN ({query}) AS q")["joins"][0].right_one_row is expected


def test_a_recursion_without_a_table_is_a_short_list() -> None:
    numbers = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 9)"
    assert analyse(f"{numbers} SELECT 1 FROM d.c CROSS JOIN n")["joins"][0].right_small
    tree = "WITH RECURSIVE n AS (SELECT id FROM d.t UNION ALL SELECT t.id FROM n JOIN d.t ON t.up = n.id)"
    assert [row.right_small for row in analyse(f"{tree} SELECT 1 FROM d.c CROSS JOIN n")["joins"]] == [
        False,
        False,
    ]


PLACES = {
    "SELECT 1 FROM d.c CROSS JOIN (SELECT k FROM d.s) AS s": "CROSS JOIN",
    "SELECT 1 FROM d.c,\n  (SELECT k FROM d.s) AS s": ",",
    "SELECT 1 FROM d.c FULL OUTER JOIN (WITH a AS (SELECT 1 FROM d.s JOIN d.t USING (k)) SELECT k FROM a) ON TRUE": (
        "FULL OUTER JOIN"
    ),
    "SELECT 1 FROM d.c CROSS JOIN d.s AS s": "d.s AS s",
}


@pytest.mark.parametrize(("sql", "expected"), PLACES.items(), ids=PLACES.keys())
def test_the_place_of_a_join(sql: str, expected: str) -> None:
    rows = analyse(sql)
    (join,) = [row for row in rows["joins"] if row.condition in ("none", "constant")]
    assert place(sql, rows, join.at) == expected


def test_a_lateral_subquery_is_of_the_row_before_it() -> None:
    sql = "SELECT f.y FROM d.t AS p CROSS JOIN LATERAL (SELECT p.x + 1 AS y) AS f"
    assert [row.correlated for row in _trino(sql)["joins"]] == [True]


def _trino(sql: str) -> Rows:
    rows = SourceRows([sql], is_notebook=False)
    text = SqlText(sql, "file", dialect="trino")
    context = StatementContext(text, sql, 0, None, 0, False, 0, None, False, {})
    analyse_statement(parse_one(sql, dialect="trino"), context, rows, TextPlaces(rows, text, 0, ()))
    return rows.rows
