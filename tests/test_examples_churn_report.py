"""The report of the example's weeks, end to end. The figures are those that its generator was made for."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Costguard, costguard  # noqa: F401

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "churn"
HISTORY = ("--billing", EXAMPLE / "history" / "billing", "--jobs", EXAMPLE / "history" / "jobs")
CONFIG = ("--config", EXAMPLE / "costguard.toml", "--now", "2026-11-05T06:00:00Z")
NET = {
    "2026-W37": "79.20281159",
    "2026-W38": "98.814842942",
    "2026-W39": "98.073203151",
    "2026-W40": "170.240171576",
    "2026-W41": "164.900855068",
    "2026-W42": "148.414066919",
    "2026-W43": "94.889296159",
    "2026-W44": "171.609010393",
}


@pytest.fixture
def report(costguard: Costguard) -> Any:  # noqa: F811
    def run(week: str, *more: object) -> dict[str, Any]:
        done = costguard("report", *HISTORY, *CONFIG, "--week", week, "--format", "json", *more)
        assert done.code == 0, done.err
        document: dict[str, Any] = json.loads(done.out)
        return document

    return run


@pytest.mark.parametrize("week", NET)
def test_each_week(report: Any, week: str) -> None:
    document = report(week)
    assert document["totals"]["net"] == NET[week]
    for rows in document["by"].values():
        assert sum(Decimal(row["net"]) for row in rows) == Decimal(NET[week])
    parts = document["attribution"]
    whole = sum(Decimal(parts[name]) for name in ("to_iterations", "standing", "unattributed"))
    assert whole == Decimal(NET[week])


def test_the_backfill_is_the_unusual_day(report: Any) -> None:
    document = report("2026-W42")
    assert document["totals"]["net_previous_week"] == NET["2026-W41"]
    (anomaly,) = document["anomalies"]
    assert anomaly["day"] == "2026-10-14"
    contributors = {one["dimension"]: one["name"] for one in reversed(anomaly["contributors"])}
    assert contributors == {"service": "BigQuery", "sku": "Analysis (US)", "project": "Kestrel Prod"}


def test_the_dearest_query_has_its_line_and_its_remedy(report: Any) -> None:
    document = report("2026-W43", "--code", EXAMPLE)
    first = document["queries"][0]
    assert first["path"].endswith("sql/ingest_events.sql")
    assert (first["start_line"], first["runs"], first["runs_previous_week"]) == (9, 14, 74)
    assert first["findings"][0] == "missing-partition-filter"
    assert first["fix"].startswith("Filter on event_date with a constant range")
    code = document["code"]
    assert sum(Decimal(query["net"]) for query in document["queries"]) == Decimal(code["to_code"])
    assert Decimal(code["to_code"]) + Decimal(code["not_in_code"]) == Decimal(code["net"])
    assert document["attribution"]["to_code"] == code["to_code"]


def test_in_words(costguard: Costguard) -> None:  # noqa: F811
    done = costguard("report", *HISTORY, *CONFIG, "--week", "2026-W43", "--code", EXAMPLE)
    assert done.code == 0
    assert (
        "$27.92 of the $28.20 (99 %) that 88 jobs cost on demand, by the bill, come from the code" in done.out
    )
    assert (
        "ingest\\_events.sql:9: missing-partition-filter, query-in-loop: Filter on event\\_date with a"
        in done.out
    )


def test_code_needs_jobs(costguard: Costguard) -> None:  # noqa: F811
    done = costguard("report", *HISTORY[:2], *CONFIG, "--code", EXAMPLE)
    assert (done.code, done.out, done.err) == (
        2,
        "",
        "costguard: --code needs the job history: --jobs EXPORT\n",
    )
