"""`costguard history`: `pull`, of jobs and of charges."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costguard.errors import UsageProblem

history_app = typer.Typer(
    help="Get the job history, or the rows of the bill.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@history_app.callback()
def history() -> None:
    """Get the job history, or the rows of the bill."""


@history_app.command("pull")
def pull_command(
    projects: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROJECT | charges SOURCE",
            help="Whose jobs (default: of --project); or `charges bigquery://PROJECT.DATASET.TABLE`.",
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT", help="Makes the requests, and pays for queries (default: of the credentials)."
        ),
    ] = None,
    days: Annotated[
        int, typer.Option(metavar="DAYS", min=1, max=180, help="Jobs: how far back; BigQuery keeps 180 days.")
    ] = 28,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="Charges: the first day, such as 2026-09-01.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Charges: the last day (default: yesterday).")
    ] = None,
    max_bytes_billed: Annotated[
        int | None,
        typer.Option(
            "--max-bytes-billed",
            "--maximum-bytes",
            metavar="BYTES",
            min=1,
            help="Charges: what all days together may be charged for (100 GiB).",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Charges: only say what it would cost.")] = False,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIRECTORY",
            help="A Parquet file for each project, or for each day of charges, goes there.",
        ),
    ] = Path("history"),
    now: Annotated[
        str | None, typer.Option(metavar="TIME", help="The clock (default: the real one).")
    ] = None,
) -> None:
    """List the jobs that BigQuery ran, at no cost, and write them to Parquet; or the rows of the bill, for each day."""
    import sys
    from datetime import timedelta
    from io import BytesIO

    from costguard.cli.progress import note
    from costguard.cli.pull_charges import pull_charges
    from costguard.cli.request import parse_now
    from costguard.cli.sources import Warehouse
    from costguard.cloud.bigquery import Access, BigQuery, checked_project
    from costguard.cloud.problems import NotReadable
    from costguard.history.exports import SCHEME
    from costguard.history.job_export import job_rows
    from costguard.render.amounts import counted
    from costguard.write import write_bytes

    if output.exists() and not output.is_dir():
        raise UsageProblem(f"{output}: is a file; --output needs a directory")
    charges = [item for item in projects or () if item.startswith(SCHEME)]
    if charges:
        if projects != ["charges", charges[0]]:
            raise UsageProblem(f"{charges[0]}: write `history pull charges {charges[0]} --from DAY`")
        warehouse = Warehouse("history-pull", project, max_bytes_billed)
        pull_charges(charges[0], warehouse, first, last, output, now, dry_run)
        return
    if projects and projects[0] == "charges":
        raise UsageProblem("`history pull charges` needs the bill's table: bigquery://PROJECT.DATASET.TABLE")
    if first is not None or last is not None or max_bytes_billed is not None or dry_run:
        raise UsageProblem(
            "--from, --to, --max-bytes-billed and --dry-run are for `history pull charges bigquery://p.d.t`"
        )
    until = parse_now(now)
    names = [checked_project(name) for name in projects or ()]
    client = BigQuery(Access(project, label="history-pull"), note)
    unread = []
    for name in dict.fromkeys(names or [client.project]):
        try:
            found = job_rows(list(client.jobs(name, until - timedelta(days=days), until)))
        except NotReadable as problem:  # of this project; the next one may be read
            unread.append(str(problem))
            continue
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageProblem(f"{output}: cannot be made ({error.strerror or error})") from None
        data = BytesIO()
        found.write_parquet(data)
        path = output / f"jobs-{name.replace(':', '_')}.parquet"
        write_bytes(data.getvalue(), path)
        sys.stderr.write(f"{path}: {counted(found.height, 'job')} of {days} days\n")
    if unread:
        raise UsageProblem("\n".join(unread))
