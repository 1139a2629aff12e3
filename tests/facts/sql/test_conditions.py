"""Which conditions limit a scan, as predicate JSON."""

from __future__ import annotations

import json

import pytest

from costguard.facts.sql.condition import MAXIMUM_NODES
from tests.facts.sql.statements import analyse, place, predicate, strip

DAY = ["str", "2026-01-01"]


def test_a_filter_reaches_the_scan_through_ctes_and_aliases() -> None:
    sql = (
        "WITH q AS (SELECT dt AS day, a FROM d.t), r AS (SELECT * FROM q) "
        "SELECT a FROM r WHERE day = '2026-01-01' AND a > 1"
    )
    assert predicate(sql) == [
        "and",
        [["cmp", "=", ["col", "dt"], DAY], ["cmp", ">", ["col", "a"], ["num", "1"]]],
    ]


def test_a_computed_column_is_inlined() -> None:
    sql = "SELECT a FROM (SELECT DATE(ts) AS day, a FROM d.t) WHERE day = '2026-01-01'"
    assert predicate(sql) == ["and", [["cmp", "=", ["call", "DATE", [["col", "ts"]]], DAY]]]


@pytest.mark.parametrize(
    ("side", "filtered"), [("LEFT", [True, False]), ("RIGHT", [False, False]), ("FULL", [False, False])]
)
def test_the_merged_column_of_a_left_join_is_that_of_the_left_side(side: str, filtered: list[bool]) -> None:
    sql = (
        f"WITH q AS (SELECT * FROM (SELECT k, dt, a FROM d.t) {side} JOIN (SELECT k, dt FROM d.u) USING (k, dt)) "
        "SELECT a FROM q WHERE dt = '2026-01-01'"
    )
    assert [scan.filtered for scan in analyse(sql)["scans"]] == filtered


def test_a_computed_key_of_a_join_is_no_filter() -> None:
    sql = "SELECT 1 FROM d.t AS t JOIN d.u AS u ON t.dt = DATE_ADD(u.dt, INTERVAL 7 DAY)"
    assert predicate(sql, 0) is None
    assert predicate(sql, 1) is None


def test_each_branch_of_a_union_has_its_own_form_of_a_filter() -> None:
    sql = (
        "WITH q AS (SELECT DATE(ts) AS day, a FROM d.t UNION ALL SELECT dt, a FROM d.u "
        "UNION ALL SELECT NULL, a FROM d.v) SELECT a FROM q WHERE day = '2026-01-01'"
    )
    assert predicate(sql, 0) == ["and", [["cmp", "=", ["call", "DATE", [["col", "ts"]]], DAY]]]
    assert predicate(sql, 1) == ["and", [["cmp", "=", ["col", "dt"], DAY]]]
    assert predicate(sql, 2) is None


@pytest.mark.parametrize("condition", ["-day > 1", "day", "NOT day", "-a < 1", "COALESCE(-day, 1) = 2"])
def test_what_branches_compute_may_stand_anywhere(condition: str) -> None:
    sql = (
        "WITH q AS (SELECT x + 1 AS day, a FROM d.t UNION ALL SELECT 2, a FROM d.u UNION ALL SELECT -3, 4) "
        f"SELECT a FROM q WHERE {condition}"
    )
    assert len(analyse(sql)["scans"]) == 2
    constants = f"SELECT a FROM (SELECT 1 AS day, 2 AS a UNION ALL SELECT 3, 4) WHERE {condition}"
    assert "scans" not in analyse(constants)


def test_two_branches_over_one_scan_have_no_common_filter() -> None:
    sql = (
        "WITH b AS (SELECT ts FROM d.t), q AS (SELECT DATE(ts) AS day FROM b UNION ALL "
        "SELECT DATE_ADD(DATE(ts), INTERVAL 1 DAY) FROM b) SELECT * FROM q WHERE day = '2026-01-01'"
    )
    assert predicate(sql) is None


