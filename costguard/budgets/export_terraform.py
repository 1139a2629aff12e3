"""Budgets as Terraform: `google_billing_budget` of the provider hashicorp/google, as its schema takes it
(registry.terraform.io/providers/hashicorp/google/latest/docs/resources/billing_budget): `all_updates_rule` needs a
topic or a channel, and projects are `projects/NUMBER`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from costguard.budgets.declared import Budget, CustomPeriod, Notify
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


@dataclass(frozen=True, slots=True)
class _Block:
    head: str
    attributes: tuple[tuple[str, str], ...] = ()
    blocks: tuple[_Block, ...] = ()
    comments: tuple[str, ...] = ()


def terraform(budgets: Sequence[Budget]) -> str:
    """A file for Terraform, formatted as `terraform fmt` would."""
    projects = _looked_up(budgets)
    names = _unique([budget.name for budget in budgets], "budget")
    data = _unique(projects, "project")
    blocks = [
        _looked_up_project(project, data[project], project in _accounts(budgets)) for project in projects
    ]
    blocks += [_resource(budget, names[budget.name], data) for budget in budgets]
    head = _HEAD + (_LOOKED_UP if projects else "")
    return head + "".join("\n" + "".join(f"{line}\n" for line in _written(block, "")) for block in blocks)


def quoted(text: str) -> str:
    r"""A string of HCL that stands for exactly this text: no interpolation, no directive, no line break.

    >>> print(quoted('a "b" ${c} %{d}\n'))
    "a \"b\" $${c} %%{d}\n"
    """
    escaped = "".join(_ESCAPES.get(char) or _escaped(char) for char in text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escaped(char: str) -> str:
    return char if char.isprintable() else f"\\U{ord(char):08x}"


# -- what a budget becomes -------------------------------------------------------------------------------


def _resource(budget: Budget, name: str, data: dict[str, str]) -> _Block:
    account = (
        quoted(budget.billing_account)
        if budget.billing_account is not None
        else f"data.google_project.{data[budget.project or '']}.billing_account"
    )
    comments = []
    rule = _all_updates_rule(budget.notify)
    if rule is None and budget.notify.project_owners:
        comments.append(
            "notify.project_owners is left out: the provider takes it only beside a topic or a channel."
        )
    blocks = [_filter(budget, data), _amount(budget)]
    blocks += [
        _Block(
            "threshold_rules",
            (("threshold_percent", plain_decimal(rule.at)), ("spend_basis", quoted(BASES[rule.on]))),
        )
        for rule in budget.thresholds
    ]
    return _Block(
        f'resource "google_billing_budget" "{name}"',
        (("billing_account", account), ("display_name", quoted(budget.display_name))),
        (*blocks, *((rule,) if rule is not None else ())),
        tuple(comments),
    )


def _looked_up_project(project: str, name: str, account: bool) -> _Block:
    """A project by its id; without a billing account it ends the plan, where one is needed."""
    message = quoted(f"{project} has no billing account, or you have no right to see it.")
    check = _Block("postcondition", (("condition", 'self.billing_account != ""'), ("error_message", message)))
    lifecycle = (_Block("lifecycle", (), (check,)),) if account else ()
    return _Block(f'data "google_project" "{name}"', (("project_id", quoted(project)),), lifecycle)


def _filter(budget: Budget, data: dict[str, str]) -> _Block:
    attributes: list[tuple[str, str]] = []
    if budget.projects:
        attributes.append(("projects", _list(_project(name, data) for name in budget.projects)))
    if budget.services:
        attributes.append(("services", _list(map(quoted, budget.services))))
    if budget.label is not None:
        key, value = budget.label
        attributes.append(("labels", f"{{ {quoted(key)} = {quoted(value)} }}"))
    if isinstance(budget.credits, str):
        attributes.append(("credit_types_treatment", quoted(TREATMENTS[budget.credits])))
    else:
        attributes.append(("credit_types_treatment", quoted(SPECIFIED)))
        attributes.append(("credit_types", _list(map(quoted, budget.credits))))
    blocks: tuple[_Block, ...] = ()
    if isinstance(budget.period, CustomPeriod):
        days = [_date("start_date", budget.period.start)]
        if budget.period.end is not None:
            days.append(_date("end_date", budget.period.end))
        blocks = (_Block("custom_period", (), tuple(days)),)
    else:
        attributes.append(("calendar_period", quoted(budget.period.upper())))
    return _Block("budget_filter", tuple(attributes), blocks)


def _project(name: str, data: dict[str, str]) -> str:
    key = name.removeprefix("projects/")
    return quoted(name) if key.isdigit() else f'"projects/${{data.google_project.{data[key]}.number}}"'


def _date(name: str, day: date) -> _Block:
    return _Block(name, (("year", str(day.year)), ("month", str(day.month)), ("day", str(day.day))))


def _amount(budget: Budget) -> _Block:
    if isinstance(budget.amount, str):
        return _Block("amount", (("last_period_amount", "true"),))
    units, nanos = units_and_nanos(budget.amount)
    attributes = [("currency_code", quoted(budget.currency))] if budget.currency is not None else []
    attributes.append(("units", quoted(str(units))))
    if nanos:
        attributes.append(("nanos", str(nanos)))
    return _Block("amount", (), (_Block("specified_amount", tuple(attributes)),))


def units_and_nanos(amount: Decimal) -> tuple[int, int]:
    """An amount of money in whole units and 10^-9 parts, exactly.

    >>> units_and_nanos(Decimal("12.05"))
    (12, 50000000)
    """
    return divmod(int(amount.scaleb(9)), NANOS)


def _all_updates_rule(notify: Notify) -> _Block | None:
    if notify.pubsub_topic is None and not notify.channels:
        return None
    attributes: list[tuple[str, str]] = []
    if notify.pubsub_topic is not None:
        attributes += [("pubsub_topic", quoted(notify.pubsub_topic)), ("schema_version", quoted("1.0"))]
    if notify.channels:
        attributes.append(("monitoring_notification_channels", _list(map(quoted, notify.channels))))
    if not notify.default_recipients:
        attributes.append(("disable_default_iam_recipients", "true"))
    if notify.project_owners:
        attributes.append(("enable_project_level_recipients", "true"))
    return _Block("all_updates_rule", tuple(attributes))


# -- names and lines -------------------------------------------------------------------------------------


def _looked_up(budgets: Sequence[Budget]) -> list[str]:
    """Ids of projects that are asked for an account or a number."""
    names = [name.removeprefix("projects/") for budget in budgets for name in budget.projects]
    return sorted({*_accounts(budgets), *(name for name in names if not name.isdigit())})


def _accounts(budgets: Sequence[Budget]) -> set[str]:
    return {budget.project for budget in budgets if budget.billing_account is None and budget.project}


def _unique(texts: Sequence[str], otherwise: str) -> dict[str, str]:
    """A name for each text, of letters, digits and underscores, a letter first."""
    found: dict[str, str] = {}
    for text in texts:
        base = _NO_NAME.sub("_", text.lower()).strip("_")
        if not base or not base[0].isalpha():
            base = f"{otherwise}_{base}".rstrip("_")
        name, number = base, 1
        while name in found.values():
            number += 1
            name = f"{base}_{number}"
        found[text] = name
    return found


_NO_NAME: Final = re.compile(r"[^a-z0-9]+")


def _list(values: Iterator[str] | map[str]) -> str:
    return f"[{', '.join(values)}]"


def _written(block: _Block, indent: str) -> Iterator[str]:
    inner = indent + "  "
    yield from (f"{indent}# {comment}" for comment in block.comments)
    yield f"{indent}{block.head} {{"
    width = max((len(name) for name, _ in block.attributes), default=0)
    for name, value in block.attributes:
        yield f"{inner}{name.ljust(width)} = {value}"
    for number, one in enumerate(block.blocks):
        if number or block.attributes:
            yield ""
        yield from _written(one, inner)
    yield f"{indent}}}"
