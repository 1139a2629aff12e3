"""What goes on without a pause: times of use, put together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl


def with_stretches(frame: pl.DataFrame, by: Sequence[str], gap: timedelta) -> pl.DataFrame:
    """Rows with `start` and `end` get `stretch`, a number within each group of `by`, `stretch_start`, `stretch_end`.

    A stretch ends where nothing of the group goes on for longer than `gap`. The order of the rows does not matter.
    """
    after = pl.col("end").cum_max().shift(1).over(by)
    begins = (pl.col("start") - after > gap).fill_null(value=True)
    group = [*by, "stretch"]
    return (
        frame.sort(*by, "start", "end", nulls_last=True)
        .with_columns(begins.cum_sum().over(by).alias("stretch"))
        .with_columns(
            pl.col("start").min().over(group).alias("stretch_start"),
            pl.col("end").max().over(group).alias("stretch_end"),
        )
    )


def lasts() -> pl.Expr:
    """How long the stretch of a row lasts."""
    return pl.col("stretch_end") - pl.col("stretch_start")
