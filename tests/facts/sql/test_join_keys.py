"""Which reads are for a join only, and what its keys are."""

from __future__ import annotations

import pytest

from tests.facts.sql.statements import analyse


def keys(sql: str) -> list[tuple[str, bool, list[str], str, str]]:
    """(kind, stated, tables that take part row by row, one column, the other) of each comparison."""
    rows = analyse(sql)
    names = [scan.alias for scan in rows["scans"]]

    def written(scans: tuple[int, ...], paths: tuple[str, ...]) -> str:
        return "|".join(f"{names[scan]}.{path}" for scan, path in zip(scans, paths, strict=True))

    return [
        (
            key.kind,
            key.stated,
            [names[scan] for scan in key.whole],
            written(key.scans, key.paths),
            written(key.other_scans, key.other_paths),
        )
        for key in rows.get("join_keys", ())
    ]


def reads(sql: str, frame: int | None = None) -> set[tuple[str, int | None]]:
    """(column, join that it is read for)."""
    return {(plan.path, plan.join) for plan in analyse(sql, frame=frame)["read_plans"]}


@pytest.mark.parametrize(
    ("joined", "found"),
    [
        ("a LEFT JOIN b ON a.x = b.y", [("outer", True, ["b"], "a.x", "b.y")]),
        ("a RIGHT JOIN b ON a.x = b.y", [("outer", True, ["a"], "a.x", "b.y")]),
        ("a JOIN b ON (b.y = a.x)", [("inner", True, ["a", "b"], "b.y", "a.x")]),
        ("a JOIN b ON y = x", [("inner", True, ["a", "b"], "a.y|b.y", "a.x|b.x")]),
        ("a JOIN b USING (x)", [("inner", True, ["a", "b"], "b.x", "a.x")]),
        ("a LEFT JOIN b USING (x)", [("outer", True, ["b"], "b.x", "a.x")]),
        ("a, b WHERE a.x = b.y AND a.z > 1", [("inner", False, ["a", "b"], "a.x", "b.y")]),
        (
            "a LEFT JOIN b ON a.x = b.y AND a.v = b.w",
            [("outer", True, ["b"], "a.x", "b.y"), ("outer", True, ["b"], "a.v", "b.w")],
        ),
        ("a LEFT JOIN b ON a.x = b.y AND b.w > 1", [("outer", False, ["b"], "a.x", "b.y")]),
        ("a LEFT JOIN b ON UPPER(a.x) = b.y", [("outer", False, ["b"], "", "b.y")]),
        ("a LEFT JOIN b ON UPPER(b.x) = b.y", []),
        ("a LEFT JOIN b ON a.x > b.y", []),
        ("a FULL JOIN b ON a.x = b.y", []),
        ("a FULL JOIN b USING (x)", []),
        ("a, b", []),
        ("a LEFT JOIN (SELECT y FROM b) AS s ON a.x = s.y", [("outer", True, ["b"], "a.x", "b.y")]),
        (
            "a LEFT JOIN (SELECT y FROM b WHERE w = 1) AS s ON a.x = s.y",
            [("outer", False, ["b"], "a.x", "b.y")],
        ),
        ("a JOIN (SELECT y FROM b WHERE w = 1) AS s ON a.x = s.y", [("inner", True, ["a"], "a.x", "b.y")]),
        ("a LEFT JOIN (SELECT y FROM b GROUP BY y) AS s ON a.x = s.y", []),
        ("a LEFT JOIN (SELECT b.y FROM b, UNNEST([1, 2])) AS s ON a.x = s.y", []),
        ("a LEFT JOIN (SELECT y FROM b UNION ALL SELECT y FROM c) AS s ON a.x = s.y", []),
        ("a LEFT JOIN (SELECT DISTINCT y FROM b) AS s ON a.x = s.y", []),
        ("a LEFT JOIN (SELECT y FROM b LIMIT 9) AS s ON a.x = s.y", []),
        ("a LEFT JOIN (b JOIN c ON b.v = c.v) ON a.x = b.y", [("inner", False, ["b", "c"], "b.v", "c.v")]),
    ],
)
def test_keys_of_joins(joined: str, found: list[tuple[str, bool, list[str], str, str]]) -> None:
    assert keys(f"SELECT a.z FROM {joined}") == found


def test_what_only_the_join_reads_is_marked_with_it() -> None:
    sql = "SELECT a.z FROM a LEFT JOIN b ON a.x = b.y"
    assert reads(sql) == {("z", None), ("x", 0), ("y", 0)}
    assert reads(sql, frame=0) == reads(sql)
    assert reads("SELECT a.x FROM a LEFT JOIN b ON a.x = b.y") == {("x", None), ("y", 0)}


def test_other_conditions_of_an_inner_join_pick_rows() -> None:
    assert reads("SELECT a.z FROM a JOIN b ON a.x = b.y AND b.w > 1") == {
        ("z", None),
        ("w", None),
        ("x", 0),
        ("y", 0),
    }


def test_a_call_in_a_condition_is_one_call() -> None:
    sql = (
        "SELECT a.z FROM a LEFT JOIN b ON UPPER(a.x) = b.y JOIN c ON LOWER(c.v) = a.v, d WHERE ABS(d.w) = a.w"
    )
    assert [call.function for call in analyse(sql)["functions"]] == ["UPPER", "LOWER", "ABS"]


def test_a_join_has_a_number_of_its_own() -> None:
    sql = "SELECT a.z FROM a LEFT JOIN b ON a.x = b.y AND a.v = b.w LEFT JOIN c ON b.u = c.u"
    assert reads(sql) == {("z", None), *((name, 0) for name in "xyvw"), ("u", 2)}


def test_what_picks_the_rows_of_an_optional_side_is_read_for_the_join() -> None:
    sql = "WITH s AS (SELECT y FROM b WHERE w = 1) SELECT a.z FROM a LEFT JOIN s ON a.x = s.y"
    assert reads(sql) == {("z", None), ("x", 0), ("y", 0), ("w", 0)}


def test_but_not_when_those_rows_are_read_elsewhere() -> None:
    sql = "WITH s AS (SELECT y FROM b WHERE w = 1) SELECT a.z FROM a LEFT JOIN s ON a.x = s.y, (SELECT COUNT(*) FROM s)"
    assert ("w", None) in reads(sql)
    assert keys(sql) == []
