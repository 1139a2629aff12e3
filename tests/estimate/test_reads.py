"""Columns of tables that no catalog knows."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.estimate.reads import unresolved_reads
from costguard.facts.merge import merge
from tests.facts.sql.statements import analyse


def columns(sql: str) -> list[tuple[Any, ...]]:
    """(column, scan, ambiguous) of a statement."""
    found = unresolved_reads(merge([analyse(sql)])["read_plans"])
    return sorted(found.select("column", "scan", "ambiguous").rows(), key=str)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a, a + b FROM d.t WHERE a > 1", [("a", 0, False), ("b", 0, False)]),
        ("SELECT s.x.y FROM d.t", [("s.x.y", 0, False)]),
        ("SELECT * FROM d.t", []),  # which columns is not known
        ("SELECT *, a FROM d.t", [("a", 0, False)]),
        ("SELECT COUNT(*) FROM d.t", []),
        ("SELECT _TABLE_SUFFIX, a FROM `d.t_*` WHERE _PARTITIONTIME > '2026-01-01'", [("a", 0, False)]),
        # either table may have it
        ("SELECT a FROM d.t, d.u", [("a", None, True)]),
        ("SELECT t.a FROM d.t, d.u", [("a", 0, False)]),
        # an array counts where no field of it is named
        ("SELECT i FROM d.t, UNNEST(items) AS i", [("items", 0, False)]),
        ("SELECT i.sku FROM d.t, UNNEST(items) AS i", [("items.sku", 0, False)]),
        ("SELECT COUNT(*) FROM d.t, UNNEST(s.items)", [("s.items", 0, False)]),
        ("SELECT 1", []),
    ],
)
def test_paths_as_written(sql: str, expected: list[tuple[Any, ...]]) -> None:
    assert columns(sql) == sorted(expected, key=str)


def test_each_statement_by_itself() -> None:
    sources = [analyse("SELECT a FROM d.t"), analyse("SELECT a, i FROM d.t, UNNEST(items) AS i")]
    found = unresolved_reads(merge(sources)["read_plans"])
    assert sorted(found.select("query", "scan", "column").rows()) == [
        (0, 0, "a"),
        (1, 1, "a"),
        (1, 1, "items"),
    ]
    assert found["through_star"].any() is False
