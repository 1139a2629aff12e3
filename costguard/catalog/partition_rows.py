"""Rows of INFORMATION_SCHEMA.PARTITIONS become the partitions of a catalog's entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from costguard.catalog.load import PARTITION_IDS
from costguard.catalog.model import NULL_PARTITION, UNPARTITIONED, partition_order

TABLES_AT_ONCE: Final = 1000
"""The view is read for at most so many tables in one query
(docs.cloud.google.com/bigquery/docs/information-schema-partitions)."""


def partition_entries(kind: str, rows: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The partitions in the order of their values, and the ids that are none of a table partitioned by `kind`.

    `rows` have `partition_id`, `total_rows` and `total_logical_bytes`; a partition may have several, which add up.
    """
    found: dict[str, dict[str, Any]] = {}
    strange: set[str] = set()
    for row in rows:
        identifier = row["partition_id"]
        if identifier not in (NULL_PARTITION, UNPARTITIONED) and not PARTITION_IDS[kind].fullmatch(
            identifier
        ):
            strange.add(identifier)
            continue
        entry = found.setdefault(identifier, {"id": identifier, "rows": 0, "bytes": 0})
        for key, column in (("rows", "total_rows"), ("bytes", "total_logical_bytes")):
            count = row[column]
            entry[key] = None if count is None or entry[key] is None else entry[key] + int(count)
    entries = sorted(found.values(), key=lambda entry: partition_order(kind, entry["id"]))
    return entries, sorted(strange)
