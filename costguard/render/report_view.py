"""What a weekly report says, in words and tables: the same for every format that people read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from costguard.history.iterations import BESIDE, NO_PROJECT, NO_TIME, Iteration, IterationKey, Part
from costguard.history.ledger import Entry
from costguard.money import plain_decimal
from costguard.render.amounts import counted, percentages, runs_text
from costguard.render.cells import harmless
from costguard.render.currency import amount_text, change_text
from costguard.render.report_comparison import comparison_note, headline
from costguard.render.sparkline import sparkline
from costguard.render.times import days_text, moment
from costguard.report.code import CodeCosts, CodeQuery
from costguard.report.model import Anomaly, BudgetState, Change, Contributor, Report, share_of
from costguard.result import SEVERITIES

ROWS: Final = 10
"""Rows of a table; what comes after them is one row, so that each table adds up."""
NONE: Final = "(none)"
_TITLES: Final = {
    "phase": "By phase",
    "service": "By service",
    "project": "By project",
    "sku": "By SKU",
    "day": "By day",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text. All columns but the first are amounts, to the right, unless `texts` says so."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str | None = None
    texts: tuple[int, ...] = (0,)
    """Columns that hold words."""
    below: tuple[str, ...] = ()
    """What is said below each row, empty where nothing is; either of all rows or of none."""

    def padded(self, line: Sequence[str], widths: Sequence[int]) -> list[str]:
        """The cells of a line, each in its width: words to the left, amounts to the right."""
        return [
            cell.ljust(width) if index in self.texts else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]


@dataclass(frozen=True, slots=True)
class View:
    """A report to be read."""

    title: str
    headline: str
    facts: tuple[tuple[str, str], ...]
    """(what, how much or how), a line each."""
    warnings: tuple[str, ...]
    tables: tuple[Table, ...]
    footer: str
    command: str = ""
    """What makes the same report again."""


def view_of(report: Report, version: str, command: str = "") -> View:
    """The report in words. Nothing in it can steer a terminal; markup is for each format to escape. `command`: what
    makes it."""
    first, last = report.days_of_week()
    tables = [table for table in _tables(report) if table.rows]
    return harmless_view(
        View(
            title=f"Cost of {report.week} ({days_text(first, last)})",
            headline=headline(report),
            facts=tuple(_facts(report)),
            warnings=tuple(_warnings(report)),
            tables=tuple(tables),
            footer=_footer(report, version),
            command=command,
        )
    )


def harmless_view(view: View) -> View:
    """The same, with nothing in it that could steer a terminal."""
    return View(
        title=harmless(view.title),
        headline=harmless(view.headline),
        facts=tuple((harmless(name), harmless(text)) for name, text in view.facts),
        warnings=tuple(map(harmless, view.warnings)),
        tables=tuple(map(_harmless, view.tables)),
        footer=harmless(view.footer),
        command=harmless(view.command),
    )


def _harmless(table: Table) -> Table:
    rows = tuple(tuple(harmless(cell) for cell in row) for row in table.rows)
    note = harmless(table.note) if table.note is not None else None
    return Table(table.title, table.heads, rows, note, table.texts, tuple(map(harmless, table.below)))


def _footer(report: Report, version: str) -> str:
    exported = report.freshness.exported
    until = f" as of {moment(exported)}" if exported is not None else ""
    credits = "before credits, which the bill lacks" if report.gross_only else "net of credits"
    prices = f" Jobs are priced at {report.prices}." if report.prices else ""
    return (
        f"Usage that began in {report.week}, {report.zone}; amounts in {report.currency}, {credits}, from the Cloud "
        f"Billing export{until}.{prices} Made by costguard {version} at {moment(report.generated_at)}."
    )


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    totals, currency = report.totals, report.currency
    yield "Iterations", _volume(report)
    yield "Attributed", _attributed(report)
    if report.code is not None:
        yield from _code(report.code)
    yield "Gross", f"{amount_text(totals.gross, currency)} in {counted(totals.rows, 'row')}"
    if report.gross_only and not totals.credits:
        yield "Credits", "unknown: the bill has none"
    else:
        yield "Credits", amount_text(totals.credits, currency)
    if totals.promotions:
        paid = amount_text(totals.net - totals.promotions, currency)
        yield (
            "Before promotions",
            f"{paid}: promotional credits of {amount_text(totals.promotions, currency)} pay, and lower no price",
        )
    if totals.median is not None:
        usual = amount_text(totals.median, currency)
        yield "Usual", f"{usual} (the median of the four weeks before){_against(report, totals.median)}"
    months = (
        f"{amount_text(month.net, currency)} on the invoice of {month.key or 'no month'}"
        for month in report.months
    )
    yield "Invoices", " + ".join(months) or NONE
    if report.forecast is not None and not report.forecast.days_left:
        closed = counted(report.forecast.closed_days, "day")
        yield (
            f"Month {report.forecast.period}",
            f"{amount_text(report.forecast.to_date, currency)}; all of its {closed} are closed",
        )
    elif report.forecast is not None:
        forecast = report.forecast
        yield (
            f"Forecast {forecast.period}",
            f"{amount_text(forecast.point, currency)} ({amount_text(forecast.low, currency)} to "
            f"{amount_text(forecast.high, currency)}); {amount_text(forecast.to_date, currency)} in "
            f"{counted(forecast.closed_days, 'closed day')}, {counted(forecast.days_left, 'day')} left",
        )
    elif report.forecast_note is not None:
        yield "Forecast", f"none: {report.forecast_note}"
    for key, share in report.label_coverage.items():
        if share is not None:
            yield "Labelled", f"{share * 100:.0f} % of net has the label {key}"
    yield from _freshness(report)


def _against(report: Report, median: Decimal) -> str:
    """How far the week is from what is usual, when it can be held against whole ones."""
    if not report.compared:
        return ""
    change = report.totals.net - median
    if not change:
        return "; as much this week"
    return f"; {change_text(change, share_of(change, median), report.currency)} against it"


def _code(code: CodeCosts) -> Iterator[tuple[str, str]]:
    """How much of what queries cost is in the code that was given."""
    yield "Queries", _queries(code)
    counts = [
        counted(number, name) for name in reversed(SEVERITIES) if (number := code.open_findings.get(name))
    ]
    yield "Findings", f"{', '.join(counts) or 'none'} in the code"
    if code.allocated:
        yield "Slots", f"{amount_text(code.allocated, 'USD')} shared out by slot time, beside that"
    if code.saved:
        cheaper = counted(sum(query.saved is not None for query in code.queries), "query", "queries")
        saved = amount_text(code.saved, "USD")
        yield "Saved", f"{saved} by {cheaper} of which a run costs less than in the week before"


def _queries(code: CodeCosts) -> str:
    """What jobs cost by their bytes, and how much of that comes from the code."""
    if code.priced_jobs:
        part = f" ({code.to_code / code.usd * 100:.0f} %)" if code.usd > 0 else ""
        ours, whole = amount_text(code.to_code, "USD"), amount_text(code.usd, "USD")
        by = "by the bill" if code.by_bill else "at list prices, before discounts"
        jobs = counted(code.priced_jobs, "job")
        text = f"{ours} of the {whole}{part} that {jobs} cost on demand, {by}, come from the code"
    else:
        text = "no job has a known cost on demand"
    if code.unpriced_jobs:
        text += f"; {counted(code.unpriced_jobs, 'job')}{' more' if code.priced_jobs else ''} of unknown cost"
    idle = (
        f"; {counted(code.never_run, 'query', 'queries')} of the code did not run" if code.never_run else ""
    )
    return text + idle


def _volume(report: Report) -> str:
    """How many there were and what each came to, and which of the two made the difference. With what is in no
    iteration the parts add up to the change of the headline."""
    volume, currency = report.volume, report.currency
    waiting = sum(not item.rows for item in report.iterations)
    later = f" and {waiting:,} not billed yet" if waiting else ""
    if volume.each is None:
        return f"none found in the bill{later}"
    text = f"{volume.count:,} at {amount_text(volume.each, currency)} each{later}"
    if volume.count_before is None or report.totals.net_before is None:
        return text
    if volume.by_count is None or volume.by_cost is None:
        before = f"{volume.count_before:,} in the whole week before"
        each = f", at {amount_text(volume.each_before, currency)}" if volume.each_before is not None else ""
        return f"{text} so far; {before}{each}"
    if volume.each_before is None:
        return f"{text}; none in the week before"
    more = change_text(volume.by_count, None, currency)
    dearer = change_text(volume.by_cost, None, currency)
    rest = report.totals.net - report.totals.net_before - volume.by_count - volume.by_cost
    earlier = f"{volume.count_before:,} at {amount_text(volume.each_before, currency)} in the week before"
    parts = f"{more} from their number, {dearer} from what each costs"
    return f"{text} ({earlier}): {parts}, {change_text(rest, None, currency)} outside of them"


def _attributed(report: Report) -> str:
    """Where the week's net went, in three parts that add up to it; shares where no part is negative."""
    found, currency = report.attribution, report.currency
    standing = sum((part.net for part in found.standing), Decimal(0))
    nowhere = sum((part.net for part in found.unattributed), Decimal(0))
    parts = ((found.to_iterations, "to iterations"), (standing, "standing"), (nowhere, "to neither"))
    shares = [f" ({percent} %)" for percent in percentages([net for net, _ in parts])] or [""] * len(parts)
    return ", ".join(
        f"{amount_text(net, currency)} {name}{share}"
        for (net, name), share in zip(parts, shares, strict=True)
    )


