"""Rows of DataFrames that come from a statement, where the catalog tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.judge.pages import estimated

DAYS = {
    "p.d.days": {
        "name": "p.d.days",
        "rows": 300,
        "bytes": 4800,
        "columns": [
            {"path": "a", "type": "INT64", "mode": "REQUIRED", "bytes": 2400},
            {"path": "day", "type": "DATE", "mode": "REQUIRED", "bytes": 2400},
        ],
        "partitioning": {
            "column": "day",
            "type": "DAY",
            "partitions": [{"id": f"202610{day}", "rows": 100, "bytes": 1600} for day in (29, 30, 31)],
        },
    }
}
PARTITIONED = "SELECT a FROM d.days WHERE "


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT a FROM d.days", 300),
        ("SELECT a FROM d.days LIMIT 10", 10),
        ("SELECT a FROM d.days LIMIT 1000", 300),
        (f"{PARTITIONED} day = '2026-10-31'", 100),
        (f"{PARTITIONED} day >= '2026-10-30'", 200),
        (f"{PARTITIONED} day >= '2026-10-30' AND a > 5", None),
        (f"{PARTITIONED} a > 5", None),
        (f"{PARTITIONED} a > 5 LIMIT 20", 20),
        (f"{PARTITIONED} day >= '2026-10-30' OR a > 5", None),
        (f"{PARTITIONED} EXTRACT(MONTH FROM day) = 10", None),
        ("SELECT COUNT(a) FROM d.days", None),
        ("SELECT a FROM d.days JOIN d.days AS b USING (a)", None),
        ("SELECT a FROM d.unknown", None),
    ],
)
def test_rows_of_a_result(sql: str, rows: int | None, tmp_path: Path) -> None:
    code = f'import pandas as pd\nframe = pd.read_gbq("{sql}")\n'
    frames, _ = estimated({"run.py": code}, tmp_path, DAYS)
    assert frames["frames"]["rows"].to_list() == [rows]
