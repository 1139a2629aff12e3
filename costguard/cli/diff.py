"""`costguard diff`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costguard.cli.options import (
    BaselineOption,
    CatalogOption,
    ConfigOption,
    DatasetOption,
    DialectOption,
    ExitZeroOption,
    FailOn,
    LocationOption,
    NoBaselineOption,
    NoCacheOption,
    NowOption,
    OutputOption,
    PricesOption,
    ProjectOption,
)
from costguard.cli.outputs import AlsoOption, OutputFormat, OutputFormatOption, config_file
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.cli.diff_sides import Side
    from costguard.cli.request import Options
    from costguard.config import Config
    from costguard.diff.git import Repository
    from costguard.diff.model import ScanDiff
    from costguard.diff.revisions import Compared
    from costguard.render.file_places import Sources
    from costguard.request import ScanRequest


@dataclass(frozen=True, slots=True)
class _Baseline:
    """What was said of the baseline on the command line."""

    file: Path | None
    none: bool


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A diff, and where it comes from."""

    diff: ScanDiff
    head: Side
    request: ScanRequest
    """Of the head."""
    sources_before: Sources
    sources: Sources


def diff_command(
    base_and_paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="BASE [PATH...]",
            help="What to compare with (default: where this branch left the main one), and only these paths.",
        ),
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", metavar="REV", help="BASE, where its name is a path's too.")
    ] = None,
    head: Annotated[str, typer.Option("--head", metavar="REV", help="The changed side.")] = "HEAD",
    worktree: Annotated[
        bool, typer.Option("--worktree", help="The changed side is the work tree as it is, uncommitted.")
    ] = False,
    direct: Annotated[
        bool, typer.Option("--direct", help="Compare with BASE itself, not with where both parted.")
    ] = False,
    same_settings: Annotated[
        bool,
        typer.Option("--same-settings", help="Scan BASE with the config and catalog of the changed side."),
    ] = False,
    catalog: CatalogOption = None,
    location: LocationOption = None,
    prices: PricesOption = None,
    project: ProjectOption = None,
    dataset: DatasetOption = None,
    now: NowOption = None,
    dialect: DialectOption = None,
    format: OutputFormatOption = OutputFormat.text,
    output: OutputOption = None,
    also: AlsoOption = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option("--fail-on", help="Lowest severity of a new finding that fails (default: error)."),
    ] = None,
    max_increase_usd: Annotated[
        str | None, typer.Option(metavar="USD", help="Fail when one iteration costs so much more.")
    ] = None,
    max_increase_pct: Annotated[
        str | None, typer.Option(metavar="PERCENT", help="Fail when it costs so much more, in percent.")
    ] = None,
    max_usd_per_query: Annotated[
        str | None, typer.Option(metavar="USD", help="Fail when one run of a new or dearer query costs more.")
    ] = None,
    max_usd_per_iteration: Annotated[
        str | None, typer.Option(metavar="USD", help="Fail when one iteration grows to more.")
    ] = None,
    warn_increase_usd: Annotated[
        str | None, typer.Option(metavar="USD", help="Pass, and say that one iteration costs so much more.")
    ] = None,
    warn_increase_pct: Annotated[
        str | None, typer.Option(metavar="PERCENT", help="The same in percent.")
    ] = None,
    min_usd: Annotated[
        str | None, typer.Option(metavar="USD", help="Changes of less are noise: not listed, not gated.")
    ] = None,
    min_read_share: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Exit with 2 when less of the statements was read.")
    ] = None,
    exit_zero: ExitZeroOption = None,
    baseline: BaselineOption = None,
    no_baseline: NoBaselineOption = False,
    rule: Annotated[list[str] | None, typer.Option("--rule", metavar="ID", help="Only these rules.")] = None,
    config: ConfigOption = None,
    no_cache: NoCacheOption = False,
    jobs_parallel: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=64, help="Processes to use (default: by the work).")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")] = False,
) -> None:
    """What a change makes dearer or cheaper: the queries and findings of two revisions, side by side."""
    from dataclasses import replace

    from costguard.cli.diff_formats import DiffToShow, render_diff
    from costguard.cli.limits import amount, percent, share
    from costguard.cli.outputs import targets_of, write_targets
    from costguard.cli.request import Options, parse_now
    from costguard.config import Config
    from costguard.diff.git import open_repository
    from costguard.diff.revisions import compared
    from costguard.diff_gate import DiffPolicy, judge_diff

    targets = targets_of(format, output, also)
    repository = open_repository(Path.cwd(), os.environ)
    base, named = _base_and_paths(repository, base, base_and_paths or [])
    paths = [_inside(repository, path) for path in named] or [""]
    options = Options(
        (),
        [path.absolute() for path in catalog or ()],
        location,
        project,
        dataset,
        parse_now(now).isoformat(),
        dialect,
        rule or (),
        config,
        no_cache,
        jobs_parallel,
        prices.absolute() if prices is not None else None,
    )

    def limits(settings: Config) -> DiffPolicy:
        return DiffPolicy(
            fail_on=fail_on.value if fail_on is not None else settings.fail_on,
            max_increase_usd=amount("--max-increase-usd", max_increase_usd, settings.max_increase_usd),
            max_increase_pct=percent("--max-increase-pct", max_increase_pct, settings.max_increase_pct),
            max_usd_per_query=amount("--max-usd-per-query", max_usd_per_query, settings.max_usd_per_query),
            max_usd_per_iteration=amount(
                "--max-usd-per-iteration", max_usd_per_iteration, settings.max_usd_per_iteration
            ),
            min_usd=amount("--min-usd", min_usd, settings.min_usd) or Decimal(0),
            warn_increase_usd=amount("--warn-increase-usd", warn_increase_usd, settings.warn_increase_usd),
            warn_increase_pct=percent("--warn-increase-pct", warn_increase_pct, settings.warn_increase_pct),
            min_read_share=share("--min-read-share", min_read_share, settings.min_read_share),
            advisory=settings.exit_zero if exit_zero is None else exit_zero,
        )

    limits(Config())  # what is no amount is said before anything is scanned
    revisions = compared(repository, base, head, os.environ, work_tree=worktree, direct=direct)
    accepted = _Baseline(baseline.absolute() if baseline is not None else None, no_baseline)
    with _compared(
        repository, revisions, paths, options, accepted, same_settings=same_settings, quiet=quiet
    ) as found:
        policy = limits(found.head.config)
        diff = replace(found.diff, min_usd=policy.min_usd)
        verdict = judge_diff(diff, policy)
        shown = DiffToShow(
            diff,
            verdict,
            policy.fail_on if policy.fail_on != "never" else None,
            repository.top,
            found.sources_before,
            found.sources,
            _declared(found.head),
            found.request.rule_directories,
            found.request.policies,
        )
        write_targets(targets, lambda target: render_diff(target, shown))
    raise typer.Exit(verdict.exit_code)


