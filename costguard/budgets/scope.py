"""What a budget covers, in the bill: the same choice of charges for proposals, for the state of declared budgets, and
for the explanation of a notification."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add, and_
from typing import Final, Literal

import polars as pl

from costguard.budgets.declared import Budget
from costguard.history.charge_columns import INVOICE_ZONE, credit_total
from costguard.history.charges import PROMOTION
from costguard.history.columns import MONEY, value_of

BUDGET_ZONE: Final = INVOICE_ZONE
"""The days, months and years of a budget begin at midnight there, whatever the zone of a report
(cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets#CalendarPeriod)."""
TAX: Final = "tax"
"""The kind of charge that is left out: tax comes with the invoice, of no usage, and a budget follows usage."""

Credits = Literal["include-all", "exclude-all"] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which charges, and which of their credits. An empty choice is no limit."""

    billing_account: str | None = None
    projects: tuple[str, ...] = ()
    """`projects/NUMBER` or `projects/ID`."""
    services: tuple[str, ...] = ()
    """`services/ID`."""
    label: tuple[str, str] | None = None
    credits: Credits = "include-all"


def scope_of(budget: Budget) -> Scope:
    """The scope of a declared budget."""
    return Scope(budget.billing_account, budget.projects, budget.services, budget.label, budget.credits)


def in_scope(frame: pl.LazyFrame, scope: Scope) -> pl.LazyFrame:
    """The charges of a scope, without tax: `net` is the spend that the budget counts, `credit` and `promotion` are the
    parts of it that are credits."""
    conditions = [pl.col("cost_type").fill_null("") != TAX]
    if scope.billing_account is not None:
        conditions.append(pl.col("billing_account") == scope.billing_account)
    if scope.projects:
        names = [name.removeprefix("projects/") for name in scope.projects]
        conditions.append(
            pl.col("project_number").is_in(names).fill_null(value=False)
            | pl.col("project").is_in(names).fill_null(value=False)
        )
    if scope.services:
        ids = [name.removeprefix("services/") for name in scope.services]
        conditions.append(pl.col("service_id").is_in(ids))
    if scope.label is not None:
        key, value = scope.label
        conditions.append(value_of(pl.col("labels"), key) == value)
    chosen = frame.filter(reduce(and_, (condition.fill_null(value=False) for condition in conditions)))
    return _with_credits(chosen, scope.credits)


def _with_credits(frame: pl.LazyFrame, credits: Credits) -> pl.LazyFrame:
    if credits == "include-all":
        return frame
    kinds = () if credits == "exclude-all" else tuple(dict.fromkeys(credits))
    nothing = pl.lit(0).cast(MONEY)
    credit = reduce(add, (credit_total(pl.col("credits"), kind) for kind in kinds), nothing)
    return frame.with_columns(
        credit.alias("credit"),
        (pl.col("cost") + credit).alias("net"),
        (pl.col("promotion") if PROMOTION in kinds else nothing).alias("promotion"),
    )
