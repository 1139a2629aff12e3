"""Values of `maximum_bytes_billed` from what jobs were billed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from costguard.guards.evidence import Code, place_text
from costguard.guards.quantities import round_up
from costguard.guards.suggestions import MaxBytesSuggestion, Scope
from costguard.history.columns import value_of

FACTOR: Final = 2
PERCENT: Final = 99


def nearest_rank(values: pl.Expr, percent: int) -> pl.Expr:
    """A percentile that is one of the values, as `costguard.guards.quantities.rank` has it."""
    at = (values.len().cast(pl.Int64) * percent + 99) // 100 - 1
    return values.sort().gather(at).first()


def max_bytes_of_groups(jobs: pl.DataFrame, label_keys: Sequence[str]) -> Iterator[MaxBytesSuggestion]:
    """For each project, user and label. `jobs`: on demand, with `bytes`."""
    yield from _of_groups(jobs, "project", pl.col("project"))
    yield from _of_groups(jobs, "user", pl.col("user"))
    for key in label_keys:
        yield from _of_groups(jobs, "label", pl.lit(f"{key}=") + value_of(pl.col("labels"), key))


def limit_of(p99: int) -> int:
    """Twice the p99, rounded up, never below what a query is billed at least."""
    return round_up(FACTOR * p99)


def _of_groups(jobs: pl.DataFrame, scope: Scope, key: pl.Expr) -> Iterator[MaxBytesSuggestion]:
    keyed = jobs.select(key.alias("key"), "bytes").drop_nulls("key")
    for name, found in _figures(keyed).items():
        yield MaxBytesSuggestion(
            scope=scope,
            subject=str(name),
            path=None,
            limit=found.limit,
            jobs=found.jobs,
            p99=found.p99,
            largest=found.largest,
            stopped=found.stopped,
            stopped_bytes=found.stopped_bytes,
        )


@dataclass(frozen=True, slots=True)
class _Figures:
    jobs: int
    p99: int
    largest: int
    limit: int
    stopped: int
    stopped_bytes: int


def _figures(keyed: pl.DataFrame, least: Mapping[Any, int] | None = None) -> dict[Any, _Figures]:
    """Figures for each key, the most billed first. `least`: no limit may be below."""
    least = least or {}
    sums = (
        keyed.group_by("key")
        .agg(
            pl.len().alias("jobs"),
            nearest_rank(pl.col("bytes"), PERCENT).alias("p99"),
            pl.col("bytes").max().alias("largest"),
            pl.col("bytes").cast(pl.Int128).sum().alias("total"),
        )
        .sort("total", "key", descending=[True, False])
    )
    limits = {row["key"]: max(limit_of(row["p99"]), least.get(row["key"], 0)) for row in sums.to_dicts()}
    above = (
        keyed.with_columns(
            pl.col("key").replace_strict(limits, return_dtype=pl.Int64).alias("limit")
            if limits
            else pl.lit(0).alias("limit")
        )
        .filter(pl.col("bytes") > pl.col("limit"))
        .group_by("key")
        .agg(pl.len().alias("jobs"), pl.col("bytes").cast(pl.Int128).sum().alias("total"))
    )
    stopped = {key: (jobs, total) for key, jobs, total in above.rows()}
    return {
        key: _Figures(jobs, p99, largest, limits[key], *stopped.get(key, (0, 0)))
        for key, jobs, p99, largest, _ in sums.rows()
    }


def max_bytes_of_queries(jobs: pl.DataFrame, code: Code) -> dict[int, MaxBytesSuggestion]:
    """For each statement of the code that ran, by its key. A job that may be of several statements counts for each of
    them: the limit must do for whichever it was.

    `jobs`: the rows of `code.matched` that are on demand, with `bytes`.
    """
    matched = code.matched
    if matched is None:
        return {}
    pairs = [(number, key) for number, found in enumerate(matched.found) for key in found.statements]
    candidates = pl.DataFrame(pairs, schema={"found": pl.Int32, "key": pl.Int64}, orient="row")
    keyed = jobs.drop_nulls("found").join(candidates, on="found").select("key", "bytes")
    bounds = _clustered_bounds(code)
    plain = _figures(keyed)
    needed = {key: round_up(bounds[key]) for key in plain if key in bounds}
    found: dict[int, MaxBytesSuggestion] = {}
    for name, figures in _figures(keyed, needed).items():
        query = code.queries[name]
        one = MaxBytesSuggestion(
            scope="query",
            subject=place_text(query.path, query.span),
            path=query.path,
            limit=figures.limit,
            jobs=figures.jobs,
            p99=figures.p99,
            largest=figures.largest,
            stopped=figures.stopped,
            stopped_bytes=figures.stopped_bytes,
        )
        if figures.limit > plain[name].limit:
            one = replace(one, estimate=bounds[name])
        found[name] = one
    return found


def _clustered_bounds(code: Code) -> dict[int, int]:
    """What BigQuery's own estimate may say of statements that read clustered tables: it does not know yet what clusters
    will spare, and the limit is held against it."""
    clustered = set(code.frames["scans"].filter(pl.col("clustered").fill_null(value=False))["query"])
    return {
        key: query.bytes_billed.high
        for key, query in code.queries.items()
        if key in clustered and query.bytes_billed is not None
    }
