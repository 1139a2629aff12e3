"""A week beside the week before, by one thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import polars as pl

from costguard.history.rollup import DimensionKey, Period, dimension_key, latest, within
from costguard.report.model import Change

MOVER_USD: Final = Decimal(1)
"""A smaller change is no news."""
MOVERS: Final = 5
_MOVING: Final = ("sku", "project")


def compared(
    frame: pl.LazyFrame, dimension: str | DimensionKey, week: Period, before: Period, zone: str
) -> pl.LazyFrame:
    """The columns of a `Change` for each key of two weeks, the dearest of the week first.

    `dimension`: one of `rollup.DIMENSIONS`, `phase` of a frame that has phases, or the key itself. `before` ends
    where `week` begins.

    Raises:
        UsageProblem: there is no such dimension.
    """
    if isinstance(dimension, DimensionKey):
        key = dimension
    else:
        key = DimensionKey(pl.col("phase")) if dimension == "phase" else dimension_key(dimension, zone)
    name = pl.col(key.name) if key.name is not None else pl.lit(None, dtype=pl.String)
    now = pl.col("usage_start") >= week.start
    both = within(frame, Period(before.start, week.end)).select(
        key.value.cast(pl.String).alias("key"),
        name.alias("name"),
        now.alias("now"),
        *("usage_start", "rows", "net"),
    )
    return (
        both.group_by("key")
        .agg(
            latest("name"),
            pl.col("rows").filter(pl.col("now")).sum(),
            pl.col("rows").filter(~pl.col("now")).sum().alias("rows_before"),
            pl.col("net").filter(pl.col("now")).sum(),
            pl.col("net").filter(~pl.col("now")).sum().alias("net_before"),
        )
        .sort("net", "net_before", "key", descending=[True, True, False], nulls_last=True)
    )


def changes(frame: pl.DataFrame, held: bool = True) -> tuple[Change, ...]:
    """The rows of `compared`. `held`: the bill holds the whole of what is compared with; else only what is of the week
    is told."""
    if held:
        return tuple(Change(*row) for row in frame.iter_rows())
    return tuple(
        Change(key, name, rows, None, net, None) for key, name, rows, _, net, _ in frame.iter_rows() if rows
    )


def movers(
    by: Mapping[str, Sequence[Change]],
) -> tuple[tuple[tuple[str, Change], ...], tuple[tuple[str, Change], ...]]:
    """What became dearer and what cheaper by at least a dollar, the largest changes first."""
    found = [
        (change.change, dimension, change)
        for dimension in _MOVING
        for change in by.get(dimension, ())
        if change.change is not None and abs(change.change) >= MOVER_USD
    ]
    dearer = (item for item in found if item[0] > 0)
    cheaper = (item for item in found if item[0] < 0)
    return _largest(dearer), _largest(cheaper)


def _largest(found: Iterable[tuple[Decimal, str, Change]]) -> tuple[tuple[str, Change], ...]:
    ranked = sorted(found, key=lambda item: (-abs(item[0]), item[1], item[2].key or ""))
    return tuple((dimension, change) for _, dimension, change in ranked[:MOVERS])
