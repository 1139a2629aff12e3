"""The report of one ISO week, from the bill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl

from costguard.budgets.declared import Budget
from costguard.budgets.scope import BUDGET_ZONE
from costguard.errors import UsageProblem
from costguard.history.cells import CellRequest, wanted_labels
from costguard.history.charges import Charges, Reach, check_charges
from costguard.history.files import collected
from costguard.history.iterations import CELL, Found, Iteration, IterationKey, IterationSettings, divide
from costguard.history.ledger import OWN_LABEL, Entry, entry_of
from costguard.history.prices import PricedJobs
from costguard.history.rollup import (
    DimensionKey,
    Period,
    latest,
    roll_up,
    sums,
    time_zone,
    week_period,
    within,
)
from costguard.report.budgets import budget_states
from costguard.report.cells import cells_of_report
from costguard.report.code import CodeCosts
from costguard.report.compare import changes, compared, movers
from costguard.report.daily import (
    WEEKS,
    DailyNet,
    daily_frame,
    daily_net,
    day_changes,
    days_of,
    find_anomalies,
    forecast_month,
)
from costguard.report.model import Attribution, Freshness, Report, ServiceRows, Totals
from costguard.report.robust import median
from costguard.report.volume import volume_of
from costguard.report.waste import waste_of, wasteful_charges

DIMENSIONS: Final = ("phase", "service", "project", "sku")
DEFAULT_LABELS: Final = ("team",)
PROVISIONAL: Final = timedelta(days=2)
"""Google promises no delay; most rows come within a day, some after it. A day counts as closed after two, or after the
delay of nine of ten rows if that is longer."""
LATEST: Final = timedelta(days=7)
"""A day is closed after a week at the latest: what comes then is a correction."""
USUAL_WEEKS: Final = 4


@dataclass(frozen=True, slots=True)
class Week:
    """The ISO week of a report."""

    name: str
    zone: str
    period: Period

    @property
    def start(self) -> datetime:
        assert self.period.start is not None
        return self.period.start

    @property
    def end(self) -> datetime:
        assert self.period.end is not None
        return self.period.end

    def first_day(self) -> date:
        """Its Monday."""
        return self.start.astimezone(time_zone(self.zone)).date()

    def last_day(self) -> date:
        """Its Sunday."""
        return self.first_day() + timedelta(days=6)

    def earlier(self, weeks: int) -> Period:
        """The week so many weeks before. Midnights are those of the zone, whatever the clock did in between."""
        return self.named_earlier(weeks)[1]

    def named_earlier(self, weeks: int) -> tuple[str, Period]:
        """The same with its name."""
        year, number, _ = (self.first_day() - timedelta(weeks=weeks)).isocalendar()
        name = f"{year:04d}-W{number:02d}"
        return name, week_period(name, self.zone)


def week_of(name: str | None, zone: str, now: datetime) -> Week:
    """A week by its name; the last one that has ended when there is none.

    Raises:
        UsageProblem: there is no such week or zone, or it has not begun.
    """
    if name is None:
        year, number, _ = (now.astimezone(time_zone(zone)) - timedelta(weeks=1)).isocalendar()
        name = f"{year:04d}-W{number:02d}"
    week = Week(name, zone, week_period(name, zone))
    if week.start > now:
        raise UsageProblem(f"{name} has not begun yet")
    return week


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What a user chooses."""

    labels: tuple[str, ...] = DEFAULT_LABELS
    """Keys of labels to add up by."""
    iterations: IterationSettings = field(default_factory=IterationSettings)


def report_cells(week: Week, now: datetime, settings: ReportSettings, prices: bool) -> CellRequest:
    """What BigQuery has to add up so that the report of a week follows from it. `prices`: those of jobs, too."""
    start, end = week.earlier(1).start, week.earlier(-1).end
    assert start is not None
    assert end is not None
    return CellRequest(
        labels=wanted_labels(settings.iterations, settings.labels),
        period=Period(week.earlier(WEEKS).start, None),
        # A day more on both sides, since slots are shared out by the day of UTC.
        exact=Period(start - timedelta(days=1), end + timedelta(days=1)),
        zone=week.zone,
        as_of=known_then(now),
        prices=prices,
    )


def known_then(now: datetime) -> datetime:
    """What had been exported by then was known to the report of a week ago."""
    return now - timedelta(weeks=1)


