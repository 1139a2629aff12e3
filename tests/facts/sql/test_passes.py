"""Joins, sorts, aggregates, stars, writes and the statement's own row."""

from __future__ import annotations

import re

import pytest

from costguard.model import Hole
from tests.facts.sql.statements import analyse, place

JOINS = {
    "SELECT 1 FROM d.a, d.b": [("comma", "none", False, False, False)],
    "SELECT 1 FROM d.a AS a, d.b AS b WHERE a.k = b.k": [("comma", "where-equality", False, False, False)],
    "SELECT 1 FROM d.a CROSS JOIN UNNEST(arr) AS x": [("cross", "none", True, False, False)],
    "SELECT 1 FROM d.a AS a, a.arr AS x": [("comma", "none", True, False, False)],
    "SELECT 1 FROM d.a CROSS JOIN UNNEST(GENERATE_ARRAY(1, 9)) AS x": [("cross", "none", False, False, True)],
    "SELECT 1 FROM d.a CROSS JOIN (SELECT MAX(x) AS m FROM d.b)": [("cross", "none", False, True, True)],
    "WITH p AS (SELECT 1 AS x) SELECT 1 FROM d.a, p": [("comma", "none", False, True, True)],
    "SELECT 1 FROM d.a JOIN d.b ON TRUE": [("inner", "constant", False, False, False)],
    "SELECT 1 FROM d.a AS a JOIN d.b AS b ON a.k = b.k AND a.x > b.y": [
        ("inner", "equality", False, False, False)
    ],
    "SELECT 1 FROM d.a AS a JOIN d.b AS b ON a.k > b.k": [("inner", "inequality", False, False, False)],
    "SELECT 1 FROM d.a LEFT JOIN d.b USING (k)": [("left", "using", False, False, False)],
    "SELECT 1 FROM d.a AS a JOIN d.b AS b ON LOWER(a.k) = b.k OR a.x = b.x": [
        ("inner", "equality", False, False, False)
    ],
    "SELECT 1 FROM d.a CROSS JOIN (SELECT x FROM d.b LIMIT 20)": [("cross", "none", False, False, True)],
}


@pytest.mark.parametrize(("sql", "expected"), JOINS.items(), ids=JOINS.keys())
def test_joins(sql: str, expected: list[tuple[object, ...]]) -> None:
    found = [
        (row.kind, row.condition, row.correlated, row.right_one_row, row.right_small)
        for row in analyse(sql)["joins"]
    ]
    assert found == expected


SORTS = {
    "SELECT a FROM d.t ORDER BY a": ("outermost", False),
    "SELECT a FROM d.t ORDER BY a LIMIT 3": ("outermost", True),
    "SELECT a FROM (SELECT a FROM d.t ORDER BY a)": ("subquery", False),
    "WITH q AS (SELECT a FROM d.t ORDER BY a) SELECT a FROM q": ("cte", False),
    "CREATE TABLE d.x AS SELECT a FROM d.t ORDER BY a": ("table", False),
    "CREATE VIEW d.x AS SELECT a FROM d.t ORDER BY a": ("view", False),
    "INSERT INTO d.x (a) SELECT a FROM d.t ORDER BY a": ("table", False),
    "SELECT ARRAY(SELECT a FROM d.t ORDER BY a)": ("array", False),
    "SELECT a FROM d.t UNION ALL SELECT b FROM d.u ORDER BY a": ("outermost", False),
    "SELECT a FROM d.t WHERE a IN (SELECT b FROM d.u ORDER BY b)": ("subquery", False),
    "SELECT a FROM d.t WHERE EXISTS (SELECT b FROM d.u ORDER BY b)": ("subquery", False),
    "SELECT * FROM ML.PREDICT(MODEL d.m, (SELECT b FROM d.u ORDER BY b))": ("subquery", False),
    "CREATE MODEL d.m OPTIONS (model_type = 'KMEANS') AS SELECT a FROM d.t ORDER BY a": ("model", False),
}


