"""`costguard scan`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

import typer

from costguard.cli.options import (
    BillingOption,
    CatalogOption,
    ConfigOption,
    DatasetOption,
    DialectOption,
    JobsOption,
    LocationOption,
    NoCacheOption,
    NowOption,
    OutputOption,
    PathsArgument,
    PricesOption,
    ProjectOption,
)
from costguard.cli.outputs import AlsoOption, OutputFormat, OutputFormatOption
from costguard.errors import UsageProblem


class FailOn(StrEnum):
    """Severities that fail the gate."""

    error = "error"
    warning = "warning"
    note = "note"
    never = "never"


def scan_command(
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
    from costguard.cli.outputs import targets_of, write_targets
    from costguard.cli.progress import Reporter
    from costguard.cli.request import Options, build_request, config_for
    from costguard.cli.scan_formats import render_scan
    from costguard.gate import judge_gate
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
        max_usd_per_query=_usd("--max-usd-per-query", max_usd_per_query, settings.max_usd_per_query),
        max_usd_per_iteration=_usd(
            "--max-usd-per-iteration", max_usd_per_iteration, settings.max_usd_per_iteration
        ),
    )
    request = build_request(options, settings)
    with Reporter(quiet) as reporter:
        outcome = scan(request, reporter.progress)
    for note in outcome.notes:
        reporter.note(note)
    verdict = judge_gate(outcome.result, policy)
    severity = policy.fail_on if policy.fail_on != "never" else None
    write_targets(
        targets,
        lambda target: render_scan(target, request, outcome, verdict, severity, everything),
    )
    raise typer.Exit(verdict.exit_code)


def _usd(option: str, given: str | None, otherwise: Decimal | None) -> Decimal | None:
    if given is None:
        return otherwise
    try:
        amount = Decimal(given.removeprefix("$"))
    except InvalidOperation:
        raise UsageProblem(f"{option} {given!r} is not an amount of dollars such as 2.50") from None
    if not amount.is_finite() or amount < 0:
        raise UsageProblem(f"{option} {given!r} must be 0 or more")
    return amount
