"""Proposals for budgets from the bill: for each project, service, label value or the whole account an amount, and how
it came about.

Three figures of a dear and yet usual month are worked out, and the largest is rounded up: what the last complete months
came to and a fifth more, what nine of ten weeks would make of a month, and the upper end of the running month's
forecast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final, Literal

import polars as pl

from costguard.budgets.declared import LONGEST_DISPLAY_NAME, PREFIX, Budget, declared_budgets
from costguard.budgets.period import budget_day, days_of_period, each_day, midnight
from costguard.budgets.scope import BUDGET_ZONE, TAX, Scope, in_scope
from costguard.config import Config
from costguard.errors import UsageProblem
from costguard.history.charges import MONTHLY, Charges, Summary, summarise
from costguard.history.files import collected
from costguard.history.iterations import IterationSettings, find_iterations
from costguard.history.rollup import Period, dimension_key, within
from costguard.money import decimal_string
from costguard.report.daily import (
    ANOMALY_SCORE,
    ANOMALY_SHARE,
    ANOMALY_USD,
    DailyNet,
    forecast_month,
)
from costguard.report.model import Forecast
from costguard.report.robust import median, score, slope, upper_decile
from costguard.report.weekly import jobs_within, last_closed

WEEKS_PER_MONTH: Final = Decimal("4.348125")
"""365.25 / 7 / 12."""
HEADROOM: Final = Decimal("1.2")
"""A budget of what a month usually comes to would be used up in every second one."""
WEEKS: Final = 13
MONTHS: Final = 3
"""As many of the latest complete weeks and months count: a quarter."""
FEWEST_WEEKS: Final = 2
"""With fewer complete weeks nothing is proposed."""
FEWEST_WEEKS_JUDGED: Final = 4
"""With fewer weeks none is called unusual, and nothing is said of weekdays."""
UNUSUAL_SHARE: Final = 0.25
"""At most this part of the weeks is unusual."""
FEWEST_WEEKS_GROWTH: Final = 8
IDLE_WEEKS: Final = 4
"""What cost nothing for so long needs no budget."""
ITERATION_WEEKS: Final = 4
"""Iterations are those of so many latest weeks: what they cost lately is what a gate has to hold."""
MONTH_END: Final = 5
"""Days at the end of a month that are compared with the others."""
DIMENSIONS: Final = ("project", "service", "label:KEY", "total")
TOTAL: Final = "total"
DEFAULT_MINIMUM: Final = Decimal(10)

Source = Literal["months", "weeks", "forecast"]


@dataclass(frozen=True, slots=True)
class SuggestionSettings:
    """What a user chooses."""

    by: tuple[str, ...] = ("project",)
    credits: Literal["include-all", "exclude-all"] = "include-all"
    minimum: Decimal = DEFAULT_MINIMUM
    """In the bill's currency: what comes to less in a month is left out."""
    billing_account: str | None = None
    """Of a bill that does not tell it."""
    iterations: IterationSettings = field(default_factory=IterationSettings)


