"""How many queries of a scan rest on what has come since its catalog was made, and how long ago that was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from costguard.catalog.model import moment_of
from costguard.estimate.functions import naive_utc


def since_queries(frames: Mapping[str, pl.DataFrame]) -> int:
    """Queries that read partitions or shards which are in no catalog yet; not those that are counted elsewhere."""
    counted = frames["queries"].filter(pl.col("counted_with").is_null()).select("query")
    found = frames["scans"].filter(pl.col("modelled_partitions")).select("query").unique()
    return found.join(counted, on="query", how="semi").height


def days_since(as_of: str | None, now: datetime) -> int:
    """Whole days from the time that a catalog writes to the clock; 0 where it writes none, or a later one."""
    made = moment_of(as_of)
    return max(0, (naive_utc(now) - naive_utc(made)).days) if made is not None else 0
