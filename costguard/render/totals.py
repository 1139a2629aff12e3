"""What stands below the findings: the dearest queries, what was not read, and the sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from costguard.money import format_bytes, format_usd
from costguard.render.amounts import counted, runs_text, usd_text
from costguard.render.baseline import baseline_lines
from costguard.render.cells import cut_end, cut_start, harmless, text_width, wrap
from costguard.render.gate_findings import gate_reasons
from costguard.render.paint import Look, Paint
from costguard.result import (
    SEVERITIES,
    HistoryTotals,
    PolicyReport,
    QueryReport,
    ScanResult,
    Summary,
    UnreadReport,
    Verdict,
)

DEAREST: Final = 5
REASONS: Final = 5
TABLES: Final = 3
ASSUMED: Final = "assumed"
_LABEL: Final = 11
"""Cells of the labels of the last block."""


def by_cost(queries: Sequence[QueryReport]) -> list[QueryReport]:
    """The queries that cost something, the dearest of an iteration first; each once."""
    priced = [
        (query.usd_per_iteration.point, query)
        for query in queries
        if query.usd_per_iteration is not None
        and query.usd_per_iteration.point > 0
        and query.counted_with is None
    ]
    priced.sort(key=lambda item: (-item[0], item[1].path, item[1].span.start_line))
    return [query for _, query in priced]


def dearest(queries: Sequence[QueryReport], width: int, paint: Paint) -> Iterator[list[str]]:
    """A table of the queries that cost most per iteration."""
    priced = by_cost(queries)
    if not priced:
        return
    shown = priced[:DEAREST]
    assumed = any(query.runs_basis == ASSUMED for query in shown)
    heads: tuple[str, ...] = ("bytes billed", "$ a run", "runs", "$ an iteration")
    rows: list[tuple[str, ...]] = [_dear_row(query, assumed) for query in shown]
    if any(query.measured is not None for query in shown):
        heads = (*heads, "estimated")
        rows = [(*row, _estimated(query)) for row, query in zip(rows, shown, strict=True)]
    widths = [max(len(head), *(len(row[index + 1]) for row in rows)) for index, head in enumerate(heads)]
    room = width - sum(widths) - 2 * len(widths) - 2
    longest = min(room, max(text_width(row[0]) for row in rows))
    title = "Dearest queries" if len(priced) > 1 else "Dearest query"
    first = max(longest, text_width(title) - 2)
    yield [
        paint(title, "bold")
        + " " * (first + 2 - len(title))
        + paint("".join(f"  {head:>{size}}" for head, size in zip(heads, widths, strict=True)), "dim"),
        *(
            "  "
            + _padded(cut_start(row[0], room), first)
            + "".join(f"  {text:>{size}}" for text, size in zip(row[1:], widths, strict=True))
            for row in rows
        ),
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - text_width(text))


def _dear_row(query: QueryReport, assumed: bool) -> tuple[str, str, str, str, str]:
    assert query.usd is not None
    assert query.usd_per_iteration is not None
    billed = format_bytes(query.bytes_billed.point) if query.bytes_billed is not None else ""
    mark = f" {ASSUMED}" if query.runs_basis == ASSUMED else " " * (len(ASSUMED) + 1) if assumed else ""
    return (
        harmless(query_place(query)),
        billed,
        format_usd(query.usd.point),
        _runs(query) + mark,
        format_usd(query.usd_per_iteration.point),
    )


def _runs(query: QueryReport) -> str:
    """Runs in an iteration: where they were measured the median, and what nine of ten do not exceed if it is more."""
    text = runs_text(query.runs)
    if query.runs_basis != "measured" or query.measured is None or query.measured.rate.p90 == query.runs:
        return text
    return f"{text} (p90 {runs_text(query.measured.rate.p90)})"


def _estimated(query: QueryReport) -> str:
    """Dollars of an iteration as they were estimated, where they were measured."""
    if query.measured is None or query.measured.estimate is None:
        return "as shown"
    usd = query.measured.estimate.usd_per_iteration
    return format_usd(usd.point) if usd is not None else "unknown"


def query_place(query: QueryReport) -> str:
    """Where a query stands, and which branch of its template it is."""
    cell = f"cell {query.span.cell}:" if query.span.cell is not None else ""
    variant = f" ({query.variant})" if query.variant else ""
    return f"{query.path}:{cell}{query.span.start_line}{variant}"


def ranked_reasons(unread: Sequence[UnreadReport]) -> list[tuple[str, int, UnreadReport]]:
    """(reason, places, the first of them), the commonest reason first."""
    reasons = Counter(item.reason for item in unread)
    examples: dict[str, UnreadReport] = {}
    for item in unread:
        examples.setdefault(item.reason, item)
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return [(reason, count, examples[reason]) for reason, count in ranked]


def unread_place(item: UnreadReport) -> str:
    """Where it is that could not be read."""
    cell = f"cell {item.span.cell}:" if item.span.cell is not None else ""
    return f"{item.path}:{cell}{item.span.start_line}"


def unread_reasons(unread: Sequence[UnreadReport], width: int, paint: Paint) -> Iterator[list[str]]:
    """What could not be read: the commonest reasons, each with an example."""
    if not unread:
        return
    ranked = ranked_reasons(unread)
    shown = len(ranked) if len(ranked) == REASONS + 1 else REASONS  # "1 other reason" would take its line
    lines = [paint("Not read", "bold")]
    for reason, count, item in ranked[:shown]:
        such = "" if count == 1 else "such as "
        detail = f" ({item.detail})" if item.detail else ""
        text = " ".join(harmless(f"{reason}: {such}{unread_place(item)}{detail}").split())
        lines.append(f"  {count:>5,}  {cut_end(text, width - 9)}")
    rest = ranked[shown:]
    if rest:
        places = sum(count for _, count, _ in rest)
        lines.append(f"  {places:>5,}  {counted(len(rest), 'other reason')}")
    if len(unread) > len(ranked) or rest:
        lines.append(paint("         --format json lists every place under `unread`", "dim"))
    yield lines


def totals(result: ScanResult, verdict: Verdict, width: int, paint: Paint) -> list[str]:
    """The iteration's dollars, the findings, and what the gate says."""
    lines: list[str] = []
    for label, text in facts(result):
        lines.extend(_labelled(label, text, width, paint))
    lines.extend(_gate(verdict, width, paint))
    return lines


