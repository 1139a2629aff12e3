"""Every command: where it is, and what the list of commands says of it.

Only the command that is called is loaded: to load all of them, and to make sense of all their options, takes longer
than a small scan needs to begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


@dataclass(frozen=True)
class Place:
    """Where a command is."""

    name: str
    module: str
    """Below `costguard.cli`."""
    attribute: str
    """A function, or a `typer.Typer` with commands of its own."""
    help: str
    """The first line of its help."""


COMMANDS: Final = (
    Place(
        "init",
        "init",
        "init_command",
        "Look at a project, and write a config and a workflow for it.",
    ),
    Place("scan", "scan", "scan_command", "Find, price and judge the queries and data code below PATH."),
    Place(
        "diff",
        "diff",
        "diff_command",
        "What a change makes dearer or cheaper: the queries and findings of two revisions, side by side.",
    ),
    Place("comment", "comment", "comment_app", "Keep one comment on a pull or merge request up to date."),
    Place(
        "baseline",
        "baseline",
        "baseline_app",
        "What has been accepted for now: only what is new or dearer fails.",
    ),
    Place("rules", "explain", "rules_command", "List the rules."),
    Place(
        "explain",
        "explain",
        "explain_command",
        "Show the page of a rule: why it costs, what it finds, what to do.",
    ),
    Place(
        "test-rules",
        "test_rules",
        "check_rules_command",
        "Run every example of the rule pages: Bad must be found, Good and Not this must not.",
    ),
    Place(
        "query",
        "query",
        "query_command",
        "Ask the fact tables a question of your own; with --jobs and --billing also jobs, charges and iterations.",
    ),
    Place(
        "charges",
        "charges",
        "charges_command",
        "Say what a Cloud Billing export holds: rows, days, and what each invoice month comes to.",
    ),
    Place(
        "jobs",
        "jobs",
        "jobs_command",
        "Say what a BigQuery job history holds: jobs, what was charged for, and what of that was waste.",
    ),
    Place(
        "report",
        "report",
        "report_command",
        "Report what a week cost, from the bill: what changed, what is unusual, and where the month is going.",
    ),
    Place("doctor", "doctor", "doctor_command", "Say what works here, what does not, and what to do next."),
    Place(
        "iterations",
        "iterations",
        "iterations_command",
        "List the iterations in a bill: what each cost, by phase, and what changed since the one before.",
    ),
    Place(
        "iteration",
        "iteration",
        "iteration_app",
        "Begin and end an iteration: a label for its jobs, and a line in the ledger.",
    ),
    Place("catalog", "catalog", "catalog_app", "Write and read catalog files: what the warehouse holds."),
    Place("history", "history", "history_app", "Get the job history, or the rows of the bill."),
    Place("prices", "prices", "prices_app", "List prices: get Google's latest, and show which are in use."),
    Place("budget", "budget", "budget_app", "Budgets of Cloud Billing, as the config declares them."),
    Place(
        "guard",
        "guard",
        "guard_app",
        "What stops spend before it happens: limits, quotas, filters, expirations, alerts.",
    ),
    Place(
        "match",
        "match",
        "match_command",
        "Find the jobs of each query: what it cost, what is not in the code, and what never ran.",
    ),
    Place(
        "calibrate",
        "match",
        "calibrate_command",
        "Hold the estimated bytes of each query against those of its jobs.",
    ),
)
"""In the order in which they are listed."""


def load(place: Place) -> Any:
    """The command itself."""
    found = getattr(import_module(f"costguard.cli.{place.module}"), place.attribute)
    if not isinstance(found, typer.Typer):
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        single.command(place.name)(found)
        found = single
    command = get_command(found)
    command.name = place.name
    return command


class Commands(TyperGroup):
    """Loads a command when it is called; until then its name and a line of help stand for it."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for place in COMMANDS:
            self.commands[place.name] = TyperCommand(place.name, help=place.help, rich_markup_mode=None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first argument names, and the arguments that are left for it."""
        for place in COMMANDS:
            if args[:1] == [place.name]:
                self.commands[place.name] = load(place)
        return super().resolve_command(ctx, args)
