"""The vocabulary is complete and consistent."""

from __future__ import annotations

import pytest

from costguard.facts.frames import polars_schema
from costguard.facts.schema import INTERNAL_TABLES, JUDGED_TABLES, TABLES, columns_of

ALL = [*TABLES, *JUDGED_TABLES, *INTERNAL_TABLES]


@pytest.mark.parametrize("table", ALL)
def test_every_column_has_a_meaning_and_a_type(table: str) -> None:
    columns = columns_of(table)
    assert columns
    for column in columns:
        assert column.meaning
        assert not column.meaning.endswith(".")
    assert list(polars_schema(table)) == [column.name for column in columns]


@pytest.mark.parametrize("table", ALL)
def test_keys_point_at_declared_tables(table: str) -> None:
    for column in columns_of(table):
        assert column.key is None or column.key in {**TABLES, **INTERNAL_TABLES, **JUDGED_TABLES}


@pytest.mark.parametrize("table", ALL)
def test_rows_have_a_docstring_for_the_reference(table: str) -> None:
    row = {**TABLES, **JUDGED_TABLES, **INTERNAL_TABLES}[table]
    assert row.__doc__ is not None
    assert not row.__doc__.startswith(row.__name__ + "(")


def test_estimated_columns_come_last_and_have_defaults() -> None:
    for name, row in TABLES.items():
        marks = [column.estimated for column in columns_of(name)]
        assert marks == sorted(marks), f"{name}: a column that a source fills goes before the estimated ones"
        defaults = getattr(row, "_field_defaults", {})
        assert {column.name for column in columns_of(name) if column.estimated} <= set(defaults), name


@pytest.mark.parametrize("table", [*TABLES, *INTERNAL_TABLES])
def test_estimated_columns_come_last(table: str) -> None:
    """Sources write the columns before them only."""
    estimated = [column.estimated for column in columns_of(table)]
    assert estimated == sorted(estimated)
