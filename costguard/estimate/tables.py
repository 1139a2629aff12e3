"""The catalog as the fact tables `tables` and `table_columns`, for rules and queries."""

from __future__ import annotations

from typing import Any

import polars as pl

from costguard.catalog.model import RECORD_TYPES, Catalog
from costguard.facts.frames import frame_from_rows


def catalog_frames(catalog: Catalog) -> dict[str, pl.DataFrame]:
    """Every table of the catalog and its leaf columns, straight from the JSON: no table objects are built."""
    tables: list[tuple[Any, ...]] = []
    columns: list[tuple[Any, ...]] = []
    for name, raw in sorted(catalog.raw().items()):
        partitioning = raw.get("partitioning")
        tables.append(
            (
                name,
                raw.get("kind") or "table",
                raw.get("location"),
                raw.get("rows"),
                raw.get("bytes"),
                partitioning["column"] if partitioning else None,
                partitioning["type"].upper() if partitioning else None,
                bool(partitioning and partitioning.get("require_filter")),
                len(partitioning.get("partitions") or ()) if partitioning else 0,
                raw.get("clustering") or [],
            )
        )
        for column in raw.get("columns") or ():
            if column["type"].upper() in RECORD_TYPES and column.get("bytes") is None:
                continue
            mode = (column.get("mode") or "NULLABLE").upper()
            columns.append((name, column["path"], column["type"], mode, column.get("bytes")))
    return {
        "tables": frame_from_rows("tables", tables),
        "table_columns": frame_from_rows("table_columns", columns),
    }
