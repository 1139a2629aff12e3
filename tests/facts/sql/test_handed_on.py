"""The table whose rows a statement hands on as they are."""

from __future__ import annotations

import pytest

from tests.facts.sql.statements import analyse

STATEMENTS = {
    "SELECT * FROM d.t LIMIT 3": True,
    "SELECT a, ROW_NUMBER() OVER (ORDER BY a) FROM d.t ORDER BY a LIMIT 3": True,
    "WITH q AS (SELECT * FROM d.t WHERE TRUE) SELECT * FROM (SELECT a FROM q) WHERE (1 = 1) LIMIT 3": True,
    "SELECT t.a, x FROM d.t AS t, UNNEST(t.xs) AS x LIMIT 3": True,
    "CREATE TABLE d.x AS SELECT a FROM d.t LIMIT 3": True,
    "SELECT a FROM d.t WHERE a > 1 LIMIT 3": False,
    "SELECT a FROM d.t WHERE 1 = 2 LIMIT 3": False,
    "SELECT DISTINCT a FROM d.t LIMIT 3": False,
    "SELECT a FROM d.t GROUP BY a LIMIT 3": False,
    "SELECT MAX(a) FROM d.t LIMIT 3": False,
    "SELECT a FROM d.t WHERE TRUE QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1 LIMIT 3": False,
    "SELECT a FROM (SELECT a FROM d.t LIMIT 5) LIMIT 3": False,
    "SELECT a FROM (SELECT a FROM d.t ORDER BY a) LIMIT 3": False,
    "SELECT t.a FROM d.t AS t JOIN d.t AS u ON t.a = u.a LIMIT 3": False,
    "SELECT a FROM d.t UNION ALL SELECT a FROM d.t LIMIT 3": False,
    "WITH RECURSIVE q AS (SELECT a FROM d.t UNION ALL SELECT a FROM q) SELECT a FROM q LIMIT 3": False,
    "DELETE FROM d.t WHERE TRUE": False,
}


@pytest.mark.parametrize(("sql", "expected"), STATEMENTS.items(), ids=STATEMENTS.keys())
def test_the_table_whose_rows_are_handed_on(sql: str, expected: bool) -> None:
    assert {scan.handed_on for scan in analyse(sql)["scans"]} == {expected}
