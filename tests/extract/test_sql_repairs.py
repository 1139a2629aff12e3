"""Each repair: same length, it parses, and what is read is what the statement reads."""

from __future__ import annotations

import pytest
from sqlglot import exp

from costguard.extract.sql import parse_leaf
from costguard.extract.sql_repairs import REPAIRS, repair

CASES = [
    ("model argument", "SELECT * FROM ML.EVALUATE(MODEL d.m)", []),
    ("model argument", "SELECT * FROM ML.EVALUATE(MODEL `p.d.m`, (SELECT a FROM d.t))", ["d.t"]),
    ("table argument", "SELECT * FROM APPENDS(TABLE d.t, NULL, NULL)", ["d.t"]),
    ("table argument", "SELECT * FROM d.f(1, TABLE `my-project.d.t`)", ["my-project.d.t"]),
    ("table argument", "SELECT * FROM d.f(x => TABLE my-project.d.t) JOIN d.u", ["d.u", "my-project.d.t"]),
    ("bytes literal", "SELECT a FROM d.t WHERE b = rb'\\x' OR c = BR\"y\"", ["d.t"]),
    ("hint", "SELECT a FROM d.t JOIN@{join_type=hash_join} d.u USING (a)", ["d.t", "d.u"]),
    ("hint", "SELECT a FROM d.t@{force_index=i} WHERE a = 1", ["d.t"]),
    ("privacy clause", "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1) COUNT(*) FROM d.t", ["d.t"]),
    ("privacy clause", "SELECT WITH AGGREGATION_THRESHOLD a FROM d.t GROUP BY a", ["d.t"]),
    ("WITH expression", "SELECT WITH(x AS f(a, b), y AS x + 1, x * y) FROM d.t", ["d.t"]),
    ("ASSERT", "ASSERT (SELECT COUNT(*) FROM d.t) > 5 AS 'too few'", ["d.t"]),
    ("ASSERT", "ASSERT EXISTS(SELECT 1 FROM d.t)", ["d.t"]),
    ("object kind", "CREATE SNAPSHOT TABLE d.s CLONE d.t FOR SYSTEM_TIME AS OF x", ["d.s", "d.t"]),
    ("object kind", "CREATE SNAPSHOT TABLE IF NOT EXISTS d.s CLONE d.t OPTIONS (a = 1)", ["d.s", "d.t"]),
    (
        "model queries",
        "CREATE MODEL d.m AS (training_data AS (SELECT a FROM d.t), holidays AS (SELECT 1 FROM d.h))",
        ["d.h", "d.m", "d.t"],
    ),
]  # fmt: skip


def tables_of(tree: exp.Expression) -> list[str]:
    """Dotted names of the tables that a tree mentions, without functions."""
    names = {
        ".".join(part.name for part in table.parts)
        for table in tree.find_all(exp.Table)
        if not table.find(exp.Func)
    }
    return sorted(names)


@pytest.mark.parametrize(("name", "text", "tables"), CASES)
def test_repair(name: str, text: str, tables: list[str]) -> None:
    repaired = repair(text)
    assert len(repaired.text) == len(text)
    assert name in repaired.names
    parsed = parse_leaf(text)
    assert parsed.tree is not None
    assert name in parsed.repaired
    assert tables_of(parsed.tree) == tables


def test_every_repair_has_a_case() -> None:
    assert {name for name, _, _ in CASES} == set(REPAIRS)


def test_offsets_stay_true_after_repairs() -> None:
    text = "SELECT t.column_a\nFROM d.t JOIN@{a=b} d.sessions(TABLE p.d.other) u\nUSING (column_b)"
    parsed = parse_leaf(text)
    assert parsed.tree is not None
    places = {
        (node.name, text[node.meta["start"] : node.meta["end"] + 1])
        for node in parsed.tree.find_all(exp.Identifier)
        if "start" in node.meta
    }
    # Every part of a repaired table name carries the place of the whole name.
    whole = {(part, "p.d.other") for part in ("p", "d", "other")}
    assert whole <= places
    assert {name for name, written in places - whole if name != written} == set()
    assert {("column_a", "column_a"), ("column_b", "column_b")} <= places


def test_words_in_strings_and_comments_are_left_alone() -> None:
    text = "SELECT 'f(MODEL d.m)', \"@{a}\" -- ML.X(MODEL d.m)\nFROM t /* |> DROP a */"
    assert repair(text).text == text


def test_assert_keeps_the_name_of_its_columns() -> None:
    parsed = parse_leaf("ASSERT (SELECT MAX(a) FROM d.t) = 1 AS 'a; message'")
    assert parsed.tree is not None
    assert parsed.tree.sql("bigquery") == "SELECT (SELECT MAX(a) FROM d.t) = 1"
