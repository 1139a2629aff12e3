"""What would run the parser out of stack is told before; what is merely long is read."""

from __future__ import annotations

import doctest

import pytest

from costguard.extract import sql_depth
from costguard.extract.sql import parse_leaf
from costguard.extract.sql_depth import too_deep

DEEP = {
    "parentheses": "SELECT " + "(" * 20_000 + "1" + ")" * 20_000,
    "cases": "SELECT " + "CASE WHEN a THEN " * 300 + "1" + " END" * 300,
    "arrays as types": "SELECT CAST(NULL AS " + "ARRAY<" * 20_000 + "INT64" + ">" * 20_000 + ")",
    "structs as types": "SELECT CAST(NULL AS " + "STRUCT<a " * 20_000 + "INT64" + ">" * 20_000 + ")",
    "elements": "SELECT a" + "[0]" * 20_000 + " FROM d.t",
    "functions": "SELECT f(" + "x -> " * 20_000 + "1)",
    "collations": "SELECT a" + " COLLATE 'x'" * 20_000,
    "negations": "SELECT " + "NOT " * 20_000 + "TRUE",
}
LONG = {
    "comparisons": "SELECT 1 FROM d.t WHERE " + " OR ".join(f"a < {n} AND b > {n}" for n in range(300)),
    "types side by side": "SELECT " + ", ".join("CAST(a AS ARRAY<STRUCT<b INT64>>)" for _ in range(100)),
    "elements side by side": "SELECT " + ", ".join(f"a[OFFSET({n})]" for n in range(300)),
    "functions side by side": "SELECT " + ", ".join(f"f(a, x{n} -> x{n} + 1)" for n in range(100)),
    "sums": "SELECT " + "1 + " * 500 + "1",
    "unions": " UNION ALL ".join(["SELECT a FROM d.t"] * 300),
}


def test_docstring() -> None:
    assert doctest.testmod(sql_depth).failed == 0


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_deep_sql_is_not_read_and_does_no_harm(text: str) -> None:
    parsed = parse_leaf(text)
    assert parsed.tree is None
    assert parsed.unread is not None
    assert parsed.unread.reason == "nested too deep"


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_long_sql_is_not_deep(text: str) -> None:
    assert not too_deep(text)
    assert parse_leaf(text).tree is not None
