"""What a history shows of waste, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from costguard.history.job_findings import JobFinding, job_findings
from costguard.history.jobs import load_jobs
from costguard.history.literals import literal_free
from tests.history.bills import Row, lines_of
from tests.history.test_jobs import FAILED, job

START = datetime(2026, 9, 1, 12, tzinfo=UTC)
MIB = 2**20


def ran(name: str, after: timedelta, query: str = "SELECT 1", billed: int = 10 * MIB, **changes: Any) -> Row:
    begin = START + after
    return job(
        name,
        creation_time=begin,
        start_time=begin,
        end_time=begin + timedelta(seconds=5),
        query=query,
        total_bytes_billed=billed,
        total_slot_ms=100,
        query_info=None,
        **changes,
    )


def findings(tmp_path: Path, rows: list[Row]) -> tuple[JobFinding, ...]:
    return job_findings(load_jobs([lines_of(tmp_path / "jobs.ndjson", rows)]).frame)


def series(count: int, step: timedelta = timedelta(seconds=30), **changes: Any) -> list[Row]:
    return [
        ran(
            f"job_{number}",
            step * number,
            f"SELECT a FROM d.t WHERE id = {number} -- one {number}",
            **changes,
        )
        for number in range(count)
    ]


def test_one_query_for_each_id(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, series(20))
    assert found == JobFinding(
        kind="one-by-one",
        what="select a from d.t where id = ?",
        project="shop",
        user="ana@example.com",
        times=20,
        first=START,
        last=START + timedelta(seconds=30 * 19),
        bytes_billed=200 * MIB,
        wasted_bytes=190 * MIB,
        wasted_slot_ms=1900,
    )


@pytest.mark.parametrize(
    "rows",
    [
        series(19),
        series(20, step=timedelta(minutes=11)),
        series(20, billed=0),
        series(20, cache_hit=True),
        series(10)
        + [{**row, "job_id": f"x_{n}", "user_email": "bo@example.com"} for n, row in enumerate(series(10))],
    ],
)
def test_no_series(tmp_path: Path, rows: list[Row]) -> None:
    assert findings(tmp_path, rows) == ()


def test_the_hash_of_the_history_counts_before_the_text(tmp_path: Path) -> None:
    rows = [
        {
            **row,
            "query_info": {"query_hashes": {"normalized_literals": "h"}},
            "query": f"SELECT {'a' * number} FROM t",
        }
        for number, row in enumerate(series(20), 1)
    ]
    (found,) = findings(tmp_path, rows)
    assert (found.kind, found.times) == ("one-by-one", 20)


def test_the_same_text_on_one_day(tmp_path: Path) -> None:
    rows = [ran(f"job_{number}", timedelta(hours=number), billed=(10 + number) * MIB) for number in range(4)]
    rows.append(ran("next_day", timedelta(hours=13)))
    rows[3]["user_email"] = "bo@example.com"
    (found,) = findings(tmp_path, rows)
    assert (found.kind, found.times, found.user) == ("asked-again", 4, None)
    assert (found.bytes_billed, found.wasted_bytes) == (
        46 * MIB,
        33 * MIB,
    )  # 10 + 11 + 12 of 10 + 11 + 12 + 13


@pytest.mark.parametrize(
    "changes",
    [
        {"cache_hit": True},
        {"statement_type": "INSERT"},
        {"billed": 0},
    ],
)
def test_not_asked_again(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert findings(tmp_path, [ran(f"job_{n}", timedelta(hours=n), **changes) for n in range(4)]) == ()


def test_stopped_queries_have_no_result_to_be_kept(tmp_path: Path) -> None:
    stopped = {"reason": "stopped", "message": "cancelled"}
    rows = [
        ran(f"job_{n}", timedelta(minutes=n), billed=10 * MIB, error_result=stopped if n < 3 else None)
        for n in range(4)
    ]
    assert [found.kind for found in findings(tmp_path, rows)] == ["tried-again"]


def test_failures_that_were_tried_again(tmp_path: Path) -> None:
    stopped = {"reason": "stopped", "message": "cancelled"}
    rows = [
        ran("job_1", timedelta(0), billed=0, error_result=FAILED),
        ran("job_2", timedelta(minutes=30), billed=40 * MIB, error_result=stopped),
        ran("job_3", timedelta(minutes=80), billed=0, error_result=FAILED),
        ran("job_4", timedelta(minutes=90), billed=50 * MIB),
        ran("job_5", timedelta(hours=9), billed=0, error_result=FAILED),  # nobody tried again
    ]
    (found,) = findings(tmp_path, rows)
    assert (found.kind, found.times) == ("tried-again", 3)
    assert (found.wasted_bytes, found.wasted_slot_ms) == (40 * MIB, 300)  # what failed is not billed


def test_what_only_grew(tmp_path: Path) -> None:
    sizes = (10, 10, 12, 15)
    rows = [ran(f"job_{n}", timedelta(weeks=n), billed=size * MIB) for n, size in enumerate(sizes)]
    (found,) = findings(tmp_path, rows)
    assert (found.kind, found.factor, found.times, found.wasted_bytes) == ("grew", 1.5, 4, None)
    assert findings(tmp_path, rows[:3]) == ()
    rows[2]["total_bytes_billed"] = 9 * MIB
    assert findings(tmp_path, rows) == ()


def written(count: int, **changes: Any) -> list[Row]:
    table = {"project_id": "shop", "dataset_id": "ml", "table_id": "out"}
    return [
        ran(
            f"w_{n}",
            timedelta(days=7 * n),
            f"INSERT {n}",
            statement_type="INSERT",
            destination_table=table,
            **changes,
        )
        for n in range(count)
    ]


def test_a_table_that_nobody_reads(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, written(3))
    assert (found.kind, found.what, found.times) == ("nobody-reads", "shop.ml.out", 3)
    assert (found.bytes_billed, found.wasted_bytes, found.wasted_slot_ms) == (30 * MIB, None, 0)


def test_a_table_that_somebody_reads(tmp_path: Path) -> None:
    table = {"project_id": "shop", "dataset_id": "ml", "table_id": "out"}
    rows = [*written(3), ran("reader", timedelta(days=3), "SELECT 2", referenced_tables=[table])]
    assert findings(tmp_path, rows) == ()


def test_a_merge_reads_its_own_target(tmp_path: Path) -> None:
    """That is not somebody who reads it."""
    table = {"project_id": "shop", "dataset_id": "ml", "table_id": "out"}
    (found,) = findings(tmp_path, written(3, referenced_tables=[table]))
    assert found.kind == "nobody-reads"


def test_a_short_history_does_not_tell_what_nobody_reads(tmp_path: Path) -> None:
    rows = [{**row, "creation_time": START + timedelta(days=n)} for n, row in enumerate(written(3))]
    assert findings(tmp_path, rows) == ()


def test_results_of_queries_are_no_outputs(tmp_path: Path) -> None:
    assert (
        findings(tmp_path, [ran(f"w_{n}", timedelta(days=7 * n), f"SELECT {n} x{n}x") for n in range(3)])
        == ()
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'a' FROM t WHERE b = 1", "select  'it\\'s'\nfrom T where B = 2.5e3;"),
        ("SELECT a -- x\nFROM t", "SELECT a /* y\nz */ FROM t # w"),
        ('SELECT """a\nb""" FROM t', "SELECT '''c''' FROM t"),
    ],
)
def test_texts_that_differ_in_literals_only(one: str, other: str) -> None:
    found = pl.DataFrame({"q": [one, other]}).select(literal_free(pl.col("q"))).to_series()
    assert found[0] == found[1]


def test_texts_that_differ_in_more() -> None:
    texts = [
        "SELECT a1 FROM t",
        "SELECT a2 FROM t",
        "SELECT a FROM t_1",
        "SELECT a FROM t_2",
        "SELECT 'a' FROM t",
    ]
    found = pl.DataFrame({"q": texts}).select(literal_free(pl.col("q"))).to_series()
    assert found.n_unique() == 5


def test_an_empty_history() -> None:
    empty = pl.DataFrame(schema={**load_schema(), "billable": pl.Boolean()})
    assert job_findings(empty) == ()


def load_schema() -> dict[str, pl.DataType]:
    from costguard.history.job_columns import JOBS

    return dict(JOBS)
