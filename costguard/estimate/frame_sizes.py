"""Rows and bytes of DataFrames that come from a statement or a table, where these follow from the catalog."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl

from costguard.estimate.resolve import Resolver
from costguard.facts.frames import polars_schema


def sized_frames(frames: Mapping[str, pl.DataFrame], resolver: Resolver) -> pl.DataFrame:
    """`frames` with rows and bytes.

    A statement's rows are known when it is one plain SELECT of one table whose conditions, if any, only pick
    partitions; a LIMIT caps them.
    """
    table = frames["frames"]
    count = table.height
    rows: list[int | None] = [None] * count
    sizes: list[int | None] = [None] * count
    if count:
        results = _results(frames)
        wanted = table.select("query", "origin", "origin_text", "columns_requested")
        for number, (query, origin, text, requested) in enumerate(wanted.iter_rows()):
            if query is not None:
                rows[number], sizes[number] = results.get(query, (None, None))
            elif origin == "table" and text:
                rows[number], sizes[number] = _table(resolver, text, requested)
    schema = polars_schema("frames")
    return table.with_columns(
        pl.Series("rows", rows, dtype=schema["rows"]), pl.Series("bytes", sizes, dtype=schema["bytes"])
    ).select(list(schema))


def _table(resolver: Resolver, name: str, requested: list[str] | None) -> tuple[int | None, int | None]:
    resolved = resolver.name(name)
    if resolved.meaning != "table":
        return None, None
    facts = resolver.facts(resolved.name)
    if requested is None:
        return facts.table.rows, facts.table.bytes
    total = 0
    for path in requested:
        for number in facts.leaves_of(path.lower()) or ():
            size = facts.leaf_in(number, facts.everything).point
            if size is None:
                return facts.table.rows, None
            total += size
    return facts.table.rows, total


def _results(frames: Mapping[str, pl.DataFrame]) -> dict[int, tuple[int | None, int | None]]:
    """Rows and bytes of the results that feed a DataFrame."""
    feeding = frames["frames"]["query"].drop_nulls().unique().to_list()
    if not feeding:
        return {}
    queries = frames["queries"].filter(
        pl.col("query").is_in(feeding) & (pl.col("statement") == "SELECT") & ~pl.col("has_aggregate")
    )
    scans: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for scan in frames["scans"].filter(pl.col("query").is_in(feeding)).iter_rows(named=True):
        scans[scan["query"]].append(scan)
    picking = _partition_filters(frames, feeding)
    outputs: dict[int, int] = defaultdict(int)
    reads = frames["columns_read"].filter(pl.col("query").is_in(feeding))
    for query, size in reads.select("query", "bytes").iter_rows():
        outputs[query] += size or 0
    found: dict[int, tuple[int | None, int | None]] = {}
    for query in queries.iter_rows(named=True):
        read = scans.get(query["query"], [])
        if len(read) != 1:
            continue
        scan = read[0]
        if scan["in_subquery"] or scan["joined"] or scan["rows"] is None or scan["wildcard"]:
            continue
        rows, size = scan["rows"], outputs[query["query"]]
        filtered = query["has_filter"] and scan["scan"] not in picking
        if filtered or scan["sample_percent"] is not None:
            if query["limit"] is None:
                continue
            found[query["query"]] = (min(query["limit"], rows), None)
            continue
        if query["has_limit"]:
            if query["limit"] is None:
                continue
            kept = min(query["limit"], rows)
            found[query["query"]] = (kept, size * kept // rows if rows and not query["has_filter"] else None)
            continue
        # The columns of a condition are read, but need not be in the result.
        found[query["query"]] = (rows, None if query["has_filter"] else size)
    return found


def _partition_filters(frames: Mapping[str, pl.DataFrame], queries: list[int]) -> set[int]:
    """Scans whose conditions all compare the partition column with constants, and which read only what these pick.

    A condition may cut through a partition: then all rows of the partition count, which is at most one too many at
    either end.
    """
    conditions = (
        frames["predicates"]
        .filter(pl.col("query").is_in(queries))
        .join(frames["scans"].select("scan", "partition_column", "pruning"), on="scan")
    )
    column = pl.col("column").str.to_lowercase() == pl.col("partition_column").str.to_lowercase()
    picks = column & pl.col("form").is_in(["constant", "function"]) & (pl.col("pruning") == "pruned")
    found = conditions.group_by("scan").agg(picks.fill_null(value=False).all().alias("all"))
    return set(found.filter(pl.col("all"))["scan"].to_list())
