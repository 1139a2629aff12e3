"""The rows of a billing export, day by day, as they are: for a bill that is to be read without BigQuery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from costguard.cloud.bigquery import MINIMUM_BYTES_BILLED, BigQuery
from costguard.cloud.bill import bill_of, list_usd
from costguard.cloud.table_schema import frame_schema
from costguard.errors import UsageProblem
from costguard.history.charge_sql import (
    INGESTION_TIME,
    BillTable,
    Statement,
    TableName,
    column_sql,
    partition_sql,
)
from costguard.money import format_bytes
from costguard.write import write_bytes

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS: Final = 10_000_000
"""Of a day. They are held until the day is complete."""


@dataclass(frozen=True, slots=True)
class DayFile:
    """A day of the export, and its file."""

    day: date
    path: Path


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What is to be got, and what that reads."""

    table: BillTable
    location: str | None
    schema: dict[str, pl.DataType]
    missing: tuple[DayFile, ...]
    """Days that have no file yet."""
    there: int
    """Days that have one."""
    estimated: int | None
    """Bytes of the missing days by dry runs; None when BigQuery cannot tell those of one."""

    @property
    def usd(self) -> Decimal | None:
        """At list price, before any free tier."""
        return list_usd(self.estimated, self.location)

    @property
    def days_of(self) -> str:
        """What the days are days of."""
        if self.table.partition is None:
            return "usage"
        return "export" if self.table.partition == INGESTION_TIME else self.table.partition


@dataclass(frozen=True, slots=True)
class Pulled:
    """A day that was got."""

    file: DayFile
    rows: int
    billed: int | None


def plan_pull(
    client: BigQuery, name: TableName, days: Sequence[date], directory: Path, limit: int
) -> PullPlan:
    """What has to be read for these days: free.

    Raises:
        UsageProblem: the table cannot be read or is no billing export, or the days would read more than `limit` bytes.
    """
    description = client.table(name.project, name.dataset, name.table)
    table, location = bill_of(name, description), description.get("location")
    try:
        schema = frame_schema(description["schema"]["fields"])
    except ValueError as error:
        raise UsageProblem(
            f"{name}: the column {error} has no place in Parquet; leave it out by a view"
        ) from None
    files = [DayFile(day, directory / f"{name.table}-{day:%Y-%m-%d}.parquet") for day in days]
    missing = tuple(file for file in files if not file.path.exists())
    estimated: int | None = 0
    for file in missing:
        statement = _rows_of(table, file.day)
        found = client.dry_run(statement.sql, location, str(name), statement.parameters).bytes
        estimated = None if found is None or estimated is None else estimated + found
    if estimated is not None and estimated > limit:
        raise UsageProblem(
            f"{name}: {len(missing)} days would read {format_bytes(estimated)}, more than {format_bytes(limit)}; "
            "choose fewer days, or allow more with --max-bytes-billed"
        )
    return PullPlan(table, location, schema, missing, len(files) - len(missing), estimated)


def pull_days(client: BigQuery, plan: PullPlan, limit: int) -> Iterator[Pulled]:
    """Write each missing day to its file, complete or not at all. All days together are charged for `limit` at most.

    Raises:
        UsageProblem: a day cannot be read or written, or there is nothing left of the limit.
    """
    left = limit
    for file in plan.missing:
        statement = _rows_of(plan.table, file.day)
        answer = client.frame(
            *(statement.sql, plan.location, max(left, MINIMUM_BYTES_BILLED), statement.parameters),
            str(plan.table.name),
            plan.schema,
            MOST_ROWS,
        )
        data = BytesIO()
        answer.frame.write_parquet(data)
        write_bytes(data.getvalue(), file.path)
        left -= answer.bytes_billed or 0
        yield Pulled(file, answer.frame.height, answer.bytes_billed)


def whole_days(first: date, last: date | None, now: datetime) -> list[date]:
    """The days from one to another, both included; the last one is yesterday (UTC) unless it is given.

    Raises:
        UsageProblem: there are none, or the last one is not over.
    """
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    end = last or yesterday
    if end > yesterday:
        raise UsageProblem(
            f"--to {end}: rows of a day still come until it is over (UTC); the last one is {yesterday}"
        )
    if first > end:
        raise UsageProblem(f"--from {first} comes after --to {end}")
    return [first + timedelta(days=number) for number in range((end - first).days + 1)]


def _rows_of(table: BillTable, day: date) -> Statement:
    """The rows of a day: of a partition, so that no other one is read; of a table that has none by usage."""
    time = partition_sql(table) if table.partition is not None else column_sql(table, "usage_start")
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    where = f"{time} >= @start AND {time} < @end"
    sql = f"SELECT * FROM `{table.name}` WHERE {where}"  # noqa: S608 - checked names
    return Statement(sql, {"start": start, "end": start + timedelta(days=1)})
