"""The bill by day: what a weekday usually costs, which day does not, and where the month is going."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import polars as pl

from costguard.history.charges import MONTHLY
from costguard.history.rollup import Period, latest, within
from costguard.report.model import Anomaly, Change, Contributor, Day, Forecast
from costguard.report.robust import NORMAL, deviation, median, score

WEEKS: Final = 8
"""Weeks before the week of the report that its days are compared with."""
FEWEST_DAYS: Final = 3
"""With fewer days of the same weekday nothing is said of a day."""
ANOMALY_SCORE: Final = Decimal("3.5")
"""Iglewicz and Hoaglin's own threshold (How to Detect and Handle Outliers, 1993)."""
ANOMALY_USD: Final = Decimal(1)
ANOMALY_SHARE: Final = Decimal("0.25")
"""A difference below a dollar, or a quarter of what is usual, is no news."""
CONTRIBUTORS: Final = 3
FEWEST_CLOSED_DAYS: Final = 7
"""With fewer closed days a month is not forecast."""
NOT_CLOSED: Final = "no day is closed yet"
_AHEAD: Final = timedelta(weeks=4)
_P90: Final = Decimal("1.2816")
"""The 90th percentile of the normal distribution, in standard deviations."""
_DIMENSIONS: Final = {"service": "service_id", "sku": "sku_id", "project": "project"}
_NAMES: Final = {"service": "service", "sku": "sku", "project": "project_name"}
_SUMS: Final = ("rows", "net", "monthly", "cost")

Key = tuple[str, str | None]
"""(dimension, key)."""


@dataclass(frozen=True, slots=True)
class DailyNet:
    """Net by day, whole and by dimension. A day without charges is not listed: it cost nothing."""

    first: date | None
    """The first day with usage in the bill."""
    rows: Mapping[date, int]
    net: Mapping[date, Decimal]
    monthly: Mapping[date, Decimal]
    """Part of `net`: charges for a month."""
    cost: Mapping[date, Decimal]
    """Net before promotional credits, without charges for a month."""
    parts: Mapping[Key, Mapping[date, Decimal]]
    """`cost` of each service, SKU and project."""
    names: Mapping[Key, str | None]

    def same_weekdays(self, day: date, until: date) -> list[date]:
        """The days of that weekday in the `WEEKS` weeks before a day, from the bill's first day to `until`."""
        days = (day - timedelta(weeks=number) for number in range(1, WEEKS + 1))
        return [one for one in days if self.first is not None and self.first <= one <= until]


def daily_frame(
    frame: pl.LazyFrame, period: Period, zone: str, by: Sequence[str] = tuple(_DIMENSIONS)
) -> pl.LazyFrame:
    """Net by day of a period, days being those of the zone: `dimension`, `day`, `key`, `name` (the latest), `rows`,
    `net`, `monthly`, `cost`. First the whole, of no dimension; then by service, SKU and project, or what is asked."""
    monthly = (pl.col("usage_end") - pl.col("usage_start") >= MONTHLY).fill_null(value=False)
    paid = pl.col("net") - pl.col("promotion")
    charges = within(frame, period).select(
        pl.col("usage_start").dt.convert_time_zone(zone).dt.date().alias("day"),
        "usage_start",
        *_DIMENSIONS.values(),
        *_NAMES.values(),
        "rows",
        "net",
        pl.when(monthly).then("net").otherwise(0).alias("monthly"),
        pl.when(monthly).then(0).otherwise(paid).alias("cost"),
    )
    nothing = pl.lit(None, dtype=pl.String)
    whole = (
        charges.group_by("day")
        .agg(pl.col(_SUMS).sum())
        .select(nothing.alias("dimension"), "day", nothing.alias("key"), nothing.alias("name"), *_SUMS)
        .sort("day")
    )
    return pl.concat([whole, *(_of_dimension(charges, dimension) for dimension in by)])


def _of_dimension(charges: pl.LazyFrame, dimension: str) -> pl.LazyFrame:
    key = pl.col(_DIMENSIONS[dimension]).alias("key")
    sums = charges.group_by("day", key).agg(pl.col(_SUMS).sum())
    # What a key is called is looked for once, not for each of its days.
    called = charges.group_by(key, pl.col(_NAMES[dimension]).alias("name")).agg(pl.col("usage_start").max())
    names = called.group_by("key").agg(latest("name"))
    return (
        sums.join(names, on="key", how="left", nulls_equal=True)
        .select(pl.lit(dimension).alias("dimension"), "day", "key", "name", *_SUMS)
        .sort("day", "key")
    )


def daily_net(frame: pl.DataFrame, first: date | None) -> DailyNet:
    """The rows of `daily_frame` as amounts by day."""
    is_whole = pl.col("dimension").is_null()
    whole = {row["day"]: row for row in frame.filter(is_whole).iter_rows(named=True)}
    parts: dict[Key, dict[date, Decimal]] = defaultdict(dict)
    names: dict[Key, str | None] = {}
    of_parts = frame.filter(~is_whole).select("dimension", "day", "key", "name", "cost")
    for dimension, day, key, called, cost in of_parts.iter_rows():
        parts[(dimension, key)][day] = cost
        names[(dimension, key)] = called
    return DailyNet(
        first,
        {day: row["rows"] for day, row in whole.items()},
        {day: row["net"] for day, row in whole.items()},
        {day: row["monthly"] for day, row in whole.items()},
        {day: row["cost"] for day, row in whole.items()},
        parts,
        names,
    )