def build_report(
    charges: Charges,
    week: Week,
    now: datetime,
    settings: ReportSettings | None = None,
    jobs: pl.DataFrame | None = None,
    code: CodeCosts | None = None,
    ledger: Sequence[Entry] = (),
    budgets: Sequence[Budget] = (),
    priced: PricedJobs | None = None,
    prices: str | None = None,
) -> Report:
    """The figures of a week. `jobs`: the columns of JOBS, and `billable`. `code`: what queries of the code cost.
    `ledger`: iterations that somebody stamped. `budgets`: those that the config declares. `priced`: the jobs with what
    they cost, to tell waste. `prices`: what by, in words.

    Raises:
        UsageProblem: the bill cannot be added up, has no charges in the week or the one before, its export ended before
            the week began, or a rule of phases cannot be used.
    """
    settings = settings or ReportSettings()
    reach = check_charges(charges)
    zone = week.zone
    before = week.earlier(1)
    if reach.currency is None:
        raise UsageProblem(f"the bill has no charges of {week.name}; {_reach(reach)}")
    request = report_cells(week, now, settings, prices=False)
    cells = cells_of_report(charges.frame, request, settings.iterations)
    frame = cells.frame
    dimensions: dict[str, str | DimensionKey] = {name: name for name in DIMENSIONS}
    dimensions |= {f"label:{label}": cells.label(label) for label in settings.labels}
    of_week, of_before = within(frame, week.period), within(frame, before)
    history = Period(week.earlier(WEEKS).start, None)
    totals, months, daily, lags, exporting, services, known, wasteful, *by = collected(
        pl.concat([_totals(of_week, 0), *(_totals(within(frame, week.earlier(n)), n) for n in _EARLIER)]),
        roll_up(of_week, "invoice-month").sort("key"),
        daily_frame(frame, history, zone),
        _lags(within(charges.lags, Period(week.earlier(USUAL_WEEKS).start, week.end)), zone),
        charges.first_export(history),
        _service_rows(frame, week),
        of_before.select(
            pl.col("net").filter(pl.col("export_time") <= known_then(now)).sum().alias("net"),
            pl.col("export_time").is_null().any().alias("timeless"),
        ),
        wasteful_charges(of_week),
        *(compared(frame, dimension, week.period, before, zone) for dimension in dimensions.values()),
    )
    first = reach.first_usage.astimezone(time_zone(zone)).date() if reach.first_usage is not None else None
    begins = first if first is not None and first > week.first_day() - timedelta(weeks=1) else None
    held = begins is None
    whole = _whole(totals, reach, week, held)
    if not whole.rows and not any(table.height for table in by):
        raise UsageProblem(f"the bill has no charges of {week.name}; {_reach(reach)}")
    _refuse_unless_exported(week, reach, whole.rows)
    compared_by = {name: changes(table, held) for name, table in zip(dimensions, by, strict=True)}
    by_day = daily_net(daily, first)
    exported_since: datetime | None = exporting.item()
    in_time = _exported_in_time(lags, exported_since, zone)
    median_lag, late = (_lag_of(in_time, part) for part in (0.5, 0.9))
    closed = last_closed(reach, now, late, zone)
    last = week.last_day()
    complete = closed is not None and closed >= last
    anomalies, note = find_anomalies(
        by_day, week.first_day(), min(last, closed) if closed is not None else last
    )
    forecast, forecast_note = forecast_month(by_day, closed)
    until = _until(week, now, reach, by_day)
    compare = held and until is None
    dearer, cheaper = movers(compared_by) if compare else ((), ())
    known_row = known.row(0, named=True)
    divided, divided_before, around = (
        divide(cells.of_iterations(period), jobs_within(jobs, period), settings.iterations)
        for period in (week.period, before, Period(before.start, week.earlier(-1).end))
    )
    return Report(
        week=week.name,
        zone=zone,
        start=week.start,
        end=week.end,
        currency=reach.currency,
        generated_at=now,
        complete=complete,
        begins=begins,
        until=until,
        over=now >= week.end,
        gross_only=charges.gross_only,
        totals=whole,
        months=tuple(sums(months)),
        by={**compared_by, "day": day_changes(by_day, week.first_day(), held)},
        days=days_of(by_day, last),
        dearer=dearer,
        cheaper=cheaper,
        anomalies=anomalies,
        anomalies_note=note,
        forecast=forecast,
        forecast_note=forecast_note,
        freshness=Freshness(
            exported=reach.exported,
            lag_median=median_lag,
            lag_p90=late,
            provisional_from=None if complete else _provisional(week, closed),
            short_services=_short(services, _held_weeks(first, week)) if until is None else (),
            before_known=known_row["net"]
            if held and not known_row["timeless"] and _was_known(week, now, exported_since)
            else None,
        ),
        iterations=divided.iterations,
        wholes=_wholes(divided, around),
        volume=volume_of(divided, divided_before if held else None, compare),
        attribution=Attribution(
            *(divided.to_iterations, divided.standing, divided.unattributed),
            *((divided_before.standing, divided_before.unattributed) if held else (None, None)),
        ),
        stamped=stamped(divided.iterations, ledger),
        waste=waste_of(wasteful, priced, week.period, Period(history.start, week.end)),
        code=code,
        prices=prices,
        budgets=budget_states(charges, reach, budgets, last_closed(reach, now, late, BUDGET_ZONE), now),
    )