@dataclass(frozen=True, slots=True)
class Spend:
    """What a week or month came to."""

    name: str
    """`2026-W44`, `2026-10`."""
    net: Decimal


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How an amount came about."""

    months: tuple[Spend, ...]
    """The latest complete ones, the newest last."""
    month: Decimal | None
    """Their median."""
    weeks: tuple[Spend, ...]
    """The latest complete ones, the newest last, without charges for a month."""
    unusual: tuple[Spend, ...]
    """Those of them that the next figure leaves out."""
    p90: Decimal
    """Nine of ten of the other weeks came to no more."""
    monthly: Decimal
    """Charges for a month: the most that any of the latest months had."""
    forecast: Forecast | None
    forecast_note: str | None
    """Why there is none."""
    growth: Decimal | None
    """What a week gains on the one before, as a part of the median week; None with too few weeks."""
    weekdays: tuple[Decimal, ...] | None
    """From Monday on: the median of each, as a multiple of the mean of the seven medians."""
    month_end: Decimal | None
    """A day of the last five of a month, as a multiple of another day; None without three complete months."""
    latest: Decimal
    """Spend of the latest quarter."""

    @property
    def by_months(self) -> Decimal | None:
        """A fifth more than a month came to."""
        return (self.month * HEADROOM).quantize(_PLACES) if self.month is not None else None

    @property
    def by_weeks(self) -> Decimal:
        """What a month of such weeks comes to."""
        return (self.p90 * WEEKS_PER_MONTH + self.monthly).quantize(_PLACES)

    @property
    def largest(self) -> tuple[Source, Decimal]:
        """The figure that the amount is made of; of equal ones the first."""
        figures: list[tuple[Source, Decimal]] = [("weeks", self.by_weeks)]
        if self.by_months is not None:
            figures.insert(0, ("months", self.by_months))
        if self.forecast is not None:
            figures.append(("forecast", self.forecast.high))
        return max(figures, key=lambda item: item[1])


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A budget, and why."""

    by: str
    key: str | None
    name: str | None
    """What the key is called."""
    budget: Budget
    arithmetic: Arithmetic


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What there is no proposal for."""

    by: str
    key: str | None
    name: str | None
    reason: str
    net: Decimal
    """In the latest quarter."""
    small: bool = False
    """It comes to less than the minimum."""


@dataclass(frozen=True, slots=True)
class IterationCosts:
    """What an iteration comes to: no budget can hold one."""

    count: int
    since: date
    median: Decimal
    p90: Decimal

    @property
    def gate(self) -> Decimal:
        """A limit that nine of ten iterations keep with a fifth to spare."""
        return rounded_up(max(self.p90 * HEADROOM, Decimal(1)))


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Proposals for budgets."""

    currency: str
    credits: Literal["include-all", "exclude-all"]
    first: date
    closed: date
    """The last day of which no more rows are expected; days are those of budgets."""
    suggestions: tuple[Suggestion, ...]
    """By dimension as asked for, the largest amount first."""
    left_out: tuple[LeftOut, ...]
    minimum: Decimal
    tax: Decimal
    """What the bill has of it; in no proposal."""
    promotions: Decimal
    """Promotional credits of the latest quarter: they end, and the spend that a budget counts rises."""
    iterations: IterationCosts | None
    gross_only: bool
    """Some file has no credits: its net is too high."""


def suggest(
    charges: Charges,
    now: datetime,
    settings: SuggestionSettings | None = None,
    jobs: pl.DataFrame | None = None,
) -> Suggestions:
    """Proposals from a bill. `jobs` (the columns of JOBS, and `billable`) tell when iterations ran.

    Raises:
        UsageProblem: the bill cannot be added up or is too short, or there is no such dimension.
    """
    settings = settings or SuggestionSettings()
    dimensions = tuple(dict.fromkeys(settings.by))
    for dimension in dimensions:
        _check(dimension)
    summary = summarise(charges)
    first, closed = _reach(summary, now)
    since = max(first, closed - timedelta(weeks=WEEKS) + _DAY)
    quarter = Period(midnight(since), midnight(closed + _DAY))
    frame = within(in_scope(charges.frame, Scope(credits=settings.credits)), Period(None, quarter.end))
    whole, *found = collected(
        within(charges.frame, Period(None, quarter.end)).select(
            pl.col("net").filter(pl.col("cost_type") == TAX).sum().alias("tax"),
            pl.col("promotion").filter(pl.col("usage_start") >= quarter.start).sum().alias("promotions"),
        ),
        *(_by_day(frame, dimension) for dimension in dimensions),
    )
    tax, promotions = whole.row(0)
    names = _Names()
    suggestions: list[Suggestion] = []
    left_out: list[LeftOut] = []
    for dimension, rows in zip(dimensions, found, strict=True):
        of_one: list[tuple[_Key, Arithmetic]] = []
        for key, daily in _keys(rows, settings):
            if key.account is None:
                raise UsageProblem(
                    "the bill does not tell its billing account: --billing-account 000000-AAAAAA-BBBBBB"
                )
            outcome = _judged(dimension, key, daily, first, closed)
            if isinstance(outcome, str):
                left_out.append(LeftOut(dimension, key.value, key.name, outcome, _latest(daily, closed)))
            elif outcome.largest[1] < settings.minimum:
                why = f"less than {decimal_string(settings.minimum)} a month"
                left_out.append(LeftOut(dimension, key.value, key.name, why, outcome.latest, small=True))
            else:
                of_one.append((key, outcome))
        of_one.sort(key=lambda item: (-item[1].largest[1], item[0].value or "", item[0].account or ""))
        several = len({key.account for key, _ in of_one}) > 1
        for key, arithmetic in of_one:
            budget = _budget(dimension, key, arithmetic, summary, settings, names, several)
            if isinstance(budget, str):
                left_out.append(LeftOut(dimension, key.value, key.name, budget, arithmetic.latest))
            else:
                suggestions.append(Suggestion(dimension, key.value, key.name, budget, arithmetic))
    left_out.sort(key=lambda item: (dimensions.index(item.by), -item.net, item.key or ""))
    return Suggestions(
        currency=summary.currency or "",
        credits=settings.credits,
        first=first,
        closed=closed,
        suggestions=tuple(suggestions),
        left_out=tuple(left_out),
        minimum=settings.minimum,
        tax=tax,
        promotions=promotions if settings.credits == "include-all" else _ZERO,
        iterations=_iterations(charges, first, closed, jobs, settings),
        gross_only=settings.credits == "include-all"
        and any("credits" in file.missing for file in charges.files),
    )


