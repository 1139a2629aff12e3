"""`costguard budget`: the app, and its commands."""

from __future__ import annotations

import typer

from costguard.cli.budget_changes import apply_command, destroy_command, list_command, plan_command
from costguard.cli.budget_explain import explain_budget_command
from costguard.cli.budget_export import export_command
from costguard.cli.budget_suggest import suggest_command

budget_app = typer.Typer(
    help="Budgets of Cloud Billing, as the config declares them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@budget_app.callback()
def budget() -> None:
    """Budgets of Cloud Billing, as the config declares them."""


budget_app.command("plan")(plan_command)
budget_app.command("apply")(apply_command)
budget_app.command("list")(list_command)
budget_app.command("destroy")(destroy_command)
budget_app.command("suggest")(suggest_command)
budget_app.command("export")(export_command)
budget_app.command("explain")(explain_budget_command)