@pytest.mark.parametrize(
    "barrier",
    [
        "SELECT dt, a FROM d.t LIMIT 10",
        "SELECT dt, ROW_NUMBER() OVER (ORDER BY a) AS n FROM d.t",
        "SELECT MAX(dt) AS dt FROM d.t",
    ],
)
def test_no_filter_passes_a_limit_a_window_or_an_aggregate(barrier: str) -> None:
    assert predicate(f"SELECT * FROM ({barrier}) WHERE dt = '2026-01-01'") is None


def test_both_branches_of_a_union_are_limited() -> None:
    sql = "SELECT x FROM (SELECT dt, x FROM d.t UNION ALL SELECT day, x FROM d.u) WHERE dt = '2026-01-01'"
    assert predicate(sql, 0) == ["and", [["cmp", "=", ["col", "dt"], DAY]]]
    assert predicate(sql, 1) == ["and", [["cmp", "=", ["col", "day"], DAY]]]


def test_references_of_a_cte_are_combined_with_or() -> None:
    sql = "WITH q AS (SELECT * FROM d.t) SELECT a FROM q WHERE dt = '1' UNION ALL SELECT a FROM q WHERE dt = '2'"
    assert predicate(sql) == [
        "and",
        [
            [
                "or",
                [
                    ["and", [["cmp", "=", ["col", "dt"], ["str", "1"]]]],
                    ["and", [["cmp", "=", ["col", "dt"], ["str", "2"]]]],
                ],
            ]
        ],
    ]


def test_one_reference_without_a_filter_reads_everything() -> None:
    sql = "WITH q AS (SELECT * FROM d.t) SELECT * FROM q WHERE dt = '1' UNION ALL SELECT * FROM q"
    assert predicate(sql) is None


def test_values_that_are_computed_of_shared_values_are_followed_once() -> None:
    """Forty SELECTs that double a value have 2 ** 40 ways to the column."""
    doubled = "SELECT a, b, dt FROM d.t"
    for number in range(40):
        doubled = f"SELECT a + a AS a, b, dt FROM ({doubled}) AS s{number}"
    sql = f"WITH q AS ({doubled}) SELECT a FROM q WHERE dt = '1' UNION ALL SELECT b FROM q WHERE dt = '2'"
    ((either, _, mark, columns),) = predicate(sql)[1]
    assert (either, mark) == ("or", "REFERENCES")
    assert columns == {"paths": [["a", "dt"], ["b", "dt"]]}


def test_references_that_read_other_columns_say_which() -> None:
    sql = (
        "WITH q AS (SELECT * FROM d.t WHERE x > 1) SELECT a FROM q WHERE dt = '1' UNION ALL SELECT b FROM q{}"
    )
    _, (either, conditions, mark, columns) = predicate(sql.format(" WHERE dt = '2'"))[1]
    assert (either, len(conditions), mark) == ("or", 2, "REFERENCES")
    # x finds the rows of both
    assert columns == {"paths": [["a", "dt", "x"], ["b", "dt", "x"]]}
    _, (_, conditions, _, columns) = predicate(sql.format(""))[1]
    assert conditions[1] == ["bool", True]
    assert columns == {"paths": [["a", "dt", "x"], ["b", "x"]]}


def test_conditions_behind_grouping_and_windows_are_in_doubt() -> None:
    def doubts(sql: str) -> list[str]:
        found = predicate(sql)
        return [item[2] for item in found[1] if item[0] == "maybe"] if found is not None else []

    assert doubts("SELECT dt, COUNT(*) AS n FROM d.t GROUP BY dt HAVING dt > '1' AND n > 2") == ["having"]
    assert doubts("SELECT dt AS d, COUNT(*) FROM d.t GROUP BY d HAVING d > '1'") == ["having"]
    assert doubts("SELECT MAX(dt) AS dt FROM d.t GROUP BY b HAVING dt > '1'") == []
    assert doubts("SELECT dt, COUNT(*) FROM d.t GROUP BY ROLLUP(dt) HAVING dt > '1'") == []
    around = "SELECT * FROM (SELECT dt, b, ROW_NUMBER() OVER ({}) AS n FROM d.t{}) WHERE dt = '1' AND n = 1"
    assert doubts(around.format("PARTITION BY b, dt ORDER BY c", "")) == ["window"]
    assert doubts(around.format("PARTITION BY b ORDER BY dt", "")) == []
    assert doubts(around.format("PARTITION BY dt", " LIMIT 3")) == []
    assert doubts(around.format("w", " WINDOW w AS (PARTITION BY dt)")) == ["window"]
    both = around.format("PARTITION BY dt), SUM(c) OVER (PARTITION BY b", "")
    assert doubts(both) == []  # the sum takes in other days
    assert doubts("SELECT b FROM d.t QUALIFY dt = '1' AND RANK() OVER (PARTITION BY dt ORDER BY b) = 1") == [
        "window"
    ]


