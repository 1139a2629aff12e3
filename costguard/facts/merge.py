"""Facts of many sources become one set of frames: keys that counted within a source count overall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from costguard.facts.schema import INTERNAL_TABLES, TABLES, columns_of

if TYPE_CHECKING:
    import polars as pl

SourceRows = Mapping[str, Sequence[Sequence[Any]]]
SourceColumns = Mapping[str, tuple[int, Sequence[Sequence[Any] | None]]]
"""The rows of a source turned round: for each table their number and the values of each column, without those yet to be
estimated. A column is None where its values follow from nothing but the number of rows: the numbers of the rows
themselves, the one source, or null throughout. More than half of all values need not be written for that."""

_STORED = tuple(
    table for table in (*TABLES, *INTERNAL_TABLES) if table not in ("columns_read", "tables", "table_columns")
)
"""Tables that a source writes; the others are made by the estimate stage."""


class _Column(NamedTuple):
    """How a column travels."""

    key: str | None
    """The table that its values are row numbers of."""
    several: bool
    """It holds several keys in each row."""
    counts: bool
    """Its values are the numbers of the rows."""
    source: bool
    """Its values are the key of the source."""


@cache
def _plan(table: str) -> tuple[_Column, ...]:
    """The columns that a source fills. Those that the estimate stage fills come after them."""
    return tuple(
        _Column(
            column.key, column.type == "keys", column.key == table and not position, column.key == "sources"
        )
        for position, column in enumerate(columns_of(table))
        if not column.estimated
    )


def columns_of_rows(
    rows: SourceRows,
) -> dict[str, tuple[int, tuple[tuple[Any, ...] | None, ...]]]:
    """The rows of a source as columns; tables without rows are left out."""
    return {
        table: (
            len(values),
            tuple(
                None
                if column.counts or column.source or (items[0] is None and items.count(None) == len(items))
                else items
                for column, items in zip(_plan(table), zip(*values, strict=True), strict=False)
            ),
        )
        for table, values in rows.items()
        if values
    }


def merge(sources: Iterable[SourceRows]) -> dict[str, pl.DataFrame]:
    """The frames of all fact tables. Sources come in the order in which they are to be numbered."""
    return merge_columns(columns_of_rows(rows) for rows in sources)


def merge_columns(sources: Iterable[SourceColumns]) -> dict[str, pl.DataFrame]:
    """As `merge`, of sources whose rows are columns already."""
    plans = {table: _plan(table) for table in _STORED}
    columns = _nothing(plans)
    parts: dict[str, list[pl.DataFrame]] = {table: [] for table in _STORED}
    offsets = dict.fromkeys(_STORED, 0)
    waiting = 0
    for source in sources:
        for table, (count, values) in source.items():
            for target, column, items in zip(columns[table], plans[table], values, strict=True):
                offset = offsets[column.key] if column.key is not None else 0
                if items is None:
                    target.extend(_implied(column, offset, count))
                elif not offset:
                    target.extend(items)
                elif column.several:
                    target.extend([number + offset for number in item] for item in items)
                else:
                    target.extend([None if item is None else item + offset for item in items])
        for table, (count, _) in source.items():
            offsets[table] += count
            waiting += count
        if waiting >= ROWS_AT_ONCE:
            _pack(columns, parts)
            columns, waiting = _nothing(plans), 0
    _pack(columns, parts)
    return _joined(parts)


def _implied(column: _Column, offset: int, count: int) -> Iterable[int | None]:
    """The values of a column that is not written."""
    if column.counts:
        return range(offset, offset + count)
    return repeat(offset if column.source else None, count)


ROWS_AT_ONCE = 40_000
"""Rows that are held as Python's values, which take ten times the room, before they become frames."""


def _nothing(plans: Mapping[str, Sequence[object]]) -> dict[str, list[list[Any]]]:
    return {table: [[] for _ in plan] for table, plan in plans.items()}


def _pack(columns: Mapping[str, list[list[Any]]], parts: Mapping[str, list[pl.DataFrame]]) -> None:
    # Heavy, and the first sources may yet have to start processes.
    from costguard.facts.frames import frame_from_columns

    for table, values in columns.items():
        if values and values[0]:
            parts[table].append(frame_from_columns(table, values))


def _joined(parts: Mapping[str, list[pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    import polars as pl

    from costguard.facts.frames import empty_frames

    frames = empty_frames()
    for table, found in parts.items():
        if found:
            frames[table] = pl.concat(found, rechunk=True)
    return frames
