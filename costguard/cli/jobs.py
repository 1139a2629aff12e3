"""`costguard jobs`."""

from __future__ import annotations

from costguard.cli.options import ExportArgument, Format, FormatOption, OutputOption


def jobs_command(
    export: ExportArgument,
    format: FormatOption = Format.text,
    output: OutputOption = None,
) -> None:
    """Say what a BigQuery job history holds: jobs, what was charged for, and what of that was waste."""
    from costguard.history.job_findings import job_findings
    from costguard.history.jobs import load_jobs, summarise_jobs
    from costguard.render.jobs import jobs_json, jobs_text
    from costguard.write import check_output, write_text

    check_output(output)
    jobs = load_jobs(export)
    render = jobs_json if format is Format.json else jobs_text
    write_text(render(jobs, summarise_jobs(jobs), job_findings(jobs.frame)), output)