def rounded_up(amount: Decimal) -> Decimal:
    """An amount for a budget: two digits, and whole units of the currency.

    >>> [int(rounded_up(Decimal(text))) for text in ("0.3", "12.01", "512.3", "8000", "8001")]
    [1, 13, 520, 8000, 8100]
    """
    step = Decimal(10) ** max(amount.adjusted() - 1, 0)
    return (amount / step).to_integral_value(ROUND_CEILING) * step


# -- what the bill holds ---------------------------------------------------------------------------------


def _check(dimension: str) -> None:
    if dimension in (TOTAL, "project", "service") or (
        dimension.startswith("label:") and dimension != "label:"
    ):
        return
    raise UsageProblem(f"no budget can be for each {dimension!r}; --by is one of {', '.join(DIMENSIONS)}")


def _reach(summary: Summary, now: datetime) -> tuple[date, date]:
    """The first day of the bill, and the last one of which no more rows are expected.

    Raises:
        UsageProblem: there is none.
    """
    closed = last_closed(summary.reach, now, summary.late, BUDGET_ZONE)
    if summary.first_usage is None or closed is None:
        raise UsageProblem("the bill is empty")
    first = budget_day(summary.first_usage)
    if closed < first:
        raise UsageProblem(f"the bill begins on {first}, and no day of it is closed yet as of {now:%Y-%m-%d}")
    return first, closed


def _by_day(frame: pl.LazyFrame, dimension: str) -> pl.LazyFrame:
    """Spend of each account, key and day, with the latest name and number of the key."""
    if dimension == TOTAL:
        value, name = pl.lit(None, dtype=pl.String), pl.lit(None, dtype=pl.String)
    else:
        key = dimension_key(dimension, BUDGET_ZONE)
        value = key.value.cast(pl.String)
        name = pl.col(key.name) if key.name is not None else pl.lit(None, dtype=pl.String)
    for_month = (pl.col("usage_end") - pl.col("usage_start") >= MONTHLY).fill_null(value=False)
    return (
        frame.filter(pl.col("usage_start").is_not_null())
        .select(
            "billing_account",
            value.alias("key"),
            name.alias("name"),
            pl.col("project_number").alias("number"),
            pl.col("usage_start").dt.convert_time_zone(BUDGET_ZONE).dt.date().alias("day"),
            "net",
            pl.when(for_month).then("net").otherwise(0).alias("monthly"),
        )
        .group_by("billing_account", "key", "day")
        .agg(
            pl.col("name").drop_nulls().sort().last(),
            pl.col("number").drop_nulls().sort().last(),
            pl.len().alias("rows"),
            pl.col("net").sum(),
            pl.col("monthly").sum(),
        )
        .sort("billing_account", "key", "day", nulls_last=True)
    )


@dataclass(frozen=True, slots=True)
class _Key:
    account: str | None
    value: str | None
    name: str | None
    number: str | None


def _keys(rows: pl.DataFrame, settings: SuggestionSettings) -> Iterator[tuple[_Key, DailyNet]]:
    """Each account and key with its spend by day."""
    for (account, value), days in rows.group_by("billing_account", "key", maintain_order=True):
        names, numbers = days["name"].drop_nulls(), days["number"].drop_nulls()
        net = dict(zip(days["day"], days["net"], strict=True))
        monthly = dict(zip(days["day"], days["monthly"], strict=True))
        yield (
            _Key(
                account if account is not None else settings.billing_account,
                value,
                names[-1] if len(names) else None,
                numbers[-1] if len(numbers) else None,
            ),
            DailyNet(
                first=days["day"][0],
                rows=dict(zip(days["day"], days["rows"], strict=True)),
                net=net,
                monthly=monthly,
                cost={day: amount - monthly[day] for day, amount in net.items()},
                parts={},
                names={},
            ),
        )


# -- the arithmetic --------------------------------------------------------------------------------------