def test_a_correlated_subquery_does_not_limit_the_outer_table() -> None:
    sql = "SELECT (SELECT COUNT(*) FROM d.u AS u WHERE u.k = t.k AND t.dt = '2026-01-01') FROM d.t AS t"
    rows = analyse(sql)
    assert {scan.table_name: scan.predicate for scan in rows["scans"]} == {"d.t": None, "d.u": None}


def test_the_condition_of_an_outer_join_limits_the_right_side_only() -> None:
    sql = "SELECT t.a FROM d.t AS t LEFT JOIN d.u AS u ON t.k = u.k AND u.dt = '1' AND t.dt = '2'"
    rows = analyse(sql)
    found = {scan.table_name: scan.predicate is not None for scan in rows["scans"]}
    assert found == {"d.t": False, "d.u": True}


def test_a_join_key_is_not_a_filter_but_a_comparison_of_two_tables_is() -> None:
    assert predicate("SELECT t.a FROM d.t AS t JOIN d.u AS u ON t.dt = u.dt") is None
    assert predicate("SELECT t.a FROM d.t AS t JOIN d.u AS u ON t.k = u.k WHERE t.dt >= u.dt") == [
        "and",
        [["cmp", ">=", ["col", "dt"], ["other", "u.dt"]]],
    ]


VALUES = {
    "dt >= DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY)": [
        "cmp",
        ">=",
        ["col", "dt"],
        ["call", "DATE_SUB", [["call", "CURRENT_DATE", []], ["interval", ["str", "7"], "DAY"]]],
    ],
    "dt BETWEEN DATE '2026-01-01' AND @last": [
        "between",
        ["col", "dt"],
        ["date", "2026-01-01"],
        ["param", "last"],
    ],
    "dt IN ('1', '2')": ["in", ["col", "dt"], [["str", "1"], ["str", "2"]]],
    "dt IN (SELECT x FROM d.u)": ["in", ["col", "dt"], [["subquery", "IN (SELECT ...)"]]],
    "dt = (SELECT MAX(x) FROM d.u)": ["cmp", "=", ["col", "dt"], ["subquery", "(SELECT ...)"]],
    "dt IN UNNEST(GENERATE_DATE_ARRAY('2026-01-01', '2026-01-03'))": [
        "in_unnest",
        ["col", "dt"],
        [
            "call",
            "GENERATE_DATE_ARRAY",
            [["str", "2026-01-01"], ["str", "2026-01-03"], ["interval", ["str", "1"], "DAY"]],
        ],
    ],
    "dt IS NOT NULL": ["not", ["is_null", ["col", "dt"]]],
    "FORMAT_DATE('%Y%m', dt) = '202601'": [
        "cmp",
        "=",
        ["call", "FORMAT_DATE", [["str", "%Y%m"], ["col", "dt"]]],
        ["str", "202601"],
    ],
    "TIMESTAMP_TRUNC(ts, DAY) = TIMESTAMP '2026-01-01'": [
        "cmp",
        "=",
        ["call", "TIMESTAMP_TRUNC", [["col", "ts"], ["unit", "DAY"]]],
        ["timestamp", "2026-01-01"],
    ],
    "EXTRACT(YEAR FROM dt) = 2026": [
        "cmp",
        "=",
        ["call", "EXTRACT", [["unit", "YEAR"], ["col", "dt"]]],
        ["num", "2026"],
    ],
    "CAST(ts AS DATE) = '2026-01-01'": ["cmp", "=", ["cast", ["col", "ts"], "DATE", False], DAY],
    "ts + INTERVAL 1 DAY > TIMESTAMP '2026-01-01'": [
        "cmp",
        ">",
        ["arith", "+", ["col", "ts"], ["interval", ["str", "1"], "DAY"]],
        ["timestamp", "2026-01-01"],
    ],
    "(dt = '1' OR x = 2)": [
        "or",
        [["cmp", "=", ["col", "dt"], ["str", "1"]], ["cmp", "=", ["col", "x"], ["num", "2"]]],
    ],
    "PARSE_DATE('%Y%m%d', s) > dt": [
        "cmp",
        ">",
        ["call", "PARSE_DATE", [["str", "%Y%m%d"], ["col", "s"]]],
        ["col", "dt"],
    ],
}