def stamped(iterations: Sequence[Iteration], ledger: Sequence[Entry]) -> dict[IterationKey, Entry]:
    """What the ledger says of iterations, by their key."""
    found: dict[IterationKey, Entry] = {}
    for item in iterations:
        label = item.id if item.evidence == f"label:{OWN_LABEL}" else None
        entry = entry_of(ledger, label, item.start)
        if entry is not None:
            found[item.key] = entry[0]
    return found


def _wholes(week: Found, around: Found) -> dict[IterationKey, Iteration]:
    """Iterations of a week that go on beyond it, in the weeks around. Charges tell which they are: where one was found
    in time, its name changes with its beginning."""
    parts, wholes = (
        found.cells.filter(pl.col("iteration").is_not_null()).select(*CELL, "iteration").unique()
        for found in (week, around)
    )
    pairs = (
        parts.join(wholes.rename({"iteration": "whole"}), on=CELL, nulls_equal=True)
        .select("iteration", "whole")
        .unique()
        .sort("iteration", "whole")
    )
    found: dict[IterationKey, Iteration] = {}
    for part, whole in pairs.iter_rows():
        if around.iterations[whole].rows > week.iterations[part].rows:
            found[week.iterations[part].key] = around.iterations[whole]
    return found


def jobs_within(jobs: pl.DataFrame | None, period: Period) -> pl.DataFrame | None:
    """The jobs that were created in a period."""
    return within(jobs.lazy(), period, "created").collect() if jobs is not None else None


_EARLIER: Final = range(1, USUAL_WEEKS + 1)


def _totals(frame: pl.LazyFrame, weeks_ago: int) -> pl.LazyFrame:
    names = ("cost", "credit", "promotion", "net")
    return frame.select(
        pl.lit(weeks_ago).alias("weeks_ago"),
        pl.col("rows").sum(),
        *(pl.col(name).sum().fill_null(0) for name in names),
    )


def _whole(totals: pl.DataFrame, reach: Reach, week: Week, held: bool) -> Totals:
    rows: dict[int, dict[str, Any]] = {row["weeks_ago"]: row for row in totals.iter_rows(named=True)}
    reaches = reach.first_usage is not None and reach.first_usage < _end_of_first_day(week)
    now = rows[0]
    return Totals(
        rows=now["rows"],
        gross=now["cost"],
        credits=now["credit"],
        promotions=now["promotion"],
        net=now["net"],
        net_before=rows[1]["net"] if held else None,
        median=median([rows[number]["net"] for number in _EARLIER]) if reaches else None,
    )


def _end_of_first_day(week: Week) -> datetime:
    """The bill reaches back far enough when it has usage of the first day of the earliest week that counts."""
    start = week.earlier(USUAL_WEEKS).start
    assert start is not None
    return start + timedelta(days=1)


def _lags(lags: pl.LazyFrame, zone: str) -> pl.LazyFrame:
    """How many rows of each day have each lag."""
    day = pl.col("usage_start").dt.convert_time_zone(zone).dt.date().alias("day")
    return lags.filter(pl.col("lag").is_not_null()).group_by(day, "lag").agg(pl.col("rows").sum())