def _judged(dimension: str, key: _Key, daily: DailyNet, first: date, closed: date) -> Arithmetic | str:
    """The figures, or why there is no proposal."""
    assert daily.first is not None
    if key.value is None and dimension != TOTAL:
        return "only a budget of the whole account covers it"
    latest = closed - timedelta(weeks=IDLE_WEEKS)
    if not any(day > latest for day in daily.rows):
        return f"nothing since {max(daily.net)}"
    weeks = _weeks(daily, closed)
    if len(weeks) < FEWEST_WEEKS:
        begin = "the bill begins on" if daily.first == first else "its first charge is of"
        return (
            f"{len(weeks)} of the {FEWEST_WEEKS} complete weeks that a proposal takes: {begin} {daily.first}"
        )
    arithmetic = _arithmetic(daily, weeks, first, closed)
    return arithmetic if arithmetic.largest[1] > 0 else "comes to nothing, or less"


def _arithmetic(daily: DailyNet, weeks: Sequence[Spend], first: date, closed: date) -> Arithmetic:
    unusual = _unusual(weeks)
    usual = [(number, week) for number, week in enumerate(weeks) if week not in unusual]
    months = list(_months(daily, closed))[-MONTHS:]
    forecast, note = _forecast(daily, first, closed)
    return Arithmetic(
        months=tuple(months),
        month=median([month.net for month in months]) if months else None,
        weeks=tuple(weeks),
        unusual=unusual,
        p90=upper_decile([week.net for _, week in usual]),
        monthly=_monthly(daily, closed),
        forecast=forecast,
        forecast_note=note,
        growth=_growth(usual),
        weekdays=_weekdays(daily, closed, len(weeks)),
        month_end=_month_end(daily, months),
        latest=_latest(daily, closed),
    )


def _weeks(daily: DailyNet, closed: date) -> list[Spend]:
    """The latest weeks of which every day is closed, since the first charge."""
    assert daily.first is not None
    monday = closed + _DAY - timedelta(days=(closed + _DAY).weekday() + 7)
    found: list[Spend] = []
    while monday >= daily.first and len(found) < WEEKS:
        year, week, _ = monday.isocalendar()
        net = _sum(daily.cost, monday, monday + timedelta(days=6))
        found.append(Spend(f"{year:04d}-W{week:02d}", net))
        monday -= timedelta(weeks=1)
    return found[::-1]


def _unusual(weeks: Sequence[Spend]) -> tuple[Spend, ...]:
    """The dear weeks that are unlike the others: of many such the dearest, since the rest is usual then."""
    if len(weeks) < FEWEST_WEEKS_JUDGED:
        return ()
    values = [week.net for week in weeks]
    usual = median(values)
    found = []
    for week in weeks:
        distance = week.net - usual
        outlying = score(week.net, values)
        if distance < ANOMALY_USD or distance < ANOMALY_SHARE * abs(usual):
            continue
        if outlying is None or outlying >= ANOMALY_SCORE:
            found.append(week)
    dearest = sorted(found, key=lambda week: (-week.net, week.name))[: int(len(weeks) * UNUSUAL_SHARE)]
    return tuple(week for week in found if week in dearest)


def _months(daily: DailyNet, closed: date) -> Iterator[Spend]:
    """The months of which every day is closed, since the first charge."""
    assert daily.first is not None
    month = days_of_period("month", daily.first)
    if month.first < daily.first:
        assert month.last is not None
        month = days_of_period("month", month.last + _DAY)
    while month.last is not None and month.last <= closed:
        yield Spend(month.name, _sum(daily.net, month.first, month.last))
        month = days_of_period("month", month.last + _DAY)


def _monthly(daily: DailyNet, closed: date) -> Decimal:
    """The most that any of the latest months, the running one included, had in charges for a month."""
    by_month: dict[str, Decimal] = {}
    for day, amount in daily.monthly.items():
        if closed - timedelta(days=31 * MONTHS) < day <= closed:
            name = f"{day:%Y-%m}"
            by_month[name] = by_month.get(name, _ZERO) + amount
    return max(by_month.values(), default=_ZERO)


def _forecast(daily: DailyNet, first: date, closed: date) -> tuple[Forecast | None, str | None]:
    assert daily.first is not None
    if daily.first > max(first, closed.replace(day=1)):
        return None, f"its first charge is of {daily.first}"
    forecast, note = forecast_month(daily, closed)
    if forecast is not None and not forecast.days_left:
        return None, f"{forecast.period} is complete"
    return forecast, note