def _freshness(report: Report) -> Iterator[tuple[str, str]]:
    fresh = report.freshness
    if fresh.exported is not None:
        text = f"exported until {moment(fresh.exported)}"
        if fresh.lag_median is not None and fresh.lag_p90 is not None:
            half, most = _hours(fresh.lag_median), _hours(fresh.lag_p90)
            text += f"; half of the rows {half} after their usage, nine of ten {most}"
        yield "Freshness", text
    before = report.totals.net_before
    if before is not None and fresh.before_known is not None and fresh.before_known != before:
        yield (
            "Restated",
            f"the week before came to {amount_text(fresh.before_known, report.currency)} a week ago, and to "
            f"{amount_text(before, report.currency)} now: late rows and corrections",
        )


def _hours(lag: timedelta) -> str:
    return f"{lag.total_seconds() / 3600:,.1f} h"


def _warnings(report: Report) -> Iterator[str]:
    if report.gross_only:
        yield (
            "Gross only: some files of the bill have no credits, so what is called net is before them, and too high."
        )
    note = comparison_note(report)
    if note is not None:
        yield f"Nothing is compared with the week before: {note}."
    if not report.complete:
        day = report.freshness.provisional_from
        yield f"Provisional: rows of usage from {day} on are still expected, so the week may become dearer."
    for short in report.freshness.short_services:
        name = short.name or short.service or NONE
        yield (
            f"{name}: {counted(short.rows, 'row')} this week, {short.usual:,} are usual; either less was used, or rows "
            "are missing."
        )
    if report.anomalies_note is not None:
        yield f"Unusual days: {report.anomalies_note}."
    over = [state.budget.name for state in report.budgets if state.state == "over"]
    if over:
        yield f"Over budget: {', '.join(over)}."