@pytest.mark.parametrize(("sql", "expected"), SORTS.items(), ids=SORTS.keys())
def test_sorts(sql: str, expected: tuple[str, bool]) -> None:
    (row,) = analyse(sql)["sorts"]
    assert (row.place, row.has_limit) == expected
    assert place(sql, analyse(sql), row.at).startswith("ORDER BY")


TAKERS = {
    "SELECT STRING_AGG(a) FROM s": "STRING_AGG",
    "SELECT ARRAY_AGG(a IGNORE NULLS) FROM (SELECT a FROM s WHERE a > 1)": "ARRAY_AGG",
    "SELECT ARRAY_AGG(a ORDER BY a LIMIT 3) FROM s": None,
    "SELECT STRING_AGG(DISTINCT a) FROM s": None,
    "SELECT a, ROW_NUMBER() OVER () FROM s": "ROW_NUMBER",
    "SELECT a, ROW_NUMBER() OVER (ORDER BY a) FROM s": None,
    "SELECT ARRAY(SELECT a FROM s)": "ARRAY",
    "SELECT ARRAY(SELECT a FROM s ORDER BY a)": None,
    "SELECT a FROM s LIMIT 3": "LIMIT",
    "SELECT a FROM s ORDER BY a LIMIT 3": None,
    "SELECT COUNT(a) FROM s LIMIT 3": None,
    "SELECT a FROM s": None,
    # neither a join nor a grouping keeps an order
    "SELECT ARRAY_AGG(s.a) FROM s JOIN d.u AS u ON s.a = u.a": None,
    "SELECT ARRAY_AGG(a) FROM (SELECT a FROM s GROUP BY a)": None,
}


@pytest.mark.parametrize(("sql", "expected"), TAKERS.items(), ids=TAKERS.keys())
def test_what_takes_sorted_rows_as_they_come(sql: str, expected: str | None) -> None:
    sorts = analyse(f"WITH s AS (SELECT a FROM d.t ORDER BY a) {sql}")["sorts"]
    assert [row.taken_by for row in sorts if row.place == "cte"] == [expected]


def test_an_order_inside_a_function_is_not_a_sort() -> None:
    assert "sorts" not in analyse("SELECT ARRAY_AGG(a ORDER BY b) FROM d.t")


STARS_THAT_LEAVE_OUT = {
    "SELECT * FROM d.t": False,
    "SELECT * EXCEPT (a) FROM d.t": True,
    "SELECT * REPLACE (UPPER(a) AS a) FROM d.t": False,  # it is read all the same
    "SELECT t.* REPLACE (t.b + t.a AS a) FROM d.t AS t": False,
    "SELECT * REPLACE (0 AS a) FROM d.t": True,
    "SELECT * REPLACE (b + 1 AS a) FROM d.t": True,
    "SELECT * EXCEPT (b) REPLACE (a + 1 AS a) FROM d.t": True,
}


@pytest.mark.parametrize(("sql", "expected"), STARS_THAT_LEAVE_OUT.items(), ids=STARS_THAT_LEAVE_OUT.keys())
def test_stars_that_leave_columns_out(sql: str, expected: bool) -> None:
    (scan,) = analyse(sql)["scans"]
    assert (scan.star, scan.star_excepts) == (True, expected)


def test_stars_that_reach_the_result() -> None:
    def stars(sql: str) -> list[tuple[str, str]]:
        rows = analyse(sql)
        return [
            (scan.table_name, place(sql, rows, scan.star_at))
            for scan in rows["scans"]
            if scan.star and scan.star_at
        ]

    assert stars("SELECT * FROM d.t") == [("d.t", "*")]
    assert stars("SELECT x.* FROM d.t AS x JOIN d.u USING (k)") == [("d.t", "x.*")]
    assert stars("WITH q AS (SELECT * FROM d.t) SELECT a FROM q") == []
    assert stars("WITH q AS (SELECT * FROM d.t) SELECT * FROM q") == [("d.t", "*")]
    assert stars("SELECT COUNT(*) FROM d.t") == []
    assert stars("SELECT a FROM d.t WHERE EXISTS (SELECT * FROM d.u)") == []
    assert stars("SELECT COUNT(*) FROM (SELECT * FROM d.t)") == []


