"""Stand-ins for the unknown parts of a SQL text, by what stands around them."""

from __future__ import annotations

import pytest
import sqlglot

from costguard.extract.python_holes import fill_gaps
from costguard.extract.python_values import Piece
from tests.extract.python_fixture import check_segments, only, with_client

PLACES = [
    ("SELECT a FROM {t}", "name", "hole_t"),
    ("SELECT a FROM d.{t}", "name", "hole_t"),
    ("SELECT a FROM `{p}.d.t`", "name", "hole_p"),
    ("SELECT a FROM d.events_{suffix}", "name", "hole_suffix"),
    ("SELECT {columns} FROM d.t", "name", "hole_columns"),
    ("SELECT a, {more} FROM d.t", "name", "hole_more"),
    ("SELECT SUM({x}) FROM d.t", "name", "hole_x"),
    ("SELECT a FROM d.t GROUP BY {keys}", "name", "hole_keys"),
    ("SELECT a FROM d.t WHERE x = {value}", "literal", "1"),
    ("SELECT a FROM d.t WHERE x = '{value}'", "literal", "hole_value"),
    ("SELECT a FROM d.t WHERE day = '{date}'", "literal", "2024-01-01"),
    ("SELECT a FROM d.t WHERE day BETWEEN '2024-01-01' AND {date}", "literal", "'2024-01-01'"),
    ("SELECT a FROM d.t LIMIT {n}", "literal", "1"),
    ("SELECT DATE_SUB(d, INTERVAL {n} DAY) FROM d.t", "literal", "1"),
    ("SELECT a FROM d.t WHERE x IN ({ids})", "list", "1"),
    ("SELECT a FROM d.t WHERE x IN {ids}", "list", "(1)"),
    ("SELECT a FROM d.t WHERE x IN UNNEST({ids})", "list", "[1]"),
    ("SELECT a FROM d.t WHERE {condition}", "condition", "TRUE"),
    ("SELECT a FROM d.t WHERE x = 1 AND {condition}", "condition", "TRUE"),
    ("SELECT a FROM d.t WHERE {column} = 1", "name", "hole_column"),
    ("SELECT a FROM d.t {where}", "clause", "/* hole_where */"),
    ("SELECT a FROM d.t\n{where}\nORDER BY a", "clause", "/* hole_where */"),
    ("{header} SELECT a FROM d.t", "clause", "/* hole_header */"),
    ("SELECT a FROM ({query})", "unknown", "SELECT 1"),
    ("WITH q AS ({query}) SELECT a FROM q", "unknown", "SELECT 1"),
    ("CREATE TABLE d.t AS {query}", "unknown", "SELECT 1"),
    ("INSERT INTO d.t {query}", "unknown", "SELECT 1"),
    ("SELECT a FROM d.t UNION ALL {query}", "unknown", "SELECT 1"),
    ("INSERT INTO d.t (a) VALUES ({x})", "literal", "1"),
    ("SELECT CAST(a AS {kind}) FROM d.t", "name", "STRING"),
    ("SELECT DATE_TRUNC(a, {unit}) FROM d.t", "name", "DAY"),
    ("UPDATE d.t SET a = {x} WHERE TRUE", "literal", "1"),
    ("SELECT a -- {note}\nFROM d.t", "clause", "hole_note"),
    ("WITH a AS (SELECT 1), {more} b AS (SELECT 2) SELECT * FROM a, b", "clause", "/* hole_more */"),
]


@pytest.mark.parametrize(("template", "kind", "text"), PLACES)
def test_the_stand_in_fits_and_the_text_parses(template: str, kind: str, text: str) -> None:
    sql = only(with_client(f'def run():\n    client.query(f"""{template}""")'))
    assert len(sql.holes) == 1
    hole = sql.holes[0]
    assert (hole.kind, sql.text[hole.start : hole.end]) == (kind, text)
    assert template[template.index("{") + 1 : template.index("}")] == hole.name
    sqlglot.parse_one(sql.text, dialect="bigquery")


def test_the_same_expression_gets_the_same_name() -> None:
    sql = only(with_client("def f():\n  client.query(f'SELECT {a}.x FROM d.t AS {a}')"))
    assert sql.text == "SELECT hole_a.x FROM d.t AS hole_a"


def test_the_first_of_several_known_values_stands_in() -> None:
    code = "for x in [3, 4]:\n    client.query(f'SELECT a FROM d.t WHERE a = {x}')"
    sql = only(with_client(code))
    assert sql.text == "SELECT a FROM d.t WHERE a = 3"
    assert [(hole.kind, hole.name) for hole in sql.holes] == [("literal", "x")]
    assert (sql.loop_depth, sql.loop_turns) == (1, 2)


def test_airflow_macros_and_foreign_placeholders_are_holes() -> None:
    sql = only(with_client("client.query(\"SELECT a FROM d.t WHERE day = '{{ ds }}' AND x = %(x)s\")"))
    assert sql.text == "SELECT a FROM d.t WHERE day = '2024-01-01' AND x = 1"
    assert [hole.name for hole in sql.holes] == ["ds", "x"]


def test_neighbouring_verbatim_pieces_are_one_segment() -> None:
    filled = fill_gaps([Piece("SELECT ", 1, 8), Piece("a", 8, 9), Piece("b", 20, 21)])
    assert [(s.start, s.end, s.source_start) for s in filled.segments] == [(0, 8, 1), (8, 9, 20)]


def test_a_macro_written_with_doubled_braces_in_an_f_string() -> None:
    extraction = with_client("def f(t):\n  client.query(f\"SELECT a FROM {t} WHERE d = '{{{{ ds }}}}'\")")
    sql = only(extraction)
    assert sql.text == "SELECT a FROM hole_t WHERE d = '2024-01-01'"
    assert [hole.name for hole in sql.holes] == ["t", "ds"]
    check_segments(extraction)
