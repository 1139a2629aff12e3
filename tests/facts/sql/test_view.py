"""What a view reads, column by column."""

from __future__ import annotations

from costguard.facts.sql.view import view_facts


def paths(reads: tuple[object, ...]) -> set[tuple[int, str, str]]:
    return {(scan, path, read.kind) for read in reads for scan, path in read.targets}  # type: ignore[attr-defined]


def test_each_column_knows_what_it_reads() -> None:
    facts = view_facts("SELECT a, b + c AS d, DATE(ts) AS day FROM p.d.t WHERE e > 1")
    assert facts is not None
    assert [scan.table_name for scan in facts.scans] == ["p.d.t"]
    assert {name: paths(reads) for name, reads in facts.outputs.items()} == {
        "a": {(0, "a", "path")},
        "d": {(0, "b", "path"), (0, "c", "path")},
        "day": {(0, "ts", "path")},
    }
    assert paths(facts.always) == {(0, "e", "path")}
    assert facts.rest == ()
    assert facts.values["a"] == {0: ["col", "a"]}
    assert facts.values["day"] == {0: ["call", "DATE", [["col", "ts"]]]}
    assert facts.scans[0].predicate == ["and", [["cmp", ">", ["col", "e"], ["num", "1"]]]]


def test_a_star_is_the_rest() -> None:
    facts = view_facts("SELECT *, UPPER(x) AS y FROM p.d.t")
    assert facts is not None
    assert paths(facts.rest) == {(0, "", "star")}
    assert paths(facts.outputs["y"]) == {(0, "x", "path")}


def test_no_filter_is_pushed_below_a_limit_or_onto_the_optional_side() -> None:
    limited = view_facts("SELECT a FROM (SELECT a FROM p.d.t LIMIT 5)")
    assert limited is not None
    assert limited.values == {"a": {}}
    joined = view_facts("SELECT t.a, u.b FROM p.d.t AS t LEFT JOIN p.d.u AS u ON t.k = u.k")
    assert joined is not None
    assert joined.values == {"a": {0: ["col", "a"]}, "b": {}}


def test_a_union_view_leads_to_both_tables() -> None:
    facts = view_facts("SELECT a FROM p.d.t UNION ALL SELECT b FROM p.d.u")
    assert facts is not None
    assert paths(facts.outputs["a"]) == {(0, "a", "path"), (1, "b", "path")}
    assert facts.values["a"] == {0: ["col", "a"], 1: ["col", "b"]}


def test_text_that_is_no_query_gives_nothing() -> None:
    assert view_facts("not SQL at all (") is None


def test_a_column_behind_a_star_is_found_when_it_is_asked_for() -> None:
    union = view_facts(
        "WITH q AS (SELECT * FROM p.d.t UNION ALL SELECT * FROM p.d.u) SELECT * EXCEPT (x) FROM q"
    )
    assert union is not None
    assert union.hidden("day") == ({0: ["col", "day"]}, {1: ["col", "day"]})
    assert union.hidden("x") == ()
    joined = view_facts("SELECT * FROM p.d.t AS t JOIN p.d.u AS u USING (k)")
    assert joined is not None
    assert joined.hidden("day") == ({0: ["col", "day"], 1: ["col", "day"]},)
    limited = view_facts("SELECT * FROM (SELECT * FROM p.d.t LIMIT 5)")
    assert limited is not None
    assert limited.hidden("day") == ()
