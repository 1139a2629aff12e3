"""`costguard history`: `pull`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costguard.errors import UsageProblem

history_app = typer.Typer(
    help="Get the job history.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@history_app.callback()
def history() -> None:
    """Get the job history."""


@history_app.command("pull")
def pull_command(
    projects: Annotated[
        list[str] | None, typer.Argument(metavar="[PROJECT...]", help="Whose jobs (default: of --project).")
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Makes the requests (default: of the credentials).")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=180, help="How far back; BigQuery keeps 180 days.")] = 28,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIRECTORY", help="A Parquet file for each project goes there."
        ),
    ] = Path("history"),
    now: Annotated[
        str | None, typer.Option(metavar="TIME", help="The clock (default: the real one).")
    ] = None,
) -> None:
    """List the jobs that BigQuery ran, at no cost, and write them to Parquet."""
    import sys
    from datetime import timedelta
    from io import BytesIO

    from costguard.cli.request import parse_now
    from costguard.cloud.bigquery import Access, BigQuery
    from costguard.history.job_export import job_rows
    from costguard.render.amounts import counted
    from costguard.write import write_bytes

    if output.exists() and not output.is_dir():
        raise UsageProblem(f"{output}: is a file; --output needs a directory")
    until = parse_now(now)
    client = BigQuery(Access(project, label="history-pull"))
    for name in dict.fromkeys(projects or [client.project]):
        found = job_rows(list(client.jobs(name, until - timedelta(days=days), until)))
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageProblem(f"{output}: cannot be made ({error.strerror or error})") from None
        data = BytesIO()
        found.write_parquet(data)
        path = output / f"jobs-{name.replace(':', '_')}.parquet"
        write_bytes(data.getvalue(), path)
        sys.stderr.write(f"{path}: {counted(found.height, 'job')} of {days} days\n")
