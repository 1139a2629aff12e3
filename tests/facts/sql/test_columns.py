"""Which columns of which physical table a statement reads, by hand."""

from __future__ import annotations

import pytest

from tests.facts.sql.statements import reads

CASES = {
    "plain": ("SELECT a, b AS c FROM d.t WHERE e > 1", {"d.t": {"a", "b", "e"}}),
    "case of names": ("SELECT T.A FROM d.t AS T", {"d.t": {"a"}}),
    "name of the table qualifies": ("SELECT t.a, d.t.b FROM d.t", {"d.t": {"a", "b"}}),
    "count star": ("SELECT COUNT(*) FROM d.t", {"d.t": set()}),
    "select one": ("SELECT 1 FROM d.t WHERE a IS NULL", {"d.t": {"a"}}),
    "star": ("SELECT * FROM d.t", {"d.t": {"*"}}),
    "star except": ("SELECT * EXCEPT (a, B) FROM d.t", {"d.t": {"*-a-b"}}),
    "star replace": ("SELECT * REPLACE (UPPER(a) AS b) FROM d.t", {"d.t": {"*-b", "a"}}),
    "unused CTE column": (
        "WITH q AS (SELECT a, b FROM d.t WHERE c = 1) SELECT a FROM q",
        {"d.t": {"a", "c"}},
    ),
    "a table in parentheses": ("SELECT x.a FROM (d.t) AS x WHERE x.b > 1", {"d.t": {"a", "b"}}),
    "a join in parentheses": (
        "SELECT q.a, r.b FROM ((SELECT a, k FROM d.t) AS q JOIN d.u AS r ON r.k = q.k)",
        {"d.t": {"a", "k"}, "d.u": {"b", "k"}},
    ),
    "a join in parentheses with a name": (
        "SELECT x.a FROM ((SELECT a, k FROM d.t) AS q JOIN d.u AS r ON r.k = q.k) AS x",
        {"d.t": {"a", "k"}, "d.u": {"k"}},
    ),
    "a union in parentheses beside a join": (
        "SELECT a FROM ((SELECT a FROM d.t UNION ALL SELECT b FROM d.u) JOIN d.v AS v ON v.k = a)",
        {"d.t": {"a"}, "d.u": {"b"}, "d.v": {"k"}},
    ),
    "unused CTE": ("WITH q AS (SELECT a FROM d.u) SELECT b FROM d.t", {"d.t": {"b"}}),
    "star through CTE is narrowed": (
        "WITH q AS (SELECT * FROM d.t), r AS (SELECT * FROM q) SELECT a FROM r",
        {"d.t": {"a"}},
    ),
    "computed column in CTE": (
        "WITH q AS (SELECT a + b AS c, d FROM d.t) SELECT c FROM q",
        {"d.t": {"a", "b"}},
    ),
    "struct field through CTE": ("WITH q AS (SELECT s FROM d.t) SELECT s.x FROM q", {"d.t": {"s.x"}}),
    "field of a struct literal": (
        "SELECT r.x FROM (SELECT STRUCT(a AS x, b AS y) AS r FROM d.t)",
        {"d.t": {"a"}},
    ),
    "deep field": ("SELECT s.a.b.c.d.e FROM d.t", {"d.t": {"s.a.b.c.d.e"}}),
    "field of an array element": ("SELECT arr[OFFSET(0)].x FROM d.t", {"d.t": {"arr.x"}}),
    "struct star": ("SELECT t.s.* FROM d.t AS t", {"d.t": {"s"}}),
    "row as a value": ("SELECT TO_JSON_STRING(t) FROM d.t AS t", {"d.t": {"row"}}),
    "newest row per key": (
        "SELECT ARRAY_AGG(t ORDER BY ts DESC LIMIT 1)[OFFSET(0)] AS r FROM d.t AS t GROUP BY id",
        {"d.t": {"row", "id", "ts"}},
    ),
    "row of a subquery": ("SELECT TO_JSON_STRING(q) FROM (SELECT a, b FROM d.t) AS q", {"d.t": {"a", "b"}}),
    "field of a row kept as a column": (
        "SELECT q.r.x FROM (SELECT t AS r FROM d.t AS t) AS q",
        {"d.t": {"x"}},
    ),
    "union by position": (
        "SELECT a FROM (SELECT a, b FROM d.t UNION ALL SELECT c, e FROM d.u)",
        {"d.t": {"a"}, "d.u": {"c"}},
    ),
    "distinct union reads all": (
        "SELECT a FROM (SELECT a, b FROM d.t UNION DISTINCT SELECT c, e FROM d.u)",
        {"d.t": {"a", "b"}, "d.u": {"c", "e"}},
    ),
    "distinct reads all": ("SELECT a FROM (SELECT DISTINCT a, b FROM d.t)", {"d.t": {"a", "b"}}),
    "exists needs no output": (
        "SELECT a FROM d.t AS t WHERE EXISTS (SELECT * FROM d.u AS u WHERE u.k = t.k)",
        {"d.t": {"a", "k"}, "d.u": {"k"}},
    ),
    "in subquery": (
        "SELECT a FROM d.t WHERE k IN (SELECT x FROM d.u)",
        {"d.t": {"a", "k", "x?"}, "d.u": {"x?"}},
    ),
    "join using": ("SELECT x.a FROM d.t AS x JOIN d.u AS y USING (k)", {"d.t": {"a", "k"}, "d.u": {"k"}}),
    "ambiguous without a catalog": ("SELECT a FROM d.t JOIN d.u ON TRUE", {"d.t": {"a?"}, "d.u": {"a?"}}),
    "closed subquery takes its own names": (
        "SELECT a, b FROM d.t JOIN (SELECT b FROM d.u) USING (b)",
        {"d.t": {"a", "b"}, "d.u": {"b"}},
    ),
    "unnest with fields": (
        "SELECT i.sku FROM d.t, UNNEST(items) AS i",
        {"d.t": {"items[]", "items.sku"}},
    ),
    "unnest of a field": ("SELECT i.x FROM d.t AS t, UNNEST(t.s.arr) AS i", {"d.t": {"s.arr[]", "s.arr.x"}}),
    "implicit unnest": ("SELECT i.x FROM d.t AS t, t.items AS i", {"d.t": {"items[]", "items.x"}}),
    "correlated array": (
        "SELECT a FROM d.t AS t WHERE EXISTS (SELECT 1 FROM t.items AS i WHERE i.q > 1)",
        {"d.t": {"a", "items[]", "items.q"}},
    ),
    "unnest offset costs nothing": (
        "SELECT o FROM d.t, UNNEST(items) AS i WITH OFFSET AS o",
        {"d.t": {"items[]"}},
    ),
    "generated array": ("SELECT day FROM UNNEST(GENERATE_DATE_ARRAY('2026-01-01', '2026-02-01')) AS day", {}),
    "order by alias": ("SELECT a AS x FROM d.t ORDER BY x", {"d.t": {"a"}}),
    "order by in a subquery is dropped": ("SELECT a FROM (SELECT a FROM d.t ORDER BY b)", {"d.t": {"a"}}),
    "order by with limit in a subquery": (
        "SELECT a FROM (SELECT a FROM d.t ORDER BY b LIMIT 5)",
        {"d.t": {"a", "b"}},
    ),
    "group by ordinal": ("SELECT a, COUNT(*) FROM d.t GROUP BY 1", {"d.t": {"a"}}),
    "unused aggregate in CTE": (
        "WITH q AS (SELECT k, SUM(a) AS s, SUM(b) AS u FROM d.t GROUP BY k) SELECT s FROM q",
        {"d.t": {"k", "a"}},
    ),
    "window": (
        "SELECT a FROM (SELECT a, ROW_NUMBER() OVER (PARTITION BY b ORDER BY c) AS n FROM d.t) WHERE n = 1",
        {"d.t": {"a", "b", "c"}},
    ),
    "unused window": (
        "SELECT a FROM (SELECT a, ROW_NUMBER() OVER (PARTITION BY b ORDER BY c) AS n FROM d.t)",
        {"d.t": {"a"}},
    ),
    "qualify": (
        "SELECT a FROM d.t QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY c) = 1",
        {"d.t": {"a", "b", "c"}},
    ),
    "pivot reads every column": (
        "SELECT * FROM d.t PIVOT (SUM(x) FOR y IN ('a', 'b'))",
        {"d.t": {"row", "*"}},
    ),
    "unpivot": ("SELECT v FROM d.t UNPIVOT (v FOR n IN (a, b))", {"d.t": {"a", "b"}}),
    "scalar subquery, correlated": (
        "SELECT (SELECT value.int_value FROM UNNEST(event_params) AS p WHERE p.key = 'x') AS v FROM d.e",
        {"d.e": {"event_params[]", "event_params.key", "event_params.value.int_value", "value.int_value"}},
    ),
    "recursive CTE": (
        "WITH RECURSIVE q AS (SELECT a, b FROM d.t UNION ALL SELECT a + 1, b FROM q) SELECT a FROM q",
        {"d.t": {"a"}},
    ),
    "CTE hides a table": (
        "WITH t AS (SELECT a FROM d.t) SELECT a FROM t",
        {"d.t": {"a"}},
    ),
    "CTE of the same name inside itself is the table": (
        "WITH t AS (SELECT a, b FROM t) SELECT a FROM t",
        {"t": {"a"}},
    ),
    "pipe syntax": (
        "FROM d.t |> WHERE x > 1 |> AGGREGATE SUM(y) AS s GROUP BY z |> SELECT s",
        {"d.t": {"x", "y", "z"}},
    ),
    "prediction over a query": (
        "SELECT p FROM ML.PREDICT(MODEL d.m, (SELECT a, b FROM d.t))",
        {"d.t": {"a", "b"}},
    ),
    "wildcard table": (
        "SELECT e FROM `d.ev_*` WHERE _TABLE_SUFFIX = '1'",
        {"d.ev_*": {"e", "_table_suffix"}},
    ),
    "create table as": ("CREATE TABLE d.x AS SELECT a FROM d.t", {"d.t": {"a"}}),
    "insert": ("INSERT INTO d.x (a) SELECT b FROM d.t", {"d.t": {"b"}}),
    "update": (
        "UPDATE d.t AS t SET a = u.b FROM d.u AS u WHERE t.id = u.id AND u.c > 1",
        {"d.t": {"id"}, "d.u": {"b", "c", "id"}},
    ),
    "delete": ("DELETE FROM d.t WHERE dt < '2026-01-01'", {"d.t": {"dt"}}),
    "merge": (
        "MERGE d.t AS t USING d.s AS s ON t.id = s.id WHEN MATCHED AND s.x > 1 THEN UPDATE SET a = s.b "
        "WHEN NOT MATCHED THEN INSERT (id) VALUES (s.c)",
        {"d.t": {"id"}, "d.s": {"id", "x", "b", "c"}},
    ),
    "merge insert row": (
        "MERGE d.t AS t USING d.s AS s ON FALSE WHEN NOT MATCHED THEN INSERT ROW",
        {"d.t": set(), "d.s": {"*"}},
    ),
    "parenthesised join": (
        "SELECT t.a, u.b FROM (d.t JOIN d.u USING (id)) JOIN d.v ON TRUE",
        {"d.t": {"a", "id"}, "d.u": {"b", "id"}, "d.v": set()},
    ),
}