def days_of(daily: DailyNet, last: date) -> tuple[Day, ...]:
    """Each day's net up to the last one, from the first with usage on, but not more than the weeks that are shown."""
    if daily.first is None:
        return ()
    start = max(daily.first, last - timedelta(weeks=WEEKS + 1) + timedelta(days=1))
    return tuple(Day(day, daily.net.get(day, _ZERO)) for day in _days(start, last))


def day_changes(daily: DailyNet, monday: date, held: bool = True) -> tuple[Change, ...]:
    """The days of a week that have charges, or had some in the week before: each beside the same day of that one. If
    the bill does not hold the whole week before, only the days that have charges."""
    found: list[Change] = []
    for day in _days(monday, monday + timedelta(days=6)):
        before = day - timedelta(weeks=1)
        rows, rows_before = daily.rows.get(day, 0), daily.rows.get(before, 0)
        net, net_before = daily.net.get(day, _ZERO), daily.net.get(before, _ZERO)
        if not held and rows:
            found.append(Change(day.isoformat(), None, rows, None, net, None))
        elif held and (rows or rows_before):
            found.append(Change(day.isoformat(), None, rows, rows_before, net, net_before))
    return tuple(found)


def find_anomalies(daily: DailyNet, first: date, last: date) -> tuple[tuple[Anomaly, ...], str | None]:
    """The days from `first` to `last` that are unlike the same weekday before, and why there may be too few."""
    found: list[Anomaly] = []
    unjudged = 0
    for day in _days(first, last):
        before = daily.same_weekdays(day, day - timedelta(days=1))
        if len(before) < FEWEST_DAYS:
            unjudged += 1
            continue
        values = [daily.cost.get(one, _ZERO) for one in before]
        net, usual = daily.cost.get(day, _ZERO), median(values)
        distance = abs(net - usual)
        if distance < ANOMALY_USD or distance < ANOMALY_SHARE * abs(usual):
            continue
        outlying = score(net, values)
        if outlying is not None and abs(outlying) < ANOMALY_SCORE:
            continue
        found.append(
            Anomaly(day, net, usual, outlying, tuple(_contributors(daily, day, before, net - usual)))
        )
    note = None
    if unjudged:
        days = "1 day" if unjudged == 1 else f"{unjudged} days"
        note = f"{days} not judged: fewer than {FEWEST_DAYS} days of the same weekday before"
    return tuple(found), note


def _contributors(daily: DailyNet, day: date, before: list[date], change: Decimal) -> Iterator[Contributor]:
    """Of each dimension the keys that moved most in the direction of the whole."""
    for dimension in _DIMENSIONS:
        moved: list[tuple[Decimal, Contributor]] = []
        for key, amounts in daily.parts.items():
            if key[0] != dimension:
                continue
            net = amounts.get(day, _ZERO)
            usual = median([amounts.get(one, _ZERO) for one in before])
            if (net - usual) * change > 0:
                named = Contributor(dimension, key[1], daily.names.get(key), net, usual)
                moved.append((abs(net - usual), named))
        moved.sort(key=lambda item: (-item[0], item[1].key or ""))
        yield from (contributor for _, contributor in moved[:CONTRIBUTORS])


def forecast_month(daily: DailyNet, closed: date | None) -> tuple[Forecast | None, str | None]:
    """The month of the last closed day, and why there is no forecast of it."""
    if closed is None:
        return None, NOT_CLOSED
    start = closed.replace(day=1)
    end = closed.replace(day=calendar.monthrange(closed.year, closed.month)[1])
    return forecast_days(daily, f"{closed:%Y-%m}", start, end, closed)


def forecast_days(
    daily: DailyNet, name: str, start: date, end: date, closed: date | None
) -> tuple[Forecast | None, str | None]:
    """What the days from `start` to `end`, in which the last closed day lies, come to: the closed ones, and each day
    that is left as its weekday usually is. And why there is no forecast.

    The range takes days as independent: the spread of a sum is the root of the sum of squares.
    """
    if closed is None or daily.first is None:
        return None, NOT_CLOSED
    from_day = max(start, daily.first)
    closed_days = (closed - from_day).days + 1
    if closed_days < FEWEST_CLOSED_DAYS:
        days = "1 closed day" if closed_days == 1 else f"{max(closed_days, 0)} closed days"
        return None, f"{days} in {name}; a forecast takes {FEWEST_CLOSED_DAYS}"
    if from_day > start:
        return None, f"the bill begins on {from_day}, after {name} did"
    to_date = sum((daily.net.get(day, _ZERO) for day in _days(start, closed)), _ZERO)
    point, square = to_date, _ZERO
    left = list(_days(closed + timedelta(days=1), end))
    for day in left:
        values = [
            daily.net.get(one, _ZERO) - daily.monthly.get(one, _ZERO)
            for one in daily.same_weekdays(_near(day, closed), closed)
        ]
        if not values:
            return None, f"no {day:%A} in the bill yet"
        point += median(values)
        square += (deviation(values) / NORMAL) ** 2
    reach = _P90 * square.sqrt()
    cents = Decimal("0.01")
    low, middle, high = ((point + reach * sign).quantize(cents) for sign in (-1, 0, 1))
    return Forecast(name, to_date, closed_days, len(left), low, middle, high), None


def _near(day: date, closed: date) -> date:
    """A day of the same weekday that is at most four weeks ahead: the weeks before it reach back far enough."""
    weeks = -((closed + _AHEAD - day).days // 7)
    return day - timedelta(weeks=max(0, weeks))


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)


_ZERO: Final = Decimal(0)
