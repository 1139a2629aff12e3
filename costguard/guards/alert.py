"""Thresholds of alerts on billed bytes, from hours of the history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from costguard.guards.max_bytes import nearest_rank
from costguard.guards.quantities import round_up
from costguard.guards.suggestions import AlertSuggestion

FACTOR: Final = 2
PERCENT: Final = 99


def alert_suggestions(jobs: pl.DataFrame) -> Iterator[AlertSuggestion]:
    """For each project, the one with the most bytes first. Hours without a query count for nothing: they would lower
    the threshold until every working hour is an alert. `jobs`: on demand, with `bytes`."""
    hours = (
        jobs.with_columns(pl.coalesce("ended", "created").dt.truncate("1h").alias("hour"))
        .drop_nulls(["project", "hour"])
        .group_by("project", "hour")
        .agg(pl.col("bytes").cast(pl.Int128).sum().cast(pl.Int64))
    )
    figures = (
        hours.group_by("project")
        .agg(
            pl.len().alias("hours"),
            nearest_rank(pl.col("bytes"), PERCENT).alias("p99"),
            pl.col("bytes").max().alias("largest"),
            pl.col("bytes").cast(pl.Int128).sum().alias("total"),
        )
        .sort("total", "project", descending=[True, False])
    )
    for project, count, p99, largest, _ in figures.rows():
        threshold = round_up(FACTOR * p99)
        above = hours.filter((pl.col("project") == project) & (pl.col("bytes") > threshold)).height
        yield AlertSuggestion(project, "scanned_bytes_billed", threshold, count, p99, largest, above)
