"""Evidence for tests: jobs, a catalog and code that are written down in the test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from costguard.catalog.load import load_catalog
from costguard.discover import Discovery, discover
from costguard.estimate.settings import EstimateSettings
from costguard.guards.evidence import Evidence, on_demand
from costguard.history.jobs import load_jobs
from costguard.pipeline import guard_evidence
from costguard.request import ScanRequest
from tests.history.bills import Row, array
from tests.history.past import run

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MIB = 2**20
GIB = 2**30
TIB = 2**40


def moment(day: int, hour: int = 12, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def ran(name: str, billed: int = 10 * MIB, query: str | None = None, **changes: Any) -> Row:
    """A job of October, `at` some moment."""
    at = changes.pop("at", moment(1))
    times = {"creation_time": at, "start_time": at, "end_time": at}
    return run(name, query, **{"total_bytes_billed": billed, **times, **changes})


def frame(folder: Path, *rows: Row) -> pl.DataFrame:
    return load_jobs([array(folder / "jobs.json", list(rows))]).frame


def charged(folder: Path, *rows: Row) -> pl.DataFrame:
    """Those on demand, with `bytes`."""
    return on_demand(frame(folder, *rows))


def table(name: str, size: int = 100 * GIB, **more: Any) -> dict[str, Any]:
    """A table of a catalog, by day from 2026-10-01 on unless it says otherwise."""
    days = [{"id": f"202610{day:02}", "rows": 100, "bytes": size // 31} for day in range(1, 32)]
    return {
        "name": name,
        "kind": "table",
        "location": "US",
        "rows": 3100,
        "bytes": size,
        "columns": [
            {"path": "day", "type": "DATE", "mode": "REQUIRED", "bytes": 24800},
            {"path": "note", "type": "STRING", "mode": "NULLABLE", "bytes": size - 24800},
        ],
        "partitioning": {"column": "day", "type": "DAY", "require_filter": False, "partitions": days},
        **more,
    }


def evidence(
    folder: Path,
    jobs: list[Row] | None = None,
    tables: list[dict[str, Any]] | None = None,
    code: Mapping[str, str] | None = None,
    project: str | None = "shop",
    labels: tuple[str, ...] = ("team",),
) -> Evidence:
    """What `costguard guard suggest` would have, of code below `code/`."""
    files, exports, catalogs = Discovery((), ()), (), ()
    if code is not None:
        root = folder / "code"
        for name, text in code.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        files = discover([root])
    if jobs is not None:
        exports = (Path(array(folder / "jobs.json", jobs)),)
    if tables is not None:
        catalogs = (folder / "catalog.json",)
        catalogs[0].write_text(json.dumps({"version": 1, "tables": tables}))
        load_catalog(catalogs)
    request = ScanRequest(files, EstimateSettings(NOW, project=project), catalogs, jobs=exports, processes=1)
    found = guard_evidence(request, labels)
    assert found.usd_per_tib == Decimal("6.25")
    return found
