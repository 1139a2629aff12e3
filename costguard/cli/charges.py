"""`costguard charges`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from costguard.cli.options import (
    ExportArgument,
    Format,
    FormatOption,
    MaxBytesOption,
    OutputOption,
    PayerOption,
    WeekOption,
)
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.history.charge_sql import TableName
    from costguard.history.rollup import Period


def charges_command(
    export: ExportArgument,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="Add up by service, sku, project, region, resource, day, week, cost-type, invoice-month, label:KEY, "
            "system-label:KEY, project-label:KEY or tag:KEY (repeatable: a table each). Commas add up by "
            "several together: week,service,label:team.",
        ),
    ] = None,
    week: WeekOption = None,
    project: PayerOption = None,
    max_bytes_billed: MaxBytesOption = None,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Of days and weeks.")] = "UTC",
    format: FormatOption = Format.text,
    output: OutputOption = None,
) -> None:
    """Say what a Cloud Billing export holds: rows, days, and what each invoice month comes to."""
    from dataclasses import replace

    from costguard.cloud.bill import source_table
    from costguard.history.charges import load_charges, summarise
    from costguard.history.rollup import Period, time_zone, week_period, within
    from costguard.history.rollup_tables import asked_dimensions, local_tables
    from costguard.render.charges import charges_json, charges_text
    from costguard.write import check_output, write_text

    check_output(output)
    time_zone(timezone)  # also where nothing is asked by day or week
    period = week_period(week, timezone) if week is not None else None
    asked = asked_dimensions(by or ())
    table = source_table(export)
    if table is not None:
        write_text(
            _pushed_down(table, asked, period or Period(), timezone, project, max_bytes_billed, format),
            output,
        )
        return
    if project is not None or max_bytes_billed is not None:
        raise UsageProblem("--project and --max-bytes-billed are for bigquery://project.dataset.table")
    charges = load_charges(export)
    if period is not None:
        charges = replace(charges, frame=within(charges.frame, period))
    summary = summarise(charges)
    render = charges_json if format is Format.json else charges_text
    write_text(render(charges, summary, local_tables(charges.frame, asked, timezone)), output)


def _pushed_down(
    table: TableName,
    asked: Sequence[tuple[str, ...]],
    period: Period,
    zone: str,
    project: str | None,
    limit: int | None,
    format: Format,
) -> str:
    """The same from a table of BigQuery, which does the adding up."""
    from costguard.cli.progress import note
    from costguard.cloud.bigquery import Access, BigQuery
    from costguard.cloud.bill import DEFAULT_LIMIT, roll_ups
    from costguard.history.rollup import sums
    from costguard.history.rollup_tables import single_dimensions, tables
    from costguard.render.charges import pushed_json, pushed_text

    asked = list(dict.fromkeys((("invoice-month",), *asked)))
    client = BigQuery(Access(project, label="charges"), note)
    together = [dimensions for dimensions in asked if len(dimensions) > 1]
    pushed = roll_ups(client, table, single_dimensions(asked), period, zone, limit or DEFAULT_LIMIT, together)
    single = {dimension: sums(frame) for dimension, frame in pushed.rolled.items()}
    rolled = tables(asked, single, pushed.together)
    return pushed_json(pushed, rolled) if format is Format.json else pushed_text(pushed, rolled)
