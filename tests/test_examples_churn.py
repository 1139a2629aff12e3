"""The example project: its catalog adds up, and its scan says what an iteration costs."""

from __future__ import annotations

import ast
import json
import runpy
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "churn"


@pytest.fixture(scope="module")
def catalog() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EXAMPLE / "catalog.json").read_text())
    return loaded


def test_the_generator_reproduces_the_catalog() -> None:
    generator = runpy.run_path(str(EXAMPLE / "make_catalog.py"))
    assert generator["rendered"](generator["make_catalog"]()) == (EXAMPLE / "catalog.json").read_text()


def test_bytes_add_up_over_columns_and_partitions(catalog: dict[str, Any]) -> None:
    for table in catalog["tables"]:
        columns = {
            column["path"]: column["bytes"] for column in table["columns"] if column["type"] != "RECORD"
        }
        assert sum(columns.values()) == table["bytes"], table["name"]
        if "partitioning" not in table:
            continue
        partitions = table["partitioning"]["partitions"]
        assert sum(partition["rows"] for partition in partitions) == table["rows"], table["name"]
        assert sum(partition["bytes"] for partition in partitions) == table["bytes"], table["name"]
        for path, size in columns.items():
            assert sum(partition["columns"][path] for partition in partitions) == size, (table["name"], path)


def test_required_columns_of_fixed_width_follow_from_the_rows(catalog: dict[str, Any]) -> None:
    widths = {"INT64": 8, "FLOAT64": 8, "DATE": 8, "TIMESTAMP": 8, "BOOL": 1}
    checked = 0
    for table in catalog["tables"]:
        for column in table["columns"]:
            if column["mode"] == "REQUIRED" and column["type"] in widths:
                assert column["bytes"] == table["rows"] * widths[column["type"]], (
                    table["name"],
                    column["path"],
                )
                checked += 1
    assert checked > 100


def test_the_events_table_is_what_the_readme_says(catalog: dict[str, Any]) -> None:
    (events,) = (table for table in catalog["tables"] if table["name"] == "kestrel-prod.shop.events")
    identifiers = [partition["id"] for partition in events["partitioning"]["partitions"]]
    last = date(2026, 10, 31)
    assert identifiers == [f"{last - timedelta(days=399 - index):%Y%m%d}" for index in range(400)]
    assert 2.1e12 < events["bytes"] < 2.2e12


def test_the_code_of_the_example_is_valid() -> None:
    scripts = sorted((EXAMPLE / "pipeline").glob("*.py"))
    assert len(scripts) == 5
    for script in scripts:
        ast.parse(script.read_text(), filename=script.name)
    notebook = json.loads((EXAMPLE / "notebooks" / "explore.ipynb").read_text())
    assert notebook["nbformat"] == 4
    assert not any(cell.get("outputs") for cell in notebook["cells"])


# -- the scan --------------------------------------------------------------------------------------------


def costguard(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, as a person would run it from the root of the repository."""
    return subprocess.run(
        [sys.executable, "-c", "from costguard.cli.main import run; run()", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def scanned() -> dict[str, Any]:
    done = costguard("scan", "examples/churn", "--now", "2026-11-01", "--no-cache", "--format", "json")
    assert done.returncode == 1, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def queries_of(scanned: dict[str, Any], path: str) -> list[dict[str, Any]]:
    return [query for query in scanned["queries"] if query["path"].endswith(path)]


def test_the_demo_does_not_fail_make() -> None:
    assert (
        costguard(
            "scan", "examples/churn", "--now", "2026-11-01", "--no-cache", "--fail-on", "never"
        ).returncode
        == 0
    )


def test_every_query_is_read_and_priced(scanned: dict[str, Any]) -> None:
    assert scanned["unread"] == []
    assert scanned["summary"]["usd_per_iteration"]["unknown_queries"] == 0
    assert 20 < float(scanned["summary"]["usd_per_iteration"]["point"]) < 100


def test_a_star_with_a_limit_costs_the_whole_table(scanned: dict[str, Any], catalog: dict[str, Any]) -> None:
    (events,) = (table for table in catalog["tables"] if table["name"] == "kestrel-prod.shop.events")
    sample = next(query for query in queries_of(scanned, "explore.ipynb") if query["scans"][0]["star"])
    assert sample["scans"][0]["table"] == "kestrel-prod.shop.events"
    assert sample["bytes_processed"]["high"] == events["bytes"]


def test_a_pruned_query_costs_its_partitions_only(scanned: dict[str, Any], catalog: dict[str, Any]) -> None:
    (events,) = (table for table in catalog["tables"] if table["name"] == "kestrel-prod.shop.events")
    october = [part for part in events["partitioning"]["partitions"] if part["id"].startswith("202610")]
    assert len(october) == 31
    found = [
        query for query in queries_of(scanned, "explore.ipynb") if query["scans"][0]["pruning"] == "pruned"
    ]
    bytes_by_table = {query["scans"][0]["table"]: query["bytes_processed"]["high"] for query in found}
    # event_date and revenue: 8 bytes each
    assert bytes_by_table["kestrel-prod.shop.events"] == 16 * sum(part["rows"] for part in october)


@pytest.mark.parametrize("path", ["sql/labels.sql", "pipeline/monitor.py", "make_catalog.py"])
def test_good_code_is_silent(scanned: dict[str, Any], path: str) -> None:
    assert [finding["rule"] for finding in scanned["findings"] if finding["path"].endswith(path)] == []


@pytest.mark.parametrize(
    "path",
    [
        "sql/ingest_events.sql",
        "sql/features.sql",
        "sql/web_traffic.sql",
        "notebooks/explore.ipynb",
        "pipeline/preprocess.py",
        "pipeline/spark_sessions.py",
        "pipeline/train.py",
        "pipeline/score.py",
    ],
)
def test_every_costly_file_has_a_finding(scanned: dict[str, Any], path: str) -> None:
    assert [finding for finding in scanned["findings"] if finding["path"].endswith(path)]


def test_the_readme_shows_the_real_output() -> None:
    done = subprocess.run(
        [sys.executable, "docs/render_readme.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr or "run `make readme`"
