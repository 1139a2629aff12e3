"""The code, held against the jobs of a period and of the one before: for commands that report from the bill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costguard.history.rollup import Period
    from costguard.report.code import CodeCosts


def code_costs_of(
    paths: Sequence[Path],
    jobs: Sequence[str],
    billing: Sequence[str],
    periods: tuple[Period, Period],
    now: str | None,
    config: Path | None,
) -> CodeCosts:
    """The code's queries by their jobs of a period, and of the one before.

    Raises:
        UsageProblem: a path, an export or the config cannot be used.
    """
    from costguard.cli.analysed import refuse_unless_analysed
    from costguard.cli.progress import Reporter
    from costguard.cli.request import Options, build_request, config_for
    from costguard.pipeline import scan_with_histories
    from costguard.report.code import code_costs

    options = Options(paths=paths, now=now, config=config, jobs=jobs, billing=billing)
    request = build_request(options, config_for(options))
    with Reporter(quiet=False) as reporter:
        found, before = scan_with_histories(request, periods, reporter.progress)
    refuse_unless_analysed(found.result)
    return code_costs(
        found.history, before.history, found.queries, found.result.findings, len(found.never_run)
    )