@pytest.mark.parametrize(("condition", "expected"), VALUES.items(), ids=VALUES.keys())
def test_the_shape_of_a_condition(condition: str, expected: object) -> None:
    assert predicate(f"SELECT a FROM d.t WHERE {condition}") == ["and", [expected]]


def test_a_script_variable_carries_its_default() -> None:
    rows = analyse("SELECT a FROM d.t WHERE dt > first_day", {"first_day": ["date", "2026-01-01"]})
    # A column of the table would hide it, which only a catalog can tell.
    assert strip(json.loads(rows["scans"][0].predicate)) == [
        "and",
        [
            [
                "cmp",
                ">",
                ["col", "dt"],
                ["var", "first_day", ["date", "2026-01-01"], ["col", "first_day"], [["d.t", "first_day"]]],
            ]
        ],
    ]


def test_predicate_rows() -> None:
    rows = analyse(
        "SELECT a FROM d.t WHERE dt = '1' AND DATE(ts) > '2' AND x = @p AND (dt = '1' OR x = 2) AND y + 1 = 2"
    )
    found = [(row.column, row.form, row.operator, row.wrapped_by) for row in rows["predicates"]]
    assert found == [
        ("dt", "constant", "=", None),
        ("ts", "function", ">", "DATE"),
        ("x", "parameter", "=", None),
        ("dt", "or", "or", None),
        ("y", "arithmetic", "=", None),
    ]


def test_the_suffix_of_a_wildcard() -> None:
    def marks(condition: str) -> tuple[bool, bool]:
        scan = analyse(f"SELECT a FROM `d.ev_*` WHERE {condition}")["scans"][0]
        assert scan.wildcard
        return scan.suffix_filtered, scan.suffix_mentioned

    assert marks("_TABLE_SUFFIX BETWEEN '1' AND '2'") == (True, True)
    assert marks("_TABLE_SUFFIX = (SELECT MAX(x) FROM d.u)") == (False, True)
    assert marks("a = 1") == (False, False)


def test_merge_conditions_belong_to_the_target() -> None:
    sql = (
        "MERGE d.t AS t USING d.s AS s ON t.id = s.id AND t.dt > '2026-01-01' "
        "WHEN MATCHED THEN UPDATE SET a = s.a"
    )
    rows = analyse(sql)
    target = rows["scans"][0]
    assert (target.role, target.predicate) == ("target", None)
    assert '["cmp", ">", ["col", "dt"], ["str", "2026-01-01"]]' in target.on_predicate
    write = rows["writes"][0]
    assert (write.kind, write.target_scan, write.insert_only, write.constant_false) == (
        "merge",
        0,
        False,
        False,
    )


def test_places_cover_the_conjunct() -> None:
    sql = "SELECT a FROM d.t WHERE x = 1 AND DATE(ts) > '2026-01-01'"
    rows = analyse(sql)
    assert [place(sql, rows, row.at) for row in rows["predicates"]] == ["x = 1", "DATE(ts) > '2026-01-01'"]


