"""Filters that a parameter switches off: a run is taken to give its parameters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from costguard.estimate.settings import EstimateSettings
from tests.estimate.statements import estimated, scan_of

TABLE = {
    "name": "p.d.t",
    "kind": "table",
    "rows": 300,
    "bytes": 4800,
    "columns": [
        {"path": "day", "type": "DATE", "mode": "NULLABLE", "bytes": 2400},
        {"path": "a", "type": "INT64", "mode": "NULLABLE", "bytes": 2400},
    ],
    "partitioning": {
        "column": "day",
        "type": "DAY",
        "partitions": [{"id": f"202610{day:02}", "rows": 100, "bytes": 1600} for day in (1, 2, 3)],
    },
}


@pytest.mark.parametrize(
    "condition",
    [
        "@day IS NULL OR day = @day",
        "day = @day OR CAST(@day AS DATE) IS NULL",
        "IF(@day IS NULL, day < CURRENT_DATE, day = @day)",
        "@day IS NOT NULL AND day = @day",
    ],
)
def test_an_optional_filter_reads_one_partition(condition: str) -> None:
    scan = scan_of(estimated(f"SELECT a FROM p.d.t WHERE {condition}", TABLE))
    assert scan["pruning"] == "pruned"
    assert scan["bytes_high"] == 1600


def test_a_parameter_that_is_given_decides() -> None:
    settings = EstimateSettings(datetime(2026, 11, 1, tzinfo=UTC), parameters=(("day", "DATE '2026-10-02'"),))
    sql = "SELECT a FROM p.d.t WHERE IF(@day IS NULL, day < '2026-10-02', day >= @day)"
    scan = scan_of(estimated(sql, TABLE, settings=settings))
    assert scan["bytes"] == 3200


def test_a_choice_that_a_row_makes_reads_what_either_side_needs() -> None:
    scan = scan_of(
        estimated("SELECT a FROM p.d.t WHERE IF(a > 1, day = '2026-10-02', day = '2026-10-03')", TABLE)
    )
    assert scan["bytes"] == 3200


ARRAYS = {
    **TABLE,
    "columns": [
        *TABLE["columns"],  # type: ignore[misc]
        {"path": "tags", "type": "STRING", "mode": "REPEATED", "bytes": 3000},
        {"path": "items", "type": "RECORD", "mode": "REPEATED", "bytes": None},
        {"path": "items.sku", "type": "INT64", "mode": "NULLABLE", "bytes": 6000},
    ],
    "bytes": 13800,
    "partitioning": {
        "column": "day",
        "type": "DAY",
        "partitions": [
            {
                "id": f"202610{day:02}",
                "rows": 100,
                "bytes": 4600,
                "columns": {"tags": 1000, "items.sku": 2000},
            }
            for day in (1, 2, 3)
        ],
    },
}


@pytest.mark.parametrize(
    ("sql", "bytes_read"),
    [
        ("SELECT a FROM p.d.t, UNNEST(tags) AS tag WHERE day = @day", 2600),
        ("SELECT a FROM p.d.t, UNNEST(items) WHERE day = @day", 3600),
        ("SELECT a, sku FROM p.d.t, UNNEST(items) WHERE day = @day", 3600),
        ("SELECT * FROM p.d.t, UNNEST(items) WHERE day = @day", 4600),
    ],
)
def test_arrays_do_not_lose_the_one_partition(sql: str, bytes_read: int) -> None:
    scan = scan_of(estimated(sql, ARRAYS))
    assert (scan["bytes"], scan["bytes_high"]) == (bytes_read, bytes_read)


def test_an_unlisted_column_widens_only_the_upper_bound() -> None:
    scan = scan_of(estimated("SELECT a, unlisted FROM p.d.t WHERE day = @day", TABLE))
    assert (scan["bytes"], scan["bytes_high"]) == (1600, 4800)
