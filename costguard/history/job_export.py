"""Jobs as rows of INFORMATION_SCHEMA.JOBS, which `costguard.history.jobs` and everybody else can read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from costguard.history.columns import PAIRS, TIME
from costguard.history.job_documents import rest_job

_TABLE: Final = {"project_id": pl.String(), "dataset_id": pl.String(), "table_id": pl.String()}
SCHEMA: Final[dict[str, pl.DataType]] = {
    "creation_time": TIME,
    "project_id": pl.String(),
    "user_email": pl.String(),
    "job_id": pl.String(),
    "job_type": pl.String(),
    "statement_type": pl.String(),
    "priority": pl.String(),
    "start_time": TIME,
    "end_time": TIME,
    "query": pl.String(),
    "state": pl.String(),
    "reservation_id": pl.String(),
    "total_bytes_processed": pl.Int64(),
    "total_slot_ms": pl.Int64(),
    "error_result": pl.Struct({"reason": pl.String()}),
    "cache_hit": pl.Boolean(),
    "destination_table": pl.Struct(_TABLE),
    "referenced_tables": pl.List(pl.Struct(_TABLE)),
    "labels": PAIRS,
    "parent_job_id": pl.String(),
    "total_bytes_billed": pl.Int64(),
    "query_info": pl.Struct({"query_hashes": pl.Struct({"normalized_literals": pl.String()})}),
    "query_dialect": pl.String(),
    "edition": pl.String(),
    "location": pl.String(),
}
"""Columns of the view that costguard reads, in the order of its documentation
(cloud.google.com/bigquery/docs/information-schema-jobs), and where a job ran."""


def job_rows(documents: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Jobs of `jobs.list` (with `projection=full`) as rows of INFORMATION_SCHEMA.JOBS, the oldest first."""
    rows = [_row(rest_job(document)) for document in documents]
    return pl.DataFrame(rows, schema=SCHEMA).sort("creation_time", "job_id", nulls_last=True)


def _row(job: dict[str, Any]) -> dict[str, Any]:
    return {
        "creation_time": _moment(job["created"]),
        "project_id": job["project"],
        "user_email": job["user"],
        "job_id": job["job_id"],
        "job_type": job["job_type"],
        "statement_type": job["statement"],
        "priority": job["priority"],
        "start_time": _moment(job["started"]),
        "end_time": _moment(job["ended"]),
        "query": job["query"],
        "state": job["state"],
        "reservation_id": job["reservation"],
        "total_bytes_processed": job["bytes_processed"],
        "total_slot_ms": job["slot_ms"],
        "error_result": {"reason": job["error"]} if job["error"] is not None else None,
        "cache_hit": job["cache_hit"],
        "destination_table": _table(job["destination"]),
        "referenced_tables": [_table(name) for name in job["tables"]],
        "labels": job["labels"],
        "parent_job_id": job["parent"],
        "total_bytes_billed": job["bytes_billed"],
        "query_info": {"query_hashes": {"normalized_literals": job["query_hash"]}},
        "query_dialect": job["dialect"],
        "edition": job["edition"],
        "location": job["location"],
    }


def _table(name: str | None) -> dict[str, str] | None:
    if name is None:
        return None
    project, dataset, table = name.rsplit(".", 2)
    return {"project_id": project, "dataset_id": dataset, "table_id": table}


def _moment(seconds: str | None) -> datetime | None:
    return datetime.fromtimestamp(float(seconds), UTC) if seconds is not None else None
