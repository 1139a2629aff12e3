"""Commands on tables that stay in BigQuery's emulator: what they write is what they write of files."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from tests.cli.conftest import Costguard, costguard
from tests.emulator.test_bill import PROJECT, table, texts
from tests.emulator.test_cells import NOW, bill
from tests.history.bills import charge, parquet, plain
from tests.history.test_jobs import job
from tests.history.test_jobs import parquet as jobs_parquet

__all__ = ["costguard"]
pytestmark = pytest.mark.xdist_group("emulator")

AS_OF = ("--now", NOW.isoformat())
PAYER = ("--project", PROJECT)
BILLED = re.compile(r"costguard: test-project\.[\w.]+: \d+ (row|job)s? for .+ billed.*\n")

JOBS = [
    *(SchemaField(name, "TIMESTAMP") for name in ("creation_time", "start_time", "end_time")),
    *(
        SchemaField(name, "STRING")
        for name in ("project_id", "user_email", "job_id", "job_type", "statement_type", "query", "state")
    ),
    *(
        SchemaField(name, "INTEGER")
        for name in ("total_bytes_processed", "total_bytes_billed", "total_slot_ms")
    ),
    SchemaField("cache_hit", "BOOLEAN"),
    texts("error_result", "reason"),
    texts("destination_table", "project_id", "dataset_id", "table_id"),
    SchemaField(
        "referenced_tables",
        "RECORD",
        "REPEATED",
        fields=[SchemaField(name, "STRING") for name in ("project_id", "dataset_id", "table_id")],
    ),
    SchemaField(
        "labels", "RECORD", "REPEATED", fields=[SchemaField("key", "STRING"), SchemaField("value", "STRING")]
    ),
]


def history() -> list[dict[str, Any]]:
    tables = [{"project_id": "p", "dataset_id": "shop", "table_id": name} for name in ("b", "a")]
    return [
        job(
            f"job_{number}",
            project_id="p",
            creation_time=datetime(2026, 9, 8, number, tzinfo=UTC),
            start_time=datetime(2026, 9, 8, number, tzinfo=UTC),
            end_time=datetime(2026, 9, 8, number, 5, tzinfo=UTC),
            query="SELECT 1 FROM t",
            referenced_tables=tables,
            labels=[{"key": "cg_iteration", "value": "20260908"}],
            error_result={"reason": "stopped"} if number == 3 else None,
        )
        for number in range(5)
    ]


def job_table(name: str, rows: list[dict[str, Any]]) -> None:
    client = bigquery.Client(project=PROJECT, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    client.create_dataset("billing", exists_ok=True)
    made = bigquery.Table(f"{PROJECT}.billing.{name}", schema=JOBS)
    client.delete_table(made, not_found_ok=True)
    client.create_table(made)
    known = {field.name for field in JOBS}
    kept = [{key: value for key, value in row.items() if key in known} for row in rows]
    assert client.insert_rows_json(made, [plain(row) for row in kept]) == []


def source(name: str) -> str:
    return f"bigquery://{PROJECT}.billing.{name}"


def known_columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {field.name for field in JOBS}
    return [{key: value for key, value in row.items() if key in known} for row in rows]


def test_the_report(emulator: str, costguard: Costguard, tmp_path: Path) -> None:
    rows, runs = bill(), history()
    table("bill_of_report", rows)
    job_table("jobs_of_report", runs)
    files = (
        parquet(tmp_path / "bill.parquet", rows),
        jobs_parquet(tmp_path / "jobs.parquet", known_columns(runs)),
    )
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "q.sql").write_text("SELECT 1 FROM t\n")
    for more in ((), ("--code", tmp_path / "code")):
        here, there = (
            costguard(*("report", "--billing", one, "--jobs", two, *AS_OF, *pay, "--format", "json", *more))
            for one, two, pay in (
                (*files, ()),
                (source("bill_of_report"), source("jobs_of_report"), PAYER),
            )
        )
        assert (here.code, there.code) == (0, 0), there.err
        assert there.out == here.out
        assert here.document["iterations"][0]["jobs"] or any(
            item["jobs"] for item in here.document["iterations"]
        )
        notes = there.err.splitlines(keepends=True)
        assert [bool(BILLED.fullmatch(note)) for note in notes] == [True, True]
    assert here.document["queries"][0]["runs"] == 5


def test_the_iterations(emulator: str, costguard: Costguard, tmp_path: Path) -> None:
    rows = bill()
    table("bill_of_iterations", rows)
    file = parquet(tmp_path / "bill.parquet", rows)
    two = ("--compare", "cg_iteration=20260908", "cg_iteration=20260909")
    for more in ((), ("--week", "2026-W37"), two):
        here = costguard("iterations", "--billing", file, *more)
        there = costguard("iterations", "--billing", source("bill_of_iterations"), *PAYER, *more)
        assert (here.code, there.code) == (0, 0), there.err
        assert there.out == here.out
        assert BILLED.fullmatch(there.err)


def test_jobs_of_a_time(emulator: str, costguard: Costguard, tmp_path: Path) -> None:
    runs = [*history(), job("old", creation_time=datetime(2026, 8, 1, tzinfo=UTC), project_id="p")]
    job_table("jobs_alone", runs)
    here = costguard("jobs", jobs_parquet(tmp_path / "jobs.parquet", known_columns(history())))
    there = costguard("jobs", source("jobs_alone"), "--days", "7", *PAYER, *AS_OF)
    assert (here.code, there.code) == (0, 0), there.err
    assert there.out == here.out
    assert BILLED.fullmatch(there.err)


def test_charges_as_files(emulator: str, costguard: Costguard, tmp_path: Path) -> None:
    rows = [
        charge(
            0.1 + 0.2,
            (("DISCOUNT", -0.1),),
            export_time=datetime(2026, 9, day, 5, tzinfo=UTC),
            sku__id=str(day),
        )
        for day in (1, 1, 2, 4)
    ]
    table("bill_to_pull", rows, "export_time")
    folder = tmp_path / "bill"
    pull = ("history", "pull", "charges", source("bill_to_pull"), *PAYER, "-o", folder, *AS_OF)
    done = costguard(*pull, "--from", "2026-09-01", "--to", "2026-09-02", "--dry-run")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("costguard: test-project.billing.bill_to_pull: 2 days of export_time to get, ")
    assert not folder.exists()
    done = costguard(*pull, "--from", "2026-09-01", "--to", "2026-09-02")
    assert done.code == 0, done.err
    names = [f"bill_to_pull-2026-09-0{day}.parquet" for day in (1, 2)]
    assert [path.name for path in sorted(folder.iterdir())] == names
    assert [pl.read_parquet(folder / name).height for name in names] == [2, 1]
    first = pl.read_parquet(folder / names[0])
    assert first["cost"].to_list() == [0.30000000000000004] * 2
    assert first["credits"].to_list() == [[{"type": "DISCOUNT", "amount": -0.1}]] * 2
    assert first["project"][0] == {"id": "shop", "name": "Shop", "labels": [{"key": "env", "value": "prod"}]}
    done = costguard(*pull, "--from", "2026-09-01", "--to", "2026-09-04")
    assert "2 days of export_time to get, " in done.err
    assert "; 2 days there already\n" in done.err
    assert pl.read_parquet(folder / "bill_to_pull-2026-09-03.parquet").height == 0
    here, there = (
        costguard("charges", one, "--by", "sku", "--format", "json", *pay).document
        for one, pay in ((folder, ()), (source("bill_to_pull"), PAYER))
    )
    assert here["by"]["sku"] == there["by"]["sku"]
    assert here["rows"] == 4


def test_charges_by_several_together(emulator: str, costguard: Costguard, tmp_path: Path) -> None:
    rows = bill()
    table("bill_of_charges", rows)
    file = parquet(tmp_path / "bill.parquet", rows)
    options = ("--by", "week,service,label:team", "--by", "sku", "--format", "json")
    here = costguard("charges", file, *options)
    there = costguard("charges", source("bill_of_charges"), *PAYER, *options)
    assert (here.code, there.code) == (0, 0), there.err
    by = there.document["by"]
    assert list(by) == ["invoice-month", "week,service,label:team", "sku"]
    del by["invoice-month"]
    assert by == here.document["by"]
