"""Budgets as messages of Google's Budget API v1, both ways, and the masks of its updates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from costguard.budgets.declared import (
    Basis,
    Budget,
    CalendarPeriod,
    CustomPeriod,
    LastPeriod,
    Notify,
    Threshold,
)
from costguard.budgets.existing import (
    ExistingBudget,
    FieldValue,
    amount_field,
    period_field,
    thresholds_field,
)

if TYPE_CHECKING:
    from google.cloud.billing.budgets_v1 import types

_MASKS: Final[Mapping[str, tuple[str, ...]]] = {
    "projects": ("budget_filter.projects",),
    "resource_ancestors": ("budget_filter.resource_ancestors",),
    "services": ("budget_filter.services",),
    "subaccounts": ("budget_filter.subaccounts",),
    "label": ("budget_filter.labels",),
    "credits": ("budget_filter.credit_types_treatment", "budget_filter.credit_types"),
    "thresholds": ("threshold_rules",),
    "notify.pubsub_topic": ("notifications_rule.pubsub_topic", "notifications_rule.schema_version"),
    "notify.channels": ("notifications_rule.monitoring_notification_channels",),
    "notify.project_owners": ("notifications_rule.enable_project_level_recipients",),
    "notify.default_recipients": ("notifications_rule.disable_default_iam_recipients",),
}
"""The paths of each field but `amount` and `period`, which are one of two. Without a mask the service would take only
what is not empty, so that nothing could be cleared. Paths go down to the leaves, as those of Terraform's provider do:
one of a message would leave open whether what the message lacks is cleared. (A custom period is replaced whole.)"""
_SCHEMA_VERSION: Final = "1.0"
"""Of the messages to a topic; the only one."""
_CALENDAR: Final[Mapping[CalendarPeriod, int]] = {"month": 1, "quarter": 2, "year": 3}
"""By their numbers in CalendarPeriod; 0 is a month too."""
_INCLUDE_ALL, _EXCLUDE_ALL, _INCLUDE_SPECIFIED = 1, 2, 3
"""Filter.CreditTypesTreatment; 0 is the first."""
_BASES: Final[Mapping[Basis, int]] = {"actual": 1, "forecast": 2}
"""ThresholdRule.Basis; 0 is spend so far."""
_NANOS: Final = 9


def budget_message(budget: Budget, name: str = "", etag: str = "") -> types.Budget:
    """The whole budget as it is to be."""
    from google.cloud.billing.budgets_v1 import types

    return types.Budget(
        name=name,
        etag=etag,
        display_name=budget.display_name,
        amount=_amount_message(budget.amount, budget.currency),
        budget_filter=_filter_message(budget),
        threshold_rules=[
            {"threshold_percent": float(item.at), "spend_basis": _BASES[item.on]}
            for item in budget.thresholds
        ],
        notifications_rule=_notify_message(budget.notify),
    )


def mask_paths(budget: Budget, fields: Iterable[str]) -> list[str]:
    """The paths of the fields that an update sets, or clears."""
    return [path for field in fields for path in _paths(budget, field)]


def _paths(budget: Budget, field: str) -> tuple[str, ...]:
    match field:
        case "amount" if budget.amount == "last-period":
            return ("amount.last_period_amount",)
        case "amount":
            money = ("units", "nanos") if budget.currency is None else ("currency_code", "units", "nanos")
            return tuple(f"amount.specified_amount.{part}" for part in money)
        case "period":
            return (f"budget_filter.{'calendar' if isinstance(budget.period, str) else 'custom'}_period",)
    return _MASKS[field]


def _amount_message(amount: Decimal | LastPeriod, currency: str | None) -> dict[str, Any]:
    if isinstance(amount, str):
        return {"last_period_amount": {}}
    units = int(amount)
    nanos = int((amount - units).scaleb(_NANOS))
    return {"specified_amount": {"units": units, "nanos": nanos, "currency_code": currency or ""}}


def _filter_message(budget: Budget) -> dict[str, Any]:
    found: dict[str, Any] = {"projects": budget.projects, "services": budget.services}
    if budget.label is not None:
        key, value = budget.label
        found["labels"] = {key: [value]}
    if isinstance(budget.period, CustomPeriod):
        days = {"start_date": _day_message(budget.period.start)}
        if budget.period.end is not None:
            days["end_date"] = _day_message(budget.period.end)
        found["custom_period"] = days
    else:
        found["calendar_period"] = _CALENDAR[budget.period]
    match budget.credits:
        case "include-all":
            found["credit_types_treatment"] = _INCLUDE_ALL
        case "exclude-all":
            found["credit_types_treatment"] = _EXCLUDE_ALL
        case types:
            found |= {"credit_types_treatment": _INCLUDE_SPECIFIED, "credit_types": types}
    return found


def _day_message(day: date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}


def _notify_message(notify: Notify) -> dict[str, Any]:
    return {
        "pubsub_topic": notify.pubsub_topic or "",
        "schema_version": _SCHEMA_VERSION if notify.pubsub_topic is not None else "",
        "monitoring_notification_channels": notify.channels,
        "disable_default_iam_recipients": not notify.default_recipients,
        "enable_project_level_recipients": notify.project_owners,
    }


def existing_budget(message: types.Budget) -> ExistingBudget:
    """A budget as the service has it; what it leaves out is what it takes that for."""
    raw = type(message).pb(message)  # a newer service's enums are plain numbers there, and no warnings
    scope, notify = raw.budget_filter, raw.notifications_rule
    return ExistingBudget(
        resource=raw.name,
        etag=raw.etag,
        display_name=raw.display_name,
        currency=raw.amount.specified_amount.currency_code or None,
        fields={
            "amount": _amount(raw.amount),
            "projects": sorted(scope.projects),
            "resource_ancestors": sorted(scope.resource_ancestors),
            "services": sorted(scope.services),
            "subaccounts": sorted(scope.subaccounts),
            "label": _label(scope.labels),
            "period": _period(scope),
            "credits": _credits(scope),
            "thresholds": thresholds_field(tuple(map(_threshold, raw.threshold_rules))),
            "notify.pubsub_topic": notify.pubsub_topic or None,
            "notify.channels": sorted(notify.monitoring_notification_channels),
            "notify.project_owners": notify.enable_project_level_recipients,
            "notify.default_recipients": not notify.disable_default_iam_recipients,
        },
    )


def _amount(amount: Any) -> str | None:
    match amount.WhichOneof("budget_amount"):
        case "last_period_amount":
            return "last-period"
        case "specified_amount":
            money = amount.specified_amount
            return amount_field(Decimal(money.units) + Decimal(money.nanos).scaleb(-_NANOS))
    return None


def _label(labels: Mapping[str, Any]) -> dict[str, str] | None:
    """One key with one value. More, should the service ever hold them, show as what cannot be declared."""
    return {key: ", ".join(map(str, values)) for key, values in sorted(labels.items())} or None


def _period(scope: Any) -> FieldValue:
    if scope.HasField("custom_period"):
        period = scope.custom_period
        days = {"start": _day(period.start_date)}
        return {**days, "end": _day(period.end_date)} if period.HasField("end_date") else days
    number = scope.calendar_period or _CALENDAR["month"]
    return next(
        (period_field(name) for name, known in _CALENDAR.items() if known == number),
        f"period {number} of the service",
    )


def _day(day: Any) -> str:
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def _credits(scope: Any) -> FieldValue:
    treatment = scope.credit_types_treatment or _INCLUDE_ALL
    if treatment == _INCLUDE_SPECIFIED:
        return sorted(scope.credit_types)
    words = {_INCLUDE_ALL: "include-all", _EXCLUDE_ALL: "exclude-all"}
    return words.get(treatment, f"treatment {treatment} of the service")


def _threshold(rule: Any) -> Threshold:
    basis: Basis = "forecast" if rule.spend_basis == _BASES["forecast"] else "actual"
    return Threshold(Decimal(repr(rule.threshold_percent)), basis)
