"""Time limits from the hours in a bill."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from costguard.guards.suggestions import TimeLimitSuggestion
from costguard.guards.time_limits import time_limit_suggestions
from costguard.history.charges import load_charges
from tests.history.bills import Row, at, charge, parquet


def hour(day: int, start: int, cost: float = 1.0, **changes: Any) -> Row:
    """An hour of a machine."""
    begin = at(day) + timedelta(hours=start)
    times = {"usage_start_time": begin, "usage_end_time": begin + timedelta(hours=1)}
    return charge(cost, **{"labels": [], **times, **changes})


def cluster(name: str) -> dict[str, Any]:
    return {
        "labels": [
            {"key": "goog-dataproc-cluster-name", "value": name},
            {"key": "goog-dataproc-location", "value": "us-central1"},
        ]
    }


def job(number: int) -> dict[str, Any]:
    name = f"//aiplatform.googleapis.com/projects/shop/locations/europe-west1/customJobs/{number}"
    return {"resource__global_name": name}


def found(folder: Path, *rows: Row) -> list[TimeLimitSuggestion]:
    return list(time_limit_suggestions(load_charges([parquet(folder / "bill.parquet", list(rows))]).frame))


def test_a_cluster_of_some_hours(tmp_path: Path) -> None:
    """Two hours on one day, three on another, each hour in two rows (the fee and the machines)."""
    hours = [(1, 8), (1, 9), (3, 22), (3, 23), (3, 24)]
    rows = [hour(day, start, cost, **cluster("c")) for day, start in hours for cost in (1.0, 0.25)]
    (one,) = found(tmp_path, *rows)
    assert one == TimeLimitSuggestion(
        service="dataproc",
        project="shop",
        name="c",
        location="us-central1",
        max_idle=timedelta(minutes=30),
        max_age=timedelta(hours=6),
        timeout=None,
        stretches=2,
        hours=5,
        typical=timedelta(hours=3),
        longest=timedelta(hours=3),
        net=Decimal("6.25"),
        days=3,
    )


def test_a_cluster_that_stands(tmp_path: Path) -> None:
    """It gets no greatest age, which would take it away from whoever relies on it."""
    (one,) = found(tmp_path, *(hour(1, start, **cluster("c")) for start in range(30)))
    assert (one.max_idle, one.max_age, one.longest) == (timedelta(minutes=30), None, timedelta(hours=30))


def test_training_jobs_of_a_project(tmp_path: Path) -> None:
    """Twenty jobs of one hour and one of four: the p95 of 21 is the 20th, an hour."""
    rows = [hour(1 + number, 5, **job(number)) for number in range(20)]
    rows += [hour(22, start, **job(99)) for start in range(4)]
    (one,) = found(tmp_path, *rows)
    assert (one.service, one.name, one.location, one.timeout) == (
        "vertex",
        None,
        "europe-west1",
        timedelta(hours=2),
    )
    assert (one.stretches, one.longest, one.net) == (21, timedelta(hours=4), Decimal(24))


def test_two_jobs_at_once_are_two(tmp_path: Path) -> None:
    (one,) = found(tmp_path, hour(1, 5, **job(1)), hour(1, 6, **job(2)))
    assert (one.stretches, one.longest) == (2, timedelta(hours=1))


def test_jobs_of_days_need_no_timeout_below_the_default(tmp_path: Path) -> None:
    assert found(tmp_path, *(hour(1, start, **job(1)) for start in range(90))) == []


def test_notebooks(tmp_path: Path) -> None:
    name = "//notebooks.googleapis.com/projects/shop/locations/us-central1-a/instances/anas"
    (one,) = found(tmp_path, *(hour(1, start, resource__global_name=name) for start in range(10)))
    assert (one.service, one.name, one.location) == ("workbench", "anas", "us-central1-a")
    assert (one.max_idle, one.max_age, one.timeout) == (timedelta(hours=1), None, None)


def test_a_bill_without_machines(tmp_path: Path) -> None:
    tax = hour(1, 1, cost_type="tax", **cluster("c"))
    assert found(tmp_path, charge(), tax) == []
