"""Tables of catalogs for the tests, small enough to work figures out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

Json = dict[str, Any]


def column(path: str, kind: str, size: int | None = None, mode: str = "NULLABLE") -> Json:
    """A leaf column."""
    return {"path": path, "type": kind, "mode": mode, "bytes": size}


def table(name: str, columns: Sequence[Json], rows: int | None, size: int | None, **more: Any) -> Json:
    """A table `p.d.name`."""
    return {"name": f"p.d.{name}", "rows": rows, "bytes": size, "columns": list(columns), **more}


def plain_table(name: str = "plain", **more: Any) -> Json:
    """1,000 rows: `a` 8,000 bytes, `b` 16,000, `c` 12,000 (STRINGs of 10 characters); 36,000 in all."""
    columns = [
        column("a", "INT64", 8_000, "REQUIRED"),
        column("b", "NUMERIC", 16_000, "REQUIRED"),
        column("c", "STRING", 12_000),
    ]
    return table(name, columns, 1_000, 36_000, **more)


def days(first: str, count: int) -> list[str]:
    """Partition ids of days in a row."""
    start = date.fromisoformat(first)
    return [f"{start + timedelta(days=number):%Y%m%d}" for number in range(count)]


def partition(identifier: str, rows: int, size: int, columns: Mapping[str, int] | None = None) -> Json:
    """A partition."""
    found: Json = {"id": identifier, "rows": rows, "bytes": size}
    return {**found, "columns": dict(columns)} if columns is not None else found


def partitioned(
    name: str,
    ids: Sequence[str],
    key: str = "dt",
    key_type: str = "DATE",
    unit: str = "DAY",
    rows: int = 100,
    **more: Any,
) -> Json:
    """A table with the same rows in each partition: the key of 8 bytes a row, `v` INT64 of 8, `s` STRING of 12.

    100 rows: 800 bytes of the key, 800 of `v`, 1,200 of `s`; 2,800 in all. By ingestion time there is no key
    column: 2,000 in all.
    """
    own = [] if key.startswith("_") else [column(key, key_type, 8 * rows * len(ids), "REQUIRED")]
    each = 20 * rows + 8 * rows * len(own)
    sizes = {item["path"]: 8 * rows for item in own} | {"v": 8 * rows, "s": 12 * rows}
    partitioning: Json = {
        "column": key,
        "type": unit,
        "partitions": [partition(identifier, rows, each, sizes) for identifier in ids],
    }
    partitioning.update(more.pop("partitioning", {}))
    columns = [
        *own,
        column("v", "INT64", 8 * rows * len(ids), "REQUIRED"),
        column("s", "STRING", 12 * rows * len(ids), "REQUIRED"),
    ]
    return table(name, columns, rows * len(ids), each * len(ids), partitioning=partitioning, **more)