def test_aggregates_count_the_uses_of_their_column() -> None:
    sql = "SELECT COUNT(id), COUNT(DISTINCT x), COUNT(y), SUM(z) FROM d.t WHERE y > 1"
    found = {
        (row.function, row.column): (row.distinct, row.column_uses) for row in analyse(sql)["aggregates"]
    }
    assert found == {
        ("COUNT", "id"): (False, 1),
        ("COUNT", None): (True, 0),
        ("COUNT", "y"): (False, 2),
        ("SUM", "z"): (False, 1),
    }


def test_a_count_of_the_far_side_of_an_outer_join_can_meet_null() -> None:
    sql = "SELECT COUNT(u.id) FROM d.t AS t LEFT JOIN d.u AS u ON t.k = u.k"
    assert analyse(sql)["aggregates"][0].null_extended


def test_the_statement_row() -> None:
    sql = "SELECT a FROM d.t WHERE dt > CURRENT_DATE() ORDER BY a LIMIT 100"
    rows = analyse(sql)
    (query,) = rows["queries"]
    assert (query.statement, query.limit, query.has_limit, query.has_order, query.has_filter) == (
        "SELECT",
        100,
        True,
        True,
        True,
    )
    assert (query.has_aggregate, query.time_dependent, query.scan_count) == (False, True, 1)
    assert place(sql, rows, query.limit_at) == "LIMIT 100"


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("CREATE TABLE d.x AS SELECT 1 AS a", "CREATE TABLE AS"),
        ("CREATE TABLE d.x (a INT64)", "CREATE TABLE"),
        ("CREATE OR REPLACE VIEW d.x AS SELECT a FROM d.t", "CREATE VIEW"),
        ("CREATE MATERIALIZED VIEW d.x AS SELECT a FROM d.t", "CREATE MATERIALIZED VIEW"),
        ("CREATE MODEL d.m OPTIONS (model_type = 'linear_reg') AS SELECT a FROM d.t", "CREATE MODEL"),
        ("INSERT INTO d.x VALUES (1)", "INSERT"),
        ("UPDATE d.x SET a = 1 WHERE TRUE", "UPDATE"),
        ("DELETE FROM d.x WHERE TRUE", "DELETE"),
        ("TRUNCATE TABLE d.x", "TRUNCATE TABLE"),
        ("EXPORT DATA OPTIONS (uri = 'gs://b/*') AS SELECT a FROM d.t", "EXPORT DATA"),
        ("DROP TABLE d.x", "DROP"),
        ("SELECT a FROM d.t UNION ALL SELECT b FROM d.u", "SELECT"),
    ],
)
def test_statement_kinds(sql: str, kind: str) -> None:
    assert analyse(sql)["queries"][0].statement == kind


def test_layout_of_a_created_table() -> None:
    sql = "CREATE TEMP TABLE x PARTITION BY DATE(ts) CLUSTER BY a AS SELECT ts, a FROM d.t"
    (write,) = analyse(sql)["writes"]
    assert (write.kind, write.target_name, write.temporary, write.partitioned, write.clustered) == (
        "create-table",
        "x",
        True,
        True,
        True,
    )


def test_common_tables_count_their_references() -> None:
    sql = (
        "WITH q AS (SELECT a FROM d.t), unused AS (SELECT 1 AS b) SELECT * FROM q AS x JOIN q AS y USING (a)"
    )
    assert [(row.name, row.references) for row in analyse(sql)["ctes"]] == [("q", 2), ("unused", 0)]


def test_windows_and_set_operations() -> None:
    sql = "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b, c) FROM d.t UNION DISTINCT SELECT 1"
    rows = analyse(sql)
    (window,) = rows["windows"]
    assert (window.function, window.partition_keys, window.order_keys, window.constant_keys) == (
        "ROW_NUMBER",
        1,
        2,
        False,
    )
    (union,) = rows["set_operations"]
    assert (union.kind, union.distinct, union.branches) == ("union", True, 2)


