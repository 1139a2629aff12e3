"""A budget's notification, explained from the bill: what grew since the comparable days, what is unusual, and which
iterations cost most. All figures are those of the weekly report, of the charges that the budget covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

import polars as pl

from costguard.budgets.declared import PREFIX, Budget, CalendarPeriod, CustomPeriod
from costguard.budgets.notification import Notification
from costguard.budgets.period import Days, budget_day, days_before, days_of_period, midnight
from costguard.budgets.scope import BUDGET_ZONE, Scope, in_scope, scope_of
from costguard.history.charges import Charges, Summary
from costguard.history.files import collected
from costguard.history.iterations import Iteration, IterationKey, IterationSettings, find_iterations
from costguard.history.ledger import Entry
from costguard.history.rollup import Period, within
from costguard.report.budgets import budget_states
from costguard.report.code import CodeCosts
from costguard.report.compare import changes, compared, movers
from costguard.report.daily import WEEKS, daily_frame, daily_net, find_anomalies
from costguard.report.model import Anomaly, BudgetState, Change
from costguard.report.weekly import jobs_within, last_closed, stamped

ITERATIONS: Final = 5
"""As many of the dearest are shown."""
_MOVING: Final = ("sku", "project", "service")
_PERIODS: Final[tuple[CalendarPeriod, ...]] = ("month", "quarter", "year")

ScopeSource = Literal["declared", "given", "account", "all"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be explained."""

    notification: Notification
    declared: Budget | None
    """The budget of the config with that display name."""
    scope: Scope
    scope_source: ScopeSource
    """Where the scope comes from: the config, options, the account of the message, or nowhere: then it is the bill."""
    days: Days
    """The period."""
    guessed: bool
    """Nobody told how long the period is: the shortest that fits."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are explained."""

    now: Days
    """Of the period, to the last one of which something is known."""
    compared: Days
    """Those of them that the next ones are compared with; all, unless the bill does not reach back so far."""
    before: Days | None
    """As many days of the period before; None when the bill has none of them."""

    @property
    def for_jobs(self) -> tuple[Period, Period]:
        """The period, and what it is compared with, in time."""
        count = self.now.count
        before = self.before or Days("", self.now.first - timedelta(days=count), self.now.first - _DAY)
        return self.now.moments, before.moments


