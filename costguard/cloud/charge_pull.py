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
from costguard.cloud.pace import Pace, Progress, at_pace
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
from costguard.money import billed_bytes, format_bytes
from costguard.write import write_bytes

if TYPE_CHECKING:
    import polars as pl

PER_SECOND: Final = 20.0
"""Dry runs. BigQuery allows 100."""
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
    """Bytes that the missing days are charged for, by dry runs; None when BigQuery cannot tell those of one."""

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
    client: BigQuery,
    name: TableName,
    days: Sequence[date],
    directory: Path,
    limit: int,
    progress: Progress = lambda stage, done, total: None,
) -> PullPlan:
    """What has to be read for these days: free. `progress`: called with each day that was asked for.

    Raises:
        UsageProblem: the table cannot be read or is no billing export, or the days would be charged for more than
            `limit` bytes; no more days are asked for then.
    """
    description = client.table(name.project, name.dataset, name.table)
    table, location = bill_of(name, description), description.get("location")
    if table.partition == INGESTION_TIME and table.unit in ("MONTH", "YEAR"):
        raise UsageProblem(
            f"{name}: it is partitioned by the {table.unit.lower()} of ingestion, which tells no days; EXPORT DATA "
            "copies it (docs/history.md)"
        )
    try:
        schema = frame_schema(description["schema"]["fields"])
    except ValueError as error:
        raise UsageProblem(
            f"{name}: the column {error} has no place in Parquet; leave it out by a view"
        ) from None
    files = [DayFile(day, directory / f"{name.table}-{day:%Y-%m-%d}.parquet") for day in days]
    missing = tuple(file for file in files if not file.path.exists())

    def size(file: DayFile) -> int | None:
        statement = _rows_of(table, file.day)
        return client.dry_run(statement.sql, location, str(name), statement.parameters).bytes

    estimated, untold = 0, False
    for done, (_, found) in enumerate(at_pace(missing, size, Pace(PER_SECOND)), 1):
        progress("asking for the bytes of", done, len(missing))
        if found is None:
            untold = True
            continue
        estimated += billed_bytes(found)
        if estimated > limit:
            which = f"{done:,} days" if done == len(missing) else f"{done:,} of {len(missing):,} days alone"
            raise UsageProblem(
                f"{name}: {which} would be charged for {format_bytes(estimated)}, more than {format_bytes(limit)}; "
                "choose fewer days, or allow more with --max-bytes-billed"
            )
    if missing and limit < MINIMUM_BYTES_BILLED:
        raise UsageProblem(
            f"--max-bytes-billed {limit}: no query is charged for less than {MINIMUM_BYTES_BILLED}"
        )
    return PullPlan(
        table, location, schema, missing, len(files) - len(missing), None if untold else estimated
    )


def pull_days(client: BigQuery, plan: PullPlan, limit: int) -> Iterator[Pulled]:
    """Write each missing day to its file, complete or not at all. All days together are charged for `limit` at most.

    Raises:
        UsageProblem: a day cannot be read or written, or there is nothing left of the limit.
    """
    left = limit
    for done, file in enumerate(plan.missing):
        if left < MINIMUM_BYTES_BILLED:
            raise UsageProblem(
                f"{plan.table.name}: {done:,} of {len(plan.missing):,} days were got, and of {format_bytes(limit)} "
                f"there is no more left than {format_bytes(max(left, 0))}, for which no query runs; run it again for "
                "the others"
            )
        statement = _rows_of(plan.table, file.day)
        answer = client.frame(
            *(statement.sql, plan.location, left, statement.parameters),
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
