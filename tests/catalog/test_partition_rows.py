"""Rows of INFORMATION_SCHEMA.PARTITIONS become partitions."""

from __future__ import annotations

from typing import Any

from costguard.catalog.partition_rows import partition_entries


def row(identifier: str, rows: int | None = 1, size: int | None = 8) -> dict[str, Any]:
    return {"partition_id": identifier, "total_rows": rows, "total_logical_bytes": size}


def test_ranges_stand_in_the_order_of_numbers_and_special_ones_last() -> None:
    ids = ["__UNPARTITIONED__", "100", "__NULL__", "-10", "20"]
    found, strange = partition_entries("RANGE", map(row, ids))
    assert [entry["id"] for entry in found] == ["-10", "20", "100", "__NULL__", "__UNPARTITIONED__"]
    assert strange == []


def test_rows_of_one_partition_add_up_unless_one_is_unknown() -> None:
    rows = [row("20260101", 2, 16), row("20260101", 3, 24), row("20260102", 1, None), row("20260102")]
    found, _ = partition_entries("DAY", rows)
    assert found == [
        {"id": "20260101", "rows": 5, "bytes": 40},
        {"id": "20260102", "rows": 2, "bytes": None},
    ]


def test_ids_of_another_form_are_named() -> None:
    found, strange = partition_entries("DAY", map(row, ["20260101", "2026", "x"]))
    assert [entry["id"] for entry in found] == ["20260101"]
    assert strange == ["2026", "x"]
