"""A job history that stays in BigQuery: only the columns that are needed come back, and only of a time."""

from __future__ import annotations

from typing import Final

from costguard.cloud.bigquery import MINIMUM_BYTES_BILLED, BigQuery
from costguard.cloud.bill import Asked, affordable, column_types, list_usd
from costguard.history.charge_sql import TableName
from costguard.history.job_sql import JobTable, JobView, job_table, jobs_sql
from costguard.history.jobs import Jobs, jobs_of_rows
from costguard.history.rollup import Period

MOST_JOBS: Final = 1_000_000
"""Jobs that come back: with their texts some KB each."""


def job_rows(
    client: BigQuery, name: TableName | JobView, period: Period, limit: int, most: int = MOST_JOBS
) -> tuple[Jobs, Asked]:
    """The jobs of a period that a table, or INFORMATION_SCHEMA of a region, tells of.

    Raises:
        UsageProblem: it cannot be read or holds no job history, the query would read more than `limit` bytes, or there
            are more than `most` jobs.
    """
    table = _described(client, name)
    statement, schema = jobs_sql(table, period)
    about = str(name)
    estimated = affordable(client, statement, table.location, about, limit)
    answer = client.frame(
        *(statement.sql, table.location, max(limit, MINIMUM_BYTES_BILLED), statement.parameters, about),
        schema,
        most,
    )
    billed = answer.bytes_billed
    asked = Asked(about, estimated, billed, list_usd(billed, table.location), answer.frame.height)
    return jobs_of_rows(answer.frame, about), asked


def _described(client: BigQuery, name: TableName | JobView) -> JobTable:
    if isinstance(name, JobView):
        return JobTable(name, name.region, None)
    description = client.table(name.project, name.dataset, name.table)
    return job_table(name, column_types(description), description.get("location"))
