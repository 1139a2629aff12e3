"""The catalog as fact tables."""

from __future__ import annotations

from costguard.catalog.model import Catalog
from costguard.estimate.tables import catalog_frames
from tests.estimate.statements import catalog_of
from tests.estimate.warehouse import column, days, partitioned, table


def test_tables_in_the_order_of_their_names() -> None:
    frames = catalog_frames(catalog_of(partitioned("t", days("2026-10-01", 2)), table("a", [], None, None)))
    found = frames["tables"].select("table", "partition_column", "partitions").rows()
    assert found == [("p.d.a", None, 0), ("p.d.t", "dt", 2)]


def test_records_are_no_columns_unless_nothing_is_below_them() -> None:
    columns = [
        column("r", "RECORD", None, "REPEATED"),
        column("r.x", "STRING", 5),
        column("blob", "RECORD", 7),
        column("n", "INT64", None, "REQUIRED"),
    ]
    found = catalog_frames(catalog_of(table("t", columns, 1, 20)))["table_columns"].rows()
    assert found == [
        ("p.d.t", "r.x", "STRING", "NULLABLE", 5),
        ("p.d.t", "blob", "RECORD", "NULLABLE", 7),
        ("p.d.t", "n", "INT64", "REQUIRED", None),
    ]


def test_no_catalog() -> None:
    frames = catalog_frames(Catalog())
    assert frames["tables"].height == frames["table_columns"].height == 0
