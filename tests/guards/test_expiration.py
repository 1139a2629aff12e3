"""What may expire: only what no job of a long enough history and no code reads."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from costguard.guards.expiration import Expirations, expiration_suggestions
from costguard.guards.names import dataset_name, table_name
from costguard.guards.suggestions import ExpirationSuggestion, LeftOut
from tests.history.bills import Row

from .evidence import GIB, MIB, evidence, moment, ran, table


def reference(name: str) -> list[dict[str, str]]:
    project, dataset, short = name.split(".")
    return [{"project_id": project, "dataset_id": dataset, "table_id": short}]


def reads(job: str, name: str, day: int = 1, **changes: Any) -> Row:
    return ran(job, query="SELECT 1", referenced_tables=reference(name), at=moment(day), **changes)


def writes(job: str, name: str, day: int = 1, **changes: Any) -> Row:
    """From a table that does not matter."""
    return ran(
        job,
        query="x",
        destination_table=reference(name)[0],
        at=moment(day),
        **{"referenced_tables": reference("shop.d.source"), "statement_type": "INSERT", **changes},
    )


LONG: list[Row] = [reads("first", "shop.d.read", 1), reads("last", "shop.d.read", 20)]
"""Nineteen days in which one table was read."""


def found_in(folder: Path, rows: list[Row], *tables: dict[str, Any], code: str | None = None) -> Expirations:
    files = {"a.sql": code} if code is not None else None
    return expiration_suggestions(evidence(folder, rows, list(tables), files))


def test_a_table_that_nobody_reads(tmp_path: Path) -> None:
    found = found_in(tmp_path, LONG, table("shop.d.read"), table("shop.d.old", 50 * GIB))
    assert found.found == (
        ExpirationSuggestion(
            subject=table_name("shop.d.old"),
            expires=datetime(2026, 12, 1, tzinfo=UTC),
            partition_days=None,
            table_days=None,
            destructive=True,
            reason="no job read or wrote it in 19 days",
            bytes=50 * GIB,
            usd_low=Decimal("0.50"),
            usd_high=Decimal("1.00"),
        ),
    )


def test_never_what_somebody_reads(tmp_path: Path) -> None:
    """By a job, through a wildcard or the decorator of a partition; by the code, be a part of the name unknown."""
    rows = [
        *LONG,
        reads("star", "shop.d.events_*"),
        reads("part", "shop.d.parts$20261001"),
    ]
    names = ("read", "events_20261001", "parts", "code", "code_20261001")
    code = "SELECT note FROM shop.d.code"
    found = found_in(tmp_path, rows, *(table(f"shop.d.{name}") for name in names), code=code)
    assert [str(one.subject) for one in found.found] == ["shop.d.code_20261001"]


def test_changing_a_table_is_not_reading_it(tmp_path: Path) -> None:
    """A DELETE names the table among those it reads. The table is written: only its old partitions may go."""
    delete = writes("w", "shop.d.t", referenced_tables=reference("shop.d.t"), statement_type="DELETE")
    days = [
        {"id": "20260101", "rows": 1, "bytes": 3 * GIB},
        {"id": "20260803", "rows": 1, "bytes": 2 * GIB},  # 90 days before November
        {"id": "20260802", "rows": 1, "bytes": GIB},
        {"id": "__NULL__", "rows": 1, "bytes": GIB},
    ]
    partitioning = {"column": "day", "type": "DAY", "require_filter": False, "partitions": days}
    found = found_in(tmp_path, [*LONG, delete], table("shop.d.t", partitioning=partitioning))
    (one,) = found.found
    assert (one.expires, one.partition_days, one.destructive) == (None, 90, True)
    assert (one.bytes, one.usd_low, one.usd_high) == (4 * GIB, Decimal("0.04"), Decimal("0.08"))
    assert one.reason == "it is written, and no job read it in 19 days"


def test_what_is_written_and_has_no_old_partitions(tmp_path: Path) -> None:
    rows = [*LONG, writes("a", "shop.d.new"), writes("b", "shop.d.whole"), writes("c", "shop.d.ranged")]
    ranged = {
        "column": "n",
        "type": "RANGE",
        "require_filter": False,
        "range": {"start": 0, "end": 10, "interval": 1},
    }
    found = found_in(
        tmp_path,
        rows,
        table("shop.d.new"),
        table("shop.d.whole", partitioning=None),
        table("shop.d.ranged", partitioning=ranged),
    )
    assert found.found == ()
    (left,) = found.left_out
    assert (left.count, left.guard) == (3, "expiration")
    assert "what writes them is to be stopped" in left.what


def test_partitions_of_unknown_size(tmp_path: Path) -> None:
    unlisted = {"column": "day", "type": "MONTH", "require_filter": False}
    found = found_in(tmp_path, [*LONG, writes("a", "shop.d.t")], table("shop.d.t", partitioning=unlisted))
    (one,) = found.found
    assert (one.partition_days, one.bytes, one.usd_low) == (90, None, None)


def test_what_is_too_small_or_of_another_project(tmp_path: Path) -> None:
    found = found_in(tmp_path, LONG, table("shop.d.small", 100 * MIB), table("lab.d.old"))
    assert found.found == ()
    assert found.left_out == (LeftOut("expiration", 1, "tables of projects of which the history has no job"),)


def test_a_short_history_tells_nothing(tmp_path: Path) -> None:
    rows = [reads("a", "shop.d.read", 1), reads("b", "shop.d.read", 14)]
    found = found_in(tmp_path, rows, table("shop.d.old"))
    assert found.found == ()
    assert found.left_out[0].count == 1
    assert "less than 14 days" in found.left_out[0].what
    assert expiration_suggestions(evidence(tmp_path, None, [table("shop.d.old")])) == Expirations((), ())


def test_jobs_that_do_not_tell_what_they_read(tmp_path: Path) -> None:
    """Their texts are looked at; one without a text may have read anything."""
    silent = ran("a", query="SELECT x FROM d.asked", referenced_tables=[], at=moment(5))
    found = found_in(tmp_path, [*LONG, silent], table("shop.d.asked"), table("shop.d.old"))
    assert [str(one.subject) for one in found.found] == ["shop.d.old"]
    dumb = ran("b", query=None, referenced_tables=None, at=moment(5))
    found = found_in(tmp_path, [*LONG, dumb], table("shop.d.old"))
    assert found.found == ()
    assert found.left_out[0].what.endswith("since some jobs tell neither what they read nor their text")
    cached = {**dumb, "cache_hit": True}  # an earlier job read the tables, and tells of them
    assert len(found_in(tmp_path, [*LONG, cached], table("shop.d.old")).found) == 1


def test_what_a_view_reads_stays(tmp_path: Path) -> None:
    view = {"name": "shop.d.v", "kind": "view", "view_query": "SELECT note FROM `shop.d.behind`"}
    found = found_in(tmp_path, LONG, table("shop.d.behind"), view)
    assert found == Expirations((), ())


def test_the_default_of_a_dataset_of_temporary_data(tmp_path: Path) -> None:
    """Made on the 1st and again on the 4th, read on the 9th: five days old, so that ten are allowed."""
    made = {"statement_type": "CREATE_TABLE_AS_SELECT"}
    rows = [
        *LONG,
        writes("a", "shop.stg_orders.t", 1, **made),
        writes("b", "shop.stg_orders.t", 4, **made),
        reads("c", "shop.stg_orders.t", 9),
        writes("d", "shop.tmp.u", 2, **made),
        writes("e", "shop.attempts.v", 2, **made),
    ]
    found = found_in(tmp_path, rows, table("shop.stg_orders.t", 3 * GIB))
    assert [(one.subject, one.table_days, one.destructive, one.bytes) for one in found.found] == [
        (dataset_name("shop.stg_orders"), 10, False, 3 * GIB),
        (dataset_name("shop.tmp"), 7, False, 0),
    ]
    assert "were read at most 5 days after they were made" in found.found[0].reason
    assert "no job read its tables" in found.found[1].reason


def test_a_dataset_with_tables_that_live_long(tmp_path: Path) -> None:
    """Nobody knows how old a table was that was made before the history."""
    rows = [*LONG, reads("a", "shop.tmp.lookup", 9)]
    found = found_in(tmp_path, rows, table("shop.tmp.lookup"))
    assert found.found == ()
    assert found.left_out[0].what.startswith("datasets of temporary data")
