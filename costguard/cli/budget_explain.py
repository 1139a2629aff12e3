"""`costguard budget explain`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costguard.cli.options import ConfigOption, JobsOption, NowOption, OutputOption
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.budget_explanation import Explanation
    from costguard.budgets.scope import Scope


class ExplainFormat(StrEnum):
    """How an explanation is written."""

    text = "text"
    markdown = "markdown"
    json = "json"


def explain_budget_command(
    message: Annotated[
        Path | None, typer.Argument(metavar="MESSAGE", help="The notification (default: standard input).")
    ] = None,
    billing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EXPORT", help="Cloud Billing export: what grew, and which iterations (repeatable)."
        ),
    ] = None,
    jobs: JobsOption = None,
    code: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="The code whose queries the jobs are (repeatable; needs --jobs)."),
    ] = None,
    project: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="What the budget covers, if the config does not declare it (repeatable)."
        ),
    ] = None,
    service: Annotated[list[str] | None, typer.Option(metavar="ID", help="Likewise (repeatable).")] = None,
    label: Annotated[str | None, typer.Option(metavar="KEY=VALUE", help="Likewise.")] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Commits and comments (default: .costguard/iterations.jsonl of the project)."
        ),
    ] = None,
    format: Annotated[ExplainFormat, typer.Option(help="How to write it.")] = ExplainFormat.text,
    output: OutputOption = None,
    now: NowOption = None,
    config: ConfigOption = None,
) -> None:
    """Explain a budget's notification (Pub/Sub): what grew, which iteration, which lines of code."""
    from costguard.budget_explanation import Explanation, Given, explain, question_of, span_of
    from costguard.budgets.declared import declared_budgets
    from costguard.budgets.notification import read_notification
    from costguard.cli.code_costs import code_costs_of
    from costguard.cli.iteration import ledger_to_read
    from costguard.cli.request import parse_now
    from costguard.config import find_config, load_config
    from costguard.history.charges import load_charges, summarise
    from costguard.history.iterations import iteration_settings
    from costguard.history.jobs import load_jobs
    from costguard.history.ledger import read_ledger
    from costguard.write import check_output, write_text

    if code and not jobs:
        raise UsageProblem("--code needs the job history: --jobs EXPORT")
    check_output(output)
    stamped = ledger_to_read(ledger)
    moment = parse_now(now)
    settings = load_config(config if config is not None else find_config(Path()))
    scope = _scope(project or (), service or (), label)
    question = question_of(read_notification(_read(message)), declared_budgets(settings), scope, moment)
    charges = load_charges(billing) if billing else None
    summary = summarise(charges) if charges is not None else None
    span = span_of(question, summary, moment)
    bill = None
    if charges is not None and summary is not None:
        given = Given(
            load_jobs(jobs).frame if jobs else None,
            read_ledger(stamped).entries,
            iteration_settings(settings),
        )
        bill = explain(question, span, charges, summary, moment, given)
    costs = code_costs_of(code, jobs or (), billing or (), span.for_jobs, now, config) if code else None
    write_text(_written(Explanation(question, span, moment, bill, costs), format), output)


def _read(message: Path | None) -> bytes:
    """The message."""
    from costguard.bounded_read import read_at_most, read_standard_input
    from costguard.budgets.notification import MAXIMUM_BYTES, TOO_LARGE

    if message is None:
        if sys.stdin.isatty():
            raise UsageProblem("give the notification: costguard budget explain < message.json")
        return read_standard_input(MAXIMUM_BYTES, TOO_LARGE)
    return read_at_most(message, MAXIMUM_BYTES, TOO_LARGE)


def _scope(
    projects: list[str] | tuple[()], services: list[str] | tuple[()], label: str | None
) -> Scope | None:
    """What the options name; None without any."""
    from costguard.budgets.scope import Scope

    if not projects and not services and label is None:
        return None
    pair = None
    if label is not None:
        key, equals, value = label.partition("=")
        if not key or not equals or not value:
            raise UsageProblem(f"--label {label!r} is no KEY=VALUE such as team=ml")
        pair = (key, value)
    return Scope(
        projects=tuple(f"projects/{name.removeprefix('projects/')}" for name in projects),
        services=tuple(f"services/{name.removeprefix('services/')}" for name in services),
        label=pair,
    )


def _written(explanation: Explanation, format: ExplainFormat) -> str:
    from costguard import __version__
    from costguard.render.budget_explanation import explanation_json, explanation_view

    if format is ExplainFormat.json:
        return explanation_json(explanation)
    view = explanation_view(explanation, __version__)
    if format is ExplainFormat.markdown:
        from costguard.render.report_markdown import report_markdown

        return report_markdown(view)
    from costguard.render.view_text import view_text

    return view_text(view)
