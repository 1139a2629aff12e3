"""Jobs of the REST API as rows of INFORMATION_SCHEMA.JOBS: what is read of them is the same."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from costguard.history.job_export import SCHEMA, job_rows
from costguard.history.jobs import load_jobs
from tests.history.test_jobs import HISTORY, job, rest


def test_the_same_jobs(tmp_path: Path) -> None:
    answer = Path(rest(tmp_path / "jobs.json", HISTORY))
    documents = json.loads(answer.read_text())["jobs"]
    rows = job_rows(documents)
    rows.write_parquet(tmp_path / "jobs.parquet")
    pulled = load_jobs([str(tmp_path / "jobs.parquet")])
    assert pulled.files[0].source == "information-schema"
    assert pulled.files[0].missing == ()
    told = load_jobs([str(answer)])
    assert pulled.frame.select(told.frame.columns).rows() == told.frame.rows()


def test_a_load_job_has_no_query(tmp_path: Path) -> None:
    documents = [{"jobReference": {"jobId": "l", "projectId": "p"}, "configuration": {"jobType": "LOAD"}}]
    row = job_rows(documents).row(0, named=True)
    assert (row["job_id"], row["job_type"], row["query"], row["destination_table"]) == (
        "l",
        "LOAD",
        None,
        None,
    )
    assert row["referenced_tables"] == []


def test_a_project_of_a_domain(tmp_path: Path) -> None:
    table = {"project_id": "example.com:p", "dataset_id": "d", "table_id": "t"}
    answer = Path(rest(tmp_path / "jobs.json", [job(referenced_tables=[table])]))
    row = job_rows(json.loads(answer.read_text())["jobs"]).row(0, named=True)
    assert row["referenced_tables"] == [table]


def test_no_jobs() -> None:
    assert job_rows([]).schema == pl.Schema(SCHEMA)
