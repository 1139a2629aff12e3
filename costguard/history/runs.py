"""How often a query runs in an iteration: measured, as median and p90 (a storm of retries shows in the p90)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.charges import Charges, no_charges
from costguard.history.columns import value_of
from costguard.history.iterations import IterationSettings, find_iterations

BY_HASH: Final = "query_hash"
"""Google's hash of a query without its literals: only of queries that ran, and not from the cache."""
P90: Final = 0.9


@dataclass(frozen=True, slots=True)
class Runs:
    """How often one query runs in the iterations that run it."""

    key: str
    iterations: int
    """That run it at all."""
    runs: int
    median: float
    p90: float
    bytes_billed: int
    query: str | None
    """The text of its latest run."""


def runs_per_iteration(jobs: pl.DataFrame, by: str = BY_HASH) -> list[Runs]:
    """Charged runs of each query (by `query_hash`, or by `label:KEY`) in an iteration, the most bytes first. `jobs` has
    `iteration` (as `Found.jobs`); jobs in no iteration, and those without the key, are left out.

    Raises:
        UsageProblem: `by` is neither.
    """
    label = by.removeprefix("label:")
    if by == BY_HASH:
        key = pl.col("query_hash")
    elif by != label and label:
        key = value_of(pl.col("labels"), label)
    else:
        raise UsageProblem(f"runs cannot be counted by {by!r}; by query_hash or label:KEY")
    mine = jobs.filter(pl.col("billable") & pl.col("iteration").is_not_null()).with_columns(key.alias("key"))
    counts = (
        mine.filter(pl.col("key").is_not_null())
        .group_by("key", "iteration")
        .agg(
            pl.len().alias("runs"),
            pl.col("bytes_billed").sum(),
            pl.col("created").max(),
            pl.col("query").sort_by("created").last(),
        )
        .group_by("key")
        .agg(
            pl.len().alias("iterations"),
            pl.col("runs").sum().alias("total"),
            pl.col("runs").median().alias("median"),
            pl.col("runs").quantile(P90, "nearest").alias("p90"),
            pl.col("bytes_billed").sum(),
            pl.col("query").sort_by("created").last(),
        )
        .sort("bytes_billed", "key", descending=[True, False])
    )
    return [Runs(*row) for row in counts.iter_rows()]


ITERATION_COLUMNS: Final = ("iteration", "iteration_evidence")


def with_iterations(jobs: pl.DataFrame, charges: Charges | None, settings: IterationSettings) -> pl.DataFrame:
    """Jobs (the columns of JOBS, and `billable`) with `iteration`, a number, and `iteration_evidence`, how that was
    found; null where none was. Without a bill only labels tell of iterations.

    Raises:
        UsageProblem: the bill cannot be read, or a rule of phases cannot be used.
    """
    frame = charges.frame if charges is not None else no_charges()
    found = find_iterations(frame, jobs, settings)
    evidence = pl.DataFrame(
        {
            "iteration": range(len(found.iterations)),
            "iteration_evidence": [item.evidence for item in found.iterations],
        },
        schema={"iteration": pl.UInt32, "iteration_evidence": pl.String},
    )
    return found.jobs.join(evidence, on="iteration", how="left", maintain_order="left")


def jobs_without_key(jobs: pl.DataFrame) -> int:
    """Charged jobs of iterations that have no hash: nobody can tell which query they run."""
    mine = pl.col("billable") & pl.col("iteration").is_not_null() & pl.col("query_hash").is_null()
    return int(jobs.select(mine.sum()).item())
