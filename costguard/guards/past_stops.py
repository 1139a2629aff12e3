"""What declared limits would have stopped of the jobs that ran."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from costguard.guards.declared import MaxBytes
from costguard.history.columns import value_of


@dataclass(frozen=True, slots=True)
class PastStop:
    """A declared limit, and the past jobs that it is for."""

    name: str
    """`user X`, `label team=ml`, `project X`, `default`."""
    limit: int
    jobs: int
    stopped: int
    stopped_bytes: int


def past_stops(jobs: pl.DataFrame, limits: MaxBytes) -> tuple[PastStop, ...]:
    """For each limit but those of paths, which hold for code: a job falls under the first that fits.

    `jobs`: on demand, with `bytes`.
    """
    entries = list(_entries(limits))
    number = pl.lit(None, dtype=pl.Int32)
    for at, (_, _, condition) in reversed(list(enumerate(entries))):
        number = pl.when(condition.fill_null(value=False)).then(pl.lit(at, dtype=pl.Int32)).otherwise(number)
    counts = {
        at: tuple(rest)
        for at, *rest in jobs.select(number.alias("entry"), "bytes")
        .drop_nulls("entry")
        .with_columns(
            pl.col("entry")
            .replace_strict({at: limit for at, (_, limit, _) in enumerate(entries)}, return_dtype=pl.Int64)
            .alias("limit")
            if entries
            else pl.lit(0, dtype=pl.Int64).alias("limit")
        )
        .group_by("entry")
        .agg(
            pl.len(),
            (pl.col("bytes") > pl.col("limit")).sum().alias("stopped"),
            pl.col("bytes").filter(pl.col("bytes") > pl.col("limit")).cast(pl.Int128).sum().alias("total"),
        )
        .rows()
    }
    return tuple(
        PastStop(name, limit, *counts.get(at, (0, 0, 0))) for at, (name, limit, _) in enumerate(entries)
    )


def _entries(limits: MaxBytes) -> Iterator[tuple[str, int, pl.Expr]]:
    for user, limit in limits.users.items():
        yield f"user {user}", limit, pl.col("user") == user
    for label, limit in limits.labels.items():
        key, _, value = label.partition("=")
        yield f"label {label}", limit, value_of(pl.col("labels"), key) == value
    for project, limit in limits.projects.items():
        yield f"project {project}", limit, pl.col("project") == project
    if limits.default is not None:
        yield "default", limits.default, pl.lit(value=True)
