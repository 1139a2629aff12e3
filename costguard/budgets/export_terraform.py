"""Budgets as Terraform: `google_billing_budget` of the provider hashicorp/google, as its schema takes it
(registry.terraform.io/providers/hashicorp/google/latest/docs/resources/billing_budget): `all_updates_rule` needs a
topic or a channel, and projects are `projects/NUMBER`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from costguard.budgets.declared import Budget, CustomPeriod, Notify
from costguard.hcl import Block, Expression, Value, identifier, render
from costguard.money import plain_decimal

TREATMENTS: Final = {"include-all": "INCLUDE_ALL_CREDITS", "exclude-all": "EXCLUDE_ALL_CREDITS"}
SPECIFIED: Final = "INCLUDE_SPECIFIED_CREDITS"
BASES: Final = {"actual": "CURRENT_SPEND", "forecast": "FORECASTED_SPEND"}
NANOS: Final = 10**9

_HEAD: Final = """\
# Budgets of costguard, for whoever may create them: the role Billing Account Costs Manager, or Administrator.
# With your own credentials (not a service account's) the provider needs `billing_project = "..."` and
# `user_project_override = true`, and billingbudgets.googleapis.com enabled in that project.
# Either Terraform or `costguard budget apply` should own a budget, not both.
"""
_LOOKED_UP: Final = """\
# Accounts and numbers that are not declared are looked up from the project: without the right to see it, `plan` fails.
"""

Attribute = tuple[str, Value]


def terraform(budgets: Sequence[Budget]) -> str:
    """A file for Terraform, formatted as `terraform fmt` would."""
    accounts = {budget.project for budget in budgets if budget.billing_account is None and budget.project}
    names = [name.removeprefix("projects/") for budget in budgets for name in budget.projects]
    projects = sorted({*accounts, *(name for name in names if not name.isdigit())})
    data = _identifiers(projects)
    resources = _identifiers([budget.name for budget in budgets])
    blocks = [_looked_up(project, data[project], project in accounts) for project in projects]
    blocks += [_resource(budget, resources[budget.name], data) for budget in budgets]
    return f"{_HEAD}{_LOOKED_UP if projects else ''}\n{render(blocks)}"


def units_and_nanos(amount: Decimal) -> tuple[int, int]:
    """An amount of money in whole units and 10^-9 parts, exactly.

    >>> units_and_nanos(Decimal("12.05"))
    (12, 50000000)
    """
    return divmod(int(amount.scaleb(9)), NANOS)


def _identifiers(texts: Sequence[str]) -> dict[str, str]:
    """A name for each text, no two alike."""
    found: dict[str, str] = {}
    for text in texts:
        base = name = identifier(text)
        number = 1
        while name in found.values():
            number += 1
            name = f"{base}_{number}"
        found[text] = name
    return found


# -- what a budget becomes -------------------------------------------------------------------------------


def _looked_up(project: str, name: str, account: bool) -> Block:
    """A project by its id; without a billing account it ends the plan, where one is needed."""
    message = f"{project} has no billing account, or you have no right to see it."
    check = Block(
        *("postcondition", ()),
        (("condition", Expression('self.billing_account != ""')), ("error_message", message)),
    )
    lifecycle = (Block("lifecycle", (), (check,)),) if account else ()
    return Block("data", ("google_project", name), (("project_id", project), *lifecycle))


def _resource(budget: Budget, name: str, data: Mapping[str, str]) -> Block:
    account: Value = budget.billing_account or _of_project(budget.project or "", "billing_account", data)
    rule = _all_updates_rule(budget.notify)
    unsaid = rule is None and budget.notify.project_owners
    return Block(
        "resource",
        ("google_billing_budget", name),
        (
            ("billing_account", account),
            ("display_name", budget.display_name),
            _filter(budget, data),
            _amount(budget),
            *_threshold_rules(budget),
            *((rule,) if rule is not None else ()),
        ),
        ("notify.project_owners is left out: the provider takes it only beside a topic or a channel.",)
        if unsaid
        else (),
    )


def _of_project(project: str, what: str, data: Mapping[str, str]) -> Expression:
    return Expression(f"data.google_project.{data[project]}.{what}")


def _filter(budget: Budget, data: Mapping[str, str]) -> Block:
    body: list[Attribute | Block] = []
    if budget.projects:
        body.append(("projects", [_project(name, data) for name in budget.projects]))
    if budget.services:
        body.append(("services", budget.services))
    if budget.label is not None:
        body.append(("labels", dict([budget.label])))
    if isinstance(budget.credits, str):
        body.append(("credit_types_treatment", TREATMENTS[budget.credits]))
    else:
        body += [("credit_types_treatment", SPECIFIED), ("credit_types", budget.credits)]
    if isinstance(budget.period, CustomPeriod):
        days = [_date("start_date", budget.period.start)]
        if budget.period.end is not None:
            days.append(_date("end_date", budget.period.end))
        body.append(Block("custom_period", (), tuple(days)))
    else:
        body.append(("calendar_period", budget.period.upper()))
    return Block("budget_filter", (), tuple(body))


def _project(name: str, data: Mapping[str, str]) -> Value:
    key = name.removeprefix("projects/")
    if key.isdigit():
        return name
    return Expression(f'"projects/${{{_of_project(key, "number", data).text}}}"')


def _date(name: str, day: date) -> Block:
    return Block(name, (), (("year", day.year), ("month", day.month), ("day", day.day)))


def _amount(budget: Budget) -> Block:
    if isinstance(budget.amount, str):
        return Block("amount", (), (("last_period_amount", True),))
    units, nanos = units_and_nanos(budget.amount)
    body: list[Attribute] = []
    if budget.currency is not None:
        body.append(("currency_code", budget.currency))
    body.append(("units", str(units)))
    if nanos:
        body.append(("nanos", nanos))
    return Block("amount", (), (Block("specified_amount", (), tuple(body)),))


def _threshold_rules(budget: Budget) -> Iterator[Block]:
    for rule in budget.thresholds:
        at = Decimal(plain_decimal(rule.at))
        yield Block("threshold_rules", (), (("threshold_percent", at), ("spend_basis", BASES[rule.on])))


def _all_updates_rule(notify: Notify) -> Block | None:
    if notify.pubsub_topic is None and not notify.channels:
        return None
    body: list[Attribute] = []
    if notify.pubsub_topic is not None:
        body += [("pubsub_topic", notify.pubsub_topic), ("schema_version", "1.0")]
    if notify.channels:
        body.append(("monitoring_notification_channels", notify.channels))
    if not notify.default_recipients:
        body.append(("disable_default_iam_recipients", True))
    if notify.project_owners:
        body.append(("enable_project_level_recipients", True))
    return Block("all_updates_rule", (), tuple(body))