@contextmanager
def _compared(
    repository: Repository,
    revisions: Compared,
    paths: list[str],
    options: Options,
    given: _Baseline,
    *,
    same_settings: bool,
    quiet: bool,
) -> Iterator[_Comparison]:
    """The diff, while the texts of both sides can be read."""
    from costguard.cli.diff_baseline import head_baseline, with_accepted
    from costguard.cli.diff_sides import both_sides, scan_requests
    from costguard.cli.progress import Reporter
    from costguard.diff.compare import compare
    from costguard.diff.same_files import SameFiles
    from costguard.pipeline import scan

    with (
        _ended_in_order(),
        both_sides(repository, revisions.base, revisions.head, paths, options) as (base, head),
    ):
        with Reporter(quiet) as reporter:
            requests = scan_requests(repository, base, head, paths, options, same_settings=same_settings)
            accepted = head_baseline(repository, head, given.file, given.none)
            with base.named():
                before = scan(requests.before, reporter.progress)
            with head.named():
                after = scan(requests.after, reporter.progress)
            for note in dict.fromkeys((*before.notes, *after.notes)):
                reporter.note(note)
            today = requests.after.settings.now.date()
            before, after = (
                with_accepted(outcome, accepted, head, paths, options.rules, today)
                for outcome in (before, after)
            )
            diff = compare(
                revisions.base,
                revisions.head,
                before,
                after,
                SameFiles(base.tree, head.tree, base.read, head.read),
                (*revisions.remarks, *requests.remarks),
            )
        yield _Comparison(diff, head, requests.after, before.sources, after.sources)


def _declared(head: Side) -> str:
    """The config file of the head, from the top of the repository if it lies there."""
    file = head.config.file
    if file is not None and file.is_relative_to(head.folder):
        return file.relative_to(head.folder).as_posix()
    return config_file(head.config)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """When the command is told to end (CI cancels a job so), it ends as it does on an interrupt: what
    it wrote aside is deleted."""

    def end(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _base_and_paths(
    repository: Repository, base: str | None, arguments: list[str]
) -> tuple[str | None, list[str]]:
    """The first argument is BASE if it is a revision, else a path.

    Raises:
        UsageProblem: it is both, or neither.
    """
    from costguard.diff.revisions import find_commit, unknown_revision

    if base is not None or not arguments:
        return base, arguments
    first, *paths = arguments
    is_path = os.path.lexists(first)
    if find_commit(repository, first) is not None:
        if is_path:
            raise UsageProblem(
                f"{first!r} is both a revision and a path: write --base {first} for the one, ./{first} for the other"
            )
        return first, paths
    if is_path:
        return None, arguments
    raise UsageProblem(f"{unknown_revision(repository, first)}; and there is no such path")


def _inside(repository: Repository, path: str) -> str:
    """A path as counted from the top of the work tree.

    Raises:
        UsageProblem: it lies outside.
    """
    absolute = os.path.normpath(os.path.join(os.path.realpath(Path.cwd()), path))
    inside = os.path.relpath(absolute, repository.top)
    if inside == os.pardir or inside.startswith(f"{os.pardir}{os.sep}"):
        raise UsageProblem(f"{path}: lies outside of the repository {repository.top}")
    return "" if inside == os.curdir else inside.replace(os.sep, "/")