def _tables(report: Report) -> Iterator[Table]:
    yield budgets_table(report.budgets, report.currency)
    yield movers_table("Dearer", report.dearer, report.currency)
    yield movers_table("Cheaper", report.cheaper, report.currency)
    yield anomalies_table(report.anomalies, report.currency)
    if report.code is not None:
        yield _dearest_queries(report, report.code)
        yield _cheaper_queries(report.code)
        yield _savings(report.code)
        yield _ignored(report.code)
    yield _waste(report)
    yield _iterations(report)
    yield _apart(report)
    for dimension, found in report.by.items():
        title = _TITLES.get(dimension) or "By " + dimension.replace(":", " ")
        yield _changes(title, found, report, whole=dimension == "day")


def budgets_table(states: Sequence[BudgetState], currency: str) -> Table:
    """Each budget, in its period so far."""
    rows = tuple(
        (
            state.budget.name,
            state.days.name,
            amount_text(state.spent, currency) if state.spent is not None else "",
            _known(state.amount, state.budget.currency or currency),
            f"{state.share * 100:,.0f} %" if state.share is not None else "",
            amount_text(state.forecast.point, currency) if state.forecast is not None else "",
            state.state,
        )
        for state in states
    )
    heads = ("", "period", "spent", "budget", "", "forecast", "state")
    note = (
        "Spend without tax, with the credits that the budget counts, by days of Pacific time. At risk: the forecast's "
        "upper end (one in ten) is above the budget."
    )
    below = tuple("; ".join(_budget_remarks(state, currency)) for state in states)
    return Table("Budgets", heads, rows, note if rows else None, (0, 1, 6), below if any(below) else ())