def facts(result: ScanResult) -> Iterator[tuple[str, str]]:
    """(label, sentence): what an iteration costs, what of it is assumed or unknown, how much was found and not read.
    Without a label a sentence goes on about what the one before is about."""
    summary = result.summary
    yield "Iteration", iteration_text(summary)
    if summary.assumed_runs and not _only_what_is_free_is_known(summary):
        known = summary.queries - summary.counted_elsewhere - summary.unknown_queries
        who = "each of them" if summary.assumed_runs == known else f"{summary.assumed_runs:,} of them"
        verb = "is" if summary.assumed_runs in (1, known) else "are"
        yield "", f"{who} {verb} assumed to run once per iteration (`runs` in the config knows better)"
    if summary.counted_elsewhere:
        who, verb = (
            counted(summary.counted_elsewhere, "query", "queries"),
            "is" if summary.counted_elsewhere == 1 else "are",
        )
        yield "", f"{who} that code reads from files {verb} counted there"
    if summary.unknown_queries:
        yield "", _unknown(result)
    if summary.since_queries:
        yield "Catalog", _since(summary)
    for number, text in enumerate(summary.price_remarks):
        yield "" if number else "Prices", text
    if result.history is not None:
        yield from zip(("History", "", ""), _history(result.history), strict=False)
    yield "Findings", severities_text(result)
    if result.baseline is not None:
        for number, text in enumerate(baseline_lines(result.baseline, summary.baselined)):
            yield "" if number else "Baseline", text
    if result.policies:
        yield "Policies", policies_text(result.policies)
    if summary.unread:
        yield "Unread", f"{counted(summary.unread, 'place')} in the code; their cost is in no figure"