@dataclass(frozen=True, slots=True)
class FromBill:
    """What the bill says of it."""

    currency: str
    net: Decimal
    """Of the period so far."""
    net_compared: Decimal
    net_before: Decimal
    dearer: tuple[tuple[str, Change], ...]
    cheaper: tuple[tuple[str, Change], ...]
    anomalies: tuple[Anomaly, ...]
    """Dear days only."""
    iterations: tuple[Iteration, ...]
    """The dearest of the period."""
    iterations_found: int
    to_iterations: Decimal
    stamped: Mapping[IterationKey, Entry]
    state: BudgetState | None
    """None when the message does not tell the amount."""
    exported: datetime | None
    last: date
    """The last day of which the bill has usage."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A notification, explained as far as what was given goes."""

    question: Question
    span: Span
    now: datetime
    bill: FromBill | None = None
    code: CodeCosts | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What else a user gave."""

    jobs: pl.DataFrame | None = None
    ledger: Sequence[Entry] = ()
    iterations: IterationSettings = field(default_factory=IterationSettings)


def question_of(
    notification: Notification, budgets: Sequence[Budget], given: Scope | None, now: datetime
) -> Question:
    """What a notification asks. `given`: the scope that options name."""
    name = notification.display_name
    declared = next((budget for budget in budgets if budget.display_name == name), None)
    account = notification.billing_account
    source: ScopeSource
    if given is not None:
        scope, source = replace(given, billing_account=account), "given"
    elif declared is not None:
        scope, source = scope_of(declared), "declared"
        scope = replace(scope, billing_account=scope.billing_account or account)
    else:
        scope, source = Scope(account), "account" if account is not None else "all"
    day = budget_day(notification.start if notification.start is not None else now)
    at = max(budget_day(notification.published or now), day)
    if declared is not None:
        return Question(
            notification, declared, scope, source, days_of_period(declared.period, day), guessed=False
        )
    days = _shortest(day, at) if notification.start is not None else days_of_period("month", day)
    return Question(notification, None, scope, source, days, guessed=True)


def _shortest(day: date, at: date) -> Days:
    """The shortest period that begins on a day and holds another one."""
    for period in _PERIODS:
        days = days_of_period(period, day)
        if days.first == day and at in days:
            return days
    return Days(f"since {day}", day, None)


def span_of(question: Question, summary: Summary | None, now: datetime) -> Span:
    """From the first day of the period to the last one of which something is known; and as many days before: those of
    the period before, from its first on."""
    days = question.days
    known = now
    if summary is not None and summary.last_usage is not None:
        known = min(now, summary.last_usage)
    last = max(_day_before(known), days.first)
    if days.last is not None:
        last = min(last, days.last)
    count = (last - days.first).days + 1
    before = days.first - timedelta(days=count)
    kind = _kind(question)
    if kind is not None:
        before = days_before(kind, days).first
    until = min(before + timedelta(days=count - 1), days.first - _DAY)
    now_days = _named(days.first, last)
    missing = 0
    if summary is not None and summary.first_usage is not None:
        missing = max(0, (budget_day(summary.first_usage) - before).days)
    if before + timedelta(days=missing) > until:
        return Span(now_days, now_days, None)
    compared_first = days.first + timedelta(days=missing)
    return Span(
        now_days,
        _named(compared_first, last) if missing else now_days,
        _named(before + timedelta(days=missing), until),
    )


def _day_before(time: datetime) -> date:
    """The day that ends at a moment, or in which it lies."""
    return budget_day(time - timedelta(microseconds=1))


def _kind(question: Question) -> CalendarPeriod | None:
    """Whether the period comes again."""
    if question.declared is not None:
        period = question.declared.period
        return None if isinstance(period, CustomPeriod) else period
    first = question.days.first
    return next((one for one in _PERIODS if days_of_period(one, first) == question.days), None)


def _named(first: date, last: date) -> Days:
    return Days(f"{first} to {last}", first, last)


def explain(
    question: Question, span: Span, charges: Charges, summary: Summary, moment: datetime, given: Given
) -> FromBill:
    """What the bill says.

    Raises:
        UsageProblem: the bill cannot be read, or a rule of phases cannot be used.
    """
    frame = within(in_scope(charges.frame, question.scope), Period(None, moment))
    period = span.now.moments
    now, before = span.compared.moments, span.before.moments if span.before is not None else None
    since = Period(midnight(span.now.first - timedelta(weeks=WEEKS)), period.end)
    totals, daily, *tables = collected(
        within(frame, period).select(pl.col("net").sum()),
        daily_frame(frame, since, BUDGET_ZONE),
        *(_compared(frame, now, before) if before is not None else ()),
    )
    by = dict(zip(_MOVING, map(changes, tables), strict=True)) if tables else {}
    dearer, cheaper = movers(by)
    first = budget_day(summary.first_usage) if summary.first_usage is not None else None
    anomalies, _ = find_anomalies(daily_net(daily, first), span.now.first, span.now.last or span.now.first)
    found = find_iterations(within(frame, period), jobs_within(given.jobs, period), given.iterations)
    billed = [item for item in found.iterations if item.rows]
    dearest = tuple(sorted(billed, key=lambda item: (-item.net, item.start, item.id))[:ITERATIONS])
    service = by.get("service", ())
    return FromBill(
        currency=summary.currency or "",
        net=totals.item(),
        net_compared=sum((change.net for change in service), _ZERO),
        net_before=sum((change.net_before or _ZERO for change in service), _ZERO),
        dearer=dearer,
        cheaper=cheaper,
        anomalies=tuple(anomaly for anomaly in anomalies if anomaly.net > anomaly.usual),
        iterations=dearest,
        iterations_found=len(billed),
        to_iterations=found.to_iterations,
        stamped=stamped(dearest, given.ledger),
        state=_state(question, charges, summary, moment),
        exported=summary.exported,
        last=_day_before(summary.last_usage) if summary.last_usage is not None else date.min,
    )


def _compared(frame: pl.LazyFrame, now: Period, before: Period) -> list[pl.LazyFrame]:
    """Two spans of days, by each thing; the days between them are in neither."""
    assert before.end is not None
    assert now.start is not None
    apart = frame.filter((pl.col("usage_start") < before.end) | (pl.col("usage_start") >= now.start))
    return [compared(apart, dimension, now, before, BUDGET_ZONE) for dimension in _MOVING]


def _state(question: Question, charges: Charges, summary: Summary, now: datetime) -> BudgetState | None:
    """The budget by the bill, with the amount that the message tells."""
    notification, scope, declared = question.notification, question.scope, question.declared
    if notification.amount is None:
        return None
    if declared is not None:
        budget = replace(declared, amount=notification.amount)
    else:
        days = question.days
        budget = Budget(
            name=notification.display_name.removeprefix(PREFIX),
            billing_account=scope.billing_account,
            project=None,
            amount=notification.amount,
            currency=notification.currency,
            period=_kind(question) or CustomPeriod(days.first, days.last),
            thresholds=(),
        )
    budget = replace(
        budget,
        billing_account=scope.billing_account,
        projects=scope.projects,
        services=scope.services,
        label=scope.label,
        credits=scope.credits,
    )
    closed = last_closed(summary.reach, now, summary.late, BUDGET_ZONE)
    states = budget_states(charges, summary.reach, [budget], closed, now, question.days.first)
    return states[0] if states else None


_DAY: Final = timedelta(days=1)
_ZERO: Final = Decimal(0)
