"""Charges and jobs of iterations, for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from costguard.history.charges import load_charges
from costguard.history.iterations import Found, IterationSettings, find_iterations
from costguard.history.jobs import load_jobs
from tests.history import test_jobs
from tests.history.bills import Row, at, charge, parquet

BIGQUERY = {"id": "24E6-581D-38E5", "description": "BigQuery"}
COMPUTE = {"id": "6F81-5844-456A", "description": "Compute Engine"}
DATAPROC = {"id": "363B-8851-170D", "description": "Cloud Dataproc"}
VERTEX = {"id": "C7E2-9256-1C43", "description": "Vertex AI"}


def labels(**values: str) -> list[dict[str, str]]:
    """Labels; a `_` that stands twice is a `-` of the key."""
    return [{"key": key.replace("__", "-"), "value": value} for key, value in values.items()]


def used(
    cost: float,
    day: int,
    hour: int = 0,
    hours: int = 1,
    service: dict[str, str] = BIGQUERY,
    sku: str = "Analysis (US)",
    project: str | None = "shop",
    month: int = 9,
    **changes: object,
) -> Row:
    """A charge of some hours of use; the SKU's id is its description."""
    start = at(day, hour, month)
    return charge(
        cost,
        **{
            "service": service,
            "sku": {"id": sku, "description": sku},
            "usage_start_time": start,
            "usage_end_time": start + timedelta(hours=hours),
            "project": None if project is None else {"id": project, "name": project, "labels": []},
            "labels": [],
            **changes,
        },
    )


def ran(name: str, start: datetime, minutes: int = 5, **changes: object) -> Row:
    """A job without labels."""
    times = {"creation_time": start, "start_time": start, "end_time": start + timedelta(minutes=minutes)}
    return test_jobs.job(name, **{"labels": [], **times, **changes})


def found(
    folder: Path, rows: list[Row], jobs: list[Row] | None = None, settings: IterationSettings | None = None
) -> Found:
    """The iterations of a bill, and of a history, written to files and read again."""
    charges = load_charges([parquet(folder / "bill.parquet", rows)]).frame
    history: pl.DataFrame | None = None
    if jobs is not None:
        history = load_jobs([test_jobs.parquet(folder / "jobs.parquet", jobs)]).frame
    return find_iterations(charges, history, settings)
