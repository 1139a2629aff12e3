"""`costguard jobs`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class JobsFormat(StrEnum):
    """Output formats of `jobs`."""

    text = "text"
    json = "json"


def jobs_command(
    export: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPORT...", help="Files, directories and patterns: Parquet, NDJSON, JSON, CSV, Avro."
        ),
    ],
    format: Annotated[JobsFormat, typer.Option("--format", help="Output format.")] = JobsFormat.text,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there.")
    ] = None,
) -> None:
    """Say what a BigQuery job history holds: jobs, what was charged for, and what cannot be told."""
    from costguard.history.jobs import load_jobs, summarise_jobs
    from costguard.render.jobs import jobs_json, jobs_text
    from costguard.write import check_output, write_text

    check_output(output)
    jobs = load_jobs(export)
    render = jobs_json if format is JobsFormat.json else jobs_text
    write_text(render(jobs, summarise_jobs(jobs)), output)
