"""Budgets and what is to become of them, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from costguard.budgets.apply import Outcome
from costguard.budgets.existing import FIELDS, ExistingBudget, FieldValue, declared_fields
from costguard.budgets.plan import Create, Delete, Plan, Reason, Update
from costguard.budgets.survey import Survey
from costguard.money import plain_decimal
from costguard.render.amounts import counted
from costguard.render.cells import harmless
from costguard.render.tables import table

VERSION: Final = 1
LATE: Final = (
    "A budget tells of spend, up to a day late, and never stops it; `costguard guard` sets up what does."
)
_WIDTH: Final = max(map(len, FIELDS))
_EVERYTHING: Final = ("projects", "services")
"""Lists that are for all when they are empty."""


_WHY: Final[Mapping[Reason, str]] = {
    "not declared": " (not declared here)",
    "duplicate": " (there is another one of this name)",
    "destroyed": "",
}


def plan_text(plan: Plan, found: Survey) -> str:
    """The accounts, each budget with what becomes of it, and what that adds up to."""
    lines = [*_accounts(found), "", *_steps(plan, found), *_sums(plan), *_notes(found)]
    return _harmless(lines)


def outcome_text(outcome: Outcome) -> str:
    """How one step ended, on a line."""
    word = {"done": "done", "failed": "FAILED", "not tried": "not tried"}[outcome.state]
    text = f": {outcome.text}" if outcome.text else ""
    return _harmless([f"{word:<9}  {outcome.action} {outcome.display_name}{text}"])


def applied_text(outcomes: Sequence[Outcome]) -> str:
    """What was done, and what was not."""
    done, failed, left = (
        sum(outcome.state == state for outcome in outcomes) for state in ("done", "failed", "not tried")
    )
    parts = [f"{done:,} done"]
    if failed:
        parts.append(f"{failed:,} FAILED")
    if left:
        parts.append(f"{left:,} not tried")
    again = "; run it again when that is mended: what is done is not done twice" if failed else ""
    return f"\nApplied    {', '.join(parts)}{again}\n"


def plan_json(plan: Plan, found: Survey) -> str:
    """`{"version": 1, "create", "update", "delete", "unchanged", ...}`; values are as the config has them."""
    document = {
        "version": VERSION,
        "create": [
            {
                **_identity(step.budget.name, step.place.account),
                "currency": _currency_of(step, found),
                "fields": declared_fields(step.budget),
            }
            for step in plan.create
        ],
        "update": [
            {
                **_existing_identity(step.existing),
                "currency": _currency_of(step, found),
                "fields": {
                    change.field: {"from": change.before, "to": change.after} for change in step.changes
                },
            }
            for step in plan.update
        ],
        "delete": [{**_existing_identity(step.existing), "reason": step.reason} for step in plan.delete],
        "unchanged": [_existing_identity(budget) for budget in plan.unchanged],
        "kept": [_existing_identity(budget) for budget in plan.kept],
        "foreign": plan.foreign,
        "accounts": _accounts_json(found),
        "notes": [*found.notes, LATE],
    }
    return json.dumps(document, indent=2) + "\n"


def list_text(budgets: Sequence[ExistingBudget], hidden: int, found: Survey) -> str:
    """A budget a line; `hidden` more are not ours."""
    rows = [("budget", "amount", "period", "for", "told at", "")]
    rows.extend(
        (
            budget.display_name,
            value_text("amount", budget.fields["amount"], budget.currency),
            value_text("period", budget.fields["period"]),
            _scope(budget),
            value_text("thresholds", budget.fields["thresholds"]),
            _whose(budget, found),
        )
        for budget in budgets
    )
    lines = [*_accounts(found), ""]
    if budgets:
        harmless_rows = [tuple(map(harmless, row)) for row in rows]
        lines += [*table(harmless_rows, left=len(rows[0])), ""]
    counts = counted(len(budgets), "budget")
    lines.append(f"{counts}, and {hidden:,} of others (--all)" if hidden else counts)
    return _harmless([*lines, *_notes(found)])


def list_json(budgets: Sequence[ExistingBudget], found: Survey) -> str:
    """`{"version": 1, "budgets": [...], ...}`."""
    document = {
        "version": VERSION,
        "budgets": [
            {
                **_existing_identity(budget),
                "whose": _whose(budget, found),
                "currency": budget.currency,
                "fields": dict(budget.fields),
            }
            for budget in budgets
        ],
        "accounts": _accounts_json(found),
        "notes": [*found.notes, LATE],
    }
    return json.dumps(document, indent=2) + "\n"


def value_text(field: str, value: FieldValue, currency: str | None = None) -> str:
    """A value of a field in a person's words.

    >>> value_text("amount", "1500.50", "USD"), value_text("projects", []), value_text("label", {"team": "ml"})
    ('1,500.50 USD', 'all', 'team=ml')
    """
    match field, value:
        case "amount", str() if value != "last-period":
            return f"{Decimal(value):,f} {currency or ''}".rstrip()
        case _, []:
            return "all" if field in _EVERYTHING else "none"
        case _, None:
            return "none"
        case _, bool():
            return "yes" if value else "no"
        case "thresholds", list():
            return ", ".join(_threshold(item) for item in value if isinstance(item, dict))
        case "period", {"start": start, **rest}:
            return f"{start} to {rest['end']}" if "end" in rest else f"from {start}"
        case _, dict():
            return ", ".join(f"{key}={text}" for key, text in value.items())
        case _, list():
            return ", ".join(map(str, value))
    return str(value)


def _threshold(item: Mapping[str, str]) -> str:
    """
    >>> _threshold({"at": "0.5", "on": "actual"}), _threshold({"at": "1", "on": "forecast"})
    ('50 %', '100 % of the forecast')
    """
    percent = f"{plain_decimal(Decimal(item['at']) * 100)} %"
    return percent if item["on"] == "actual" else f"{percent} of the forecast"


def _accounts(found: Survey) -> Iterator[str]:
    for identity, account in found.accounts.items():
        about = ", ".join(filter(None, (account.name, account.currency))) if account is not None else ""
        yield f"Account    {identity}" + (f" ({about})" if about else "")


def _steps(plan: Plan, found: Survey) -> Iterator[str]:
    several = len(found.accounts) > 1
    for step in plan.steps:
        match step:
            case Create():
                where = f" in {step.place.account}" if several else ""
                yield f"create     {step.budget.display_name}{where}"
                yield from _values(declared_fields(step.budget), _currency_of(step, found))
            case Update():
                where = f" in {step.existing.account}" if several else ""
                yield f"update     {step.existing.display_name}{where}"
                yield from _changes(step, _currency_of(step, found))
            case Delete():
                where = f" in {step.existing.account}" if several else ""
                yield f"delete     {step.existing.display_name}{where}{_WHY[step.reason]}"
                if step.reason == "duplicate":  # which of them
                    yield f"             {'resource':<{_WIDTH}}  {step.existing.resource}"
                yield from _values(step.existing.fields, step.existing.currency)
        yield ""
    for budget in plan.unchanged:
        yield f"no change  {budget.display_name}"
    for budget in plan.kept:
        yield f"kept       {budget.display_name}"
    if plan.unchanged or plan.kept:
        yield ""


def _values(fields: Mapping[str, FieldValue], currency: str | None) -> Iterator[str]:
    """What a budget says, without what it leaves open."""
    for field in FIELDS:
        value = fields[field]
        if field in _EVERYTHING or value not in (None, [], False):
            yield f"             {field:<{_WIDTH}}  {value_text(field, value, currency)}"


def _changes(step: Update, currency: str | None) -> Iterator[str]:
    for change in step.changes:
        before, after = (value_text(change.field, value, currency) for value in (change.before, change.after))
        yield f"             {change.field:<{_WIDTH}}  {before} -> {after}"


def _currency_of(step: Create | Update, found: Survey) -> str | None:
    """As declared or as it is, else that of the account."""
    account = found.accounts[step.place.account if isinstance(step, Create) else step.existing.account]
    there = step.existing.currency if isinstance(step, Update) else None
    return step.budget.currency or there or (account.currency if account is not None else None)


def _sums(plan: Plan) -> Iterator[str]:
    counts = (
        (len(plan.create), "to create"),
        (len(plan.update), "to update"),
        (len(plan.delete), "to delete"),
        (len(plan.unchanged), "without change"),
        (len(plan.kept), "kept"),
    )
    parts = [f"{count:,} {what}" for count, what in counts if count]
    yield f"Plan       {', '.join(parts) or 'no budgets of costguard'}"
    if plan.foreign:
        yield f"           {counted(plan.foreign, 'budget')} of others: left alone"
    if any(step.reason == "not declared" for step in plan.delete):
        yield "           Another project that shares the account may have made what is not declared here:"
        yield "           --keep-undeclared leaves it"


def _notes(found: Survey) -> Iterator[str]:
    for note in found.notes:
        yield f"Note       {note}"
    yield f"Note       {LATE}"


def _scope(budget: ExistingBudget) -> str:
    """What its spend is of."""
    parts = [
        value_text(field, value)
        for field in ("projects", "resource_ancestors", "services", "subaccounts", "label")
        if (value := budget.fields[field])
    ]
    return ", ".join(parts) or "all"


def _whose(budget: ExistingBudget, found: Survey) -> str:
    if not budget.owned:
        return "foreign"
    declared = {(item.place.account, item.budget.display_name) for item in found.placed}
    return "declared" if (budget.account, budget.display_name) in declared else "not declared"


def _identity(name: str, account: str) -> dict[str, Any]:
    return {"name": name, "billing_account": account}


def _existing_identity(budget: ExistingBudget) -> dict[str, Any]:
    return {**_identity(budget.name, budget.account), "resource": budget.resource}


def _accounts_json(found: Survey) -> list[dict[str, Any]]:
    return [
        {
            "billing_account": identity,
            "name": account.name if account is not None else None,
            "currency": account.currency if account is not None else None,
        }
        for identity, account in found.accounts.items()
    ]


def _harmless(lines: Iterable[str]) -> str:
    return "".join(f"{harmless(line).rstrip()}\n" for line in lines)
