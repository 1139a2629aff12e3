"""Parsing of one statement: what is read, what is not and why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from costguard.extract.sql import Parsed, parse_leaf


def reason(text: str) -> tuple[str, str]:
    parsed = parse_leaf(text)
    assert parsed.tree is None
    assert not parsed.inert
    assert parsed.unread is not None
    return parsed.unread.reason, parsed.unread.detail


def test_plain_statement_needs_no_repair_and_keeps_offsets() -> None:
    text = "SELECT 'é😀', a FROM `p.d.t` -- tail"
    parsed = parse_leaf(text)
    assert (parsed.repaired, parsed.unread, parsed.inert) == ((), None, False)
    assert isinstance(parsed.tree, exp.Select)
    (column,) = parsed.tree.find_all(exp.Column)
    assert text[column.this.meta["start"] : column.this.meta["end"] + 1] == "a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT a FROM t WHERE", ("syntax error", "line 1 of the statement, at WHERE")),
        ("SELECT a,\nFROM\nWHERE b", ("syntax error", "line 3 of the statement, at WHERE")),
        ("SELECT 'open", ("syntax error", "a string or comment does not end")),
        ("SELECT 1; SELECT 2", ("syntax error", "")),
        ("name", ("not a statement", "")),
        ("my_macro(1, 2)", ("not a statement", "")),
        ("a AS b", ("not a statement", "")),
        ("ABS()", ("not a statement", "")),
        ("AND", ("not a statement", "")),
        ("(1, 2)", ("not a statement", "")),
        ("SELECT a FROM [project:ds.t]", ("legacy SQL", "")),
        ("SELECT a FROM [/* hole_p */:/* hole_d */.t]", ("legacy SQL", "")),
        ("SELECT a FROM TABLE_DATE_RANGE([ds.t_], x, y)", ("legacy SQL", "")),
        ("GRAPH g MATCH (a) RETURN a.x", ("statement kind not analysed", "")),
        ("SELECT * FROM GRAPH_TABLE(g MATCH (a) RETURN a.x)", ("statement kind not analysed", "")),
        ("CREATE PROCEDURE d.p(IN a INT64) BEGIN SELECT 1; END", ("statement kind not analysed", "")),
        ("SELECT " + "(" * 5_000 + "1" + ")" * 5_000, ("nested too deep", "")),
        ("SELECT * FROM " + "(SELECT * FROM " * 900 + "t" + ")" * 900, ("nested too deep", "")),
        ("SELECT " + "STRUCT(" * 40, ("nested too deep", "")),
    ],
)
def test_what_is_not_read_has_a_reason(text: str, expected: tuple[str, str]) -> None:
    assert reason(text) == expected


def test_ordinary_nesting_is_read() -> None:
    assert parse_leaf("SELECT " + "(" * 150 + "1" + ")" * 150).tree is not None
    assert parse_leaf("SELECT " + "STRUCT(" * 5 + "1" + ")" * 5).tree is not None


def test_a_syntax_error_points_at_its_place() -> None:
    text = "SELECT a\nFROM t WHERE b = AND c"
    parsed = parse_leaf(text)
    assert parsed.unread is not None
    assert text[parsed.unread.start : parsed.unread.end] == "AND"


@pytest.mark.parametrize("secret", ["'hunter2-token'", '"hunter2"', "hunter2"])
def test_a_reason_never_quotes_what_may_be_a_secret(secret: str) -> None:
    assert "hunter2" not in str(reason(f"SELECT a FROM t WHERE b = 1 {secret} {secret}"))


@pytest.mark.parametrize(
    "text",
    [
        "GRANT `roles/x` ON TABLE d.t TO 'user:a'",
        "ALTER SCHEMA d SET OPTIONS (a = 1)",
        "CALL d.p(1)",
        "CREATE SEARCH INDEX i ON d.t(ALL COLUMNS)",
        "CREATE OR REPLACE ROW ACCESS POLICY p ON d.t GRANT TO ('x') FILTER USING (a = 'b')",
        "CREATE EXTERNAL TABLE d.t WITH PARTITION COLUMNS OPTIONS (uris = ['x'])",
        "CREATE MATERIALIZED VIEW d.v AS REPLICA OF d.w",
        "CREATE AGGREGATE FUNCTION d.f(x INT64) AS (SUM(x))",
        "CREATE TABLE Child (A INT64) PRIMARY KEY (A), INTERLEAVE IN PARENT Parent",
        "DROP ALL ROW ACCESS POLICIES ON d.t",
        "EXPORT MODEL d.m OPTIONS (uri = 'x')",
        "LOAD DATA OVERWRITE d.t (a INT64) PARTITION BY b FROM FILES (format = 'CSV', uris = ['x'])",
        "UNDROP SCHEMA d",
        "BEGIN TRANSACTION",
        "SET x = 1",
        "COMMIT",
    ],
)
def test_statements_that_read_no_data_are_inert(text: str) -> None:
    assert parse_leaf(text) == Parsed(None, None, (), inert=True)


def test_a_created_object_that_reads_is_not_inert() -> None:
    assert reason("CREATE CONTINUOUS THING d.v AS SELECT a FROM d.t") == (
        "statement kind not analysed",
        "CREATE",
    )


def test_set_with_a_query_is_read() -> None:
    parsed = parse_leaf("SET x = (SELECT MAX(a) FROM d.t)")
    assert parsed.tree is not None
    assert parsed.tree.find(exp.Table) is not None


def test_a_function_of_the_project_may_be_named_like_a_built_in() -> None:
    text = "SELECT decode(a), SAFE.decode(b) FROM d.t"
    for functions in (frozenset({"decode"}), frozenset[str]()):
        parsed = parse_leaf(text, user_functions=functions)
        assert parsed.tree is not None
        assert parsed.repaired == ("function name",)
        assert [call.name for call in parsed.tree.find_all(exp.Anonymous)] == ["decode", "decode"]


def test_two_arguments_for_net_host() -> None:
    parsed = parse_leaf("SELECT NET.HOST(a, b) FROM t")
    assert parsed.tree is not None
    assert parsed.tree.sql("bigquery") == "SELECT NET.HOST(a, b) FROM t"


def test_other_dialects_are_parsed_as_they_are() -> None:
    text = "SELECT x FROM t CROSS JOIN UNNEST(y) AS u (x)"
    assert isinstance(parse_leaf(text, "trino").tree, exp.Select)
    spark = parse_leaf("SELECT explode(a) FROM t LATERAL VIEW explode(b) v AS c", "spark")
    assert isinstance(spark.tree, exp.Select)
    assert parse_leaf("SELECT * FROM a JOIN@{x=y} b", "spark").tree is None


def test_an_unknown_dialect_is_an_error() -> None:
    with pytest.raises(ValueError, match="cobol"):
        parse_leaf("SELECT 1", "cobol")


WORDS = (
    "SELECT a FROM t WHERE ( ) , ; * CASE WHEN THEN END 'x' \" ` [ ] { } @ . - + = 1 STRUCT( AS CREATE"
    " TABLE MODEL d.m |> SET DROP ML.X( WITH INSERT INTO ASSERT CLONE OPTIONS( rb'x' /* -- \\ é"
)
FRAGMENTS = st.sampled_from(WORDS.split())


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.text(max_size=80) | st.lists(FRAGMENTS, max_size=25).map(" ".join))
def test_any_text_comes_out_in_exactly_one_way(text: str) -> None:
    parsed = parse_leaf(text)
    assert (parsed.tree is not None) + (parsed.unread is not None) + parsed.inert == 1
    if parsed.unread is not None:
        assert 0 <= parsed.unread.start <= parsed.unread.end <= len(text)
