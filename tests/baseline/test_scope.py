"""What a scan of a part says nothing about."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.baseline.scope import scope_of
from costguard.project_paths import ProjectPaths
from tests.baseline.scans import cost, entry

INNER = ProjectPaths("/shop", "/shop/sql")


@pytest.mark.parametrize(
    ("given", "path", "held"),
    [
        (".", "sql/a.sql", True),
        (".", "sqlite/a.sql", False),
        ("a.sql", "sql/a.sql", True),
        ("a.sql", "sql/a.sql.bak", False),
        ("..", "other/b.sql", True),
        ("../sql/deep", "sql/deep/c.sql", True),
        ("/shop/sql", "sql/a.sql", True),
        ("/", "sql/a.sql", True),
        ("/elsewhere", "/elsewhere/a.sql", True),
    ],
)
def test_places(given: str, path: str, held: bool) -> None:
    assert scope_of([Path(given)], INNER, None).holds(entry(path=path)) == held


def test_without_a_project_paths_count_from_here() -> None:
    here = ProjectPaths(None, "/work")
    assert scope_of([Path("sql")], here, None).holds(entry(path="sql/a.sql"))
    assert not scope_of([Path("sql")], here, None).holds(entry(path="py/a.py"))


def test_rules() -> None:
    one = scope_of([Path("/shop")], INNER, ["order-by"])
    assert not one.holds(entry(rule="select-star"))
    assert one.holds(entry(rule="order-by"))
    assert one.holds(cost("1"))
    assert scope_of([Path("/shop")], INNER, []).holds(entry())