def _budget_remarks(state: BudgetState, currency: str) -> Iterator[str]:
    passed = [
        f"{plain_decimal(rule.at * 100)} %{' (forecast)' if rule.on == 'forecast' else ''}"
        for rule in state.passed
    ]
    if passed:
        yield f"thresholds passed: {', '.join(passed)}"
    if state.forecast is not None and state.forecast.days_left:
        low, high = amount_text(state.forecast.low, currency), amount_text(state.forecast.high, currency)
        yield f"forecast from {low} to {high}, {counted(state.forecast.days_left, 'day')} left"
    if state.note is not None:
        yield state.note


def movers_table(title: str, found: Iterable[tuple[str, Change]], currency: str) -> Table:
    """What moved most."""
    rows = tuple(
        (
            f"{dimension} {_name(change)}{' (new)' if change.is_new else ' (gone)' if change.is_gone else ''}",
            _known(change.net_before, currency),
            amount_text(change.net, currency),
            change_text(change.change, change.share, currency) if change.change is not None else "",
        )
        for dimension, change in found
    )
    return Table(title, ("", "week before", "this week", "change"), rows)


def _known(amount: Decimal | None, currency: str) -> str:
    """Empty when it is not known."""
    return amount_text(amount, currency) if amount is not None else ""


def anomalies_table(anomalies: Iterable[Anomaly], currency: str) -> Table:
    """Each unusual day, and where most of it comes from."""
    rows = tuple(
        (
            f"{anomaly.day:%a}\u00a0{anomaly.day.day}\u00a0{anomaly.day:%b}",
            amount_text(anomaly.net, currency),
            amount_text(anomaly.usual, currency),
            _contributors(anomaly, currency),
        )
        for anomaly in anomalies
    )
    note = (
        "Against the median of the same weekday in the eight weeks before; promotional credits left out."
        if rows
        else None
    )
    return Table("Unusual days", ("", "net", "usual", "most of it from"), rows, note, (0, 3))


def _contributors(anomaly: Anomaly, currency: str) -> str:
    """The first contributor of each dimension."""
    first: dict[str, Contributor] = {}
    for contributor in anomaly.contributors:
        first.setdefault(contributor.dimension, contributor)
    return ", ".join(
        f"{one.dimension} {one.name or one.key or NONE} ({change_text(one.net - one.usual, None, currency)})"
        for one in first.values()
    )


def _dearest_queries(report: Report, code: CodeCosts) -> Table:
    """Beside the week before, if that can be compared with as many days."""
    if report.until is None:
        return queries_table(code)
    return queries_table(replace(code, held=False), now="so far")