def _growth(weeks: Sequence[tuple[int, Spend]]) -> Decimal | None:
    usual = median([week.net for _, week in weeks])
    if len(weeks) < FEWEST_WEEKS_GROWTH or usual <= 0:
        return None
    return (slope([(number, week.net) for number, week in weeks]) / usual).quantize(_RATIO)


def _weekdays(daily: DailyNet, closed: date, weeks: int) -> tuple[Decimal, ...] | None:
    if weeks < FEWEST_WEEKS_JUDGED:
        return None
    last = closed - timedelta(days=(closed + _DAY).weekday())
    first = last - timedelta(weeks=weeks) + _DAY
    medians = [
        median(
            [daily.cost.get(first + timedelta(days=weekday, weeks=number), _ZERO) for number in range(weeks)]
        )
        for weekday in range(7)
    ]
    mean = sum(medians, _ZERO) / 7
    return tuple((one / mean).quantize(_RATIO) for one in medians) if mean > 0 else None


def _month_end(daily: DailyNet, months: Sequence[Spend]) -> Decimal | None:
    if len(months) < MONTHS:
        return None
    late: list[Decimal] = []
    early: list[Decimal] = []
    for month in months:
        days = days_of_period("month", date.fromisoformat(f"{month.name}-01"))
        assert days.last is not None
        for day in each_day(days.first, days.last):
            is_late = day > days.last - timedelta(days=MONTH_END)
            (late if is_late else early).append(daily.cost.get(day, _ZERO))
    usual = sum(early, _ZERO) / len(early)
    return (sum(late, _ZERO) / len(late) / usual).quantize(_RATIO) if usual > 0 else None


def _latest(daily: DailyNet, closed: date) -> Decimal:
    return _sum(daily.net, closed - timedelta(weeks=WEEKS) + _DAY, closed)


def _sum(amounts: Mapping[date, Decimal], first: date, last: date) -> Decimal:
    return sum((amount for day, amount in amounts.items() if first <= day <= last), _ZERO)


def _iterations(
    charges: Charges, first: date, closed: date, jobs: pl.DataFrame | None, settings: SuggestionSettings
) -> IterationCosts | None:
    since = max(first, closed - timedelta(weeks=ITERATION_WEEKS) + _DAY)
    period = Period(midnight(since), midnight(closed + _DAY))
    found = find_iterations(within(charges.frame, period), jobs_within(jobs, period), settings.iterations)
    nets = [item.net for item in found.iterations if item.rows]
    return IterationCosts(len(nets), since, median(nets), upper_decile(nets)) if nets else None


# -- the budget ------------------------------------------------------------------------------------------


class _Names:
    """Names of budgets, each given once."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def fresh(self, *parts: str) -> str:
        """A name of small letters, digits and hyphens that fits the service's limit."""
        longest = LONGEST_DISPLAY_NAME - len(PREFIX)
        base = "-".join(filter(None, (_NOT_SLUG.sub("-", part.lower()).strip("-") for part in parts)))
        base = base[:longest].strip("-") or "budget"
        name, number = base, 1
        while name in self._given:
            number += 1
            end = f"-{number}"
            name = base[: longest - len(end)].rstrip("-") + end
        self._given.add(name)
        return name


def _budget(
    dimension: str,
    key: _Key,
    arithmetic: Arithmetic,
    summary: Summary,
    settings: SuggestionSettings,
    names: _Names,
    several: bool,
) -> Budget | str:
    """The budget, as the config would declare it, or why none can be declared."""
    parts = [key.account or ""] if several else []
    table: dict[str, object] = {
        "billing_account": key.account,
        "amount": str(rounded_up(arithmetic.largest[1])),
        "currency": summary.currency,
        "credits": settings.credits,
    }
    if dimension == "project":
        parts.append(key.value or "")
        table["projects"] = [f"projects/{key.number or key.value}"]
    elif dimension == "service":
        parts.append(key.name or key.value or "")
        table["services"] = [f"services/{key.value}"]
    elif dimension == TOTAL:
        parts.append("total")
    else:
        label = dimension.removeprefix("label:")
        parts.extend((label, key.value or ""))
        table["label"] = {label: key.value}
    table["name"] = names.fresh(*parts)
    try:
        (budget,) = declared_budgets(Config(budgets=(table,)))
    except UsageProblem as problem:
        return f"no budget can be declared: {str(problem).splitlines()[0]}"
    return budget


_NOT_SLUG: Final = re.compile(r"[^a-z0-9]+")
_DAY: Final = timedelta(days=1)
_ZERO: Final = Decimal(0)
_PLACES: Final = Decimal("0.000000001")
_RATIO: Final = Decimal("0.0001")
