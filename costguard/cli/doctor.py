"""`costguard doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costguard.cli.options import Format, FormatOption, OutputOption
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.checks import Check
    from costguard.config import Config

SECONDS: Final = 20.0
"""How long an online check of budgets waits for an answer."""


def doctor_command(
    online: Annotated[
        bool, typer.Option("--online", help="Also try what needs Google Cloud; nothing of it costs anything.")
    ] = False,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT",
            help="Runs the dry runs of --online (default: of the config, or the credentials).",
        ),
    ] = None,
    location: Annotated[
        str | None, typer.Option(metavar="LOCATION", help="Where they run (default: of the config, US).")
    ] = None,
    billing: Annotated[
        list[str] | None,
        typer.Option(metavar="EXPORT", help="Check that this bill can be read (repeatable)."),
    ] = None,
    jobs: Annotated[
        list[str] | None,
        typer.Option(metavar="EXPORT", help="Check that this job history can be read (repeatable)."),
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="The config file.")] = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    now: Annotated[
        str | None, typer.Option(metavar="TIME", help="The clock (default: the real one).")
    ] = None,
) -> None:
    """Say what works here, what does not, and what to do next."""
    from costguard.checks import attempted, history_checks, local_checks
    from costguard.cli.request import Options, cache_directory, parse_now
    from costguard.config import find_config, load_config
    from costguard.render.doctor import doctor_json, doctor_text
    from costguard.write import check_output, write_text

    check_output(output)
    if not online and (project is not None or location is not None):
        raise UsageProblem("--project and --location are for --online")
    moment = parse_now(now)
    path = config if config is not None else find_config(Path())
    try:
        settings = load_config(path)
        cache = cache_directory(Options(paths=()), settings)
    except UsageProblem:  # the first check says so
        settings, cache = None, None
    checks = [*local_checks(path, cache, moment), *history_checks(billing or (), jobs or ())]
    if online:
        from costguard.cli.progress import note
        from costguard.cloud.access_checks import access_attempts
        from costguard.cloud.bigquery import Access

        access = Access(project or (settings.project if settings is not None else None), label="doctor")
        where = location or (settings.location if settings is not None else "US")
        checks.extend(
            attempted(name, work, step) for name, work, step in access_attempts(access, where, note)
        )
        if settings is not None and settings.budgets:
            checks.extend(_budget_checks(settings))
    write_text((doctor_json if format is Format.json else doctor_text)(checks), output)
    if any(check.state == "problem" for check in checks):
        raise typer.Exit(2)


def _budget_checks(settings: Config) -> Iterator[Check]:
    """The rights that the declared budgets need."""
    from costguard.budgets.declared import declared_budgets
    from costguard.checks import Check, attempted
    from costguard.cli.budget_service import budget_service
    from costguard.cloud.access_checks import budget_attempts

    try:
        budgets = declared_budgets(settings)
    except UsageProblem:  # a local check says so
        return
    try:
        with budget_service(SECONDS, quiet=True) as service:
            for name, work, step in budget_attempts(budgets, service):
                yield attempted(name, work, step)
    except UsageProblem as problem:
        yield Check("budgets online", "problem", str(problem), "docs/budgets.md says what it takes")
