"""A filter on a view whose columns come through stars still leaves partitions out."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.view_plan import expand_view
from tests.estimate.statements import estimated, scan_of


def table(name: str, *columns: str) -> dict[str, Any]:
    """A table of three days; `day` is its partition column if it has one."""
    return {
        "name": name,
        "kind": "table",
        "rows": 300,
        "bytes": 2400 * len(columns),
        "columns": [
            {
                "path": column,
                "type": "DATE" if column == "day" else "INT64",
                "mode": "NULLABLE",
                "bytes": 2400,
            }
            for column in columns
        ],
        "partitioning": {
            "column": "day",
            "type": "DAY",
            "partitions": [
                {"id": f"202610{day:02}", "rows": 100, "bytes": 800 * len(columns)} for day in (1, 2, 3)
            ],
        }
        if "day" in columns
        else None,
    }


@pytest.mark.parametrize(
    ("view", "bytes_read"),
    [
        ("SELECT * FROM p.d.t", 1600),
        ("SELECT * FROM p.d.t UNION ALL SELECT * FROM p.d.u", 3200),
        ("WITH q AS (SELECT * FROM p.d.t) SELECT q.*, c.* EXCEPT (k) FROM q JOIN p.d.c AS c ON c.k = q.k", 4800),
        ("SELECT * FROM p.d.t LEFT JOIN p.d.c USING (k)", 4800),
        ("SELECT * FROM (SELECT * FROM p.d.t LIMIT 100)", 4800),
    ],
)  # fmt: skip
def test_the_filter_reaches_the_table(view: str, bytes_read: int) -> None:
    tables = [table("p.d.t", "day", "a", "k"), table("p.d.u", "day", "a", "k"), table("p.d.c", "k", "z")]
    tables.append({"name": "p.d.v", "kind": "view", "columns": None, "view_query": view})
    sql = "SELECT a FROM p.d.v WHERE day = '2026-10-02'"
    assert scan_of(estimated(sql, *tables, expand_view=expand_view))["bytes"] == bytes_read
