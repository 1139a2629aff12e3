"""The example project: its catalog is what its generator makes, and adds up."""

from __future__ import annotations

import ast
import json
import runpy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "churn"


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
