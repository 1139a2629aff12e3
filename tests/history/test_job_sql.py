"""The job history as GoogleSQL. That it answers with the same jobs is tested in tests/emulator."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
import sqlglot

from costguard.errors import UsageProblem
from costguard.history.charge_sql import table_name
from costguard.history.job_columns import JOBS
from costguard.history.job_sql import JobTable, JobView, job_source, job_table, jobs_sql
from costguard.history.jobs import jobs_of_rows
from costguard.history.rollup import Period

PERIOD = Period(datetime(2026, 9, 7, tzinfo=UTC), datetime(2026, 9, 14, tzinfo=UTC))


def test_sources() -> None:
    assert job_source("my-project.region-europe-west6") == JobView("my-project", "europe-west6")
    assert job_source("my-project.history.jobs") == table_name("my-project.history.jobs")
    with pytest.raises(
        UsageProblem, match=r"neither a project's region such as my-project\.region-us nor a table"
    ):
        job_source("region-us")


def test_the_view_of_a_region() -> None:
    view = JobView("my-project", "us")
    statement, schema = jobs_sql(JobTable(view, "us", None), PERIOD)
    assert str(view) == "my-project.region-us.INFORMATION_SCHEMA.JOBS"
    assert "FROM `my-project`.`region-us`.INFORMATION_SCHEMA.JOBS WHERE" in statement.sql
    assert statement.sql.endswith("`creation_time` >= @start AND `creation_time` < @end")
    assert "@region AS location" in statement.sql
    assert statement.parameters == {"region": "us", "start": PERIOD.start, "end": PERIOD.end}
    assert "job_stages" not in statement.sql  # large, and not needed
    sqlglot.parse_one(statement.sql, dialect="bigquery")
    jobs = jobs_of_rows(pl.DataFrame(schema=schema), str(view))
    assert jobs.files[0].missing == ()
    assert set(JOBS) < set(jobs.frame.columns)


def test_a_table_has_what_it_has() -> None:
    name = table_name("my-project.history.jobs")
    columns = {
        "Job_Id": "STRING",
        "creation_time": "TIMESTAMP",
        "error_result": "RECORD",
        "error_result.reason": "STRING",
    }
    statement, schema = jobs_sql(job_table(name, columns, "EU"), Period())
    assert statement.sql == (
        "SELECT `job_id` AS job_id, `creation_time` AS creation_time, `error_result`.`reason` AS error_result_reason "
        "FROM `my-project.history.jobs`"
    )
    assert list(schema) == ["job_id", "creation_time", "error_result_reason"]
    with pytest.raises(
        UsageProblem, match=r"my-project\.history\.jobs: no job history: there are no columns job_id"
    ):
        job_table(name, {"job_id": "STRING"}, "EU")