def _exported_in_time(lags: pl.DataFrame, since: datetime | None, zone: str) -> pl.DataFrame:
    """The rows with each lag, the shortest first. What was used before the first export began was waiting for that: it
    does not tell how long rows take."""
    if since is None:
        return lags.clear()
    first = since.astimezone(time_zone(zone)).date()
    return lags.filter(pl.col("day") >= first).group_by("lag").agg(pl.col("rows").sum()).sort("lag")


def _was_known(week: Week, now: datetime, since: datetime | None) -> bool:
    """A report of a week ago had the whole week before: that had ended, and its charges were exported as they came."""
    start = week.earlier(1).start
    assert start is not None
    return since is not None and since < start + timedelta(days=1) and known_then(now) >= week.start


def _lag_of(lags: pl.DataFrame, part: float) -> timedelta | None:
    """The shortest lag that so large a part of the rows does not exceed."""
    rows = lags["rows"].cum_sum()
    reached = lags.filter(rows >= part * (rows[-1] if rows.len() else 0))
    return timedelta(minutes=reached["lag"][0]) if reached.height else None


def _service_rows(frame: pl.LazyFrame, week: Week) -> pl.LazyFrame:
    """Rows of each service in the week, and in each of the weeks before."""
    counts = [
        pl.col("rows")
        .filter(pl.col("usage_start").is_between(period.start, period.end, closed="left"))
        .sum()
        .alias(f"week_{number}")
        for number, period in ((number, week.earlier(number)) for number in (0, *_EARLIER))
    ]
    return (
        within(frame, Period(week.earlier(USUAL_WEEKS).start, week.end))
        .group_by(pl.col("service_id").alias("key"))
        .agg(latest("service").alias("name"), *counts)
        .sort("key")
    )


def _held_weeks(first: date | None, week: Week) -> int:
    """How many of the weeks before the bill holds whole."""
    return sum(
        first is not None and first <= week.first_day() - timedelta(weeks=number) for number in _EARLIER
    )


def _short(services: pl.DataFrame, weeks: int) -> tuple[ServiceRows, ...]:
    """Services of which less than half of the usual rows are there, by so many weeks before."""
    if not weeks:
        return ()
    found: list[ServiceRows] = []
    for key, name, rows, *earlier in services.iter_rows():
        usual = int(median([Decimal(count) for count in earlier[:weeks]]))
        if rows * 2 < usual:
            found.append(ServiceRows(key, name, rows, usual))
    return tuple(found)


def last_closed(reach: Reach, now: datetime, late: timedelta | None, zone: str) -> date | None:
    """The last day of which no more rows are expected: neither the clock nor the export is before its end and the delay
    after it. `late`: how long nine of ten rows take, as far as that is known."""
    if reach.last_usage is None:
        return None
    reached = min(now, reach.exported) if reach.exported is not None else min(now, reach.last_usage)
    moment = reached - max(PROVISIONAL, min(late or PROVISIONAL, LATEST))
    return moment.astimezone(time_zone(zone)).date() - timedelta(days=1)


def _until(week: Week, now: datetime, reach: Reach, daily: DailyNet) -> date | None:
    """The last day that there may be usage of, where it is not the week's last: by the clock; or by the newest export,
    if the days after it had charges in the week before."""
    last = week.last_day()
    zone = time_zone(week.zone)
    if now < week.end:
        return now.astimezone(zone).date()
    reached = reach.exported or reach.last_usage
    if reached is None:
        return None
    exported = reached.astimezone(zone).date()
    gone_on = any(exported < day + timedelta(weeks=1) <= last for day in daily.rows)
    return max(exported, week.first_day()) if gone_on else None


def _refuse_unless_exported(week: Week, reach: Reach, rows: int) -> None:
    """A bill that ends before a week tells nothing of it, and not that it cost nothing."""
    reached = reach.exported or reach.last_usage
    if not rows and reached is not None and reached <= week.start:
        raise UsageProblem(
            f"nothing of {week.name} has been exported: the bill ends at {reached:%Y-%m-%d %H:%M} UTC, before that week"
        )


def _provisional(week: Week, closed: date | None) -> date:
    first = week.first_day()
    return first if closed is None else max(first, closed + timedelta(days=1))


def _reach(reach: Reach) -> str:
    if reach.first_usage is None or reach.last_usage is None:
        return "it is empty"
    return f"it reaches from {reach.first_usage:%Y-%m-%d} to {reach.last_usage:%Y-%m-%d}"
