"""What a weekly report holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from costguard.budgets.declared import Budget, Threshold
from costguard.budgets.period import Days
from costguard.history.iterations import Iteration, IterationKey, Part
from costguard.history.ledger import Entry
from costguard.history.rollup import Sum
from costguard.report.code import CodeCosts
from costguard.report.waste import Waste

FEWEST_BASE: Final = Decimal("0.01")


def share_of(change: Decimal, before: Decimal) -> Decimal | None:
    """A change as a part of what was there before. None where that says nothing: of a refund, or of less than a cent.

    >>> share_of(Decimal(5), Decimal(10)), share_of(Decimal(5), Decimal(-10)), share_of(Decimal(5), Decimal("0.001"))
    (Decimal('0.5'), None, None)
    """
    return change / before if before >= FEWEST_BASE else None


@dataclass(frozen=True, slots=True)
class Change:
    """What one key comes to in the week, and what it came to in the week before."""

    key: str | None
    name: str | None
    rows: int
    rows_before: int | None
    net: Decimal
    net_before: Decimal | None
    """None, as `rows_before`, when the bill does not hold the whole week before."""

    @property
    def change(self) -> Decimal | None:
        return self.net - self.net_before if self.net_before is not None else None

    @property
    def share(self) -> Decimal | None:
        """The change as a part of the week before; None when that is not known, or no amount to take a part of."""
        change = self.change
        return (
            share_of(change, self.net_before) if change is not None and self.net_before is not None else None
        )

    @property
    def is_new(self) -> bool:
        return self.rows > 0 and self.rows_before == 0

    @property
    def is_gone(self) -> bool:
        return self.rows == 0 and self.rows_before is not None and self.rows_before > 0


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole week."""

    rows: int
    gross: Decimal
    credits: Decimal
    promotions: Decimal
    """Part of the credits: they pay, and lower no price."""
    net: Decimal
    net_before: Decimal | None
    """None when the bill does not hold the whole week before."""
    median: Decimal | None
    """Net of the middle one of the four weeks before; None when the bill does not reach back so far."""


@dataclass(frozen=True, slots=True)
class ServiceRows:
    """How many rows of a service have come, against what is usual."""

    service: str | None
    name: str | None
    rows: int
    usual: int
    """The middle of the four weeks before."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far the export has come, and what may still change."""

    exported: datetime | None
    """The newest export time of any row."""
    lag_median: timedelta | None
    """From the end of a usage to its export, over the rows of the week and of the four before."""
    lag_p90: timedelta | None
    provisional_from: date | None
    """The first day of the week of which rows are still expected; None when the week is complete."""
    short_services: tuple[ServiceRows, ...]
    """Services with less than half of their usual rows."""
    before_known: Decimal | None
    """Net of the week before, as far as it had been exported a week before this report; None without export times."""


@dataclass(frozen=True, slots=True)
class Contributor:
    """What made a day dear or cheap."""

    dimension: str
    key: str | None
    name: str | None
    net: Decimal
    usual: Decimal


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A day that is unlike the same weekday of the weeks before."""

    day: date
    net: Decimal
    """Before promotional credits, which pay and change no cost."""
    usual: Decimal
    """The median of that weekday."""
    score: Decimal | None
    """0.6745 x (net - median) / median absolute deviation; None when all those days cost the same."""
    contributors: tuple[Contributor, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a month, or another period of a budget, comes to."""

    period: str
    """`2026-11`; `2026-Q4`, `2026`, or the days of a budget."""
    to_date: Decimal
    """Net of its closed days."""
    closed_days: int
    days_left: int
    low: Decimal
    point: Decimal
    high: Decimal
    """From the 10th to the 90th percentile."""


State = Literal["within", "at risk", "over", "unknown"]


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget in its period, by the bill."""

    budget: Budget
    days: Days
    """The period: the one of the last closed day."""
    amount: Decimal | None
    """None: what the period before came to is not known."""
    spent: Decimal | None
    """In the period, as far as the bill goes; None when the bill cannot tell."""
    forecast: Forecast | None
    note: str | None
    """Why there is no state, or no forecast."""
    known: bool
    """The bill tells what is spent of the budget."""

    @property
    def state(self) -> State:
        """Over: more is spent than the amount. At risk: the upper end of the forecast is more."""
        if not self.known or self.amount is None or self.spent is None:
            return "unknown"
        if self.spent > self.amount:
            return "over"
        return "at risk" if self.forecast is not None and self.forecast.high > self.amount else "within"

    @property
    def share(self) -> Decimal | None:
        """What is spent, as a part of the amount."""
        if not self.known or not self.amount or self.spent is None:
            return None
        return self.spent / self.amount

    @property
    def passed(self) -> tuple[Threshold, ...]:
        """The thresholds that the spend, or the forecast, has reached."""
        return tuple(rule for rule in self.budget.thresholds if self._reached(rule))

    def _reached(self, rule: Threshold) -> bool:
        figure = self.spent
        if rule.on == "forecast":
            figure = self.forecast.point if self.forecast is not None else None
        if not self.known or self.amount is None or figure is None:
            return False
        return figure >= rule.at * self.amount


@dataclass(frozen=True, slots=True)
class Day:
    """A day's net."""

    day: date
    net: Decimal


