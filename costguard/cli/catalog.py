"""`costguard catalog`: `pull` and `show`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costguard.cli.options import Format, FormatOption, OutputOption
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.catalog.model import Catalog, Table
    from costguard.cloud.pull import Charge

catalog_app = typer.Typer(
    help="Write and read catalog files: what the warehouse holds.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@catalog_app.command("pull")
def pull_command(
    datasets: Annotated[
        list[str] | None,
        typer.Argument(metavar="DATASET", help="dataset or project.dataset (default: all of the project)."),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT", help="Runs the jobs, and has the datasets (default: of the credentials)."
        ),
    ] = None,
    location: Annotated[
        str | None, typer.Option(metavar="LOCATION", help="Only tables there, such as US.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Write there: .json or .json.gz.")
    ] = Path("catalog.json"),
    table: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="GLOB", help="Only tables with such a name (repeatable)."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="GLOB", help="No tables with such a name (repeatable)."),
    ] = None,
    dry_runs: Annotated[
        bool, typer.Option("--dry-runs/--no-dry-runs", help="Measure columns with dry runs, which are free.")
    ] = True,
    partition_columns: Annotated[
        bool, typer.Option("--partition-columns", help="Measure the columns of each partition too.")
    ] = False,
    partitions: Annotated[
        str | None,
        typer.Option(metavar="FROM..TO", help="Measure them in these only, such as 20260101..20260131."),
    ] = None,
    requests_per_second: Annotated[
        float, typer.Option(metavar="NUMBER", min=0.01, max=100, help="Requests a second.")
    ] = 20.0,
    max_bytes_billed: Annotated[
        int, typer.Option(metavar="BYTES", min=0, help="Of each query that lists partitions; 0: run none.")
    ] = 1 << 30,
    quota_project: Annotated[
        str | None, typer.Option(metavar="PROJECT", help="Whose quota requests count against.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what could not be read.")] = False,
) -> None:
    """Ask BigQuery for the sizes of tables, columns and partitions, and write a catalog."""
    import sys
    from datetime import UTC, datetime

    from costguard.catalog.model import Catalog
    from costguard.catalog.store import check_catalog_name, write_catalog
    from costguard.catalog.summary import summarise_catalog
    from costguard.cli.progress import Reporter
    from costguard.cloud.bigquery import MINIMUM_BYTES_BILLED, Access, BigQuery
    from costguard.cloud.progress_file import ProgressFile
    from costguard.cloud.pull import PullRequest, pull
    from costguard.render.amounts import counted
    from costguard.render.catalog import pulled_text
    from costguard.write import check_output, write_text

    check_output(output)
    check_catalog_name(output)
    if 0 < max_bytes_billed < MINIMUM_BYTES_BILLED:
        raise UsageProblem(
            f"--max-bytes-billed {max_bytes_billed}: no query is charged for less than {MINIMUM_BYTES_BILLED}; "
            "0 runs none"
        )
    if partition_columns and not dry_runs:
        raise UsageProblem("--partition-columns takes dry runs, which --no-dry-runs forbids")
    if partitions is not None and not partition_columns:
        raise UsageProblem("--partitions says where --partition-columns measures: give both")
    first, last = _range(partitions)
    request = PullRequest(
        datasets=tuple(datasets or ()),
        location=location,
        tables=tuple(table or ()),
        exclude=tuple(exclude or ()),
        dry_runs=dry_runs,
        partition_columns=partition_columns,
        first_partition=first,
        last_partition=last,
        maximum_bytes_billed=max_bytes_billed,
        per_second=requests_per_second,
    )
    now = datetime.now(UTC)
    with ProgressFile(output) as kept, Reporter(quiet, "tables") as reporter:
        if kept.torn:
            reporter.note(f"{kept.path} broke off in its first line: starting anew")
        if len(kept):
            reporter.note(f"going on with {counted(len(kept), 'answer')} of an earlier pull ({kept.path})")
        bigquery = BigQuery(Access(project, quota_project, label="catalog-pull"), reporter.note)
        pulled = pull(bigquery, request, kept, now, reporter.progress)
        tables = {entry["name"]: entry for entry in pulled.document["tables"]}
        write_catalog(pulled.document, output)
        if not pulled.unread:
            kept.remove()
    for name, why in pulled.unread:
        sys.stderr.write(_problem_line(name, why))
    if not quiet:
        found = summarise_catalog(Catalog(tables, pulled.document["as_of"]), now)
        write_text(pulled_text(pulled, found, str(output), _usd(pulled.charges)), None)
    if pulled.unread:
        raise typer.Exit(2)


def _range(text: str | None) -> tuple[str | None, str | None]:
    """The first and the last of `FROM..TO`; either end may be open.

    Raises:
        UsageProblem: it is no range of partition ids.
    """
    if text is None:
        return None, None
    import re

    found = re.fullmatch(r"(-?\d+)?\.\.(-?\d+)?", text)
    if found is None or not any(found.groups()):
        raise UsageProblem(f"--partitions {text!r} is no range such as 20260101..20260131")
    return found.group(1), found.group(2)


def _problem_line(name: str, why: str) -> str:
    from costguard.render.cells import harmless

    return f"costguard: {harmless(f'{name}: {why}')}\n"


def _usd(charges: tuple[Charge, ...]) -> Decimal | None:
    """What queries cost at list prices; None when a size or a price is not known."""
    from costguard.estimate.price import UnknownLocationError, price_book
    from costguard.money import TIB

    total = Decimal(0)
    for charge in charges:
        if charge.bytes_billed is None or charge.location is None:
            return None
        try:
            total += price_book().price(charge.location) * charge.bytes_billed / TIB
        except UnknownLocationError:
            return None
    return total


@catalog_app.command("show")
def show_command(
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="FILE... [TABLE]", help="Catalog files, and a table to look at."),
    ],
    now: Annotated[
        str | None, typer.Option(metavar="TIME", help="The clock, such as 2026-11-01T00:00:00Z.")
    ] = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
) -> None:
    """Say what catalog files hold: tables, bytes, partitions, and how many columns have exact sizes."""
    from costguard.catalog.load import load_catalog
    from costguard.catalog.summary import summarise_catalog
    from costguard.cli.request import parse_now
    from costguard.render.catalog import catalog_json, catalog_text, table_json, table_text
    from costguard.write import check_output, write_text

    check_output(output)
    files, name = _files_and_table(arguments)
    catalog = load_catalog(files)
    if name is not None:
        table = _table(catalog, name)
        text = table_json(table) if format is Format.json else table_text(table)
    else:
        found = summarise_catalog(catalog, parse_now(now))
        text = catalog_json(found) if format is Format.json else catalog_text(found)
    write_text(text, output)


def _files_and_table(arguments: list[str]) -> tuple[list[str], str | None]:
    """The last argument is a table when there is no such file and it does not look like one."""
    last = arguments[-1]
    is_file = len(arguments) == 1 or Path(last).exists() or "/" in last or last.endswith((".json", ".gz"))
    return (arguments, None) if is_file else (arguments[:-1], last)


def _table(catalog: Catalog, name: str) -> Table:
    """The table that a name means, in any of its spellings.

    Raises:
        UsageProblem: the catalog has none, or several.
    """
    import difflib

    from costguard.catalog.names import NameResolver

    resolved = NameResolver(catalog, None, None).resolve(name)
    table = catalog.table(resolved.name) if resolved.meaning == "table" else None
    if table is not None:
        return table
    ending = [full for full in catalog if full.endswith(f".{name}")]
    if len(ending) == 1 and (table := catalog.table(ending[0])) is not None:
        return table
    if ending:
        raise UsageProblem(f"{name}: may be {' or '.join(sorted(ending))}")
    close = difflib.get_close_matches(name, list(catalog), n=3, cutoff=0.4)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    raise UsageProblem(f"{name}: there is no such table in the catalog{hint}")