def test_a_field_of_a_loop_variable_is_a_value_and_no_column() -> None:
    rows = analyse("SELECT x FROM d.t WHERE day = r.day", {"r": None})
    assert strip(json.loads(rows["scans"][0].predicate)) == [
        "and",
        [["cmp", "=", ["col", "day"], ["var", "r.day", None, ["col", "r.day"], [["d.t", "r.day"]]]]],
    ]
    found = sorted((plan.path, plan.variable) for plan in rows["read_plans"])
    assert found == [("day", False), ("r.day", True), ("x", False)]


def test_what_may_be_a_variable_is_a_parameter_to_the_rules() -> None:
    rows = analyse("SELECT x FROM d.t WHERE day = today AND today > '2026'", {"today": None})
    found = [(row.column, row.form, row.operator) for row in rows["predicates"]]
    assert found == [("day", "parameter", "="), (None, "other", ">")]


def test_a_column_that_is_sure_to_be_there_hides_a_variable() -> None:
    rows = analyse("SELECT name FROM (SELECT a AS name FROM d.t)", {"name": None})
    assert [(plan.path, plan.variable) for plan in rows["read_plans"]] == [("a", False)]


def test_where_true_limits_nothing() -> None:
    (scan,) = analyse("DELETE FROM d.t WHERE TRUE")["scans"]
    assert not scan.filtered
    assert scan.predicate is None


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a NOT LIKE 'x%'", ["not", ["like", ["col", "a"], ["str", "x%"]]]),
        ("a LIKE 'x%'", ["like", ["col", "a"], ["str", "x%"]]),
        (r"a = r'\d'", ["cmp", "=", ["col", "a"], ["str", r"\d"]]),
        ("a IS NOT TRUE", ["or", [["cmp", "!=", ["col", "a"], ["bool", True]], ["is_null", ["col", "a"]]]]),
        (
            "SUBSTR(a, 1, 4) = 'x'",
            ["cmp", "=", ["call", "SUBSTR", [["col", "a"], ["num", "1"], ["num", "4"]]], ["str", "x"]],
        ),
        (
            "REPLACE(a, '-', '') = 'x'",
            ["cmp", "=", ["call", "REPLACE", [["col", "a"], ["str", "-"], ["str", ""]]], ["str", "x"]],
        ),
        ("a = 'x' || 'y'", ["cmp", "=", ["col", "a"], ["call", "CONCAT", [["str", "x"], ["str", "y"]]]]),
        ("MOD(a, 3) = 1", ["cmp", "=", ["call", "MOD", [["col", "a"], ["num", "3"]]], ["num", "1"]]),
        (
            "a = DATE(2026, 1, 31)",
            ["cmp", "=", ["col", "a"], ["call", "DATE", [["num", "2026"], ["num", "1"], ["num", "31"]]]],
        ),
        (
            "CASE a WHEN 1 THEN b ELSE 0 END = 2",
            [
                "cmp",
                "=",
                ["if", ["cmp", "=", ["col", "a"], ["num", "1"]], ["col", "b"], ["num", "0"]],
                ["num", "2"],
            ],
        ),
    ],
)
def test_no_part_of_a_condition_is_lost(condition: str, expected: object) -> None:
    assert predicate(f"SELECT 1 FROM d.t WHERE {condition}") == ["and", [expected]]


