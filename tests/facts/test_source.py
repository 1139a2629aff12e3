"""What a dbt model asks for is known of its queries."""

from __future__ import annotations

import pytest

from costguard.facts.schema import columns_of
from costguard.facts.source import facts_of
from costguard.model import DbtModel, Extraction, SqlText


@pytest.mark.parametrize(
    ("wishes", "layout"),
    [
        ({}, None),
        ({"partition_by": "day"}, "partitioned by day"),
        ({"partition_by": "at", "partition_granularity": "month"}, "partitioned by at (month)"),
        (
            {"cluster_by": ("a", "b"), "incremental_strategy": "merge", "unique_key": ("id",)},
            "clustered by a, b; strategy merge; unique key id",
        ),
    ],
)
def test_how_a_model_wants_its_table(wishes: dict[str, object], layout: str | None) -> None:
    text = "SELECT a FROM d.t"
    model = DbtModel("m", "p.d.m", "table", **wishes)  # type: ignore[arg-type]
    extraction = Extraction("sql", (text,), (SqlText(text, "dbt"),), dbt=model)
    (query,) = facts_of(extraction, "m.sql", len(text), is_test=False)["queries"]
    row = dict(zip((column.name for column in columns_of("queries")), query, strict=True))
    assert (row["materialized"], row["layout"]) == ("table", layout)
