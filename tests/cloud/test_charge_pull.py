"""Which days of a bill are got, and what that may cost. The rows are tested in tests/emulator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from costguard.cloud.bigquery import BigQuery, DryRun, FrameAnswer
from costguard.cloud.charge_pull import plan_pull, pull_days, whole_days
from costguard.cloud.job_history import job_rows
from costguard.cloud.table_schema import frame_schema
from costguard.errors import UsageProblem
from costguard.history.charge_sql import table_name
from costguard.history.job_sql import JobView
from costguard.history.rollup import Period

NAME = table_name("my-project.billing.bill")
FIELDS: list[dict[str, Any]] = [
    {"name": "usage_start_time", "type": "TIMESTAMP"},
    {"name": "cost", "type": "NUMERIC"},
    {"name": "currency", "type": "STRING"},
    {
        "name": "credits",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [{"name": "amount", "type": "NUMERIC"}],
    },
]
DAYS = [date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 3)]


class Client(BigQuery):
    """Answers as BigQuery would, and notes what it is asked."""

    def __init__(self, more: Any = (), estimated: int | None = 20 << 20) -> None:
        self.fields = [*FIELDS, *more]
        self.estimated = estimated
        self.unit = "DAY"
        self.asked: list[tuple[str, int, Any]] = []

    def table(self, project: str, dataset: str, table: str) -> Mapping[str, Any]:
        return {"location": "US", "timePartitioning": {"type": self.unit}, "schema": {"fields": self.fields}}

    def dry_run(self, sql: str, location: str | None, about: str, parameters: Any = None) -> DryRun:
        return DryRun(self.estimated, "PRECISE")

    def frame(
        self, sql: str, location: str | None, maximum_bytes_billed: int, parameters: Any, about: str,
        schema: Any, most_rows: int,
    ) -> FrameAnswer:  # fmt: skip
        self.asked.append((sql, maximum_bytes_billed, parameters.get("start")))
        rows = [
            (datetime(2026, 9, 1, tzinfo=UTC), Decimal("0.1"), "USD", [{"amount": Decimal("-0.000000001")}])
        ]
        return FrameAnswer(pl.DataFrame(rows[: len(schema)], schema=dict(schema), orient="row"), 20 << 20)


def test_only_days_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "bill-2026-09-02.parquet").touch()
    client = Client()
    plan = plan_pull(client, NAME, DAYS, tmp_path, 1 << 30)
    assert (plan.there, plan.estimated, plan.days_of) == (1, 40 << 20, "export")
    assert plan.usd == Decimal("6.25") * 40 / 1024 / 1024
    pulled = list(pull_days(client, plan, 1 << 30))
    assert [(item.file.day, item.rows, item.billed) for item in pulled] == [
        (DAYS[0], 1, 20 << 20),
        (DAYS[2], 1, 20 << 20),
    ]
    assert client.asked[0] == (
        "SELECT * FROM `my-project.billing.bill` WHERE _PARTITIONTIME >= @start AND _PARTITIONTIME < @end",
        1 << 30,
        datetime(2026, 9, 1, tzinfo=UTC),
    )
    assert client.asked[1][1] == (1 << 30) - (20 << 20)  # what is left of the limit
    frame = pl.read_parquet(tmp_path / "bill-2026-09-01.parquet")
    assert frame.row(0)[1:] == (Decimal("0.1"), "USD", [{"amount": Decimal("-0.000000001")}])
    assert frame.schema == frame_schema(FIELDS)


def test_more_than_the_limit(tmp_path: Path) -> None:
    with pytest.raises(
        UsageProblem,
        match=r"3 days would be charged for 60 MiB, more than 50 MiB; choose fewer days, or allow",
    ):
        plan_pull(Client(), NAME, DAYS, tmp_path, 50 << 20)


def test_each_day_is_charged_for_ten_mebibytes_at_least(tmp_path: Path) -> None:
    client = Client(estimated=100 << 10)
    assert plan_pull(client, NAME, DAYS, tmp_path, 30 << 20).estimated == 30 << 20
    with pytest.raises(
        UsageProblem, match=r"3 days would be charged for 30 MiB, more than 29 MiB; choose fewer"
    ):
        plan_pull(client, NAME, DAYS, tmp_path, 29 << 20)
    with pytest.raises(UsageProblem, match=r"days alone would be charged for 10 MiB, more than 977 KiB"):
        plan_pull(client, NAME, DAYS, tmp_path, 1_000_000)
    nothing = Client(estimated=0)
    assert plan_pull(nothing, NAME, DAYS, tmp_path, 30 << 20).estimated == 0
    with pytest.raises(
        UsageProblem, match=r"--max-bytes-billed 1000: no query is charged for less than 10485760"
    ):
        plan_pull(nothing, NAME, DAYS, tmp_path, 1000)


def test_no_more_days_are_asked_for_than_the_limit_allows(tmp_path: Path) -> None:
    client = Client()
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(1000)]
    told: list[tuple[int, int]] = []
    with pytest.raises(
        UsageProblem, match=r"3 of 1,000 days alone would be charged for 60 MiB, more than 50 MiB"
    ):
        plan_pull(client, NAME, days, tmp_path, 50 << 20, lambda _, done, total: told.append((done, total)))
    assert told == [(1, 1000), (2, 1000), (3, 1000)]


def test_a_pull_ends_where_the_limit_does(tmp_path: Path) -> None:
    client = Client(estimated=None)  # BigQuery cannot tell; each day is then charged for 20 MiB
    plan = plan_pull(client, NAME, DAYS, tmp_path, 45 << 20)
    assert plan.estimated is None
    with pytest.raises(
        UsageProblem,
        match=r"2 of 3 days were got, and of 45 MiB there is no more left than 5 MiB, for which no query",
    ):
        list(pull_days(client, plan, 45 << 20))
    assert [most for _, most, _ in client.asked] == [45 << 20, 25 << 20]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "bill-2026-09-01.parquet",
        "bill-2026-09-02.parquet",
    ]


def test_a_column_that_has_no_place(tmp_path: Path) -> None:
    more = [{"name": "odd", "type": "RECORD", "fields": [{"name": "shape", "type": "GEOGRAPHY"}]}]
    with pytest.raises(UsageProblem, match=r"the column shape \(GEOGRAPHY\) has no place in Parquet"):
        plan_pull(Client(more), NAME, DAYS, tmp_path, 1 << 30)


@pytest.mark.parametrize("unit", ["MONTH", "YEAR"])
def test_partitions_that_tell_no_days(tmp_path: Path, unit: str) -> None:
    client = Client()
    client.unit = unit
    with pytest.raises(
        UsageProblem, match=rf"is partitioned by the {unit.lower()} of ingestion, which tells no days"
    ):
        plan_pull(client, NAME, DAYS, tmp_path, 1 << 30)


def test_days_that_are_over() -> None:
    now = datetime(2026, 9, 4, 3, tzinfo=UTC)
    assert whole_days(DAYS[0], None, now) == DAYS
    assert whole_days(DAYS[1], DAYS[1], now) == [DAYS[1]]
    with pytest.raises(UsageProblem, match=r"--to 2026-09-04: rows of a day still come until it is over"):
        whole_days(DAYS[0], date(2026, 9, 4), now)
    with pytest.raises(UsageProblem, match=r"--from 2026-09-03 comes after --to 2026-09-01"):
        whole_days(DAYS[2], DAYS[0], now)


def test_jobs_of_a_region_are_asked_for_where_they_are() -> None:
    class Jobs(Client):
        def frame(self, sql: str, location: str | None, *rest: Any) -> FrameAnswer:
            assert location == "europe-west6"
            return FrameAnswer(pl.DataFrame(schema=dict(rest[3])), None)

    start, end = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC)
    jobs, asked = job_rows(Jobs(), JobView("my-project", "europe-west6"), Period(start, end), 1 << 30)
    assert jobs.frame.height == 0
    assert asked.about == "my-project.region-europe-west6.INFORMATION_SCHEMA.JOBS"
    assert asked.usd is None
