"""Budgets as the service has them, in the words of the config, so that the two can be compared field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from costguard.budgets.declared import PREFIX, Budget, CalendarPeriod, CustomPeriod, LastPeriod, Threshold
from costguard.money import plain_decimal

FieldValue = str | bool | list[str] | list[dict[str, str]] | dict[str, str] | None
"""A value as JSON, in one spelling only: equal values are equal things."""
Fields = Mapping[str, FieldValue]

FIELDS: Final = (
    "amount",
    "projects",
    "resource_ancestors",
    "services",
    "subaccounts",
    "label",
    "period",
    "credits",
    "thresholds",
    "notify.pubsub_topic",
    "notify.channels",
    "notify.project_owners",
    "notify.default_recipients",
)
"""All that a budget of ours says, in the order in which it is shown. Folders and subaccounts cannot be declared: one
that was given them by hand loses them."""


@dataclass(frozen=True, slots=True)
class ExistingBudget:
    """A budget of a billing account."""

    resource: str
    """`billingAccounts/ACCOUNT/budgets/ID`."""
    etag: str
    """Of the state that was read: an update that names another one is refused."""
    display_name: str
    currency: str | None
    """None where the amount is that of the last period."""
    fields: Fields

    @property
    def owned(self) -> bool:
        """Whether it is one of ours."""
        return self.display_name.startswith(PREFIX)

    @property
    def name(self) -> str:
        """As the config would call it."""
        return self.display_name.removeprefix(PREFIX)

    @property
    def account(self) -> str:
        return self.resource.split("/")[1]


def declared_fields(budget: Budget) -> dict[str, FieldValue]:
    """What a declared budget is to be."""
    notify = budget.notify
    return {
        "amount": amount_field(budget.amount),
        "projects": list(budget.projects),
        "resource_ancestors": [],
        "services": list(budget.services),
        "subaccounts": [],
        "label": dict([budget.label]) if budget.label is not None else None,
        "period": period_field(budget.period),
        "credits": budget.credits if isinstance(budget.credits, str) else list(budget.credits),
        "thresholds": thresholds_field(budget.thresholds),
        "notify.pubsub_topic": notify.pubsub_topic,
        "notify.channels": list(notify.channels),
        "notify.project_owners": notify.project_owners,
        "notify.default_recipients": notify.default_recipients,
    }


def amount_field(amount: Decimal | LastPeriod) -> str:
    """An amount to its last digit, with two decimals at least.

    >>> amount_field(Decimal("5E+2")), amount_field(Decimal("0.1250")), amount_field("last-period")
    ('500.00', '0.125', 'last-period')
    """
    if isinstance(amount, str):
        return amount
    whole, _, part = plain_decimal(amount).partition(".")
    return f"{whole}.{part.ljust(2, '0')}"


def period_field(period: CalendarPeriod | CustomPeriod) -> str | dict[str, str]:
    """`month`, or the days as text."""
    if isinstance(period, str):
        return period
    days = {"start": period.start.isoformat()}
    return days if period.end is None else {**days, "end": period.end.isoformat()}


def thresholds_field(thresholds: tuple[Threshold, ...]) -> list[dict[str, str]]:
    """Each threshold once, in an order that does not depend on how they were written."""
    found = sorted(set(thresholds), key=lambda item: (item.on, item.at))
    return [{"at": plain_decimal(item.at), "on": item.on} for item in found]
