"""`costguard budget suggest`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

import typer

from costguard.cli.options import ConfigOption, NowOption, OutputOption
from costguard.errors import UsageProblem


class SuggestFormat(StrEnum):
    """How proposals are written."""

    text = "text"
    toml = "toml"
    json = "json"


class CreditsChoice(StrEnum):
    """Which spend a budget counts."""

    include_all = "include-all"
    exclude_all = "exclude-all"


def suggest_command(
    billing: Annotated[
        list[str] | None,
        typer.Option(metavar="EXPORT", help="Cloud Billing export: a file, folder or pattern (repeatable)."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="A budget for each project (default), service, label:KEY, or the total (repeatable).",
        ),
    ] = None,
    jobs: Annotated[
        list[str] | None,
        typer.Option(metavar="EXPORT", help="The job history, which tells when iterations ran (repeatable)."),
    ] = None,
    credits: Annotated[
        CreditsChoice, typer.Option(help="Whether the budgets count spend after credits or before.")
    ] = CreditsChoice.include_all,
    min_usd: Annotated[
        str,
        typer.Option(
            metavar="AMOUNT", help="Leave out what comes to less in a month, in the bill's currency."
        ),
    ] = "10",
    billing_account: Annotated[
        str | None, typer.Option(metavar="ID", help="Of a bill that does not tell its account.")
    ] = None,
    format: Annotated[
        SuggestFormat, typer.Option(help="For people, for the config, or for programs.")
    ] = SuggestFormat.text,
    output: OutputOption = None,
    now: NowOption = None,
    config: ConfigOption = None,
) -> None:
    """Propose budgets from the bill, each with its arithmetic."""
    from pathlib import Path

    from costguard.budget_suggestions import SuggestionSettings, suggest
    from costguard.cli.request import parse_now
    from costguard.config import find_config, load_config
    from costguard.history.charges import load_charges
    from costguard.history.iterations import iteration_settings
    from costguard.history.jobs import load_jobs
    from costguard.render.budget_suggestions import suggestions_json, suggestions_text, suggestions_toml
    from costguard.write import check_output, write_text

    if not billing:
        raise UsageProblem("proposals need the bill: --billing EXPORT (docs/history.md says how to get it)")
    check_output(output)
    settings = SuggestionSettings(
        tuple(by or ("project",)),
        credits.value,
        _amount(min_usd),
        billing_account,
        iteration_settings(load_config(config if config is not None else find_config(Path()))),
    )
    found = suggest(load_charges(billing), parse_now(now), settings, load_jobs(jobs).frame if jobs else None)
    renders = {
        SuggestFormat.text: suggestions_text,
        SuggestFormat.toml: suggestions_toml,
        SuggestFormat.json: suggestions_json,
    }
    write_text(renders[format](found), output)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise UsageProblem(f"--min-usd {text!r} is no amount such as 10 or 2.50")
    return amount