def _since(summary: Summary) -> str:
    """How old the catalog is, where that makes figures worse."""
    days = counted(summary.catalog_days, "day") if summary.catalog_days else "less than a day"
    who = counted(summary.since_queries, "query reads", "queries read")
    return (
        f"{days} older than the clock: {who} partitions that have come since, their sizes modelled on the last ones "
        "(`costguard catalog pull` writes it anew)"
    )


def _labelled(label: str, text: str, width: int, paint: Paint) -> Iterator[str]:
    for line in wrap(text, width - _LABEL):
        yield paint(f"{label:<{_LABEL}}", "bold") + line if label else " " * _LABEL + line
        label = ""


def iteration_text(summary: Summary) -> str:
    """What an iteration costs, and of how many queries that is."""
    files = counted(summary.files, "file")
    count = summary.queries - summary.counted_elsewhere
    queries = counted(count, "query", "queries")
    known = count - summary.unknown_queries
    if not summary.queries:
        return f"no queries found in {files}"
    if not known:
        return f"unknown: none of {queries} in {files} has a known cost"
    usd = summary.usd_per_iteration
    if _only_what_is_free_is_known(summary):
        have = "has" if summary.unknown_queries == 1 else "have"
        unknown = f"{summary.unknown_queries:,} of {queries} in {files} {have} no known cost"
        return f"unknown: {unknown}, the others cost nothing"
    of = queries if known == count else f"{known:,} of {queries}"
    return f"{usd_text(usd)} for {of} in {files}"


def _only_what_is_free_is_known(summary: Summary) -> bool:
    """Functions and views, say, beside queries of unknown cost: `$0.00` would look like the cost of them all."""
    return summary.unknown_queries > 0 and summary.usd_per_iteration.high == 0


def _history(totals: HistoryTotals) -> Iterator[str]:
    """What the jobs of the history cost, and how much of it is of this code."""
    jobs = f"{totals.matched_jobs:,} of {counted(totals.jobs, 'charged job')}"
    usd = f"{format_usd(totals.matched_on_demand)} of {format_usd(totals.on_demand)}"
    prices = f" ({totals.prices})" if totals.prices else ""
    yield f"{jobs} in {counted(totals.days, 'day')} ran this code: {usd}{prices}"
    known = counted(totals.measured_queries, "query has", "queries have")
    yield (
        f"{known} the figures of the history, {_what_iterations_are(totals)}; {totals.never_run:,} never ran "
        "(`costguard match` lists both sides)"
    )
    rest = [
        *(
            [
                f"{format_usd(totals.matched_allocated)} of {format_usd(totals.allocated)} for slots are shared out by "
                "slot time"
            ]
            if totals.allocated
            else ()
        ),
        *(
            [f"{totals.ambiguous_jobs:,} jobs are split between queries that fit alike"]
            if totals.ambiguous_jobs
            else ()
        ),
        *([f"the cost of {counted(totals.unpriced, 'job')} is unknown"] if totals.unpriced else ()),
    ]
    if rest:
        yield "; ".join(rest)


def _what_iterations_are(totals: HistoryTotals) -> str:
    if not totals.evidence:
        return "an iteration being a day"
    found = f"iterations being told by {', '.join(totals.evidence)}"
    return f"{found} (a day for {counted(totals.by_day, 'query', 'queries')})" if totals.by_day else found


