"""Answers of `tables.get` become entries of a catalog."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.catalog.load import load_catalog
from costguard.catalog.model import CatalogError
from costguard.catalog.resource import describe
from costguard.catalog.store import catalog_text

REFERENCE = {"projectId": "p", "datasetId": "d", "tableId": "t"}


def resource(**more: Any) -> dict[str, Any]:
    """The least that BigQuery answers."""
    return {"tableReference": REFERENCE, "type": "TABLE", "numRows": "3", "numBytes": "24", **more}


def test_everything_that_the_api_says(tmp_path: Any) -> None:
    found = describe(
        resource(
            location="EU",
            lastModifiedTime="1793500000000",
            schema={
                "fields": [
                    {"name": "id", "type": "INTEGER", "mode": "REQUIRED"},
                    {"name": "ok", "type": "BOOLEAN"},
                    {
                        "name": "r",
                        "type": "RECORD",
                        "fields": [
                            {"name": "x", "type": "FLOAT"},
                            {
                                "name": "items",
                                "type": "STRUCT",
                                "mode": "REPEATED",
                                "fields": [{"name": "sku", "type": "STRING", "mode": "NULLABLE"}],
                            },
                        ],
                    },
                ]
            },
            timePartitioning={"type": "HOUR", "field": "at"},
            requirePartitionFilter=True,
            clustering={"fields": ["id", "ok"]},
            streamingBuffer={"estimatedBytes": "7", "estimatedRows": "1"},
            tableConstraints={
                "primaryKey": {"columns": ["id"]},
                "foreignKeys": [
                    {
                        "name": "k",
                        "referencedTable": {"projectId": "p", "datasetId": "d", "tableId": "o"},
                        "columnReferences": [{"referencingColumn": "o_id", "referencedColumn": "id"}],
                    }
                ],
            },
        )
    )
    assert found.modified == "1793500000000"
    assert found.entry == {
        "name": "p.d.t",
        "kind": "table",
        "location": "EU",
        "rows": 3,
        "bytes": 24,
        "columns": [
            {"path": "id", "type": "INT64", "mode": "REQUIRED", "bytes": None},
            {"path": "ok", "type": "BOOL", "mode": "NULLABLE", "bytes": None},
            {"path": "r.x", "type": "FLOAT64", "mode": "NULLABLE", "bytes": None},
            {"path": "r.items", "type": "RECORD", "mode": "REPEATED"},
            {"path": "r.items.sku", "type": "STRING", "mode": "NULLABLE", "bytes": None},
        ],
        "partitioning": {"column": "at", "type": "HOUR", "require_filter": True, "partitions": None},
        "clustering": ["id", "ok"],
        "primary_key": ["id"],
        "foreign_keys": [{"columns": ["o_id"], "table": "p.d.o", "references": ["id"]}],
        "view_query": None,
        "row_access_policies": False,
        "streaming_buffer_bytes": 7,
    }
    path = tmp_path / "c.json"
    path.write_text(catalog_text({"version": 1, "as_of": "2026-11-01T00:00:00Z", "tables": [found.entry]}))
    assert "p.d.t" in load_catalog([path])


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"timePartitioning": {"type": "DAY", "requirePartitionFilter": True}},
            {"column": "_PARTITIONTIME", "type": "DAY", "require_filter": True, "partitions": None},
        ),
        (
            {"rangePartitioning": {"field": "n", "range": {"start": "-10", "end": "100", "interval": "10"}}},
            {
                "column": "n",
                "type": "RANGE",
                "range": {"start": -10, "end": 100, "interval": 10},
                "require_filter": False,
                "partitions": None,
            },
        ),
        ({}, None),
    ],
)
def test_partitioning(more: dict[str, Any], expected: object) -> None:
    assert describe(resource(**more)).entry["partitioning"] == expected


@pytest.mark.parametrize(
    ("kind", "more", "rows", "query"),
    [
        ("view", {"type": "VIEW", "view": {"query": "SELECT 1"}}, None, "SELECT 1"),
        (
            "materialized_view",
            {"type": "MATERIALIZED_VIEW", "materializedView": {"query": "SELECT 2"}},
            3,
            "SELECT 2",
        ),
        ("external", {"type": "EXTERNAL"}, None, None),
        ("snapshot", {"type": "SNAPSHOT"}, 3, None),
    ],
)
def test_kinds(kind: str, more: dict[str, Any], rows: int | None, query: str | None) -> None:
    entry = describe(resource(**more)).entry
    assert (entry["kind"], entry["rows"], entry["view_query"]) == (kind, rows, query)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (resource(type="MODEL"), "p.d.t: is a MODEL, which a catalog does not know"),
        ({"type": "TABLE"}, "not as expected"),
        (resource(numRows="many"), "not as expected"),
        (resource(schema={"fields": [{"name": "x"}]}), "not as expected"),
    ],
)
def test_what_cannot_be_described(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        describe(wrong)
