"""What a diff says, in words and rows: the same for every format that people read.

Texts may hold what a stranger wrote (paths, names of tables, messages). They cannot steer a terminal; markup is for
each format to escape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from costguard.diff.model import FindingChange, QueryChange, QueryState, Revision, ScanDiff, iteration_usd
from costguard.diff.totals import (
    DiffTotals,
    diff_totals,
    listed_changes,
    new_findings,
    quiet_changes,
    same_cost_changes,
)
from costguard.model import Span
from costguard.money import Dollars, format_usd
from costguard.render.amounts import WIDE, counted, percent_text, usd_text
from costguard.render.baseline import baseline_lines
from costguard.render.cells import cut_end, cut_start, harmless
from costguard.render.finding_text import wasted_text
from costguard.render.gate_findings import gate_reasons
from costguard.result import SEVERITIES, Finding, QueryReport, Severity, Silencer, Verdict

LONGEST_PLACE: Final = 160
LONGEST_TEXT: Final = 400
"""Characters of a place, and of a sentence from the scanned code, that are shown."""
_STATES: Final[dict[QueryState, str]] = {
    "dearer": "dearer",
    "cheaper": "cheaper",
    "added": "added",
    "removed": "removed",
    "unknown": "changed at an unknown cost",
}
_SILENT: Final[dict[Silencer, str]] = {"comment": "ignored by a comment", "baseline": "in the baseline"}
_MARKS: Final = {"upper-bound": "≤ ", "lower-bound": "≥ ", "modelled": "~ "}
LEGEND: Final = {
    "upper-bound": "≤ at most",
    "lower-bound": "≥ at least",
    "modelled": "~ worked out from partial knowledge",
}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A query of which the cost changed."""

    state: str
    place: str
    before: str
    after: str
    change: str
    why: str
    grows: bool | None
    """Whether it became dearer; None when that is not known."""


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding that is new or gone."""

    severity: Severity
    rule: str
    place: str
    message: str
    wasted: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ViolationRow:
    """A new violation of a policy."""

    level: Severity
    policy: str
    place: str
    """`` where the policy gives none."""
    message: str


@dataclass(frozen=True, slots=True)
class DiffView:
    """A diff to be read."""

    headline: str
    """One sentence: what an iteration costs more or less."""
    compared: str
    """Which revisions."""
    facts: tuple[tuple[str, str], ...]
    """(what, how much), a line each."""
    changes: tuple[ChangeRow, ...]
    same_cost: tuple[ChangeRow, ...]
    """Queries that were edited, added or removed without a change of cost."""
    violations: tuple[ViolationRow, ...]
    """New ones, of policies."""
    more_violations: int
    """Further ones, which are not listed."""
    new: tuple[FindingRow, ...]
    fixed: tuple[FindingRow, ...]
    remarks: tuple[str, ...]
    verdict: str
    """`passed`, `FAILED` or `NOTHING CHECKED`."""
    passed: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    unchanged: str
    """How many queries are as they were."""
    estimated: tuple[str, ...]
    """What the figures are, and what is not in them: sentences."""


def view_of_diff(diff: ScanDiff, verdict: Verdict) -> DiffView:
    """The diff in words."""
    totals = diff_totals(diff)
    listed = listed_changes(diff)
    fixed = [item.finding for item in diff.findings if item.state == "fixed"]
    return DiffView(
        headline=headline(totals),
        compared=f"{revision_text(diff.base)} → {revision_text(diff.head)}",
        facts=tuple(_facts(diff, totals)),
        changes=tuple(map(change_row, listed)),
        same_cost=tuple(map(change_row, same_cost_changes(diff))),
        violations=tuple(_violations(diff)),
        more_violations=sum(item.fresh - len(item.violations) for item in diff.policies),
        new=tuple(map(_finding_row, _weightiest(new_findings(diff).findings))),
        fixed=tuple(map(_finding_row, _weightiest(fixed))),
        remarks=tuple(cut_end(harmless(text), LONGEST_TEXT) for text in diff.remarks),
        verdict={"pass": "passed", "fail": "FAILED", "error": "NOTHING CHECKED"}[verdict.verdict],
        passed=verdict.verdict == "pass",
        reasons=tuple(cut_end(harmless(text), LONGEST_TEXT) for text in gate_reasons(verdict)),
        warnings=tuple(cut_end(harmless(text), LONGEST_TEXT) for text in verdict.warnings),
        unchanged=_unchanged(diff, totals),
        estimated=tuple(harmless(text) for text in _estimated(diff, totals, listed)),
    )


def revision_text(revision: Revision) -> str:
    """A revision as it was asked for, with the start of its hash.

    >>> revision_text(Revision("main", "0123456789abcdef")), revision_text(Revision("the work tree", None))
    ('main (0123456)', 'the work tree')
    """
    name = cut_end(harmless(revision.name), LONGEST_PLACE)
    if revision.commit is None or revision.commit.startswith(revision.name):
        return name if revision.commit is None else revision.commit[:7]
    return f"{name} ({revision.commit[:7]})"


def headline(totals: DiffTotals) -> str:
    """What an iteration costs more or less, in one sentence."""
    if totals.before is None and totals.after is None:
        return "What an iteration costs is not known"
    point = totals.change.point
    queries = counted(totals.unknown, "query", "queries")
    if not point:
        if totals.unknown:
            return f"The change is not known of {queries}; all others come to the same"
        return "One iteration costs the same"
    unknown = f", and {queries} of unknown change" if totals.unknown else ""
    percent = totals.percent
    share = f" ({percent_text(float(percent))})" if percent is not None else ""
    return f"One iteration costs {format_usd(abs(point))} {'more' if point > 0 else 'less'}{share}{unknown}"


def _facts(diff: ScanDiff, totals: DiffTotals) -> Iterator[tuple[str, str]]:
    yield "Iteration", f"{_sum(totals.before)} → {_sum(totals.after)}{_range_of_change(totals)}"
    yield "Queries", _states(diff, totals)
    yield "Findings", _findings(diff.findings)
    if diff.policies:
        fresh, now = sum(item.fresh for item in diff.policies), sum(item.after for item in diff.policies)
        yield "Policies", f"{counted(fresh, 'new violation')}, {max(now - fresh, 0):,} known"
    if diff.after.baseline is not None:
        for number, text in enumerate(baseline_lines(diff.after.baseline, diff.after.summary.baselined)):
            yield "" if number else "Baseline", text


def _sum(usd: Dollars | None) -> str:
    return "unknown" if usd is None else usd_text(usd)


def _range_of_change(totals: DiffTotals) -> str:
    """The bounds of the change, where they say more than the point."""
    change = totals.change
    if change.high - change.low <= abs(change.point) * WIDE or change.low == change.high:
        return ""
    return f"; change between {signed_usd(change.low)} and {signed_usd(change.high)}"


def signed_usd(amount: Decimal) -> str:
    """A change, with its sign.

    >>> signed_usd(Decimal("2.5")), signed_usd(Decimal("-0.004")), signed_usd(Decimal(0))
    ('+$2.50', '-$0.004', '$0.00')
    """
    text = format_usd(amount)
    return f"+{text}" if amount > 0 else text


def _states(diff: ScanDiff, totals: DiffTotals) -> str:
    parts = [f"{totals.states[state]:,} {word}" for state, word in _STATES.items() if totals.states[state]]
    edited = sum(item.state == "unchanged" and item.edited for item in diff.queries)
    if edited:
        parts.append(f"{edited:,} edited at the same cost")
    parts.append(f"{totals.states['unchanged'] - edited:,} unchanged")
    if totals.moved:
        parts.append(f"{totals.moved:,} moved")
    return ", ".join(parts)


def _unchanged(diff: ScanDiff, totals: DiffTotals) -> str:
    edited = sum(item.state == "unchanged" and item.edited for item in diff.queries)
    text = f"{counted(totals.states['unchanged'] - edited, 'query', 'queries')} unchanged"
    quiet = quiet_changes(diff)
    if quiet:
        text += f", {len(quiet):,} changed by less than {format_usd(diff.min_usd)}"
    return text


def _findings(changes: Sequence[FindingChange]) -> str:
    counts = Counter(item.state for item in changes if item.finding.suppressed is None)
    fresh = [item.finding for item in changes if item.state == "new" and item.finding.suppressed is None]
    by_severity = Counter(finding.severity for finding in fresh)
    words = ", ".join(
        counted(by_severity[severity], severity) for severity in reversed(SEVERITIES) if by_severity[severity]
    )
    new = f"{counts['new']:,} new" + (f" ({words})" if words else "")
    silent = Counter(
        item.finding.suppressed_by
        for item in changes
        if item.state == "new" and item.finding.suppressed is not None
    )
    words = "".join(f", {silent[by]:,} new {text}" for by, text in _SILENT.items() if silent[by])
    return f"{new}, {counts['fixed']:,} fixed, {counts['known']:,} known{words}"


def figure(usd: Dollars | None) -> str:
    """Dollars in a table: a mark stands for what is not exact.

    >>> figure(Dollars(Decimal(0), Decimal(5), Decimal(5), "upper-bound")), figure(None)
    ('≤ $5.00', 'unknown')
    """
    return "unknown" if usd is None else _MARKS.get(usd.basis, "") + format_usd(usd.point)


def change_row(change: QueryChange) -> ChangeRow:
    """A change in words."""
    usd = change.change
    before, after = iteration_usd(change.before), iteration_usd(change.after)
    parts = [*change.reasons]
    if change.state == "added" and not parts:
        parts.append(_what(change.query))
    ranges = [
        f"{word} {format_usd(side.low)} to {format_usd(side.high)}"
        for word, side in (("before", before), ("now", after))
        if side is not None and side.high - side.low > abs(side.point) * WIDE
    ]
    return ChangeRow(
        state=change.state,
        place=place_of(change.query),
        before="" if change.before is None else figure(before),
        after="" if change.after is None else figure(after),
        change="unknown" if usd is None else signed_usd(usd.point),
        why=cut_end(harmless("; ".join([*parts, *ranges])), LONGEST_TEXT),
        grows=None if usd is None or not usd.point else usd.point > 0,
    )


def _what(query: QueryReport) -> str:
    """What an added query is: nothing else explains its cost."""
    tables = [scan.table for scan in query.scans]
    reads = f" of {', '.join(tables[:2])}{' and others' if len(tables) > 2 else ''}" if tables else ""
    runs = f", {query.runs:,.6g} runs ({query.runs_basis})" if query.runs != 1 else ""
    return f"{query.statement}{reads}{runs}"


def place_of(item: QueryReport | Finding) -> str:
    """Path and line, with the cell of a notebook and the rendering of a template."""
    variant = f" ({item.variant})" if isinstance(item, QueryReport) and item.variant else ""
    return _place(item.path, item.span) + harmless(variant)


def _place(path: str, span: Span) -> str:
    cell = f"cell {span.cell}:" if span.cell is not None else ""
    return cut_start(harmless(path), LONGEST_PLACE) + f":{cell}{span.start_line}"


def _weightiest(findings: Sequence[Finding]) -> list[Finding]:
    """Those that are not ignored: by severity, then by dollars."""
    return sorted(
        (finding for finding in findings if finding.suppressed is None),
        key=lambda finding: (
            -SEVERITIES.index(finding.severity),
            -finding.wasted_usd.point if finding.wasted_usd is not None else Decimal(0),
            finding.path,
            finding.span.cell or 0,
            finding.span.start_line,
            finding.rule,
        ),
    )


def _violations(diff: ScanDiff) -> Iterator[ViolationRow]:
    """The gravest policies first."""
    ranked = sorted(diff.policies, key=lambda change: -SEVERITIES.index(change.level))
    for change in ranked:
        for item in change.violations:
            place = _place(item.path, item.span) if item.path is not None and item.span is not None else ""
            message = cut_end(harmless(item.message), LONGEST_TEXT)
            yield ViolationRow(change.level, harmless(change.name), place, message)


def _finding_row(finding: Finding) -> FindingRow:
    return FindingRow(
        severity=finding.severity,
        rule=harmless(finding.rule),
        place=place_of(finding),
        message=cut_end(harmless(finding.message), LONGEST_TEXT),
        wasted=wasted_text(finding),
        remedy=cut_end(harmless(" ".join((finding.fix or finding.help or "").split())), LONGEST_TEXT),
    )


def _estimated(diff: ScanDiff, totals: DiffTotals, listed: Sequence[QueryChange]) -> Iterator[str]:
    prices = sorted({query.price for query in diff.after.queries if query.price is not None})
    if prices:
        rest = f" and {len(prices) - 1} more prices" if len(prices) > 1 else ""
        yield f"Dollars are estimates of what an iteration bills on demand ({prices[0]}{rest}), before discounts."
    summary = diff.after.summary
    if summary.assumed_runs:
        verb = "is" if summary.assumed_runs == 1 else "are"
        yield (
            f"{counted(summary.assumed_runs, 'query', 'queries')} {verb} assumed to run once per iteration "
            "(`runs` in the config knows better)."
        )
    if summary.unknown_queries:
        verb = "has" if summary.unknown_queries == 1 else "have"
        yield (
            f"{counted(summary.unknown_queries, 'query', 'queries')} {verb} no known cost and no part in these figures."
        )
    if totals.unknown:
        yield (
            f"The change leaves out {counted(totals.unknown, 'query', 'queries')} of which a side is not known."
        )
    if summary.unread:
        yield f"{counted(summary.unread, 'place')} in the code could not be read; their cost is in no figure."
    used = {
        side.basis
        for change in listed
        for side in (iteration_usd(change.before), iteration_usd(change.after))
        if side is not None
    }
    legend = [text for basis, text in LEGEND.items() if basis in used]
    if legend:
        yield f"{', '.join(legend)}."
