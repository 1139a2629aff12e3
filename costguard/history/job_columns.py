"""The columns of a job, and how rows of `INFORMATION_SCHEMA.JOBS` have them
(cloud.google.com/bigquery/docs/information-schema-jobs)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import polars as pl

from costguard.history.columns import PAIRS, TIME, Found, find, read_as

JobSource = Literal["information-schema", "rest", "audit-log"]

TABLES: Final = pl.List(pl.String)
"""Names such as `project.dataset.table`."""
JOBS: Final[Mapping[str, pl.DataType]] = {
    "job_id": pl.String(),
    "project": pl.String(),
    "parent": pl.String(),
    "user": pl.String(),
    "created": TIME,
    "started": TIME,
    "ended": TIME,
    "state": pl.String(),
    "error": pl.String(),
    "job_type": pl.String(),
    "statement": pl.String(),
    "query": pl.String(),
    "dialect": pl.String(),
    "priority": pl.String(),
    "cache_hit": pl.Boolean(),
    "bytes_processed": pl.Int64(),
    "bytes_billed": pl.Int64(),
    "slot_ms": pl.Int64(),
    "reservation": pl.String(),
    "edition": pl.String(),
    "labels": PAIRS,
    "tables": TABLES,
    "destination": pl.String(),
    "query_hash": pl.String(),
    "location": pl.String(),
}
"""The columns of a job. `error` is the reason why it failed; `tables` are those that it read. INFORMATION_SCHEMA
is of one region, and does not name the `location`."""

_SCHEMA_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "job_id": ("job_id",),
    "project": ("project_id",),
    "parent": ("parent_job_id",),
    "user": ("user_email",),
    "created": ("creation_time",),
    "started": ("start_time",),
    "ended": ("end_time",),
    "state": ("state",),
    "error": ("error_result.reason",),
    "job_type": ("job_type",),
    "statement": ("statement_type",),
    "query": ("query",),
    "dialect": ("query_dialect",),
    "priority": ("priority",),
    "cache_hit": ("cache_hit",),
    "bytes_processed": ("total_bytes_processed",),
    "bytes_billed": ("total_bytes_billed",),
    "slot_ms": ("total_slot_ms",),
    "reservation": ("reservation_id",),
    "edition": ("edition",),
    "labels": ("labels",),
    "query_hash": ("query_info.query_hashes.normalized_literals",),
    "location": ("location",),
}
_NAME_PARTS: Final = pl.List(
    pl.Struct({"project_id": pl.String, "dataset_id": pl.String, "table_id": pl.String})
)


JOB_PATHS: Final = (
    *dict.fromkeys(path for paths in _SCHEMA_COLUMNS.values() for path in paths if path != "labels"),
    *(f"destination_table.{name}" for name in ("project_id", "dataset_id", "table_id")),
)
"""The columns of INFORMATION_SCHEMA.JOBS that are no lists, of which a job's are made."""
JOB_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "labels": ("key", "value"),
    "referenced_tables": ("project_id", "dataset_id", "table_id"),
}
"""Those that are lists, and the fields of what is in them."""


def source_of(schema: Mapping[str, pl.DataType]) -> JobSource | None:
    """Which history the columns are of; None when of none."""
    names = {name.lower() for name in schema}
    if "jobreference" in names:
        return "rest"
    if "job_id" in names and "creation_time" in names:
        return "information-schema"
    if any(name.startswith("protopayload_auditlog") for name in names):
        return "audit-log"
    return None


def map_job_columns(schema: Mapping[str, pl.DataType]) -> tuple[list[pl.Expr], list[str]]:
    """How to get each column of a job out of rows of INFORMATION_SCHEMA.JOBS, and which columns are missing there."""
    expressions: list[pl.Expr] = []
    missing: list[str] = []
    for name, wanted in JOBS.items():
        if name == "tables":
            place = find(schema, "referenced_tables")
            value = _names(place) if place is not None else None
        elif name == "destination":
            value = _name(schema)
        else:
            place = next(filter(None, (find(schema, path) for path in _SCHEMA_COLUMNS[name])), None)
            value = read_as(place, wanted) if place is not None else None
        if value is None:
            if name != "location":  # the view never has it
                missing.append(name)
            value = pl.lit(None, dtype=wanted)
        expressions.append(value.alias(name))
    return expressions, missing


def _names(place: Found) -> pl.Expr:
    parts = (pl.element().struct.field(field) for field in ("project_id", "dataset_id", "table_id"))
    return read_as(place, _NAME_PARTS).list.eval(pl.concat_str(*parts, separator="."))


def _name(schema: Mapping[str, pl.DataType]) -> pl.Expr | None:
    places = [
        find(schema, f"destination_table.{field}") for field in ("project_id", "dataset_id", "table_id")
    ]
    if any(place is None for place in places):
        return None
    return pl.concat_str(
        *(read_as(place, pl.String()) for place in places if place is not None), separator="."
    )
