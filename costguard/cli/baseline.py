"""`costguard baseline write | prune | show`: what a project has accepted for now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costguard.cli.accepted import Accepted, baseline_folder, found_of, open_baseline, shown_path
from costguard.cli.options import (
    BaselineOption,
    BillingOption,
    CatalogOption,
    ConfigOption,
    DatasetOption,
    DialectOption,
    Format,
    FormatOption,
    JobsOption,
    LocationOption,
    NoCacheOption,
    NowOption,
    OptionalPathsArgument,
    OutputOption,
    PricesOption,
    ProjectOption,
)
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from datetime import date

    from costguard.baseline.found import Found
    from costguard.cli.request import Options
    from costguard.config import Config

baseline_app = typer.Typer(
    help="What has been accepted for now: only what is new or dearer fails.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@baseline_app.command("write")
def write_command(
    paths: OptionalPathsArgument = None,
    baseline: BaselineOption = None,
    accept_new: Annotated[
        bool, typer.Option("--accept-new", help="Accept what an existing baseline does not.")
    ] = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why what is new is accepted.")] = "",
    expires: Annotated[
        str | None, typer.Option(metavar="DAY", help="Accept it until this day, such as 2027-01-01.")
    ] = None,
    max_usd_per_query: Annotated[
        str | None, typer.Option(metavar="USD", help="Queries that cost more a run get a budget.")
    ] = None,
    catalog: CatalogOption = None,
    location: LocationOption = None,
    prices: PricesOption = None,
    project: ProjectOption = None,
    dataset: DatasetOption = None,
    now: NowOption = None,
    dialect: DialectOption = None,
    jobs: JobsOption = None,
    billing: BillingOption = None,
    config: ConfigOption = None,
    no_cache: NoCacheOption = False,
) -> None:
    """Accept what is found now. A baseline that is there already only comes to accept less, but for --accept-new."""
    from costguard.baseline.change import Terms, write
    from costguard.baseline.file import read_baseline, write_baseline
    from costguard.baseline.model import Baseline
    from costguard.baseline.place import place_of_baseline
    from costguard.cli.limits import amount, day
    from costguard.cli.request import Options, config_for
    from costguard.render.baseline_list import change_text
    from costguard.write import write_text

    options = Options(
        *(paths or [Path()], catalog or (), location, project, dataset, now, dialect, (), config, no_cache),
        prices=prices,
        jobs=jobs,
        billing=billing,
    )
    settings = config_for(options)
    last = day("--expires", expires)
    limit = amount("--max-usd-per-query", max_usd_per_query, settings.max_usd_per_query)
    path = place_of_baseline(baseline, settings, baseline_folder(options, settings))
    before = read_baseline(path) if path.exists() else None
    found, today = _scanned(options, settings)
    if last is not None and last < today:
        raise UsageProblem(f"--expires {expires}: that day has passed")
    terms = Terms(today, " ".join(reason.split()), last, limit)
    change = write(before or Baseline(), found, terms, accept_new or before is None)
    if change.changed or before is None:
        write_baseline(change.baseline, path)
    write_text(change_text(shown_path(path), change), None)
    raise typer.Exit(1 if change.of("refused") else 0)


@baseline_app.command("prune")
def prune_command(
    paths: OptionalPathsArgument = None,
    baseline: BaselineOption = None,
    catalog: CatalogOption = None,
    location: LocationOption = None,
    prices: PricesOption = None,
    project: ProjectOption = None,
    dataset: DatasetOption = None,
    now: NowOption = None,
    dialect: DialectOption = None,
    config: ConfigOption = None,
    no_cache: NoCacheOption = False,
) -> None:
    """Take out of the baseline what is not there any more."""
    from costguard.baseline.change import prune
    from costguard.baseline.file import write_baseline
    from costguard.cli.request import Options, config_for
    from costguard.render.baseline_list import change_text
    from costguard.write import write_text

    options = Options(
        *(paths or [Path()], catalog or (), location, project, dataset, now, dialect, (), config, no_cache),
        prices=prices,
    )
    settings = config_for(options)
    accepted = _needed(baseline, options, settings)
    found, _ = _scanned(options, settings)
    change = prune(accepted.baseline, found)
    if change.changed:
        write_baseline(change.baseline, accepted.path)
    write_text(change_text(accepted.shown, change), None)


@baseline_app.command("show")
def show_command(
    paths: OptionalPathsArgument = None,
    baseline: BaselineOption = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    catalog: CatalogOption = None,
    location: LocationOption = None,
    prices: PricesOption = None,
    project: ProjectOption = None,
    dataset: DatasetOption = None,
    now: NowOption = None,
    dialect: DialectOption = None,
    jobs: JobsOption = None,
    billing: BillingOption = None,
    config: ConfigOption = None,
    no_cache: NoCacheOption = False,
) -> None:
    """List the entries: how old, until when, what they cost, and whether they are needed."""
    from costguard.baseline.state import states
    from costguard.cli.request import Options, config_for
    from costguard.render.baseline_list import states_json, states_text
    from costguard.write import check_output, write_text

    check_output(output)
    options = Options(
        *(paths or [Path()], catalog or (), location, project, dataset, now, dialect, (), config, no_cache),
        prices=prices,
        jobs=jobs,
        billing=billing,
    )
    settings = config_for(options)
    accepted = _needed(baseline, options, settings)
    found, today = _scanned(options, settings)
    render = states_json if format is Format.json else states_text
    write_text(render(accepted.shown, states(accepted.baseline, found, today), today), output)


def _needed(given: Path | None, options: Options, settings: Config) -> Accepted:
    accepted = open_baseline(given, False, True, options, settings)
    assert accepted is not None  # it would have been refused
    return accepted


def _scanned(options: Options, settings: Config) -> tuple[Found, date]:
    """What there is now.

    Raises:
        UsageProblem: nothing could be analysed, so that nobody knows.
    """
    from costguard.cli.analysed import refuse_unless_analysed
    from costguard.cli.request import build_request
    from costguard.pipeline import scan

    request = build_request(options, settings)
    result = scan(request).result
    refuse_unless_analysed(result)
    return found_of(result, request, options), request.settings.now.date()