def _unknown(result: ScanResult) -> str:
    """Why costs are unknown, and what to do: most often tables are in no catalog."""
    summary = result.summary
    verb = "has" if summary.unknown_queries == 1 else "have"
    text = f"{counted(summary.unknown_queries, 'query', 'queries')} {verb} no known cost"
    elsewhere = sorted({query.dialect for query in result.queries if query.usd is None and query.dialect})
    if elsewhere:
        count = sum(query.usd is None and query.dialect is not None for query in result.queries)
        text += f" ({count:,} of them for {', '.join(elsewhere)}, which has no price here)"
    found = _tables_of_unknown(result)
    missing, unsized, opaque = found["missing"], found["unsized"], found["opaque"]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        text += f": {_first_names(missing)} {verb} in no catalog (--catalog FILE)"
    if unsized:
        text += f"; the catalog does not say how large what is read of {_first_names(unsized)} is"
    if opaque:
        text += (
            f"; it cannot be told what is read through {_first_names(opaque)}: a view in legacy SQL, or one of which "
            "the catalog has no query that can be read"
        )
    return text


def _tables_of_unknown(result: ScanResult) -> dict[str, Counter[str]]:
    """Tables because of which queries have no known cost: those that are in no catalog (also below a view), those of
    which it does not say the size, and views that cannot be read through."""
    found: dict[str, Counter[str]] = {"missing": Counter(), "unsized": Counter(), "opaque": Counter()}
    for query in result.queries:
        if query.usd is not None or query.dialect or query.counted_with is not None:
            continue
        for scan in query.scans:
            if scan.bytes is not None:
                continue
            if scan.view_lacks:
                found["missing"].update(scan.view_lacks)
            elif scan.pruning != "unknown":
                found["unsized"][scan.table] += 1
            else:
                found["missing" if scan.view_lacks is None else "opaque"][scan.table] += 1
    return found


def _first_names(tables: Counter[str]) -> str:
    named = [name for name, _ in sorted(tables.items(), key=lambda item: (-item[1], item[0]))[:TABLES]]
    rest = len(tables) - len(named)
    return ", ".join(named) + (f" and {counted(rest, 'more table')}" if rest else "")


def severities_text(result: ScanResult) -> str:
    """How many findings of each severity there are, the gravest first."""
    counts = Counter(finding.severity for finding in result.findings if finding.suppressed is None)
    parts = [counted(counts[severity], severity) for severity in reversed(SEVERITIES) if counts[severity]]
    text = ", ".join(parts) or "none"
    summary = result.summary
    apart = [
        *([counted(summary.suppressed, "ignored finding")] if summary.suppressed else ()),
        *([f"{summary.baselined:,} in the baseline"] if summary.baselined else ()),
        *([f"{summary.below_floor:,} below the floor (--min-usd)"] if summary.below_floor else ()),
    ]
    return "; ".join([text, *([", ".join(apart)] if apart else ())])


def policies_text(reports: Sequence[PolicyReport]) -> str:
    """How many policies do not hold."""
    broken = [report for report in reports if report.count]
    if not broken:
        return "it holds" if len(reports) == 1 else f"all {len(reports):,} hold"
    violations = sum(report.count for report in broken)
    verb = "does" if len(broken) == 1 else "do"
    return f"{len(broken):,} of {len(reports):,} {verb} not hold: {counted(violations, 'violation')}"


def _gate(verdict: Verdict, width: int, paint: Paint) -> Iterator[str]:
    word = {"pass": "passed", "fail": "FAILED", "error": "NOTHING CHECKED"}[verdict.verdict]
    reasons = gate_reasons(verdict)
    first = f"{word}: {reasons[0]}" if reasons else word
    lines = [line for text in (first, *reasons[1:]) for line in wrap(text, width - _LABEL)]
    look: Look = "good" if verdict.verdict == "pass" else "error"
    lines[0] = paint(word, look) + lines[0].removeprefix(word)
    yield paint(f"{'Gate':<{_LABEL}}", "bold") + lines[0]
    yield from (" " * _LABEL + line for line in lines[1:])
    for warning in verdict.warnings:
        first, *rest = wrap(f"warning: {warning}", width - _LABEL)
        yield " " * _LABEL + paint("warning", "warning") + first.removeprefix("warning")
        yield from (" " * _LABEL + line for line in rest)
