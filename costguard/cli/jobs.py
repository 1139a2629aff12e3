"""`costguard jobs`."""

from __future__ import annotations

from typing import Annotated

import typer

from costguard.cli.options import (
    ExportArgument,
    Format,
    FormatOption,
    MaxBytesOption,
    OutputOption,
    PayerOption,
)


def jobs_command(
    export: ExportArgument,
    days: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS",
            min=1,
            max=180,
            help="Only jobs of so many days until now (bigquery:// alone: 28 by default).",
        ),
    ] = None,
    project: PayerOption = None,
    max_bytes_billed: MaxBytesOption = None,
    now: Annotated[
        str | None, typer.Option(metavar="TIME", help="The clock (default: the real one).")
    ] = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
) -> None:
    """Say what a BigQuery job history holds: jobs, what was charged for, and what of that was waste."""
    from dataclasses import replace
    from datetime import timedelta

    from costguard.cli.request import parse_now
    from costguard.cli.sources import Warehouse, jobs_of
    from costguard.history.job_findings import job_findings
    from costguard.history.jobs import summarise_jobs
    from costguard.history.rollup import Period, within
    from costguard.render.jobs import jobs_json, jobs_text
    from costguard.write import check_output, write_text

    check_output(output)
    warehouse = Warehouse("jobs", project, max_bytes_billed)
    warehouse.refuse_unless_used(export)
    until = parse_now(now)
    jobs = jobs_of(export, warehouse, Period(until - timedelta(days=days or 28), until))
    if days is not None:
        period = Period(until - timedelta(days=days), until)
        jobs = replace(jobs, frame=within(jobs.frame.lazy(), period, "created").collect())
    render = jobs_json if format is Format.json else jobs_text
    write_text(render(jobs, summarise_jobs(jobs), job_findings(jobs.frame)), output)
