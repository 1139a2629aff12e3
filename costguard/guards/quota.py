"""Daily quotas of projects and of users, from days of the history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from costguard.guards.max_bytes import nearest_rank
from costguard.guards.quantities import round_up
from costguard.guards.suggestions import CutDay, QuotaSuggestion, QuotaValue
from costguard.money import MIB, TIB

FACTOR: Final = 2
PERCENT: Final = 95
DEFAULT: Final = 200 * TIB
"""What a project may query a day when nobody set a quota
(docs.cloud.google.com/bigquery/docs/custom-quotas)."""
QUOTA_ZONE: Final = "America/Los_Angeles"
"""Quotas begin anew at midnight Pacific time."""


def quota_suggestions(jobs: pl.DataFrame) -> Iterator[QuotaSuggestion]:
    """For each project, the one with the most bytes first. `jobs`: on demand, with `bytes`."""
    dated = jobs.drop_nulls(["project", "created"]).select(
        "project",
        "user",
        "bytes",
        pl.col("created").dt.convert_time_zone(QUOTA_ZONE).dt.date().alias("day"),
    )
    order = dated.group_by("project").agg(pl.col("bytes").cast(pl.Int128).sum()).sort("bytes", "project")
    for project in reversed(order["project"].to_list()):
        mine = dated.filter(pl.col("project") == project)
        per_day = _value(mine.with_columns(pl.lit(None, dtype=pl.String).alias("user")))
        per_user = _value(mine.drop_nulls("user"))
        whole = per_day if per_day is not None and per_day.value < DEFAULT else None
        ceiling = whole.value if whole is not None else DEFAULT
        own = per_user if per_user is not None and per_user.value < ceiling else None
        yield QuotaSuggestion(project, whole, own)


def _value(dated: pl.DataFrame) -> QuotaValue | None:
    """The quota that does for whoever needs the most: it holds for all users alike."""
    if dated.is_empty():
        return None
    days = dated.group_by("user", "day").agg(pl.col("bytes").cast(pl.Int128).sum().cast(pl.Int64))
    of_users = (
        days.group_by("user")
        .agg(nearest_rank(pl.col("bytes"), PERCENT).alias("p95"))
        .sort("p95", "user", descending=[True, False])
    )
    heaviest, p95 = of_users.row(0)
    value = round_up(FACTOR * p95, least=MIB)
    cut = days.filter(pl.col("bytes") > value).sort("bytes", "day", descending=[True, False])
    return QuotaValue(
        value=value,
        p95=p95,
        largest=int(days["bytes"].max()),  # type: ignore[arg-type]
        days=days["day"].n_unique(),
        cut=tuple(CutDay(day, size, user) for user, day, size in cut.select("user", "day", "bytes").rows()),
        heaviest=heaviest,
    )
