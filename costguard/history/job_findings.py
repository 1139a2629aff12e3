"""What a job history shows of waste: work that was done again, or for nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

import polars as pl

from costguard.history.jobs import STOPPED
from costguard.history.literals import literal_free

Kind = Literal["one-by-one", "asked-again", "tried-again", "grew", "nobody-reads"]

PAUSE: Final = timedelta(minutes=10)
"""A longer one ends a series of queries."""
FEWEST_OF_SERIES: Final = 20
FEWEST_ASKED: Final = 3
RETRY: Final = timedelta(hours=1)
FEWEST_RETRIES: Final = 3
FEWEST_WEEKS: Final = 4
GROWTH: Final = 1.5
FEWEST_WRITES: Final = 3
REACH: Final = timedelta(days=14)
"""A shorter history does not tell what nobody reads."""
SHOWN: Final = 160
"""Characters of a query that are kept, without its literals."""


@dataclass(frozen=True, slots=True)
class JobFinding:
    """Waste, or what will be."""

    kind: Kind
    what: str
    """The beginning of the query without its literals, or the table."""
    project: str | None
    user: str | None
    """Who asked; None when several did."""
    times: int
    first: datetime | None
    last: datetime | None
    bytes_billed: int
    wasted_bytes: int | None
    """What would not have been billed: an estimate, see `docs/history.md`; None where that is not known."""
    wasted_slot_ms: int
    factor: float | None = None
    """How many times as much the last week's median is as the first one's (`grew`)."""


def job_findings(jobs: pl.DataFrame) -> tuple[JobFinding, ...]:
    """Findings over jobs (the columns of JOBS, and `billable`), the most wasteful first."""
    shaped = _shaped(jobs)
    found = [
        *_one_by_one(shaped),
        *_asked_again(shaped),
        *_tried_again(shaped),
        *_grew(shaped),
        *_nobody_reads(jobs),
    ]
    found.sort(
        key=lambda one: (-(one.wasted_bytes or 0), -one.bytes_billed, one.kind, one.what, one.project or "")
    )
    return tuple(found)


def _shaped(jobs: pl.DataFrame) -> pl.DataFrame:
    """Queries with `shape`, the same for all that differ in literals only, and `begin`."""
    plain = literal_free(pl.col("query"))
    return (
        jobs.filter(pl.col("job_type").fill_null("QUERY") == "QUERY")
        .with_columns(
            pl.coalesce("query_hash", plain).alias("shape"),
            plain.str.slice(0, SHOWN).alias("shown"),
            pl.coalesce("started", "created").alias("begin"),
            pl.col("bytes_billed").fill_null(0).alias("billed"),
            pl.col("slot_ms").fill_null(0).alias("slots"),
        )
        .filter(pl.col("shape").is_not_null() & pl.col("begin").is_not_null())
        .sort("begin", "job_id")
    )


def _one_by_one(shaped: pl.DataFrame) -> list[JobFinding]:
    """Many queries of one shape with other literals, one after the other: one query could answer them all."""
    by = ("project", "user", "shape")
    pause = (pl.col("begin") - pl.col("begin").shift().over(*by) > PAUSE).fill_null(value=False)
    series = (
        shaped.filter("billable")
        .with_columns(pause.cum_sum().over(*by).alias("series"))
        .group_by(*by, "series")
        .agg(*_sums(), pl.col("query").n_unique().alias("texts"))
        .filter((pl.col("texts") >= FEWEST_OF_SERIES) & (pl.col("billed") > pl.col("largest")))
    )
    return _findings("one-by-one", series, ("project", "user", "shape"))


def _asked_again(shaped: pl.DataFrame) -> list[JobFinding]:
    """The same text on the same day, billed each time: its result could have been kept."""
    by = ("project", "query")
    days = (
        shaped.filter(
            pl.col("billable")
            & (pl.col("billed") > 0)
            & pl.col("error").is_null()  # one that was stopped has no result to be kept
            & (pl.col("statement").fill_null("SELECT") == "SELECT")
        )
        .with_columns(pl.col("begin").dt.date().alias("day"))
        .group_by(*by, "day")
        .agg(*_sums(), pl.col("user").n_unique().alias("users"), pl.col("user").first().alias("somebody"))
        .filter(pl.col("times") >= FEWEST_ASKED)
        .with_columns(pl.when(pl.col("users") == 1).then("somebody").alias("user"))
    )
    return _findings("asked-again", days, ("project", "query"))


def _tried_again(shaped: pl.DataFrame) -> list[JobFinding]:
    """Failures that the same person answered with the same text within an hour."""
    by = ("project", "user", "query")
    failed = pl.col("error").is_not_null()
    follows = pl.col("begin").shift(-1).over(*by) - pl.col("begin") <= RETRY
    tries = (
        shaped.filter(pl.col("query").is_not_null())
        .with_columns(follows.fill_null(value=False).alias("follows"))
        .filter(failed & pl.col("follows"))
        .with_columns(pl.when(pl.col("error") == STOPPED).then("billed").otherwise(0).alias("billed"))
        .group_by(*by)
        .agg(*_sums())
        .filter(pl.col("times") >= FEWEST_RETRIES)
        .with_columns(
            pl.lit(0, dtype=pl.Int64).alias("largest"), pl.lit(0, dtype=pl.Int64).alias("largest_slots")
        )
    )
    return _findings("tried-again", tries, by)


def _grew(shaped: pl.DataFrame) -> list[JobFinding]:
    """Queries whose weekly median never fell, and is half as much again as it was."""
    weekly = (
        shaped.filter(pl.col("billable") & (pl.col("billed") > 0))
        .with_columns(pl.col("begin").dt.truncate("1w").alias("week"))
        .group_by("project", "shape", "week")
        .agg(
            pl.col("billed").median().alias("middle"),
            pl.col("shown").first(),
            pl.len().alias("times"),
            pl.col("billed").sum(),
            pl.col("begin").min().alias("first"),
            pl.col("begin").max().alias("last"),
        )
        .sort("week")
        .group_by("project", "shape")
        .agg(
            pl.col("middle"),
            pl.col("shown").first(),
            pl.col("times").sum(),
            pl.col("billed").sum(),
            pl.col("first").min(),
            pl.col("last").max(),
        )
        .filter(
            (pl.col("middle").list.len() >= FEWEST_WEEKS)
            & (pl.col("middle").list.diff().list.min() >= 0)
            & (pl.col("middle").list.last() >= GROWTH * pl.col("middle").list.first())
        )
    )
    return [
        JobFinding(
            kind="grew",
            what=row["shown"] or "(no text)",
            project=row["project"],
            user=None,
            times=row["times"],
            first=row["first"],
            last=row["last"],
            bytes_billed=row["billed"],
            wasted_bytes=None,
            wasted_slot_ms=0,
            factor=round(row["middle"][-1] / row["middle"][0], 2),
        )
        for row in weekly.iter_rows(named=True)
    ]


def _nobody_reads(jobs: pl.DataFrame) -> list[JobFinding]:
    """Tables that were written again and again, and that no job read."""
    reach = jobs.select(pl.col("created").max() - pl.col("created").min()).item()
    if reach is None or reach < REACH:
        return []
    read = (
        jobs.select("tables", "destination")
        .explode("tables")
        .filter(pl.col("tables").is_not_null() & (pl.col("tables") != pl.col("destination").fill_null("")))
        .select(pl.col("tables").alias("destination"))
        .unique()
    )
    dataset = pl.col("destination").str.split(".").list.get(-2, null_on_oob=True)
    written = (
        jobs.filter(
            pl.col("billable")
            & (pl.col("bytes_billed").fill_null(0) > 0)
            & pl.col("destination").is_not_null()
            & ~dataset.fill_null("_").str.starts_with("_")  # results that BigQuery keeps for a day
        )
        .join(read, on="destination", how="anti")
        .with_columns(
            pl.coalesce("started", "created").alias("begin"),
            pl.col("destination").alias("shown"),
            pl.col("bytes_billed").alias("billed"),
            pl.col("slot_ms").fill_null(0).alias("slots"),
        )
        .group_by("destination")
        .agg(
            *_sums(),
            pl.col("project").first(),
            pl.col("user").n_unique().alias("users"),
            pl.col("user").first(),
        )
        .filter(pl.col("times") >= FEWEST_WRITES)
        .with_columns(pl.when(pl.col("users") == 1).then("user").alias("user"))
    )
    found = _findings("nobody-reads", written, ("destination",))
    # Somebody may read it who is no job: how much of this was for nothing, the history does not tell.
    return [replace(one, wasted_bytes=None, wasted_slot_ms=0) for one in found]


def _sums() -> tuple[pl.Expr, ...]:
    return (
        pl.len().alias("times"),
        pl.col("shown").first(),
        pl.col("begin").min().alias("first"),
        pl.col("begin").max().alias("last"),
        pl.col("billed").sum(),
        pl.col("billed").max().alias("largest"),
        pl.col("slots").sum(),
        pl.col("slots").max().alias("largest_slots"),
    )


def _findings(kind: Kind, rows: pl.DataFrame, by: Sequence[str]) -> list[JobFinding]:
    """What one run of several would have done is no waste: the largest is taken for that one."""
    ordered = rows.sort("first", *by, nulls_last=True)
    return [
        JobFinding(
            kind=kind,
            what=row["shown"] or "(no text)",
            project=row["project"],
            user=row["user"],
            times=row["times"],
            first=row["first"],
            last=row["last"],
            bytes_billed=row["billed"],
            wasted_bytes=row["billed"] - row["largest"],
            wasted_slot_ms=row["slots"] - row["largest_slots"],
        )
        for row in ordered.iter_rows(named=True)
    ]
