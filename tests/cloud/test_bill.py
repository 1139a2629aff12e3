"""A bill in BigQuery: what is asked, and what it may cost. The figures are tested in tests/emulator."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from costguard.cloud.bigquery import Answer, BigQuery, DryRun
from costguard.cloud.bill import roll_ups, source_table
from costguard.errors import UsageProblem
from costguard.history.charge_sql import table_name
from costguard.history.rollup import Period

NAME = table_name("my-project.billing.bill")
ROW = {
    "dimension": 0,
    "key": "a",
    "name": "A",
    "charges": 2,
    "gross": Decimal(3),
    "credits": Decimal(-1),
    "net": Decimal(2),
    "currencies": 1,
    "currency": "USD",
}


class Client(BigQuery):
    """Answers as BigQuery would, and notes what it is asked."""

    def __init__(
        self, estimated: int | None = 3 << 30, billed: int | None = 2 << 30, **description: Any
    ) -> None:
        self.estimated = estimated
        self.billed = billed
        self.asked: list[tuple[str, Any]] = []
        self.description = {"location": "EU", "timePartitioning": {"type": "DAY"}, **description}

    def table(self, project: str, dataset: str, table: str) -> Mapping[str, Any]:
        fields = [
            {"name": "usage_start_time", "type": "TIMESTAMP"},
            {"name": "cost", "type": "FLOAT"},
            {"name": "currency", "type": "STRING"},
            {"name": "service", "type": "RECORD", "fields": [{"name": "id", "type": "STRING"}]},
            {
                "name": "credits",
                "type": "RECORD",
                "mode": "REPEATED",
                "fields": [{"name": "amount", "type": "FLOAT"}],
            },
        ]
        return {"schema": {"fields": fields}, **self.description}

    def dry_run(self, sql: str, location: str | None, about: str, parameters: Any = None) -> DryRun:
        self.asked.append(("dry run", location))
        return DryRun(self.estimated, "PRECISE")

    def rows(
        self, sql: str, location: str | None, maximum_bytes_billed: int, parameters: Any, about: str
    ) -> Answer:
        self.asked.append(("query", maximum_bytes_billed))
        return Answer([ROW], self.billed)


def test_dry_run_first_then_with_a_limit() -> None:
    client = Client()
    found = roll_ups(client, NAME, ("service",), Period(), "UTC", 10 << 30)
    assert client.asked == [("dry run", "EU"), ("query", 10 << 30)]
    assert (found.estimated, found.billed, found.currency) == (3 << 30, 2 << 30, "USD")
    assert found.usd == Decimal("6.25") * 2 / 1024
    assert found.rolled["service"].row(0) == ("a", "A", 2, Decimal(3), Decimal(-1), Decimal(2))


def test_more_than_the_limit_is_not_run() -> None:
    client = Client(estimated=11 << 30)
    with pytest.raises(
        UsageProblem, match=r"would read 11 GiB, more than 10 GiB; choose a --week, or allow more"
    ):
        roll_ups(client, NAME, ("service",), Period(), "UTC", 10 << 30)
    assert client.asked == [("dry run", "EU")]


def test_a_limit_below_the_least_charge() -> None:
    client = Client(estimated=1)
    roll_ups(client, NAME, ("service",), Period(), "UTC", 1)
    assert client.asked[-1] == ("query", 10 << 20)


@pytest.mark.parametrize(("billed", "location"), [(None, "EU"), (1 << 30, "nowhere"), (1 << 30, None)])
def test_what_it_cost_is_not_known(billed: int | None, location: str | None) -> None:
    assert (
        roll_ups(Client(billed=billed, location=location), NAME, ("service",), Period(), "UTC", 10 << 30).usd
        is None
    )


@pytest.mark.parametrize(
    ("partitioning", "expected"),
    [
        ({"type": "DAY"}, "_PARTITIONTIME"),
        ({"type": "DAY", "field": "export_time"}, "export_time"),
        ({"type": "MONTH", "field": "loaded_at"}, None),
        (None, None),
    ],
)
def test_what_it_is_partitioned_by(partitioning: Any, expected: str | None) -> None:
    client = Client(timePartitioning=partitioning)
    assert roll_ups(client, NAME, ("service",), Period(), "UTC", 10 << 30).table.partition == expected


def test_sources() -> None:
    assert source_table(["bill/"]) is None
    assert source_table(["bigquery://my-project.billing.bill"]) == NAME
    with pytest.raises(UsageProblem, match="is read alone"):
        source_table(["bigquery://my-project.billing.bill", "bill/"])
    with pytest.raises(UsageProblem, match="is no table such as"):
        source_table(["bigquery://bill"])
