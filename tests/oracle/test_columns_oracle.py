"""costguard's columns read, against those that follow from GoogleSQL's own analysis of the same statement."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle.compare import HERE, RULES, Noted, compare, examples_in, noted, queries_in
from tests.oracle.googlesql import GoogleSql
from tests.oracle.reading import Statement

pytestmark = pytest.mark.xdist_group("googlesql")

QUERIES = sorted((HERE / "queries").glob("*.sql"))
PAGES = sorted(RULES.rglob("*.md"))
PAGES = [page for page in PAGES if page.parent != RULES]  # the folder's own README is not a rule


@pytest.mark.parametrize("path", QUERIES, ids=[path.stem for path in QUERIES])
def test_own_queries(path: Path, engine: GoogleSql) -> None:
    statements = queries_in(path)
    assert statements
    _agree(engine, statements, noted().of(path.stem))


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_examples_of_rule_pages(path: Path, engine: GoogleSql) -> None:
    _agree(engine, examples_in(path), noted().of(path.stem))


def _agree(engine: GoogleSql, statements: list[Statement], expected: Noted) -> None:
    found = compare(engine, statements)
    assert found.unread == ()
    assert found.differences == expected.differences
    assert found.refused.keys() == expected.refused.keys(), found.refused
    for name, message in expected.refused.items():
        assert found.refused[name].startswith(message)


def test_what_is_explained_is_asked() -> None:
    """A note about a statement that is gone would hide nothing, but mislead."""
    asked = {statement.name for path in QUERIES for statement in queries_in(path)}
    asked |= {statement.name for path in PAGES for statement in examples_in(path)}
    explained = noted()
    assert explained.differences.keys() | explained.refused.keys() <= asked


def test_enough_is_asked() -> None:
    assert sum(len(queries_in(path)) for path in QUERIES) >= 240