def test_information_schema_has_a_place() -> None:
    sql = "SELECT table_name FROM d.INFORMATION_SCHEMA.TABLES"
    rows = analyse(sql)
    (scan,) = rows["scans"]
    assert scan.table_name == "d.INFORMATION_SCHEMA.TABLES"
    assert place(sql, rows, scan.at).startswith("d")


def test_the_joins_of_a_subquery_are_not_those_of_the_query_around_it() -> None:
    rows = analyse(
        "SELECT a FROM (SELECT c, x FROM d.t, UNNEST(f(css)) AS x) JOIN (SELECT c, n FROM d.u) USING (c)"
    )["joins"]
    assert [(row.kind, row.condition, row.correlated) for row in rows] == [
        ("inner", "using", False),
        ("comma", "none", True),
    ]


@pytest.mark.parametrize(
    ("sql", "condition"),
    [
        ("SELECT 1 FROM d.a AS a, d.b AS b WHERE STARTS_WITH(a.k, b.k)", "where-other"),
        ("SELECT 1 FROM d.a AS a, d.b AS b, UNNEST(b.ks) AS k WHERE REGEXP_CONTAINS(a.x, k)", "where-other"),
        ("SELECT 1 FROM d.a AS a, d.b AS b WHERE a.k = 1 AND b.k = 2", "none"),
    ],
)
def test_a_where_that_names_both_sides_is_a_condition(sql: str, condition: str) -> None:
    assert analyse(sql)["joins"][0].condition == condition


@pytest.mark.parametrize(
    ("side", "grouped"),
    [
        ("(SELECT DISTINCT k FROM d.b)", True),
        ("(SELECT k FROM (SELECT k, COUNT(*) AS n FROM d.b GROUP BY k) WHERE n > 1)", True),
        ("(SELECT k FROM d.b UNION DISTINCT SELECT k FROM d.c)", True),
        ("(SELECT k FROM d.b WHERE k > 1)", False),
        ("d.b", False),
    ],
)
def test_a_side_of_keys_is_known(side: str, grouped: bool) -> None:
    (row,) = analyse(f"SELECT 1 FROM d.a CROSS JOIN {side} AS b")["joins"]
    assert (row.left_grouped, row.right_grouped) == (False, grouped)


@pytest.mark.parametrize(
    ("sql", "picked"),
    [
        ("SELECT 1 FROM d.a AS a, d.b AS b WHERE b.k = 'x'", True),
        ("SELECT 1 FROM d.a AS a CROSS JOIN (SELECT k FROM d.b WHERE n = @n) AS b", True),
        ("SELECT 1 FROM d.a AS a, d.b AS b WHERE b.k > 1", False),
        ("SELECT 1 FROM d.a AS a, d.b AS b WHERE b.k = b.n", False),
        ("SELECT 1 FROM d.a AS a, d.b AS b WHERE b.k = (SELECT 1)", False),
    ],
)
def test_a_side_picked_by_a_constant_is_known(sql: str, picked: bool) -> None:
    (row,) = analyse(sql)["joins"]
    assert (row.left_picked, row.right_picked) == (False, picked)


@pytest.mark.parametrize(
    ("sql", "never", "filtered"),
    [
        ("SELECT a FROM d.t WHERE 1 = 2", True, True),
        ("SELECT a FROM d.t WHERE FALSE AND a > 1", True, True),
        ("SELECT a FROM d.t WHERE 1 = 1", False, False),
        ("SELECT a FROM d.t WHERE 1 = 1 AND a = 2", False, True),
    ],
)
def test_conditions_without_columns(sql: str, never: bool, filtered: bool) -> None:
    (scan,) = analyse(sql)["scans"]
    assert (scan.never, scan.filtered) == (never, filtered)


def test_the_suffix_as_a_value_is_noted() -> None:
    assert analyse("SELECT MAX(_TABLE_SUFFIX) FROM `d.t_*`")["scans"][0].suffix_read
    assert not analyse("SELECT a FROM `d.t_*`")["scans"][0].suffix_read


