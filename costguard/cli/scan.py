"""`costguard scan`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from costguard.cli.options import (
    BaselineOption,
    BillingOption,
    CatalogOption,
    ConfigOption,
    DatasetOption,
    DialectOption,
    ExitZeroOption,
    FailOn,
    JobsOption,
    LocationOption,
    NoBaselineOption,
    NoCacheOption,
    NowOption,
    OutputOption,
    PathsArgument,
    PricesOption,
    ProjectOption,
)
from costguard.cli.outputs import AlsoOption, OutputFormat, OutputFormatOption


def scan_command(
    context: typer.Context,
    paths: PathsArgument,
    catalog: CatalogOption = None,
    location: LocationOption = None,
    prices: PricesOption = None,
    project: ProjectOption = None,
    dataset: DatasetOption = None,
    now: NowOption = None,
    dialect: DialectOption = None,
    jobs: JobsOption = None,
    billing: BillingOption = None,
    format: OutputFormatOption = OutputFormat.text,
    output: OutputOption = None,
    also: AlsoOption = None,
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="Lowest severity that fails (default: error).")
    ] = None,
    max_usd_per_query: Annotated[
        str | None, typer.Option(metavar="USD", help="Fail when one run of one query costs more.")
    ] = None,
    max_usd_per_iteration: Annotated[
        str | None, typer.Option(metavar="USD", help="Fail when one iteration costs more.")
    ] = None,
    warn_usd_per_query: Annotated[
        str | None, typer.Option(metavar="USD", help="Warn when one run of one query costs more.")
    ] = None,
    warn_usd_per_iteration: Annotated[
        str | None, typer.Option(metavar="USD", help="Warn when one iteration costs more.")
    ] = None,
    min_usd: Annotated[
        str | None,
        typer.Option(metavar="USD", help="Leave out findings known to waste less in an iteration."),
    ] = None,
    min_read_share: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Exit with 2 when a smaller part could be read, such as 0.9."),
    ] = None,
    exit_zero: ExitZeroOption = None,
    baseline: BaselineOption = None,
    no_baseline: NoBaselineOption = False,
    update_baseline: Annotated[
        bool,
        typer.Option("--update-baseline", help="Take out of the baseline file what is not there any more."),
    ] = False,
    rule: Annotated[list[str] | None, typer.Option("--rule", metavar="ID", help="Only these rules.")] = None,
    config: ConfigOption = None,
    no_cache: NoCacheOption = False,
    jobs_parallel: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=64, help="Processes to use (default: by the work).")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every finding with its source line, however many.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")] = False,
) -> None:
    """Find, price and judge the queries and data code below PATH."""
    from costguard.cli.accepted import apply_baseline, open_baseline
    from costguard.cli.limits import amount, share
    from costguard.cli.outputs import targets_of, write_targets
    from costguard.cli.progress import Reporter
    from costguard.cli.request import Options, build_request, config_for
    from costguard.cli.scan_formats import render_scan
    from costguard.gate import judge_gate, with_floor
    from costguard.pipeline import scan
    from costguard.result import GatePolicy

    targets = targets_of(format, output, also)
    options = Options(
        paths,
        catalog or (),
        location,
        project,
        dataset,
        now,
        dialect,
        rule or (),
        config,
        no_cache,
        jobs_parallel,
        prices,
        jobs,
        billing,
    )
    settings = config_for(options)
    policy = GatePolicy(
        fail_on=fail_on.value if fail_on is not None else settings.fail_on,
        max_usd_per_query=amount("--max-usd-per-query", max_usd_per_query, settings.max_usd_per_query),
        max_usd_per_iteration=amount(
            "--max-usd-per-iteration", max_usd_per_iteration, settings.max_usd_per_iteration
        ),
        warn_usd_per_query=amount("--warn-usd-per-query", warn_usd_per_query, settings.warn_usd_per_query),
        warn_usd_per_iteration=amount(
            "--warn-usd-per-iteration", warn_usd_per_iteration, settings.warn_usd_per_iteration
        ),
        min_read_share=share("--min-read-share", min_read_share, settings.min_read_share),
        advisory=settings.exit_zero if exit_zero is None else exit_zero,
    )
    floor = amount("--min-usd", min_usd, settings.min_usd)
    accepted = open_baseline(baseline, no_baseline, update_baseline, options, settings)
    request = build_request(options, settings)
    with Reporter(quiet) as reporter:
        outcome = scan(request, reporter.progress, context.obj)
    for note in outcome.notes:
        reporter.note(note)
    result = outcome.result
    if accepted is not None:
        result, note = apply_baseline(accepted, result, request, options, update_baseline)
        if note:
            reporter.note(note)
    result = with_floor(result, floor)
    verdict = judge_gate(result, policy)
    severity = policy.fail_on if policy.fail_on != "never" else None
    judged = replace(outcome, result=result)
    write_targets(
        targets,
        lambda target: render_scan(target, request, judged, verdict, severity, everything, settings),
    )
    raise typer.Exit(verdict.exit_code)
