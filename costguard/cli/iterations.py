"""`costguard iterations`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costguard.cli.options import (
    ConfigOption,
    Format,
    FormatOption,
    MaxBytesOption,
    OutputOption,
    PayerOption,
    WeekOption,
)


def iterations_command(
    billing: Annotated[
        list[str],
        typer.Option(
            "--billing",
            metavar="EXPORT",
            help="The bill: files, directories, patterns, or bigquery:// (repeatable).",
        ),
    ],
    jobs: Annotated[
        list[str] | None,
        typer.Option("--jobs", metavar="EXPORT", help="The job history, in the same manner (repeatable)."),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The ledger (default: .costguard/iterations.jsonl of the project)."
        ),
    ] = None,
    week: WeekOption = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Of weeks (default: `timezone`, UTC).")
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="ID ID", help="Two iterations side by side: the earlier, the later."),
    ] = None,
    project: PayerOption = None,
    max_bytes_billed: MaxBytesOption = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """List the iterations in a bill: what each cost, by phase, and what changed since the one before."""
    from dataclasses import replace

    from costguard.cli.iteration import ledger_to_read
    from costguard.cli.sources import Warehouse, bill_of, jobs_of
    from costguard.config import find_config, load_config
    from costguard.errors import UsageProblem
    from costguard.history import changes, runs
    from costguard.history.cells import CellRequest, wanted_labels
    from costguard.history.charges import check_charges
    from costguard.history.iterations import Iteration, find_iterations, iteration_settings
    from costguard.history.ledger import OWN_LABEL, Entry, entry_of, read_ledger
    from costguard.history.rollup import Period, time_zone, week_period, within
    from costguard.render.comparison import comparison_json, comparison_text
    from costguard.render.iterations import Shown, iterations_json, iterations_text
    from costguard.write import check_output, write_text

    check_output(output)
    chosen = load_config(config if config is not None else find_config(Path()))
    zone = time_zone(timezone or chosen.timezone).key
    period = week_period(week, zone) if week is not None else None
    settings = iteration_settings(chosen)
    stamped = read_ledger(ledger_to_read(ledger))
    warehouse = Warehouse("iterations", project, max_bytes_billed)
    warehouse.refuse_unless_used(billing, jobs or ())
    whole = period or Period()
    charges = bill_of(
        billing,
        warehouse,
        lambda: CellRequest(wanted_labels(settings), whole, whole_labels=compare is not None),
    )
    history = jobs_of(jobs, warehouse, whole).frame if jobs else None
    if period is not None:
        charges = replace(charges, frame=within(charges.frame, period))
        history = within(history.lazy(), period, "created").collect() if history is not None else None
    reach = check_charges(charges)
    found = find_iterations(charges.frame, history, settings)

    def entry(item: Iteration) -> tuple[Entry, str] | None:
        label = item.id if item.evidence == f"label:{OWN_LABEL}" else None
        return entry_of(stamped.entries, label, item.start)

    if compare is not None:
        before, after = (changes.choose(found.iterations, name) for name in compare)
        if before == after:
            raise UsageProblem(f"--compare {compare[0]} {compare[1]}: both are the same iteration")
        compared = changes.compare(charges.frame, found, before, after, settings)
        render_two = comparison_json if format is Format.json else comparison_text
        entries = (entry(compared.before), entry(compared.after))
        write_text(render_two(compared, entries, reach.currency), output)
        return
    shown = Shown(
        found=found,
        changes=changes.changes(found.iterations),
        entries=[entry(item) for item in found.iterations],
        ledger=stamped if stamped.entries or stamped.unread else None,
        runs=runs.runs_per_iteration(found.jobs) if history is not None else None,
        unhashed=runs.jobs_without_key(found.jobs),
        settings=settings,
        currency=reach.currency,
        gross_only=any("credits" in file.missing for file in charges.files),
        first=reach.first_usage,
        last=reach.last_usage,
        week=week,
        timezone=zone,
    )
    render = iterations_json if format is Format.json else iterations_text
    write_text(render(shown), output)
