"""What a catalog holds, in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from costguard.catalog.model import Catalog, Leaf, Partition, Table, moment_of


@dataclass(frozen=True, slots=True)
class TableFigures:
    """A table in figures; what the catalog does not say is None."""

    table: Table
    columns: int
    """Leaf columns."""
    sized: int
    """Of these, those whose bytes the catalog states."""
    partitions: int | None
    sized_partitions: int
    """Partitions that state the bytes of columns."""


@dataclass(frozen=True, slots=True)
class CatalogFigures:
    """A catalog in figures."""

    as_of: str | None
    """As the catalog writes it."""
    moment: datetime | None
    age: timedelta | None
    """None, as the moment is, when the catalog does not say its time, or not in ISO 8601."""
    tables: tuple[TableFigures, ...]
    """By name."""


def summarise_catalog(catalog: Catalog, now: datetime) -> CatalogFigures:
    """The figures of all tables. `now`: what the age is reckoned to."""
    tables = tuple(figures(table) for table in map(catalog.table, sorted(catalog.raw())) if table is not None)
    moment = moment_of(catalog.as_of)
    return CatalogFigures(catalog.as_of, moment, now - moment if moment is not None else None, tables)


def figures(table: Table) -> TableFigures:
    """The figures of a table."""
    partitions: Sequence[Partition] | None = (
        table.partitioning.partitions if table.partitioning is not None else None
    )
    return TableFigures(
        table,
        len(table.leaves),
        sum(leaf.bytes is not None for leaf in table.leaves),
        len(partitions) if partitions is not None else None,
        sum(bool(partition.columns) for partition in partitions or ()),
    )


def flags(leaf: Leaf) -> str:
    """The mode of a leaf, and whether it lies in an array of records."""
    within = leaf.repeated and leaf.mode != "REPEATED"
    return f"{leaf.mode.lower()}, in array" if within else leaf.mode.lower()
