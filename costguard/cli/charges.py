"""`costguard charges`."""

from __future__ import annotations

from typing import Annotated

import typer

from costguard.cli.options import ExportArgument, Format, FormatOption, OutputOption


def charges_command(
    export: ExportArgument,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="Add up by service, sku, project, region, resource, day, week, cost-type, invoice-month, label:KEY, "
            "system-label:KEY, project-label:KEY or tag:KEY (repeatable).",
        ),
    ] = None,
    week: Annotated[
        str | None, typer.Option(metavar="WEEK", help="Only usage of this ISO week, such as 2026-W47.")
    ] = None,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Of days and weeks.")] = "UTC",
    format: FormatOption = Format.text,
    output: OutputOption = None,
) -> None:
    """Say what a Cloud Billing export holds: rows, days, and what each invoice month comes to."""
    from dataclasses import replace

    from costguard.history.charges import load_charges, summarise
    from costguard.history.files import collected
    from costguard.history.rollup import roll_up, sums, week_period, within
    from costguard.render.charges import charges_json, charges_text
    from costguard.write import check_output, write_text

    check_output(output)
    period = week_period(week, timezone) if week is not None else None
    charges = load_charges(export)
    if period is not None:
        charges = replace(charges, frame=within(charges.frame, period))
    rolled = [roll_up(charges.frame, dimension, timezone) for dimension in by or ()]
    summary = summarise(charges)
    found = dict(zip(by or (), map(sums, collected(*rolled)), strict=True))
    render = charges_json if format is Format.json else charges_text
    write_text(render(charges, summary, found), output)