def queries_table(code: CodeCosts, most: int = ROWS, now: str = "this week") -> Table:
    """The dearest of the week, each with what to do about it; with their weeks, where the history was cut into weeks.
    `now`: what the days are called."""
    paid = (query for query in code.queries if query.usd > 0 or query.allocated > 0 or query.runs_unpriced)
    shown = list(paid)[:most]
    note = _trend_note(shown)
    rows = tuple(
        (
            _place(query),
            f"{query.runs:,}{_without_price(query)}",
            amount_text(query.each, "USD") if query.each is not None else "",
            amount_text(query.known_usd, "USD") if query.known_usd is not None else "unknown",
            change_text(query.usd - query.usd_before, None, "USD")
            if code.held and query.known_usd is not None
            else "",
            *((sparkline([week.usd for week in query.trend]),) if note is not None else ()),
        )
        for query in shown
    )
    below = tuple(_remedy(query) for query in shown)
    heads = ("", "runs", "a run", now, "change", *(("by week",) if note is not None else ()))
    return Table("Dearest queries", heads, rows, note, (0, 5), below)


def _without_price(query: CodeQuery) -> str:
    """The runs of a query that its price is not of."""
    counts = (
        (query.runs_free, "free"),
        (query.runs_reserved, "in a reservation"),
        (query.runs_unpriced, "of unknown cost"),
    )
    told = ", ".join(f"{count:,} {name}" for count, name in counts if count)
    return f" ({told})" if told else ""


def _trend_note(shown: Sequence[CodeQuery]) -> str | None:
    weeks = max((query.trend for query in shown), key=len, default=())
    return f"By week: dollars from {weeks[0].week} to {weeks[-1].week}." if weeks else None


def _savings(code: CodeCosts) -> Table:
    """Queries that became cheaper at some time, and what that has saved since."""
    found = [(query, query.savings) for query in code.queries if query.savings is not None]
    found.sort(key=lambda pair: (-pair[1].usd, pair[0].path, pair[0].start_line))
    rows = tuple(
        (
            _place(query),
            savings.since,
            amount_text(savings.before, "USD"),
            amount_text(savings.after, "USD"),
            runs_text(float(savings.runs)),
            amount_text(savings.usd, "USD"),
        )
        for query, savings in found[:ROWS]
    )
    heads = ("", "since", "a run before", "a run since", "runs since", "saved")
    note = (
        "Over the whole job history: what these runs, which pay by their bytes, would have cost more."
        if rows
        else None
    )
    return Table("Saved since", heads, rows, note, (0, 1))


def _ignored(code: CodeCosts) -> Table:
    """Findings that a comment silences, each with the reason that was given."""
    rows = [
        (
            f"{one.path}:{f'cell {one.cell}:' if one.cell is not None else ''}{one.start_line}",
            one.rule,
            " ".join(one.reason.split()) or "(no reason)",
            amount_text(one.usd, "USD") if one.usd is not None else "unknown",
        )
        for one in code.ignored[:ROWS]
    ]
    rest = code.ignored[ROWS:]
    if rest:
        usd = sum((one.usd for one in rest if one.usd is not None), Decimal(0))
        rows.append((f"{len(rest):,} others", "", "", amount_text(usd, "USD")))
    heads = ("", "rule", "reason", "wastes an iteration")
    return Table("Ignored findings", heads, tuple(rows), None, (0, 1, 2))


def _waste(report: Report) -> Table:
    rows = [
        (
            _WASTE[one.kind],
            one.what,
            f"{one.times:,}",
            amount_text(one.net, "USD" if one.source == "jobs" else report.currency),
        )
        for one in report.waste[:ROWS]
    ]
    rest = len(report.waste) - len(rows)
    if rest:
        rows.append((f"{rest:,} others", "", "", "each less"))
    note = (
        "Jobs at what their bytes cost, rows of the bill net. One job may stand in several rows: they do not add up."
        if rows
        else None
    )
    return Table("Waste", ("", "what", "jobs or rows", "cost"), tuple(rows), note, (0, 1))