def test_the_fields_of_a_function_s_value_are_no_star_over_the_table() -> None:
    rows = analyse("SELECT g(payload).*, y FROM d.v")
    assert not rows["scans"][0].star
    assert sorted(plan.path for plan in rows["read_plans"]) == ["payload", "y"]


@pytest.mark.parametrize(
    ("name", "holes", "shown"),
    [
        ("`hole_p.d.t`", {"hole_p": "args.project"}, "{args.project}.d.t"),
        ("d.t_hole_s", {"hole_s": 'f"{day:%Y}"'}, 'd.t_{f"{day:%Y}"}'),
        ("hole_a.hole_ab", {"hole_a": "a", "hole_ab": "a + b"}, "{a}.{a + b}"),
        ("d.hole_x", {"hole_x": "x" * 60}, "d.{" + "x" * 37 + "...}"),
    ],
)
def test_unknown_parts_of_names_are_shown_in_braces(name: str, holes: dict[str, str], shown: str) -> None:
    text = f"SELECT a FROM {name}"
    spans = tuple(
        Hole(found.start(), found.end(), "name", holes[found[0]]) for found in re.finditer(r"hole_\w+", text)
    )
    (scan,) = analyse(text, holes=spans)["scans"]
    assert scan.written_name == shown
    assert "hole_" in scan.table_name


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM EXTERNAL_QUERY('c', 'SELECT 1')", ["EXTERNAL_QUERY"]),
        ("SELECT * FROM d.t JOIN my.d.recent(7) ON TRUE", ["MY.D.RECENT"]),
        ("SELECT * FROM `my.d.recent`(7)", ["MY.D.RECENT"]),
        ("SELECT (SELECT MAX(x) FROM recent(7)) FROM d.t", ["RECENT"]),
        ("SELECT * FROM ML.PREDICT(MODEL d.m, (SELECT UPPER(a) AS a FROM d.t))", ["ML.PREDICT"]),
        ("SELECT * FROM ML.FORECAST(MODEL d.m, STRUCT(3 AS horizon))", ["ML.FORECAST"]),
        ("SELECT * FROM d.t, UNNEST(GENERATE_ARRAY(1, 3))", []),
    ],
)
def test_functions_in_the_place_of_a_table(sql: str, expected: list[str]) -> None:
    assert [row.function for row in analyse(sql).get("functions", ()) if row.clause == "table"] == expected


def test_an_array_in_from_is_placed_by_its_whole_name() -> None:
    sql = "SELECT i.x FROM d.t AS t, t.items AS i"
    rows = analyse(sql)
    (array,) = (plan for plan in rows["read_plans"] if plan.kind == "unnest")
    place = rows["locations"][array.at]
    assert sql[place.start_column - 1 : place.end_column - 1] == "t.items"


TWICE = "WITH s AS (SELECT a + b AS c FROM d.t) SELECT c, c + 1 AS more FROM s ORDER BY a"


def test_reads_of_a_file_are_written_once() -> None:
    plans = analyse(TWICE)["read_plans"]
    assert sorted((plan.path, plan.output, plan.output_column) for plan in plans) == [
        ("a", False, None),
        ("b", False, None),
    ]


def test_reads_for_a_dataframe_say_what_for() -> None:
    plans = analyse(TWICE, frame=0)["read_plans"]
    assert {(plan.path, plan.output, plan.output_column) for plan in plans} == {
        ("a", True, "c"),
        ("b", True, "c"),
        ("a", True, "more"),
        ("b", True, "more"),
    }


def test_a_read_with_a_place_keeps_it() -> None:
    """USING reads the key of each side without naming it; the select list names it."""
    rows = analyse(
        "WITH a AS (SELECT k, v FROM p.d.t), b AS (SELECT * FROM p.d.u) "
        "SELECT IF(a.k IS NULL, b.k, a.k) AS k, b.* EXCEPT (k) FROM a FULL JOIN b USING (k)"
    )
    places = [(plan.path, plan.at is not None) for plan in rows["read_plans"] if plan.path == "k"]
    assert places == [("k", True), ("k", True)]
