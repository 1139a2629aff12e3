"""`costguard report`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costguard.cli.options import MaxBytesOption, OutputOption, PayerOption, usual_week
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from costguard.config import Config
    from costguard.history.charges import Charges
    from costguard.history.jobs import Jobs
    from costguard.history.prices import PricedJobs
    from costguard.history.rollup import Period
    from costguard.pipeline import Exports
    from costguard.report.code import CodeCosts
    from costguard.report.model import Report
    from costguard.report.weekly import Week


MOST_WEEKS = 26
"""INFORMATION_SCHEMA keeps 180 days of jobs."""


class ReportFormat(StrEnum):
    """How a report is written."""

    markdown = "markdown"
    html = "html"
    json = "json"
    csv = "csv"
    slack = "slack"
    eml = "eml"


def report_command(
    billing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EXPORT",
            help="Cloud Billing export: a file, folder or pattern, or bigquery:// (repeatable).",
        ),
    ] = None,
    week: Annotated[
        str | None,
        typer.Option(
            metavar="WEEK",
            callback=usual_week,
            help="ISO week such as 2026-W47; the last one that has ended by default.",
        ),
    ] = None,
    jobs: Annotated[
        list[str] | None,
        typer.Option(metavar="EXPORT", help="The job history, in the same manner (repeatable)."),
    ] = None,
    code: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="The code whose queries the jobs are (repeatable; needs --jobs)."),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Commits and comments (default: .costguard/iterations.jsonl of the project)."
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY", help="Add up by this label (repeatable; default: `report_labels`, team)."
        ),
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Of days and weeks (default: `timezone`, UTC).")
    ] = None,
    format: Annotated[ReportFormat, typer.Option(help="How to write it.")] = ReportFormat.markdown,
    output: OutputOption = None,
    now: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The time to report as of, such as 2026-11-23T06:00:00Z."),
    ] = None,
    mail_from: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Sender of the mail (--format eml).")
    ] = None,
    mail_to: Annotated[
        str | None, typer.Option(metavar="ADDRESSES", help="Recipients of the mail (--format eml).")
    ] = None,
    project: PayerOption = None,
    max_bytes_billed: MaxBytesOption = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="The config file.")] = None,
) -> None:
    """Report what a week cost, from the bill: what changed, what is unusual, and where the month is going."""
    from costguard.budgets.declared import declared_budgets
    from costguard.cli.iteration import ledger_to_read
    from costguard.cli.request import parse_now
    from costguard.cli.sources import Warehouse, bill_of, jobs_of
    from costguard.config import find_config, load_config
    from costguard.history.iterations import iteration_settings
    from costguard.history.ledger import read_ledger
    from costguard.pipeline import Exports
    from costguard.report.weekly import ReportSettings, build_report, report_cells, week_of
    from costguard.write import check_output, write_text

    if not billing:
        raise UsageProblem("a report needs the bill: --billing EXPORT (docs/history.md says how to get it)")
    if code and not jobs:
        raise UsageProblem("--code needs the job history: --jobs EXPORT")
    warehouse = Warehouse("report", project, max_bytes_billed)
    warehouse.refuse_unless_used(billing, jobs or ())
    addresses = _addresses(format, mail_from, mail_to)
    check_output(output)
    stamped = ledger_to_read(ledger)
    moment = parse_now(now)
    settings = load_config(config if config is not None else find_config(Path()))
    chosen = week_of(week, timezone or settings.timezone, moment)
    wanted = ReportSettings(tuple(label or settings.report_labels), iteration_settings(settings))
    charges = bill_of(billing, warehouse, lambda: report_cells(chosen, moment, wanted, prices=bool(jobs)))
    history = jobs_of(jobs, warehouse, _reach(chosen, bool(code))) if jobs else None
    priced, prices = None, None
    if history is not None:
        priced, prices = _priced(history, charges, _config_of(code, config, settings))
    report = build_report(
        charges,
        chosen,
        moment,
        wanted,
        history.frame if history is not None else None,
        _code_costs(code, Exports(charges, history, priced), chosen, now, config)
        if code and history
        else None,
        read_ledger(stamped).entries,
        declared_budgets(settings),
        priced,
        prices,
    )
    again = _command(
        ("--billing", *billing),
        ("--jobs", *(jobs or ())),
        ("--code", *map(str, code or ())),
        ("--week", chosen.name),
        ("--now", f"{moment:%Y-%m-%dT%H:%M:%SZ}"),
        ("--timezone", *([timezone] if timezone is not None else [])),
        ("--label", *(label or ())),
        ("--ledger", *([str(ledger)] if ledger is not None else [])),
        ("--config", *([str(config)] if config is not None else [])),
        ("--project", *([project] if project is not None else [])),
        ("--max-bytes-billed", *([str(max_bytes_billed)] if max_bytes_billed is not None else [])),
    )
    write_text(_written(report, format, addresses, again), output)


def _command(*options: tuple[str, ...]) -> str:
    """What makes the same report again, in any format: each option, and what was given for it."""
    import shlex

    given = (part for name, *values in options for value in values for part in (name, value))
    return shlex.join(("costguard", "report", *given))


def _config_of(code: Sequence[Path] | None, config: Path | None, settings: Config) -> Config:
    """Whose prices and location hold for jobs: the code's, where it is given."""
    from costguard.cli.request import Options, config_for

    return config_for(Options(paths=code, config=config)) if code else settings