_WASTE: Final = {
    "stopped": "stopped, and charged for",
    "tried-again": "failed, and tried again",
    "asked-again": "asked again on the same day",
    "one-by-one": "one query for each value",
    "nobody-reads": "written, and read by no job",
    "idle-reservation": "reserved, and idle",
    "unchanged-storage": "stored, and unchanged for 90 days",
    "network": "sent over the network",
}


def _cheaper_queries(code: CodeCosts) -> Table:
    rows = tuple(
        (
            _place(query),
            amount_text(query.each_before or Decimal(0), "USD"),
            amount_text(query.each or Decimal(0), "USD"),
            amount_text(query.saved, "USD"),
        )
        for query in sorted(code.queries, key=lambda query: -(query.saved or Decimal(0)))[:ROWS]
        if query.saved is not None
    )
    note = (
        "A run that pays by its bytes costs at most four fifths of what it did; saved over those of this week."
        if rows
        else None
    )
    return Table("Became cheaper", ("", "a run before", "a run now", "saved"), rows, note)


def _place(query: CodeQuery) -> str:
    cell = f"cell {query.cell}:" if query.cell is not None else ""
    unsure = "" if query.confidence == "high" else f" (match: {query.confidence} confidence)"
    return f"{query.path}:{cell}{query.start_line}{unsure}"


def _remedy(query: CodeQuery) -> str:
    """That its runs moved to slots; the rules that found something, and what the first one says to do."""
    told = []
    if query.runs_reserved and not query.priced and query.priced_before:
        told.append(
            f"moved to slots, {amount_text(query.allocated, 'USD')} by slot time: nothing was saved by that"
        )
    if query.findings:
        names = ", ".join(query.findings)
        told.append(f"{names}: {' '.join(query.fix.split())}" if query.fix else names)
    return "; ".join(told)


def _iterations(report: Report) -> Table:
    """The newest."""
    currency = report.currency
    table = iteration_rows("Iterations", report.iterations[:ROWS], report.stamped, currency, report.wholes)
    rest = report.iterations[ROWS:]
    if not rest:
        return table
    net = sum((item.net for item in rest), Decimal(0))
    last = (f"{len(rest):,} earlier", "", amount_text(net, currency), "")
    return replace(table, rows=(*table.rows, last), below=(*table.below, "") if table.below else ())


def iteration_rows(
    title: str,
    iterations: Iterable[Iteration],
    stamped: Mapping[IterationKey, Entry],
    currency: str,
    wholes: Mapping[IterationKey, Iteration] = MappingProxyType({}),
) -> Table:
    """Each iteration with the phase that most of it went to, and what somebody stamped of it. `wholes`: those that go
    on outside of the days that are shown, whole."""
    shown = list(iterations)
    ids = [item.id for item in shown]
    rows = tuple(
        (
            item.id if ids.count(item.id) == 1 else f"{item.id} ({item.evidence})",
            f"{item.start:%Y-%m-%d %H:%M}",
            amount_text(item.net, currency) if item.rows else "not billed yet",
            _dearest(item.by_phase, item.net, currency) + _whole(wholes.get(item.key), currency),
        )
        for item in shown
    )
    below = tuple(_stamp(stamped.get(item.key)) for item in shown)
    heads = ("", "began (UTC)", "net", "most of it")
    return Table(title, heads, rows, None, (0, 1, 3), below if any(below) else ())


def _whole(whole: Iteration | None, currency: str) -> str:
    """Of an iteration that goes on beyond the week."""
    if whole is None:
        return ""
    return f"; {amount_text(whole.net, currency)} in all, {whole.start:%Y-%m-%d %H:%M} to {whole.end:%Y-%m-%d %H:%M}"


