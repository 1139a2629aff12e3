"""What goes on without a pause: times of use, put together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl


def with_stretches(frame: pl.DataFrame, by: Sequence[str], gap: timedelta) -> pl.DataFrame:
    """Rows with `start` and `end` get `stretch`, a number within each group of `by`, `stretch_start`, `stretch_end`.

    A stretch ends where nothing of the group goes on for longer than `gap`. The order of the rows does not matter.
    """
    # Groups and stretches lie together once rows are sorted, and are numbered: windows over several columns, and a sort
    # that puts nulls last, take many times as long.
    timeless = frame["start"].null_count() > 0
    is_first = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in by)
    goes_on = pl.col("_group") == pl.col("_group").shift(1)
    after = pl.when(goes_on).then(pl.col("_reached").shift(1))
    before = pl.when(~goes_on).then(pl.col("_stretch") - 1).forward_fill().fill_null(0)
    return (
        frame.sort(*by, "start", "end", nulls_last=timeless)
        .with_columns(is_first.cum_sum().alias("_group"))
        .with_columns(pl.col("end").cum_max().over("_group").alias("_reached"))
        .with_columns((pl.col("start") - after > gap).fill_null(value=True).cum_sum().alias("_stretch"))
        .with_columns(
            (pl.col("_stretch") - before).alias("stretch"),
            pl.col("start").min().over("_stretch").alias("stretch_start"),
            pl.col("end").max().over("_stretch").alias("stretch_end"),
        )
        .drop("_group", "_reached", "_stretch")
    )


def lasts() -> pl.Expr:
    """How long the stretch of a row lasts."""
    return pl.col("stretch_end") - pl.col("stretch_start")
