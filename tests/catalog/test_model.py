"""Tables of the catalog: leaves, widths, what is always set, partitions in order, lookups by name."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from costguard.catalog import model as module
from costguard.catalog.model import (
    Catalog,
    ForeignKey,
    IntegerRange,
    Leaf,
    Partition,
    Table,
    build_table,
)


def table(**raw: Any) -> Table:
    return build_table("p.d.t", {"name": "p.d.t", **raw})


def leaves(*columns: tuple[str, str, str | None]) -> list[tuple[str, str, str, bool, bool]]:
    """(path, type, mode, always set, repeated) of the leaves of columns (path, type, mode)."""
    rows = [{"path": path, "type": kind, "mode": mode} for path, kind, mode in columns]
    return [
        (leaf.path, leaf.type, leaf.mode, leaf.always_set, leaf.repeated)
        for leaf in table(columns=rows).leaves
    ]


def test_docstrings() -> None:
    assert doctest.testmod(module).failed == 0


def test_a_bare_table() -> None:
    assert table() == Table(
        name="p.d.t",
        kind="table",
        location=None,
        rows=None,
        bytes=None,
        leaves=(),
        columns_known=False,
        partitioning=None,
        clustering=(),
        primary_key=(),
        foreign_keys=(),
        view_query=None,
        row_access_policies=False,
        streaming_buffer_bytes=0,
    )


def test_a_full_table() -> None:
    full = table(
        kind="materialized_view",
        location="EU",
        rows=3,
        bytes=24,
        columns=[{"path": "n", "type": "INT64", "mode": "REQUIRED", "bytes": 24}],
        clustering=["n"],
        primary_key=["n"],
        foreign_keys=[{"columns": ["n"], "table": "p.d.u", "references": ["m"]}],
        view_query="SELECT 1",
        row_access_policies=True,
        streaming_buffer_bytes=8,
    )
    assert full == Table(
        name="p.d.t",
        kind="materialized_view",
        location="EU",
        rows=3,
        bytes=24,
        leaves=(Leaf("n", "INT64", "REQUIRED", 24, True, False),),
        columns_known=True,
        partitioning=None,
        clustering=("n",),
        primary_key=("n",),
        foreign_keys=(ForeignKey(("n",), "p.d.u", ("m",)),),
        view_query="SELECT 1",
        row_access_policies=True,
        streaming_buffer_bytes=8,
    )
    assert table(columns=[]).columns_known


def test_leaves() -> None:
    assert leaves(
        ("a", "int64", "required"), ("b", "NUMERIC(10, 2)", None), ("c", "ARRAY<STRING>", None)
    ) == [
        ("a", "INT64", "REQUIRED", True, False),
        ("b", "NUMERIC", "NULLABLE", False, False),
        ("c", "STRING", "REPEATED", False, True),
    ]


@pytest.mark.parametrize(
    ("record", "leaf", "always", "repeated"),
    [
        ("REQUIRED", "REQUIRED", True, False),
        ("REQUIRED", "NULLABLE", False, False),
        ("NULLABLE", "REQUIRED", False, False),
        (None, "REQUIRED", False, False),
        ("REPEATED", "REQUIRED", False, True),
        ("REQUIRED", "REPEATED", False, True),
    ],
)
def test_a_leaf_is_as_sure_as_the_records_around_it(
    record: str | None, leaf: str, always: bool, repeated: bool
) -> None:
    (found,) = leaves(("R", "RECORD", record), ("r.s.a", "INT64", leaf), ("r.S", "STRUCT", "REQUIRED"))
    assert found == ("r.s.a", "INT64", leaf, always, repeated)


def test_a_record_that_is_not_listed_may_be_null() -> None:
    assert leaves(("r.a", "INT64", "REQUIRED")) == [("r.a", "INT64", "REQUIRED", False, False)]


@pytest.mark.parametrize(
    ("kind", "width"),
    [
        ("INT64", 8),
        ("BOOL", 1),
        ("NUMERIC(10, 2)", 16),
        ("BIGNUMERIC", 32),
        ("RANGE<DATE>", 16),
        ("timestamp", 8),
        ("STRING", None),
        ("BYTES(16)", None),
        ("JSON", None),
        ("GEOGRAPHY", None),
        ("ARRAY<INT64>", 8),
    ],
)
def test_widths(kind: str, width: int | None) -> None:
    (leaf,) = table(columns=[{"path": "a", "type": kind}]).leaves
    assert leaf.width == width


def partitions(kind: str, *identifiers: str, **more: Any) -> list[str]:
    raw = {"column": "c", "type": kind, "partitions": [{"id": name} for name in identifiers], **more}
    found = table(partitioning=raw).partitioning
    assert found is not None
    assert found.partitions is not None
    return [item.id for item in found.partitions]


def test_partitions_are_in_the_order_of_their_values() -> None:
    assert partitions("DAY", "20260102", "__UNPARTITIONED__", "20251231", "__NULL__", "20260101") == [
        "20251231",
        "20260101",
        "20260102",
        "__NULL__",
        "__UNPARTITIONED__",
    ]
    span = {"start": -10, "end": 100, "interval": 10}
    assert partitions("range", "100", "20", "-10", "__NULL__", range=span) == ["-10", "20", "100", "__NULL__"]


def test_partitioning() -> None:
    raw = {
        "column": "n",
        "type": "range",
        "require_filter": True,
        "range": {"start": 0, "end": 100, "interval": 10},
        "partitions": [{"id": "10", "rows": 1, "bytes": 8, "columns": {"n": 8}}, {"id": "0"}],
    }
    found = table(partitioning=raw).partitioning
    assert found is not None
    assert (found.column, found.type, found.require_filter) == ("n", "RANGE", True)
    assert found.range == IntegerRange(0, 100, 10)
    assert found.partitions == (Partition("0", None, None, {}), Partition("10", 1, 8, {"n": 8}))
    unlisted = table(partitioning={"column": "dt", "type": "DAY"}).partitioning
    assert unlisted is not None
    assert (unlisted.partitions, unlisted.range, unlisted.require_filter) == (None, None, False)


@pytest.mark.parametrize(
    ("column", "expected"),
    [("_PARTITIONTIME", True), ("_partitiontime", True), ("_PARTITIONDATE", True), ("dt", False)],
)
def test_ingestion_time(column: str, expected: bool) -> None:
    found = table(partitioning={"column": column, "type": "DAY"}).partitioning
    assert found is not None
    assert found.by_ingestion_time is expected


def test_lookups() -> None:
    names = ["p.d.events_2", "p.d.events_1", "p.d.event", "q.d.events_1", "p.e.events_1", "x.com:r.d.t"]
    catalog = Catalog({name: {"name": name} for name in names})
    assert catalog.members("p.d.events_") == ["p.d.events_1", "p.d.events_2"]
    assert catalog.members("p.d.") == ["p.d.event", "p.d.events_1", "p.d.events_2"]
    assert catalog.members("p.x.") == []
    assert sorted(catalog.in_any_project("d.events_1")) == ["p.d.events_1", "q.d.events_1"]
    assert catalog.in_any_project("d.t") == ["x.com:r.d.t"]
    assert catalog.in_any_project("d.nope") == []
    assert list(catalog) == names
    assert catalog.table("p.d.nope") is None
    assert catalog.table("P.D.EVENT") is None
