"""Declared budgets held against the bill: what is spent of each, where its period is going, and which thresholds that
passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import polars as pl

from costguard.budgets.declared import Budget, CustomPeriod
from costguard.budgets.period import Days, budget_day, days_before, days_of_period, midnight
from costguard.budgets.scope import BUDGET_ZONE, in_scope, scope_of
from costguard.history.charges import Charges, Reach
from costguard.history.files import collected
from costguard.history.rollup import Period
from costguard.report.daily import WEEKS, DailyNet, daily_frame, daily_net, forecast_days
from costguard.report.model import BudgetState


@dataclass(frozen=True, slots=True)
class _Asked:
    """A budget, its period, and from which day on its charges are needed."""

    budget: Budget
    days: Days
    before: Days | None
    """The period before, of which the amount is."""
    since: date
    day: date


def budget_states(
    charges: Charges,
    summary: Reach,
    budgets: Sequence[Budget],
    closed: date | None,
    now: datetime,
    day: date | None = None,
) -> tuple[BudgetState, ...]:
    """Each budget in the period of a day (by default the last closed one), by the usage before `now`. Days are those of
    budgets: `closed` is `last_closed` in BUDGET_ZONE.

    Raises:
        UsageProblem: the bill cannot be read.
    """
    if not budgets:
        return ()
    first = budget_day(summary.first_usage) if summary.first_usage is not None else None
    if closed is None or first is None:
        return ()
    if charges.told_lags is not None:
        return tuple(_unasked(budget, day if day is not None else closed) for budget in budgets)
    frame = charges.frame
    day = day if day is not None else closed
    asked = [_asked(budget, day, closed) for budget in budgets]
    bill, *dailies = collected(
        frame.select(
            pl.col("billing_account").drop_nulls().unique().sort().implode().alias("accounts"),
            pl.col("project_number").is_not_null().any().alias("numbers"),
        ),
        *(
            daily_frame(
                *(in_scope(frame, scope_of(one.budget)), Period(midnight(one.since), now), BUDGET_ZONE), by=()
            )
            for one in asked
        ),
    )
    accounts, numbers = bill.row(0)
    return tuple(
        _state(
            one, daily_net(daily, first), first, closed, _unanswerable(one.budget, summary, accounts, numbers)
        )
        for one, daily in zip(asked, dailies, strict=True)
    )


def _unasked(budget: Budget, day: date) -> BudgetState:
    why = "the bill stays in BigQuery, which adds it up by the days of the report and not by those of budgets"
    days = days_of_period(budget.period, day)
    return BudgetState(budget, days, _declared(budget), None, None, why, known=False)


def _asked(budget: Budget, day: date, closed: date) -> _Asked:
    days = days_of_period(budget.period, day)
    before = None
    if budget.amount == "last-period" and not isinstance(budget.period, CustomPeriod):
        before = days_before(budget.period, days)
    since = min(
        days.first, before.first if before is not None else days.first, closed - timedelta(weeks=WEEKS)
    )
    return _Asked(budget, days, before, since, day)


def _unanswerable(budget: Budget, summary: Reach, accounts: Sequence[str], numbers: bool) -> str | None:
    """Why this bill says nothing of a budget."""
    if budget.currency is not None and budget.currency != summary.currency:
        return f"the bill is in {summary.currency}"
    if budget.billing_account is not None and budget.billing_account not in accounts:
        return f"the bill is of {', '.join(accounts) or 'an account that it does not tell'}"
    unseen = [name for name in budget.projects if name.removeprefix("projects/").isdigit()]
    if unseen and not numbers:
        return f"the bill has no numbers of projects, by which {', '.join(unseen)} could be found"
    return None


def _state(asked: _Asked, daily: DailyNet, first: date, closed: date, why: str | None) -> BudgetState:
    budget, days = asked.budget, asked.days
    if why is None and days.first > asked.day:
        why = f"begins on {days.first}"
    if why is not None:
        return BudgetState(budget, days, _declared(budget), None, None, why, known=False)
    spent = _between(daily, days.first, days.last)
    amount = _declared(budget)
    if asked.before is not None:
        if asked.before.first < first:
            why = f"its amount is what {asked.before.name} came to, and the bill begins on {first}"
        else:
            amount = _between(daily, asked.before.first, asked.before.last)
    if days.first < first:
        why = f"the bill begins on {first}, after {days.name} did"
    if why is not None:
        return BudgetState(budget, days, amount, spent, None, why, known=False)
    if days.last is None:
        return BudgetState(
            budget, days, amount, spent, None, "a period without end has no forecast", known=True
        )
    if days.last <= closed:
        return BudgetState(budget, days, amount, spent, None, f"{days.name} is complete", known=True)
    forecast, note = forecast_days(daily, days.name, days.first, days.last, closed)
    return BudgetState(budget, days, amount, spent, forecast, note, known=True)


def _declared(budget: Budget) -> Decimal | None:
    return budget.amount if isinstance(budget.amount, Decimal) else None


def _between(daily: DailyNet, first: date, last: date | None) -> Decimal:
    return sum(
        (net for day, net in daily.net.items() if first <= day and (last is None or day <= last)), _ZERO
    )


_ZERO: Final = Decimal(0)