def _stamp(entry: Entry | None) -> str:
    """Commit and comment, as somebody stamped them."""
    if entry is None:
        return ""
    commit = f"commit {entry.commit[:7]}" if entry.commit else ""
    return ": ".join(part for part in (commit, " ".join((entry.comment or "").split())) if part)


def _dearest(by_phase: Mapping[str, Decimal], net: Decimal, currency: str) -> str:
    if not by_phase:
        return ""
    phase, amount = max(by_phase.items(), key=lambda item: item[1])
    return phase if amount == net else f"{phase} ({amount_text(amount, currency)})"


def _apart(report: Report) -> Table:
    """What is in no iteration, beside the week before."""
    whole = report.attribution
    rows = [
        *_parts("standing", whole.standing, whole.standing_before, report.currency),
        *_parts("not attributed", whole.unattributed, whole.unattributed_before, report.currency),
    ]
    heads = ("", "rows", "net", *(("week before",) if whole.standing_before is not None else ()))
    note = (
        "Standing: paid whether iterations run or not. Not attributed: nothing tells for which iteration it was."
        if rows
        else None
    )
    return Table("In no iteration", heads, tuple(rows), note)


def _parts(
    kind: str, parts: Sequence[Part], before: Sequence[Part] | None, currency: str
) -> Iterator[tuple[str, ...]]:
    """The parts of the week, then those that only the week before had."""
    nets = {part.name: part.net for part in before or ()}
    there = {part.name for part in parts}
    gone = [Part(part.name, 0, Decimal(0)) for part in before or () if part.name not in there]
    for part in (*parts, *gone):
        row = (f"{kind}: {_in_words(part.name)}", f"{part.rows:,}", amount_text(part.net, currency))
        yield row if before is None else (*row, amount_text(nets.get(part.name, Decimal(0)), currency))


def _in_words(reason: str) -> str:
    """A reason, for who does not know the rules.

    >>> _in_words("no label, no pause of 2 h within 24 h")
    'no label, and in use for more than 24 h without a pause of 2 h'
    """
    if reason in _REASONS:
        return _REASONS[reason]
    return _NO_PAUSE.sub(r", and in use for more than \2 without a pause of \1", reason)


_NO_PAUSE: Final = re.compile(r", no pause of (\S+ h) within (\S+ h)$")
_REASONS: Final = {
    NO_PROJECT: "no label, and of no project",
    NO_TIME: "no label, and no time of use",
    BESIDE: "no label, and used while an iteration with a label ran",
}


def _changes(title: str, found: Sequence[Change], report: Report, whole: bool = False) -> Table:
    """Each key beside the week before, as far as the two can be compared."""
    shown = found if whole or len(found) <= ROWS + 1 else found[:ROWS]
    rows = [_row(_name(change), change.net, change.net_before, report) for change in shown]
    rest = found[len(shown) :]
    if rest:
        net = sum((change.net for change in rest), Decimal(0))
        before = sum((change.net_before or Decimal(0) for change in rest), Decimal(0))
        held = report.totals.net_before is not None
        rows.append(_row(f"{len(rest):,} others", net, before if held else None, report))
    heads: tuple[str, ...] = ("",)
    if report.totals.net_before is not None:
        heads = (*heads, "week before")
    heads = (*heads, "so far" if report.until is not None else "this week")
    if report.compared:
        heads = (*heads, "change")
    return Table(title, heads, tuple(rows))


def _row(name: str, net: Decimal, before: Decimal | None, report: Report) -> tuple[str, ...]:
    currency = report.currency
    if before is None:
        return name, amount_text(net, currency)
    amounts = (amount_text(before, currency), amount_text(net, currency))
    if not report.compared:
        return name, *amounts
    change = net - before
    return name, *amounts, change_text(change, share_of(change, before), currency)


def _name(change: Change) -> str:
    if change.key is None:
        return NONE
    return change.name or change.key or '""'