@dataclass(frozen=True, slots=True)
class Volume:
    """Why iterations cost what they do: more of them, or dearer ones. The two effects add up to the change. What is of
    the week before is None when the bill does not hold the whole of it, and the effects as well while the week goes
    on."""

    count: int
    count_before: int | None
    each: Decimal | None
    """Net of an iteration, to nine places; None without any."""
    each_before: Decimal | None
    by_count: Decimal | None
    """The change in their number, at the price of the week before; at this week's when there were none."""
    by_cost: Decimal | None
    """What is left: the change in price, at this week's number."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where the week's net went; the three add up to it."""

    to_iterations: Decimal
    standing: tuple[Part, ...]
    """Paid whether iterations run or not, the largest first."""
    unattributed: tuple[Part, ...]
    """By reason, the largest first."""
    standing_before: tuple[Part, ...] | None = None
    unattributed_before: tuple[Part, ...] | None = None
    """The same of the week before; None when the bill does not hold the whole of it."""


@dataclass(frozen=True, slots=True)
class Report:
    """One ISO week."""

    week: str
    zone: str
    start: datetime
    end: datetime
    currency: str
    generated_at: datetime
    complete: bool
    begins: date | None
    """The first day of the bill, where it does not hold the whole week before, so that nothing is compared with it."""
    until: date | None
    """The last day of the week that the bill can have usage of, where that is not its Sunday: the week goes on, or the
    export ended. Then nothing is compared either, though the week before is known."""
    over: bool
    """The week has ended."""
    gross_only: bool
    """Some file of the bill has no credits: all that is called net is too high by them."""
    totals: Totals
    months: tuple[Sum, ...]
    """The week's charges by invoice month."""
    by: Mapping[str, tuple[Change, ...]]
    """By dimension; each adds up to the totals."""
    days: tuple[Day, ...]
    """Net of each day of the nine weeks that end with this one, from the first day with usage on."""
    dearer: tuple[tuple[str, Change], ...]
    cheaper: tuple[tuple[str, Change], ...]
    """(dimension, change), the largest first."""
    anomalies: tuple[Anomaly, ...]
    anomalies_note: str | None
    """Why there may be fewer than there were."""
    forecast: Forecast | None
    forecast_note: str | None
    """Why there is none."""
    freshness: Freshness
    iterations: tuple[Iteration, ...]
    """Those of the week, the newest first; of one that goes on beyond it the part in the week."""
    wholes: Mapping[IterationKey, Iteration]
    """By their key those that go on beyond the week, as far as the weeks beside it tell."""
    volume: Volume
    attribution: Attribution
    stamped: Mapping[IterationKey, Entry]
    """What the ledger says of iterations, by their key."""
    waste: tuple[Waste, ...]
    """The dearest first; no parts of a sum."""
    code: CodeCosts | None = None
    """None when no code was given."""
    prices: str | None = None
    """What jobs are priced by, in words; None without jobs."""
    budgets: tuple[BudgetState, ...] = ()
    """Those that the config declares, in their order."""

    @property
    def compared(self) -> bool:
        """The week can be held against the one before."""
        return self.begins is None and self.until is None

    @property
    def label_coverage(self) -> dict[str, Decimal | None]:
        """By the key of a label that is added up by: which part of net has it. None where net does not tell: it
        is not above zero, or what lacks the label is not a part of it."""
        found: dict[str, Decimal | None] = {}
        for dimension, rows in self.by.items():
            kind, _, key = dimension.partition(":")
            if kind == "label":
                bare = sum((row.net for row in rows if row.key is None), Decimal(0))
                known = self.totals.net > 0 and 0 <= bare <= self.totals.net
                found[key] = 1 - bare / self.totals.net if known else None
        return found

    def days_of_week(self) -> tuple[date, date]:
        """Its Monday and its Sunday."""
        year, week = self.week.split("-W")
        return date.fromisocalendar(int(year), int(week), 1), date.fromisocalendar(int(year), int(week), 7)
