"""Time limits of clusters, training jobs and notebooks, from the hours in the bill.

The bill says when machines ran, to the hour, and not whether they had anything to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl

from costguard.guards.declared import Service
from costguard.guards.quantities import rank
from costguard.guards.suggestions import TimeLimitSuggestion
from costguard.history.columns import value_of
from costguard.history.stretches import with_stretches

FACTOR: Final = 2
PERCENT: Final = 95
IDLE_CLUSTER: Final = timedelta(minutes=30)
IDLE_NOTEBOOK: Final = timedelta(hours=1)
"""Workbench instances shut down after three hours when nothing else is set."""
LONGEST_AGE: Final = timedelta(days=14)
LONGEST_TIMEOUT: Final = timedelta(days=7)
STANDING: Final = timedelta(hours=24)
"""What runs for longer without a pause is meant to stand: it gets no greatest age."""
PAUSE: Final = timedelta(0)
_CLUSTER: Final = "goog-dataproc-cluster-name"
_LOCATION: Final = "goog-dataproc-location"
_JOB: Final = r"/locations/([^/]+)/customJobs/([^/]+)$"
_NOTEBOOK: Final = r"notebooks\.googleapis\.com/projects/[^/]+/locations/([^/]+)/instances/([^/]+)$"


def time_limit_suggestions(charges: pl.LazyFrame) -> Iterator[TimeLimitSuggestion]:
    """For each cluster and notebook, and for the training jobs of each project, the dearest first."""
    cluster = value_of(pl.col("labels"), _CLUSTER)
    resource = pl.col("resource")
    rows = (
        charges.filter(pl.col("cost_type").fill_null("regular") == "regular")
        .with_columns(
            pl.when(cluster.is_not_null())
            .then(pl.lit("dataproc"))
            .when(resource.str.contains(_JOB))
            .then(pl.lit("vertex"))
            .when(resource.str.contains(_NOTEBOOK))
            .then(pl.lit("workbench"))
            .alias("machine"),
            pl.coalesce(cluster, resource.str.extract(_JOB, 2), resource.str.extract(_NOTEBOOK, 2)).alias(
                "name"
            ),
            pl.coalesce(
                value_of(pl.col("labels"), _LOCATION),
                resource.str.extract(_JOB, 1),
                resource.str.extract(_NOTEBOOK, 1),
            ).alias("place"),
        )
        .filter(pl.col("machine").is_not_null() & pl.col("project").is_not_null())
        .select("machine", "name", "place", "project", "net", start="usage_start", end="usage_end")
        .collect()
    )
    if rows.is_empty():
        return
    # A training job has a name of its own each time: those of a project stand together.
    whole = ["machine", "project", "group", "place"]
    named = rows.with_columns(pl.when(pl.col("machine") != "vertex").then("name").alias("group"))
    stretches = (
        with_stretches(named, [*whole, "name"], PAUSE)
        .group_by(*whole, "name", "stretch")
        .agg(
            (pl.col("stretch_end") - pl.col("stretch_start")).first().alias("lasts"),
            pl.col("net").sum(),
            pl.col("start").n_unique().alias("hours"),
            pl.col("start").dt.date().unique().alias("days"),
        )
    )
    together = (
        stretches.group_by(whole)
        .agg(
            pl.col("lasts").sort(),
            pl.col("net").sum(),
            pl.col("hours").sum(),
            pl.col("days").explode().n_unique(),
        )
        .sort("net", *whole, descending=[True, False, False, False, False], nulls_last=True)
    )
    for row in together.iter_rows(named=True):
        suggestion = _suggestion(row)
        if suggestion is not None:
            yield suggestion


def _suggestion(row: dict[str, Any]) -> TimeLimitSuggestion | None:
    service: Service = row["machine"]
    lasts: list[timedelta] = row["lasts"]
    typical, longest = lasts[rank(len(lasts), PERCENT)], lasts[-1]
    ample = _hours_up(FACTOR * typical)
    idle = age = timeout = None
    if service == "dataproc":
        idle = IDLE_CLUSTER
        age = ample if typical <= STANDING and ample <= LONGEST_AGE else None
    elif service == "workbench":
        idle = IDLE_NOTEBOOK
    elif ample < LONGEST_TIMEOUT:
        timeout = ample
    if idle is None and timeout is None:
        return None
    net: Decimal = row["net"]
    return TimeLimitSuggestion(
        service=service,
        project=row["project"],
        name=row["group"],
        location=row["place"],
        max_idle=idle,
        max_age=age,
        timeout=timeout,
        stretches=len(lasts),
        hours=row["hours"],
        typical=typical,
        longest=longest,
        net=net,
        days=row["days"],
    )


def _hours_up(span: timedelta) -> timedelta:
    return timedelta(hours=max(1, -(-span // timedelta(hours=1))))