def _priced(jobs: Jobs, charges: Charges, config: Config) -> tuple[PricedJobs, str | None]:
    """The jobs with what they cost, by the bill where it is in US dollars, else by the list; and by which, in words."""
    from costguard.cli.request import price_lists
    from costguard.estimate.price import list_price_of
    from costguard.history.charges import currencies
    from costguard.history.prices import price_jobs
    from costguard.measured import prices_text

    book, _ = price_lists(
        config.folder / config.prices if config.prices is not None else None, config.location
    )
    bill = charges if currencies(charges) == ["USD"] else None
    priced = price_jobs(jobs.frame, list_price_of(book), config.location, bill)
    told = prices_text(priced.prices, lambda place: f"{place}, {book.note(place)}")
    named = "what the bill charges for each" if (priced.frame["payment"] == "bill").any() else ""
    return priced, "; ".join(text for text in (named, told) if text) or None


def _code_costs(
    paths: Sequence[Path],
    exports: Exports,
    week: Week,
    now: str | None,
    config: Path | None,
) -> CodeCosts:
    """The code's queries by their jobs of the week, and of the one before."""
    from costguard.cli.analysed import refuse_unless_analysed
    from costguard.cli.progress import Reporter
    from costguard.cli.request import Options, build_request, config_for
    from costguard.pipeline import scan_with_histories
    from costguard.report.code import code_costs

    options = Options(paths=paths, now=now, config=config)
    request = build_request(options, config_for(options))
    weeks = _weeks_of(exports.jobs, week)
    with Reporter(quiet=False) as reporter:
        found = scan_with_histories(request, [period for _, period in weeks], reporter.progress, exports)
    named = [(name, one.history) for (name, _), one in zip(weeks, found, strict=True)]
    before, last = found[-2], found[-1]
    refuse_unless_analysed(last.result)
    return code_costs(
        *(last.history, before.history, last.queries, last.result.findings, len(last.never_run), named),
        held=_holds(exports.jobs, week.earlier(1)),
    )


def _holds(jobs: Jobs, period: Period) -> bool:
    """The history begins on the first day of a period, or earlier."""
    from datetime import timedelta

    assert period.start is not None
    created = jobs.frame["created"].drop_nulls()
    return bool((created < period.start + timedelta(days=1)).any())


def _reach(week: Week, trends: bool) -> Period:
    """The jobs that a report asks BigQuery for: iterations may go on in the week after."""
    from costguard.history.rollup import Period
    from costguard.report.daily import WEEKS

    return Period(week.earlier(MOST_WEEKS - 1 if trends else WEEKS).start, week.earlier(-1).end)


def _weeks_of(jobs: Jobs, week: Week) -> list[tuple[str, Period]]:
    """The weeks from the history's first job to the week of the report: two at least, half a year at most."""
    created = jobs.frame["created"].drop_nulls()
    names = []
    for number in range(MOST_WEEKS):
        name, period = week.named_earlier(number)
        if number > 1 and not (created < period.end).any():
            break
        names.append((name, period))
    return names[::-1]


def _addresses(format: ReportFormat, sender: str | None, to: str | None) -> tuple[str, str] | None:
    if format is not ReportFormat.eml:
        if sender is not None or to is not None:
            raise UsageProblem("--mail-from and --mail-to are for --format eml")
        return None
    if sender is None or to is None:
        raise UsageProblem("--format eml needs --mail-from and --mail-to")
    return sender, to


def _written(report: Report, format: ReportFormat, addresses: tuple[str, str] | None, again: str) -> str:
    from costguard import __version__
    from costguard.render.report_view import view_of

    if format is ReportFormat.json:
        from costguard.render.report_json import report_json

        return report_json(report)
    if format is ReportFormat.csv:
        from costguard.render.report_csv import report_csv

        return report_csv(report)
    view = view_of(report, __version__, again)
    if format is ReportFormat.slack:
        from costguard.render.report_slack import report_slack

        return report_slack(view)
    from costguard.render.report_markdown import report_markdown

    text = report_markdown(view)
    if format is ReportFormat.markdown:
        return text
    from costguard.render.report_html import report_html

    html = report_html(report, view)
    if format is ReportFormat.html:
        return html
    from costguard.render.report_mail import report_mail

    assert addresses is not None
    return report_mail(view.title, view.headline, text, html, report.generated_at, *addresses)