@pytest.mark.parametrize(("sql", "expected"), CASES.values(), ids=CASES.keys())
def test_columns_read(sql: str, expected: dict[str, set[str]]) -> None:
    assert reads(sql) == expected


def test_a_union_of_many_ambiguous_tables_stays_linear() -> None:
    branches = " UNION ALL ".join(f"SELECT * FROM d.a{number}" for number in range(200))
    others = " UNION ALL ".join(f"SELECT * FROM d.b{number}" for number in range(200))
    found = reads(f"SELECT x FROM ({branches}) JOIN ({others}) USING (k)")
    assert len(found) == 400
    assert all({"x?", "k"} <= columns for columns in found.values())


def test_a_recursive_cte_with_column_names_ends() -> None:
    sql = (
        "WITH RECURSIVE chain (k, depth) AS ("
        "SELECT id, 1 FROM d.t UNION ALL SELECT t.id, chain.depth + 1 FROM chain JOIN d.t AS t ON t.parent = chain.k"
        ") SELECT k, MAX(depth) FROM chain GROUP BY k"
    )
    assert reads(sql) == {"d.t": {"id", "parent"}}


def test_a_recursive_cte_that_hands_a_column_on_ends() -> None:
    sql = (
        "WITH RECURSIVE chain (root, k) AS ("
        "SELECT id, id FROM d.t UNION ALL SELECT chain.root, t.id FROM chain JOIN d.t AS t ON t.parent = chain.k"
        ") SELECT root FROM chain"
    )
    assert reads(sql) == {"d.t": {"id", "parent"}}