@pytest.mark.parametrize(
    ("sql", "limited"),
    [
        ("SELECT 1 FROM d.u LEFT JOIN d.t ON u.a = t.a WHERE t.dt IS NULL", False),
        ("SELECT 1 FROM d.u LEFT JOIN d.t ON u.a = t.a WHERE t.dt > '2026-01-01' OR t.dt IS NULL", False),
        (
            "SELECT 1 FROM d.u LEFT JOIN d.t ON u.a = t.a WHERE IFNULL(t.dt, '2026-01-01') = '2026-01-01'",
            False,
        ),
        ("SELECT 1 FROM d.u LEFT JOIN d.t ON u.a = t.a WHERE NOT (t.dt IS NOT NULL)", False),
        ("SELECT 1 FROM d.u LEFT JOIN d.t ON u.a = t.a WHERE t.dt IS NOT NULL", True),
        ("SELECT 1 FROM d.u LEFT JOIN d.t ON u.a = t.a WHERE NOT t.dt > '2026-01-01'", True),
        ("SELECT 1 FROM d.u LEFT JOIN d.t ON u.a = t.a AND t.dt IS NULL", True),
        ("SELECT 1 FROM d.u JOIN d.t ON u.a = t.a WHERE t.dt IS NULL", True),
        ("SELECT 1 FROM d.u LEFT JOIN (SELECT a FROM d.t WHERE dt IS NULL) AS t ON u.a = t.a", True),
        ("SELECT dt FROM d.u FULL JOIN d.t USING (dt) WHERE dt = '2026-01-01'", False),
        ("SELECT dt FROM d.t RIGHT JOIN d.u USING (dt) WHERE dt = '2026-01-01'", False),
    ],
)
def test_the_optional_side_of_an_outer_join(sql: str, limited: bool) -> None:
    """`WHERE t.dt IS NULL` asks for rows that have no partner in t."""
    (found,) = (scan.predicate for scan in analyse(sql)["scans"] if scan.table_name == "d.t")
    assert (found is not None) is limited


def test_values_of_values_do_not_multiply_without_end() -> None:
    """Found on a project of thousands of models: each level doubled what the one below had computed."""
    levels = ["v0 AS (SELECT a AS x FROM d.t UNION ALL SELECT a + 1 FROM d.u)"]
    levels += [
        f"v{n} AS (SELECT x + x AS x FROM v{n - 1} UNION ALL SELECT x * x FROM v{n - 1})"
        for n in range(1, 16)
    ]
    sql = f"WITH {', '.join(levels)} SELECT x FROM v15 WHERE x > 1 AND x < 9"
    sizes = [len(scan.predicate or "") for scan in analyse(sql)["scans"]]
    assert max(sizes) < 100 * MAXIMUM_NODES


def test_a_condition_of_moderate_depth_is_followed_to_the_table() -> None:
    levels = ["v0 AS (SELECT a AS x FROM d.t)"]
    levels += [f"v{n} AS (SELECT x + {n} AS x FROM v{n - 1})" for n in range(1, 8)]
    found = predicate(f"WITH {', '.join(levels)} SELECT x FROM v7 WHERE x > 1")
    assert '["col", "a"]' in json.dumps(found)


@pytest.mark.parametrize(
    ("sql", "joined"),
    [
        ("UPDATE d.t AS t SET a = 1 FROM d.u AS u WHERE t.k = u.k", True),
        ("UPDATE d.t AS t SET a = 1 FROM d.u AS u WHERE t.k = u.k AND u.a = 2", True),
        ("UPDATE d.t AS t SET a = u.m FROM (SELECT MAX(a) AS m FROM d.u) AS u WHERE TRUE", False),
        ("DELETE FROM d.t AS t WHERE EXISTS (SELECT 1 FROM d.u AS u WHERE u.k = t.k)", True),
        ("DELETE FROM d.t AS t WHERE t.a = 1", False),
    ],
)
def test_rows_that_dml_finds_by_the_key_of_a_join(sql: str, joined: bool) -> None:
    (target,) = (scan for scan in analyse(sql)["scans"] if scan.role == "target")
    assert target.joined is joined


@pytest.mark.parametrize(
    ("sql", "mentioned", "read"),
    [
        ("SELECT a FROM `d.t_*` WHERE _TABLE_SUFFIX > '2026'", True, True),
        ("SELECT a FROM `d.t_*` WHERE _TABLE_SUFFIX IS NOT NULL", False, False),  # it always holds
        ("SELECT _TABLE_SUFFIX FROM `d.t_*` WHERE _TABLE_SUFFIX IS NOT NULL", False, True),
        ("SELECT a FROM `d.t_*` WHERE _TABLE_SUFFIX IS NULL", True, True),
    ],
)
def test_what_a_statement_says_of_the_suffix(sql: str, mentioned: bool, read: bool) -> None:
    (scan,) = analyse(sql)["scans"]
    assert (scan.suffix_mentioned, scan.suffix_read) == (mentioned, read)
