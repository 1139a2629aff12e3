"""`costguard budget plan | apply | list | destroy`: what talks to the Budget API."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costguard.cli.budget_service import budget_service, patience
from costguard.cli.options import ConfigOption, Format, FormatOption, OutputOption
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.budgets.apply import Outcome
    from costguard.budgets.declared import Budget
    from costguard.budgets.plan import Plan
    from costguard.budgets.service import BudgetService
    from costguard.budgets.survey import Survey
    from costguard.config import Config

AccountOption = Annotated[
    list[str] | None,
    typer.Option(
        "--billing-account",
        metavar="ACCOUNT",
        help="Look at this one besides those of the declared budgets (repeatable).",
    ),
]
KeepOption = Annotated[
    bool,
    typer.Option(
        "--keep-undeclared",
        help="Leave budgets of costguard that this config does not declare: another project may share the account.",
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Needed without a terminal.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
TimeoutOption = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", min=0.1, max=3600, help="How long to wait for an answer, repeats included."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No notes on stderr.")]


def plan_command(
    account: AccountOption = None,
    keep_undeclared: KeepOption = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 when something is not as declared.")
    ] = False,
    timeout: TimeoutOption = 120.0,
    config: ConfigOption = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show how declared budgets differ from those that are there. Changes nothing."""
    from costguard.budgets.plan import plan_changes
    from costguard.budgets.survey import survey
    from costguard.render.budgets import plan_json, plan_text
    from costguard.write import check_output, write_text

    check_output(output)
    declared = _declared(_config(config))
    with budget_service(timeout, quiet) as service:
        found = survey(declared, _accounts(account), service)
    plan = plan_changes(found, keep_undeclared=keep_undeclared)
    write_text((plan_json if format is Format.json else plan_text)(plan, found), output)
    if check and plan.steps:
        raise typer.Exit(1)


def apply_command(
    account: AccountOption = None,
    keep_undeclared: KeepOption = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    timeout: TimeoutOption = 120.0,
    config: ConfigOption = None,
    quiet: QuietOption = False,
) -> None:
    """Make the budgets as they are declared. Shows the plan first, and asks."""
    from costguard.budgets.plan import plan_changes
    from costguard.budgets.survey import survey

    declared = _declared(_config(config))
    with budget_service(timeout, quiet) as service:
        found = survey(declared, _accounts(account), service)
        plan = plan_changes(found, keep_undeclared=keep_undeclared)
        _carry_out(plan, found, service, timeout, yes, dry_run)


def list_command(
    account: AccountOption = None,
    all: Annotated[bool, typer.Option("--all", help="Also those that are not of costguard.")] = False,
    timeout: TimeoutOption = 120.0,
    config: ConfigOption = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the budgets of costguard that are there."""
    from costguard.render.budgets import list_json, list_text
    from costguard.write import check_output, write_text

    check_output(output)
    with budget_service(timeout, quiet) as service:
        found = _survey(_config(config), _accounts(account), service)
    shown = sorted(
        (budget for budget in found.existing if all or budget.owned),
        key=lambda budget: (budget.display_name, budget.resource),
    )
    hidden = len(found.existing) - len(shown)
    text = list_json(shown, found) if format is Format.json else list_text(shown, hidden, found)
    write_text(text, output)


def destroy_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Only these (default: all of costguard).")
    ] = None,
    account: AccountOption = None,
    keep_undeclared: KeepOption = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    timeout: TimeoutOption = 120.0,
    config: ConfigOption = None,
    quiet: QuietOption = False,
) -> None:
    """Delete budgets of costguard; no others. Shows them first, and asks."""
    from costguard.budgets.plan import plan_destruction

    with budget_service(timeout, quiet) as service:
        found = _survey(_config(config), _accounts(account), service)
        plan = plan_destruction(found, names or (), keep_undeclared=keep_undeclared)
        _carry_out(plan, found, service, timeout, yes, dry_run)


def _config(path: Path | None) -> Config:
    from costguard.config import find_config, load_config

    return load_config(path if path is not None else find_config(Path()))


def _declared(config: Config) -> tuple[Budget, ...]:
    """The declared budgets: without any, all of ours would have to go, which nobody means."""
    from costguard.budgets.declared import declared_budgets

    budgets = declared_budgets(config)
    if not budgets:
        raise UsageProblem(
            "the config declares no budgets ([[tool.costguard.budgets]]); `costguard budget list --billing-account "
            "ACCOUNT` shows what is there, and `costguard budget destroy` removes it"
        )
    return budgets


def _accounts(given: Sequence[str] | None) -> tuple[str, ...]:
    from costguard.budgets.declared import is_account

    wrong = [account for account in given or () if not is_account(account)]
    if wrong:
        raise UsageProblem(f"--billing-account {wrong[0]}: has not the form 000000-AAAAAA-BBBBBB")
    return tuple(given or ())


def _survey(config: Config, accounts: tuple[str, ...], service: BudgetService) -> Survey:
    """What is there, declared or not."""
    from costguard.budgets.declared import declared_budgets
    from costguard.budgets.survey import survey

    declared = declared_budgets(config)
    if not declared and not accounts:
        if config.project is None:
            raise UsageProblem(
                "the config declares no budgets and names no project: say where to look with --billing-account"
            )
        accounts = (service.account_of(config.project),)
    return survey(declared, accounts, service)


def _carry_out(
    plan: Plan, found: Survey, service: BudgetService, timeout: float, yes: bool, dry_run: bool
) -> None:
    """Shows the plan, asks, does it, and says what was done.

    Raises:
        UsageProblem: nobody said yes.
        typer.Exit: with 2, something was not done.
    """
    from costguard.render.budgets import applied_text, plan_text
    from costguard.write import write_text

    write_text(plan_text(plan, found), None)
    if not plan.steps:
        write_text("\nNothing to do.\n", None)
        return
    if dry_run:
        write_text("\nDry run: nothing was done.\n", None)
        return
    if not yes:
        _ask(len(plan.steps))
    write_text("\n", None)
    outcomes = _done(plan, service, timeout)
    write_text(applied_text(outcomes), None)
    if any(outcome.state != "done" for outcome in outcomes):
        raise typer.Exit(2)


def _ask(steps: int) -> None:
    from costguard.render.amounts import counted

    if not sys.stdin.isatty():
        raise UsageProblem("nothing was done: without a terminal it takes --yes")
    sys.stderr.write(f"Carry out {counted(steps, 'change')}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageProblem("nothing was done")


def _done(plan: Plan, service: BudgetService, timeout: float) -> list[Outcome]:
    """Carries out the plan and shows each step as it ends, so that an interruption leaves no doubt."""
    import time

    from costguard.budgets.apply import carry_out
    from costguard.render.budgets import outcome_text
    from costguard.write import write_text

    pause = patience(timeout).first_pause
    outcomes: list[Outcome] = []
    try:
        for outcome in carry_out(plan, service, lambda attempt: time.sleep(pause * 2 ** (attempt - 1))):
            outcomes.append(outcome)
            write_text(outcome_text(outcome), None)
    except KeyboardInterrupt:
        write_text(
            f"\nInterrupted after {len(outcomes)} of {len(plan.steps)} steps; the next one may be done or not. "
            "Run it again: what is done is not done twice.\n",
            None,
        )
        raise
    return outcomes
