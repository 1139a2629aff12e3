"""`costguard match` and `costguard calibrate`: the code held against the job history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costguard.cli.options import (
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
    OutputOption,
    PathsArgument,
    PricesOption,
    ProjectOption,
)
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.cli.request import Options
    from costguard.pipeline import ScanWithHistory


def match_command(
    paths: PathsArgument,
    jobs: JobsOption = None,
    billing: BillingOption = None,
    catalog: CatalogOption = None,
    location: LocationOption = None,
    prices: PricesOption = None,
    project: ProjectOption = None,
    dataset: DatasetOption = None,
    now: NowOption = None,
    dialect: DialectOption = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    config: ConfigOption = None,
    no_cache: NoCacheOption = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every row of each list.")] = False,
) -> None:
    """Find the jobs of each query: what it cost, what is not in the code, and what never ran."""
    from costguard.cli.request import Options
    from costguard.render.match import match_json, match_text
    from costguard.write import write_text

    options = Options(
        paths,
        catalog or (),
        location,
        project,
        dataset,
        now,
        dialect,
        (),
        config,
        no_cache,
        None,
        prices,
        jobs,
        billing,
    )
    found = _held_against(options, output)
    assert found.result.history is not None
    parts = found.history, found.result.history, found.queries, found.never_run
    text = match_json(*parts) if format is Format.json else match_text(*parts, everything=everything)
    write_text(text, output)


def calibrate_command(
    paths: PathsArgument,
    jobs: JobsOption = None,
    billing: BillingOption = None,
    catalog: CatalogOption = None,
    location: LocationOption = None,
    prices: PricesOption = None,
    project: ProjectOption = None,
    dataset: DatasetOption = None,
    now: NowOption = None,
    dialect: DialectOption = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    config: ConfigOption = None,
    no_cache: NoCacheOption = False,
) -> None:
    """Hold the estimated bytes of each query against those of its jobs."""
    from costguard.cli.request import Options
    from costguard.history.calibration import calibrate
    from costguard.render.calibration import calibration_json, calibration_text
    from costguard.write import write_text

    options = Options(
        paths,
        catalog or (),
        location,
        project,
        dataset,
        now,
        dialect,
        (),
        config,
        no_cache,
        None,
        prices,
        jobs,
        billing,
    )
    result = _held_against(options, output).result
    assert result.history is not None
    render = calibration_json if format is Format.json else calibration_text
    write_text(render(calibrate(result.queries), result.history), output)


def _held_against(options: Options, output: Path | None) -> ScanWithHistory:
    from costguard.cli.analysed import refuse_unless_analysed
    from costguard.cli.progress import Reporter
    from costguard.cli.request import build_request, config_for
    from costguard.pipeline import scan_with_history
    from costguard.render.amounts import counted
    from costguard.write import check_output

    check_output(output)
    if not options.jobs:
        raise UsageProblem("no job history is given: --jobs EXPORT (`costguard jobs` says what is read)")
    found = scan_with_history(build_request(options, config_for(options)))
    refuse_unless_analysed(found.result)
    unread = found.result.summary.unread
    if unread:
        places = counted(unread, "place")
        Reporter(quiet=False).note(
            f"{places} in the code could not be read (`costguard scan` lists them): jobs of queries there "
            "belong to no code here"
        )
    return found
