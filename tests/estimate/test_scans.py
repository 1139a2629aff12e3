"""What is said of a scan besides its bytes."""

from __future__ import annotations

from typing import Any

from costguard.estimate.scans import ESTIMATED
from costguard.facts.schema import Scan
from tests.estimate.statements import estimated, scan_of
from tests.estimate.warehouse import days, partitioned, plain_table

T = partitioned("t", days("2026-10-01", 10), clustering=["v"], partitioning={"require_filter": True})


def described(sql: str, *tables: dict[str, Any]) -> dict[str, Any]:
    return scan_of(estimated(sql, *(tables or (T, plain_table()))))


def test_every_estimated_column_is_declared() -> None:
    assert set(ESTIMATED) <= set(Scan._fields)


def test_a_partitioned_table() -> None:
    scan = described("SELECT v FROM p.d.t WHERE dt >= '2026-10-09'")
    expected = {
        "table": "p.d.t", "known": True, "kind": "table", "columns_read": 2, "columns_total": 3,
        "partition_column": "dt", "partition_type": "DAY", "require_filter": True, "clustered": True,
        "clustering_columns": ["v"], "pruning": "pruned", "partitions_kept": 2, "partitions_total": 10, "rows": 200,
        "table_rows": 1_000, "table_bytes": 28_000, "bytes": 3_200, "bytes_if_pruned": None,
    }  # fmt: skip
    assert {name: scan[name] for name in expected} == expected


def test_a_plain_table() -> None:
    scan = described("SELECT a FROM p.d.plain")
    expected = {
        "kind": "table", "columns_read": 1, "columns_total": 3, "partition_column": None, "partition_type": None,
        "require_filter": None, "clustered": False, "clustering_columns": [], "pruning": "unpartitioned",
        "partitions_kept": None, "partitions_total": None, "rows": 1_000, "table_rows": 1_000, "table_bytes": 36_000,
        "columns_unused": None, "bytes_unused": None,
    }  # fmt: skip
    assert {name: scan[name] for name in expected} == expected


def test_an_unknown_table() -> None:
    scan = described("SELECT a FROM p.d.unknown")
    expected = {
        "table": "p.d.unknown", "known": False, "kind": None, "columns_read": 1, "columns_total": None,
        "clustered": None, "pruning": "unknown", "rows": None, "bytes_low": None, "bytes": None, "bytes_high": None,
        "bytes_basis": "unknown", "bytes_if_pruned": None,
    }  # fmt: skip
    assert {name: scan[name] for name in expected} == expected


def test_the_target_of_an_insert_is_not_read() -> None:
    frames = estimated("INSERT INTO p.d.t (v) SELECT a FROM p.d.plain", T, plain_table())
    assert frames["scans"].select("role", "table", "bytes").rows() == [("read", "p.d.plain", 8_000)]


def test_members_of_a_wildcard_are_one_scan() -> None:
    members = [plain_table("ev_1"), plain_table("ev_2", kind="external")]
    scan = described("SELECT a, b FROM `p.d.ev_*`", *members)
    assert (scan["table"], scan["columns_read"]) == ("p.d.ev_*", 2)
    assert (scan["bytes"], scan["bytes_basis"]) == (None, "unknown")  # one of them nobody can tell
    scan = described("SELECT a, b FROM `p.d.ev_*`", plain_table("ev_1"), plain_table("ev_2"))
    assert (scan["rows"], scan["table_rows"], scan["table_bytes"], scan["bytes"]) == (
        2_000,
        2_000,
        72_000,
        48_000,
    )


def test_information_schema_is_a_view_of_which_nothing_is_known() -> None:
    scan = described("SELECT * FROM p.d.INFORMATION_SCHEMA.TABLES")
    assert (scan["kind"], scan["known"], scan["pruning"]) == ("view", False, "unpartitioned")


def test_a_scan_alone_is_what_it_would_read_alone() -> None:
    frames = estimated("SELECT x.a, y.b FROM p.d.plain AS x JOIN p.d.plain AS y ON x.a = y.a", plain_table())
    assert [row["bytes"] for row in frames["scans"].iter_rows(named=True)] == [8_000, 24_000]
    assert frames["queries"]["bytes"].to_list() == [24_000]
