"""Rows of facts become polars frames with the types that `costguard.facts.schema` declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import polars as pl

from costguard.facts.schema import INTERNAL_TABLES, TABLES, columns_of

_TYPES: dict[str, Any] = {
    "int": pl.Int64,
    "float": pl.Float64,
    "str": pl.String,
    "bool": pl.Boolean,
    "texts": pl.List(pl.String),
    "keys": pl.List(pl.Int64),
    "Decimal": pl.Decimal(38, 9),
    "datetime": pl.Datetime("us", "UTC"),
}


def polars_schema(table: str) -> dict[str, pl.DataType]:
    """Column names and polars types of a fact table, in the declared order."""
    return {column.name: _TYPES[column.type] for column in columns_of(table)}


def empty_frame(table: str) -> pl.DataFrame:
    """A fact table without rows."""
    return pl.DataFrame(schema=polars_schema(table))


def empty_frames() -> dict[str, pl.DataFrame]:
    """Every fact table, internal ones included, without rows."""
    return {table: empty_frame(table) for table in (*TABLES, *INTERNAL_TABLES)}


def frame_from_columns(table: str, columns: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """A fact table from one sequence of values per declared column; the last ones, if left out, are null."""
    schema = polars_schema(table)
    if not 0 < len(columns) <= len(schema):
        raise ValueError(f"{table}: {len(columns)} columns given, {len(schema)} declared")
    count = len(columns[0])
    return pl.DataFrame(
        [
            pl.Series(name, [None], dtype=dtype).new_from_index(0, count)
            if values is None
            else _list_series(name, values, dtype)
            if isinstance(dtype, pl.List)
            else pl.Series(name, values, dtype=dtype)
            for (name, dtype), values in zip_longest(schema.items(), columns)
        ]
    )


_MARK = "\x1f"


def _list_series(name: str, values: Sequence[Any], dtype: pl.List) -> pl.Series:
    """A series of lists. Polars builds these row by row in Python; one split of joined text is 20 times faster."""
    joined = [
        None
        if value is None
        else f"{_MARK}{value[0]}"  # nearly always
        if len(value) == 1
        else "".join([f"{_MARK}{item}" for item in value])
        for value in values
    ]
    series = pl.Series(name, joined, dtype=pl.String).str.split(_MARK).list.slice(1)
    return series.cast(dtype)


def frame_from_rows(table: str, rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    """A fact table from rows (tuples in the declared order, such as the NamedTuples of the schema)."""
    columns = list(zip(*rows, strict=True))
    return frame_from_columns(table, columns) if columns else empty_frame(table)


def frames_from_rows(rows: Mapping[str, Sequence[tuple[Any, ...]]]) -> dict[str, pl.DataFrame]:
    """Every fact table; those without rows are empty.

    Raises:
        KeyError: when a name is not a fact table.
    """
    frames = empty_frames()
    for table, values in rows.items():
        if table not in frames:
            raise KeyError(table)
        frames[table] = frame_from_rows(table, values)
    return frames
