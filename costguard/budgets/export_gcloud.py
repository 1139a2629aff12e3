"""Budgets as commands of gcloud (cloud.google.com/sdk/gcloud/reference/billing/budgets/create)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from costguard.budgets.declared import Budget, CustomPeriod, Threshold
from costguard.budgets.export_terraform import units_and_nanos
from costguard.money import plain_decimal

TREATMENTS: Final = {"include-all": "include-all-credits", "exclude-all": "exclude-all-credits"}
SPECIFIED: Final = "include-specified-credits"
BASES: Final = {"actual": "current-spend", "forecast": "forecasted-spend"}

_HEAD: Final = """\
#!/bin/sh
# Budgets of costguard, for whoever may create them: the role Billing Account Costs Manager, or Administrator.
# billingbudgets.googleapis.com has to be enabled in the project of your gcloud configuration.
# A command makes a budget each time it is run. Those that are there already:
#   gcloud billing budgets list --billing-account=ACCOUNT --filter='displayName:costguard/'
set -eu
"""
_NO_ACCOUNT: Final = "no billing account, or no right to see it"


def gcloud(budgets: Sequence[Budget]) -> str:
    """A shell script: one command for each budget. Accounts that are not declared are looked up first."""
    parts = [_HEAD]
    variables: dict[str, str] = {}
    for project in dict.fromkeys(
        budget.project for budget in budgets if budget.billing_account is None and budget.project
    ):
        variables[project] = f"account_{len(variables) + 1}"
        parts.append("\n" + "".join(f"{line}\n" for line in _look_up(project, variables[project])))
    for budget in budgets:
        account = (
            shlex.quote(f"--billing-account={budget.billing_account}")
            if budget.billing_account is not None
            else f'--billing-account="${variables[budget.project or ""]}"'
        )
        arguments = [account, *(shlex.quote(flag) for flag in _flags(budget))]
        lines = ["gcloud billing budgets create", *(f"  {argument}" for argument in arguments)]
        parts.append("\n" + "".join(f"# {note}\n" for note in _notes(budget)) + " \\\n".join(lines) + "\n")
    return "".join(parts)


def _look_up(project: str, variable: str) -> Iterator[str]:
    """Lines that set a variable, or end the script."""
    describe = f"gcloud billing projects describe {shlex.quote(project)} --format='value(billingAccountName)'"
    yield f'{variable}="$({describe})"'
    yield f'{variable}="${{{variable}#billingAccounts/}}"'
    yield f': "${{{variable}:?{_PLAIN.sub("", project)} has {_NO_ACCOUNT}}}"'


_PLAIN: Final = re.compile(r"[^\w.:-]")


def _notes(budget: Budget) -> Iterator[str]:
    """What gcloud has no flag for."""
    if budget.notify.project_owners:
        yield (
            "notify.project_owners is left out: gcloud has no flag for it; `costguard budget apply` sets it."
        )


def _flags(budget: Budget) -> Iterator[str]:
    yield f"--display-name={budget.display_name}"
    if isinstance(budget.amount, str):
        yield "--last-period-amount"
    else:
        yield f"--budget-amount={_amount(budget.amount)}{budget.currency or ''}"
    if budget.projects:
        yield f"--filter-projects={','.join(budget.projects)}"
    if budget.services:
        yield f"--filter-services={','.join(budget.services)}"
    if budget.label is not None:
        yield "--filter-labels=" + "=".join(budget.label)
    if isinstance(budget.credits, str):
        yield f"--credit-types-treatment={TREATMENTS[budget.credits]}"
    else:
        yield f"--credit-types-treatment={SPECIFIED}"
        yield f"--filter-credit-types={','.join(budget.credits)}"
    if isinstance(budget.period, CustomPeriod):
        yield f"--start-date={budget.period.start}"
        if budget.period.end is not None:
            yield f"--end-date={budget.period.end}"
    else:
        yield f"--calendar-period={budget.period}"
    for rule in budget.thresholds:
        yield _threshold(rule)
    notify = budget.notify
    if notify.pubsub_topic is not None:
        yield f"--notifications-rule-pubsub-topic={notify.pubsub_topic}"
    if notify.channels:
        channels = ",".join(notify.channels)
        yield f"--notifications-rule-monitoring-notification-channels={channels}"
    if not notify.default_recipients:
        yield "--disable-default-iam-recipients"


def _amount(amount: Decimal) -> str:
    """All nine digits, or none: gcloud takes the digits behind the point for a number of nanos."""
    units, nanos = units_and_nanos(amount)
    return f"{units}.{nanos:09}" if nanos else str(units)


def _threshold(rule: Threshold) -> str:
    return f"--threshold-rule=percent={plain_decimal(rule.at)},basis={BASES[rule.on]}"
