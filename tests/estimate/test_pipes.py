"""A query in pipe syntax costs what the same query in standard syntax costs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.estimate.settings import EstimateSettings
from costguard.extract.sql import parse_leaf
from tests.estimate.statements import NOW, estimated
from tests.estimate.warehouse import days, partitioned, plain_table

T = plain_table("t")  # a 8,000 bytes, b 16,000, c 12,000
U = plain_table("u")
E = partitioned("e", days("2026-09-01", 61))  # in each partition dt 800 bytes, v 800, s 1,200

SAME = {
    # -- columns
    "FROM alone": ("FROM d.t", "SELECT * FROM d.t"),
    "SELECT": ("FROM d.t |> SELECT a, b AS x", "SELECT a, b AS x FROM d.t"),
    "SELECT with a comma at its end": ("FROM d.t |> SELECT a, |> SELECT a", "SELECT a FROM d.t"),
    "SELECT of a SELECT": ("FROM d.t |> SELECT a, b |> SELECT a", "SELECT a FROM d.t"),
    "SELECT of what a computed column is made of": (
        "FROM d.t |> SELECT a + b AS x, c |> SELECT x",
        "SELECT a + b AS x FROM d.t",
    ),
    "SELECT DISTINCT": (
        "FROM d.t |> SELECT DISTINCT a, b |> AGGREGATE COUNT(*)",
        "SELECT COUNT(*) FROM (SELECT DISTINCT a, b FROM d.t)",
    ),
    "SELECT with a named window": (
        "FROM d.t |> SELECT SUM(a) OVER w AS s WINDOW w AS (PARTITION BY c)",
        "SELECT SUM(a) OVER w AS s FROM d.t WINDOW w AS (PARTITION BY c)",
    ),
    "EXTEND behind a SELECT in standard syntax": (
        "SELECT a FROM d.t |> EXTEND a + 1 AS x",
        "SELECT *, a + 1 AS x FROM (SELECT a FROM d.t)",
    ),
    "EXTEND": ("FROM d.t |> EXTEND a + b AS x |> SELECT x, c", "SELECT a + b AS x, c FROM d.t"),
    "EXTEND that nothing uses": ("FROM d.t |> EXTEND a + b AS x |> SELECT c", "SELECT c FROM d.t"),
    "WINDOW": (
        "FROM d.t |> WINDOW SUM(a) OVER (PARTITION BY b) AS s |> SELECT s",
        "SELECT SUM(a) OVER (PARTITION BY b) AS s FROM d.t",
    ),
    "SET": (
        "FROM d.e |> SET dt = DATE_TRUNC(dt, MONTH) |> WHERE dt = '2026-09-01' |> AGGREGATE SUM(v)",
        "SELECT SUM(v) FROM (SELECT * REPLACE (DATE_TRUNC(dt, MONTH) AS dt) FROM d.e) WHERE dt = '2026-09-01'",
    ),
    "SET to a constant": ("FROM d.t |> SET a = 1, b = 2", "SELECT 1 AS a, 2 AS b, c FROM d.t"),
    "SET, and the table's own column": (
        "FROM d.e AS e |> SET dt = '2026-09-01' |> WHERE e.dt = '2026-09-02' |> SELECT v",
        "SELECT v FROM d.e WHERE dt = '2026-09-02'",
    ),
    "SET twice": (
        "FROM d.t |> SET a = b |> SET b = a |> SELECT b",
        "SELECT b FROM d.t",
    ),
    "ORDER BY what was SET": ("FROM d.t |> SET a = 1 |> DROP b |> ORDER BY a", "SELECT 1 AS a, c FROM d.t"),
    "DROP": ("FROM d.t |> DROP a, c", "SELECT * EXCEPT (a, c) FROM d.t"),
    "DROP, and the table's own column": ("FROM d.t |> DROP a |> SELECT t.a", "SELECT a FROM d.t"),
    "RENAME": ("FROM d.t |> RENAME a AS x, b y |> SELECT x", "SELECT a AS x FROM d.t"),
    "RENAME of the partition": (
        "FROM d.e |> RENAME dt AS day |> WHERE day = '2026-09-02' |> SELECT v",
        "SELECT v FROM (SELECT dt AS day, v, s FROM d.e) WHERE day = '2026-09-02'",
    ),
    "RENAME over another column": ("FROM d.t |> DROP c |> RENAME a AS c |> SELECT c", "SELECT a AS c FROM d.t"),
    "ORDER BY a new name": (
        "FROM d.t |> RENAME a AS x |> ORDER BY x |> SELECT c",
        "SELECT c FROM d.t ORDER BY a",
    ),
    # -- rows
    "WHERE": ("FROM d.e |> WHERE dt = '2026-09-03' |> SELECT v", "SELECT v FROM d.e WHERE dt = '2026-09-03'"),
    "WHERE twice": (
        "FROM d.e |> WHERE dt > '2026-09-03' OR FALSE |> WHERE dt < '2026-09-10' |> SELECT v",
        "SELECT v FROM d.e WHERE dt > '2026-09-03' AND dt < '2026-09-10'",
    ),
    "WHERE behind a SELECT": (
        "FROM d.e |> SELECT dt, v |> WHERE dt = '2026-09-03' |> SELECT v",
        "SELECT v FROM d.e WHERE dt = '2026-09-03'",
    ),
    "WHERE behind a LIMIT": (
        "FROM d.e |> LIMIT 10 |> WHERE dt = '2026-09-03' |> SELECT v",
        "SELECT v FROM (SELECT * FROM d.e LIMIT 10) WHERE dt = '2026-09-03'",
    ),
    "WHERE behind an AGGREGATE": (
        "FROM d.e |> AGGREGATE SUM(v) AS s GROUP BY dt |> WHERE dt = '2026-09-03' |> SELECT s",
        "SELECT s FROM (SELECT SUM(v) AS s, dt FROM d.e GROUP BY dt) WHERE dt = '2026-09-03'",
    ),
    "WHERE behind a window": (
        "FROM d.e |> EXTEND SUM(v) OVER (ORDER BY dt) AS x |> WHERE dt = '2026-09-03' |> SELECT x",
        "SELECT x FROM (SELECT *, SUM(v) OVER (ORDER BY dt) AS x FROM d.e) WHERE dt = '2026-09-03'",
    ),
    "WHERE with a window": (
        "FROM d.e |> WHERE ROW_NUMBER() OVER (PARTITION BY s ORDER BY dt) = 1 |> SELECT v",
        "SELECT v FROM d.e QUALIFY ROW_NUMBER() OVER (PARTITION BY s ORDER BY dt) = 1",
    ),
    "WHERE with a subquery": (
        "FROM d.t |> WHERE a IN (FROM d.u |> WHERE b > 1 |> SELECT a) |> SELECT c",
        "SELECT c FROM d.t WHERE a IN (SELECT a FROM d.u WHERE b > 1)",
    ),
    "DISTINCT": ("FROM d.t |> SELECT a, b |> DISTINCT |> SELECT a", "SELECT a FROM (SELECT DISTINCT a, b FROM d.t)"),
    "DISTINCT keeps names": ("FROM d.t |> DROP c |> DISTINCT |> SELECT t.a", "SELECT a, b FROM d.t"),
    "ORDER BY": ("FROM d.t |> ORDER BY b |> SELECT a", "SELECT a FROM d.t ORDER BY b"),
    "ORDER BY that is lost": (
        "FROM d.t |> ORDER BY b |> AGGREGATE COUNT(*) GROUP BY a",
        "SELECT a, COUNT(*) FROM d.t GROUP BY a",
    ),
    "ORDER BY that a filter loses": ("FROM d.t |> ORDER BY b |> WHERE c > 'x' |> SELECT a", "SELECT a, c FROM d.t"),
    "ORDER BY that another follows": ("FROM d.t |> ORDER BY b |> ORDER BY c |> SELECT a", "SELECT a, c FROM d.t"),
    "LIMIT": (
        "FROM d.t |> ORDER BY b |> LIMIT 3 OFFSET 1 |> SELECT a",
        "SELECT a FROM (SELECT * FROM d.t ORDER BY b LIMIT 3 OFFSET 1)",
    ),
    "TABLESAMPLE": (
        "FROM d.e |> TABLESAMPLE SYSTEM (10 PERCENT) |> SELECT v",
        "SELECT v FROM d.e TABLESAMPLE SYSTEM (10 PERCENT)",
    ),
    "ASSERT": ("FROM d.t |> ASSERT a > 0, 'no', b |> SELECT c", "SELECT a, b, c FROM d.t"),
    "ASSERT is no filter": ("FROM d.e |> ASSERT dt = '2026-09-03' |> SELECT v", "SELECT dt, v FROM d.e"),
    # -- groups
    "AGGREGATE": ("FROM d.t |> AGGREGATE SUM(a) AS s, COUNT(*)", "SELECT SUM(a) AS s, COUNT(*) FROM d.t"),
    "AGGREGATE with GROUP BY": (
        "FROM d.t |> AGGREGATE SUM(a) AS s GROUP BY SUBSTR(c, 1) AS k |> SELECT s",
        "SELECT SUM(a) AS s FROM d.t GROUP BY SUBSTR(c, 1)",
    ),
    "AGGREGATE without aggregates": ("FROM d.t |> AGGREGATE GROUP BY a, c", "SELECT a, c FROM d.t GROUP BY a, c"),
    "AGGREGATE with GROUP AND ORDER BY": (
        "FROM d.t |> AGGREGATE SUM(a) AS s DESC GROUP AND ORDER BY c DESC, b",
        "SELECT c, b, SUM(a) AS s FROM d.t GROUP BY c, b ORDER BY c DESC, b, s DESC",
    ),
    "AGGREGATE with an order": (
        "FROM d.t |> AGGREGATE SUM(a) AS s DESC GROUP BY c ASC NULLS LAST |> LIMIT 3",
        "SELECT c, SUM(a) AS s FROM d.t GROUP BY c ORDER BY c, s DESC LIMIT 3",
    ),
    "AGGREGATE with ROLLUP": (
        "FROM d.t |> AGGREGATE COUNT(*) AS n GROUP BY ROLLUP(a, c)",
        "SELECT a, c, COUNT(*) AS n FROM d.t GROUP BY ROLLUP(a, c)",
    ),
    "AGGREGATE with GROUPING SETS": (
        "FROM d.t |> AGGREGATE COUNT(*) AS n GROUP BY GROUPING SETS ((a, c), a, ()) |> SELECT n",
        "SELECT COUNT(*) AS n FROM d.t GROUP BY GROUPING SETS ((a, c), a, ())",
    ),
    "AGGREGATE of an AGGREGATE": (
        "FROM d.t |> AGGREGATE SUM(a) AS s, MAX(b) AS m GROUP BY c |> AGGREGATE AVG(s)",
        "SELECT AVG(s) FROM (SELECT SUM(a) AS s, c FROM d.t GROUP BY c)",
    ),
    # -- tables
    "AS": ("FROM d.t |> AS x |> WHERE x.b > 1 |> SELECT x.a", "SELECT x.a FROM d.t AS x WHERE x.b > 1"),
    "AS behind a SELECT": (
        "FROM d.t |> SELECT a + b AS s, c |> AS x |> JOIN d.u AS y ON x.s = y.a |> SELECT x.c, y.b",
        "SELECT x.c, y.b FROM (SELECT a + b AS s, c FROM d.t) AS x JOIN d.u AS y ON x.s = y.a",
    ),
    "JOIN": (
        "FROM d.t |> JOIN d.u ON t.a = u.a |> SELECT t.b, u.c",
        "SELECT t.b, u.c FROM d.t JOIN d.u ON t.a = u.a",
    ),
    "JOIN behind a WHERE keeps the names": (
        "FROM d.e AS e |> WHERE e.dt = '2026-09-03' |> JOIN d.u ON e.v = u.a |> WHERE e.s = 'x' |> SELECT u.c",
        "SELECT u.c FROM (SELECT * FROM d.e WHERE dt = '2026-09-03') AS e JOIN d.u ON e.v = u.a WHERE e.s = 'x'",
    ),
    "JOIN behind a WHERE, and a filter on its partition": (
        "FROM d.e AS e |> WHERE e.v > 1 |> JOIN d.u ON e.v = u.a |> WHERE e.dt = '2026-09-03' |> SELECT u.c",
        "SELECT u.c FROM (SELECT * FROM d.e WHERE v > 1) AS e JOIN d.u ON e.v = u.a WHERE e.dt = '2026-09-03'",
    ),
    "names behind a LIMIT": (
        "FROM d.e AS e |> LIMIT 5 |> JOIN d.u ON e.v = u.a |> WHERE e.dt = '2026-09-03' |> SELECT u.c",
        "SELECT u.c FROM (SELECT * FROM d.e LIMIT 5) AS e JOIN d.u ON e.v = u.a WHERE e.dt = '2026-09-03'",
    ),
    "LEFT JOIN with USING": (
        "FROM d.t |> EXTEND 1 AS one |> LEFT JOIN d.u USING (a) |> AGGREGATE COUNT(*) GROUP BY u.c",
        "SELECT u.c, COUNT(*) FROM d.t LEFT JOIN d.u USING (a) GROUP BY u.c",
    ),
    "CROSS JOIN": (
        "FROM d.t |> CROSS JOIN d.u |> WHERE t.a = u.a |> AGGREGATE COUNT(*)",
        "SELECT COUNT(*) FROM d.t CROSS JOIN d.u WHERE t.a = u.a",
    ),
    "two JOINs": (
        "FROM d.t |> JOIN d.u ON t.a = u.a |> SELECT t.b, u.c |> JOIN d.e ON e.s = c |> AGGREGATE SUM(b + e.v)",
        "SELECT SUM(b + e.v) FROM (SELECT t.b, u.c FROM d.t JOIN d.u ON t.a = u.a) JOIN d.e ON e.s = c",
    ),
    "UNION ALL": (
        "FROM d.t |> SELECT a, b |> UNION ALL (SELECT b, a FROM d.u), (FROM d.e |> SELECT v, v) |> SELECT a",
        "SELECT a FROM (SELECT a, b FROM d.t UNION ALL SELECT b, a FROM d.u UNION ALL SELECT v, v FROM d.e)",
    ),
    "UNION ALL BY NAME": (
        "FROM d.t |> SELECT a, b |> UNION ALL BY NAME (SELECT b, a FROM d.u) |> SELECT a",
        "SELECT a FROM (SELECT a, b FROM d.t UNION ALL BY NAME SELECT b, a FROM d.u)",
    ),
    "UNION of what was renamed goes by position": (
        "FROM d.t |> SELECT a, b |> RENAME a AS x |> UNION ALL (SELECT b, c FROM d.u) |> SELECT x",
        "SELECT a FROM d.t UNION ALL SELECT b FROM d.u",
    ),
    "LEFT UNION": (
        "FROM d.t |> SELECT a |> LEFT UNION ALL BY NAME (SELECT a, b FROM d.u)",
        "SELECT a FROM d.t LEFT UNION ALL BY NAME SELECT a, b FROM d.u",
    ),
    "UNION DISTINCT": (
        "FROM d.t |> SELECT a, b |> UNION DISTINCT (SELECT a, b FROM d.u) |> AGGREGATE COUNT(*)",
        "SELECT COUNT(*) FROM (SELECT a, b FROM d.t UNION DISTINCT SELECT a, b FROM d.u)",
    ),
    "EXCEPT": (
        "FROM d.t |> SELECT a |> LIMIT 3 |> EXCEPT DISTINCT (SELECT a FROM d.u) |> ORDER BY a |> LIMIT 2",
        "(SELECT a FROM d.t LIMIT 3) EXCEPT DISTINCT SELECT a FROM d.u ORDER BY a LIMIT 2",
    ),
    "INTERSECT": (
        "SELECT a, b FROM d.t |> INTERSECT DISTINCT (SELECT a, b FROM d.u) |> SELECT b",
        "SELECT b FROM (SELECT a, b FROM d.t INTERSECT DISTINCT SELECT a, b FROM d.u)",
    ),
    "PIVOT": (
        "FROM d.t |> SELECT a, b, c |> PIVOT (SUM(a) FOR c IN ('x', 'y')) |> SELECT x",
        "SELECT x FROM (SELECT a, b, c FROM d.t) PIVOT (SUM(a) FOR c IN ('x', 'y'))",
    ),
    "UNPIVOT": (
        "FROM d.t |> UNPIVOT (v FOR n IN (a, b)) |> SELECT v",
        "SELECT v FROM d.t UNPIVOT (v FOR n IN (a, b))",
    ),
    "CALL": (
        "FROM d.t |> SELECT a |> CALL d.f(1) |> WHERE x > 1",
        "SELECT * FROM d.f((SELECT a FROM d.t), 1) WHERE x > 1",
    ),
    "WITH": (
        "FROM d.t |> WITH q AS (SELECT a, b FROM d.u), r AS (FROM q |> SELECT a), |> JOIN r USING (a) |> SELECT c",
        "WITH q AS (SELECT a, b FROM d.u), r AS (SELECT a FROM q) SELECT c FROM d.t JOIN r USING (a)",
    ),
    "a WITH before": (
        "WITH q AS (FROM d.t |> SELECT a, b) FROM q |> WHERE a > 1 |> AGGREGATE COUNT(*)",
        "WITH q AS (SELECT a, b FROM d.t) SELECT COUNT(*) FROM q WHERE a > 1",
    ),
    "behind a query in parentheses": (
        "(SELECT a, b FROM d.t) |> WHERE b > 1 |> SELECT a",
        "SELECT a FROM d.t WHERE b > 1",
    ),
    "FROM a subquery": (
        "FROM (SELECT a, b FROM d.t) AS x |> WHERE x.b > 1 |> SELECT a",
        "SELECT a FROM d.t WHERE b > 1",
    ),
    # -- results
    "CREATE TABLE": (
        "FROM d.t |> SELECT a |> CREATE OR REPLACE TABLE d.x",
        "CREATE OR REPLACE TABLE d.x AS SELECT a FROM d.t",
    ),
    "CREATE TABLE from a subquery": (
        "FROM (SELECT a, b FROM d.t) |> SELECT a |> CREATE TEMP TABLE x",
        "CREATE TEMP TABLE x AS SELECT a FROM d.t",
    ),
    "INSERT": (
        "WITH q AS (SELECT a, b FROM d.t) FROM q |> SELECT a |> INSERT INTO d.x (a)",
        "INSERT INTO d.x (a) SELECT a FROM d.t",
    ),
    "EXPORT DATA": (
        "FROM d.t |> SELECT a |> EXPORT DATA OPTIONS (uri = 'gs://b/*', format = 'CSV')",
        "EXPORT DATA OPTIONS (uri = 'gs://b/*', format = 'CSV') AS SELECT a FROM d.t",
    ),
}  # fmt: skip


def _cost(sql: str) -> dict[str, Any]:
    frames = estimated(sql, T, U, E, settings=EstimateSettings(NOW, project="p"))
    assert frames["queries"].height == 1
    scans = frames["scans"].rows(named=True)
    names = {scan["scan"]: scan["table"] for scan in scans}
    columns = frames["columns_read"].rows(named=True)
    return {
        "query": frames["queries"]
        .select("statement", "bytes_low", "bytes", "bytes_high", "bytes_basis")
        .row(0),
        "scans": sorted(
            (
                scan["table"],
                scan["bytes_low"],
                scan["bytes"],
                scan["bytes_high"],
                scan["partitions_kept"] or 0,
            )
            for scan in scans
        ),
        "columns": sorted({(names[column["scan"]], column["column"]) for column in columns}),
        "writes": sorted(frames["writes"].select("kind", "target_name").rows()),
    }


@pytest.mark.parametrize(("piped", "plain"), SAME.values(), ids=SAME.keys())
def test_pipes_cost_what_standard_syntax_costs(piped: str, plain: str) -> None:
    assert _cost(piped) == _cost(plain)


def test_figures_worked_out_by_hand() -> None:
    found = _cost("FROM d.e |> SET dt = DATE_TRUNC(dt, MONTH) |> WHERE dt = '2026-09-01' |> AGGREGATE SUM(v)")
    # September has 30 of the 61 days; dt and v have 800 bytes each in a day
    assert found["query"][1:] == (48_000, 48_000, 48_000, "exact")
    assert _cost("FROM d.t |> DROP a")["query"][2] == 16_000 + 12_000
    assert _cost("SELECT a FROM d.t |> EXTEND a + 1 AS x")["query"][2] == 8_000


Step = tuple[str, list[str], int]
"""An operator, some columns, a number."""


def _both(steps: list[Step]) -> tuple[str, str]:
    """A pipe, and the same query as subqueries in subqueries, one for each operator."""
    columns = ["dt", "v", "s"]
    piped, plain = "FROM d.e", "SELECT * FROM d.e"
    if any(operator == "UNION" for operator, _, _ in steps):  # which column stands where a star does not say
        piped, plain = "FROM d.e |> SELECT dt, v, s", "SELECT dt, v, s FROM d.e"
    for position, (operator, chosen, number) in enumerate(steps):
        known = [name for name in columns if name in chosen] or columns[:1]
        first, new = known[0], f"n{position}"
        others = [name for name in columns if name not in known]
        around = f"FROM ({plain})"
        if operator == "SELECT":
            piped, plain = f"{piped} |> SELECT {', '.join(known)}", f"SELECT {', '.join(known)} {around}"
            columns = known
        elif operator == "EXTEND":
            piped += f" |> EXTEND CONCAT({first}, 'x') AS {new}"
            plain = f"SELECT *, CONCAT({first}, 'x') AS {new} {around}"
            columns = [*columns, new]
        elif operator == "SET":
            value = f"CONCAT({columns[-1]}, 'x')" if number % 2 else "5"
            piped, plain = (
                f"{piped} |> SET {first} = {value}",
                f"SELECT * REPLACE ({value} AS {first}) {around}",
            )
        elif operator == "DROP" and others:
            piped, plain = (
                f"{piped} |> DROP {', '.join(known)}",
                f"SELECT * EXCEPT ({', '.join(known)}) {around}",
            )
            columns = others
        elif operator == "RENAME":
            piped += f" |> RENAME {first} AS {new}"
            listed = [f"{name} AS {new}" if name == first else name for name in columns]
            plain = f"SELECT {', '.join(listed)} {around}"
            columns = [new if name == first else name for name in columns]
        elif operator == "WHERE":
            condition = f"{first} > '2026-09-{number:02}'"
            piped, plain = f"{piped} |> WHERE {condition}", f"SELECT * {around} WHERE {condition}"
        elif operator == "AGGREGATE":
            piped += f" |> AGGREGATE MAX({columns[-1]}) AS {new} GROUP BY {', '.join(known)}"
            keys = ", ".join(known)
            plain = f"SELECT {keys}, MAX({columns[-1]}) AS {new} {around} GROUP BY {keys}"
            columns = [*known, new]
        elif operator == "DISTINCT":
            piped, plain = f"{piped} |> DISTINCT", f"SELECT DISTINCT * {around}"
        elif operator == "LIMIT":
            piped, plain = (
                f"{piped} |> ORDER BY {first} |> LIMIT {number}",
                (f"SELECT * {around} ORDER BY {first} LIMIT {number}"),
            )
        elif operator == "JOIN":
            piped += f" |> CROSS JOIN (SELECT a AS {new} FROM d.t)"
            plain = f"SELECT * {around} CROSS JOIN (SELECT a AS {new} FROM d.t)"
            columns = [*columns, new]
        elif operator == "UNION":
            more = (
                f"SELECT {', '.join('abc'[(number + place) % 3] for place in range(len(columns)))} FROM d.u"
            )
            piped, plain = f"{piped} |> UNION ALL ({more})", f"({plain}) UNION ALL ({more})"
        elif operator == "AS":
            piped += f" |> AS t{position}"
            plain = f"SELECT * {around} AS t{position}"
    return piped, plain


OPERATORS = [
    "SELECT",
    "EXTEND",
    "SET",
    "DROP",
    "RENAME",
    "WHERE",
    "AGGREGATE",
    "DISTINCT",
    "LIMIT",
    "JOIN",
    "UNION",
    "AS",
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(OPERATORS),
        st.lists(st.sampled_from(["dt", "v", "s", "n0", "n1", "n2", "n3"]), max_size=3),
        st.integers(1, 28),
    ),
    min_size=1,
    max_size=7,
)


@given(STEPS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_each_operator_is_a_subquery(steps: list[Step]) -> None:
    piped, plain = _both(steps)
    assert _cost(piped) == _cost(plain), f"{piped}\n{plain}"


@pytest.mark.parametrize(
    "operator",
    [
        "FORK (|> SELECT a)",
        "TEE (|> SELECT a) |> SELECT b",
        "IF TRUE THEN (|> SELECT a)",
        "RECURSIVE UNION ALL (|> WHERE a > 3) AS r",
        "MATCH_RECOGNIZE (ORDER BY a MEASURES ARRAY_AGG(x.a) AS m PATTERN (x) DEFINE x AS a > 1)",
        "DESCRIBE",
        "CALL ML.PREDICT(MODEL d.m)",
        "NONSENSE a",
        "SELECT a FROM d.u",
        "SET a",
        "AGGREGATE",
    ],
)
def test_what_cannot_be_read_is_unread(operator: str) -> None:
    found = parse_leaf(f"FROM d.t |> {operator}")
    assert found.tree is None
    assert found.unread is not None


def test_a_with_query_that_hides_a_table_read_before_is_unread() -> None:
    assert parse_leaf("FROM u |> WITH u AS (SELECT 1 AS a) |> SELECT a").unread is not None


def test_tables_of_a_called_function_are_unknown() -> None:
    # nothing is left out of the table that is passed, nothing known of the others
    assert _cost("FROM d.t |> CALL d.f(1)")["query"][1:] == (36_000, None, None, "unknown")


def test_joins_know_the_names_of_their_input() -> None:
    frames = estimated("FROM d.t |> WHERE a > 1 |> JOIN d.u ON t.a = u.a |> SELECT u.b", T, U)
    assert frames["joins"].select("condition", "left", "right").rows() == [("equality", "t", "u")]


def test_the_order_of_a_pipe_is_no_order_of_a_subquery() -> None:
    frames = estimated("FROM d.t |> ORDER BY b |> SELECT a |> DROP a", T)
    assert frames["sorts"].select("place").rows() == [("outermost",)]
