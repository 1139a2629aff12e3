"""A diff against a policy: what a change may cost, and what it may bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from costguard.diff.model import QueryChange, ScanDiff
from costguard.diff.totals import DiffTotals, diff_totals, new_findings
from costguard.gate_points import allowance_points, iteration_points, limit_points, listed
from costguard.money import format_usd
from costguard.result import SEVERITIES, Allowance, GatePoint, QueryReport, ScanResult, Severity, Verdict


@dataclass(frozen=True, slots=True)
class DiffPolicy:
    """When a change fails. Dollars are of one iteration unless said otherwise."""

    fail_on: Severity | Literal["never"] = "error"
    """Lowest severity of a new finding that fails."""
    max_increase_usd: Decimal | None = None
    max_increase_pct: Decimal | None = None
    """Percent of what the base costs."""
    max_usd_per_query: Decimal | None = None
    """Dollars of one run of a query that is new or became dearer."""
    max_usd_per_iteration: Decimal | None = None
    """Of the head, if it costs more than the base."""
    min_usd: Decimal = Decimal(0)
    """Below it no change of cost counts, of a query or of the whole."""
    warn_increase_usd: Decimal | None = None
    warn_increase_pct: Decimal | None = None
    """Above these the gate passes, and says so."""
    min_read_share: Decimal | None = None
    """Less than this part of the statements read (0 to 1), on either side, is an error."""
    advisory: bool = False
    """See `costguard.result.Verdict.advisory`."""


def judge_diff(diff: ScanDiff, policy: DiffPolicy) -> Verdict:
    """The verdict on a change.

    Limits are held against the point estimates of what is known; what is not known is named in the reasons, so that a
    pass never hides it. A side of which nothing could be read is an error, not a pass.
    """
    errors = tuple(_unreadable(diff, policy))
    if errors:
        return Verdict("error", errors)
    totals = diff_totals(diff)
    over, dear = _dear_queries(diff, policy)
    increase = [
        *_increase(totals, policy, policy.max_increase_usd, policy.max_increase_pct, "--max-increase")
    ]
    iteration = [*_dear_iteration(totals, policy)]
    warned = [
        *_increase(totals, policy, policy.warn_increase_usd, policy.warn_increase_pct, "--warn-increase")
    ]
    failures = [
        *_new_findings(diff, policy),
        *_violated(diff, "error"),
        *increase,
        *listed(over, "what the baseline allows"),
        *(listed(dear, format_usd(policy.max_usd_per_query)) if policy.max_usd_per_query is not None else ()),
        *iteration,
    ]
    return Verdict(
        "fail" if failures else "pass",
        (*failures, *_remarks(diff, totals, policy)),
        (*_violated(diff, "warning"), *warned),
        policy.advisory,
        (
            *over,
            *dear,
            *iteration_points((*increase, *iteration), "error"),
            *iteration_points(warned, "warning"),
        ),
    )


def _unreadable(diff: ScanDiff, policy: DiffPolicy) -> Iterator[str]:
    """Why nothing may be said."""
    sides = ((diff.base.name, diff.before), (diff.head.name, diff.after))
    for name, result in sides:
        if result.summary.files and result.summary.files_unread >= result.summary.files:
            yield f"nothing could be analysed in {name}: no file could be read"
    if not any(result.summary.files for _, result in sides):
        yield "nothing could be analysed: there is no file to read on either side"
    if policy.min_read_share is not None:
        for name, result in sides:
            share = read_share(result)
            if share is not None and share < policy.min_read_share:
                yield (
                    f"only {share:.1%} of the statements in {name} could be read, less than "
                    f"{policy.min_read_share:.1%} (--min-read-share)"
                )


def read_share(result: ScanResult) -> float | None:
    """The part of the statements that could be read; None when there are none."""
    statements = result.summary.queries + result.summary.unread
    return result.summary.queries / statements if statements else None


def _new_findings(diff: ScanDiff, policy: DiffPolicy) -> Iterator[str]:
    if policy.fail_on == "never":
        return
    limit = SEVERITIES.index(policy.fail_on)
    count = sum(
        finding.suppressed is None and SEVERITIES.index(finding.severity) >= limit
        for finding in new_findings(diff).findings
    )
    if count:
        word = "finding" if count == 1 else "findings"
        yield f"{count} new {word} of severity {policy.fail_on} or above (--fail-on {policy.fail_on})"


def _increase(
    totals: DiffTotals, policy: DiffPolicy, usd: Decimal | None, percent: Decimal | None, option: str
) -> Iterator[str]:
    """What one iteration costs more than it may."""
    more = totals.change.point
    if more <= 0 or more < policy.min_usd:
        return
    if usd is not None and more > usd:
        yield f"one iteration costs {format_usd(more)} more than before, over {format_usd(usd)} ({option}-usd)"
    if percent is None:
        return
    share = totals.percent
    if share is not None and share > percent:
        yield f"one iteration costs {share:,.1f} % more than before, over {percent:f} % ({option}-pct)"
    elif share is None and totals.before is not None and not totals.before.point:
        yield (
            f"one iteration costs {format_usd(more)} and nothing before, which is over any percentage "
            f"({option}-pct; --min-usd lets small amounts pass)"
        )


def _violated(diff: ScanDiff, level: Severity) -> Iterator[str]:
    """The policies of a level that the change violates more often."""
    for change in diff.policies:
        if change.level == level and change.fresh:
            word = "violation" if change.fresh == 1 else "violations"
            yield f"policy {change.name}: {change.fresh:,} new {word}"


def _dear_queries(diff: ScanDiff, policy: DiffPolicy) -> tuple[list[GatePoint], list[GatePoint]]:
    """Queries that are new or became dearer and cost more than they may: by the baseline, which goes first, and by the
    general limit."""
    allowances = _allowances(diff)
    over: list[tuple[QueryReport, Allowance]] = []
    dear: list[QueryReport] = []
    for change in diff.queries:
        query = change.after
        if query is None or query.usd is None or change.state == "unchanged" or not _became_dearer(change):
            continue
        cost, allowance = query.usd.point, allowances.get(query.id)
        if cost < policy.min_usd:
            continue
        if allowance is not None:
            if cost > allowance.usd_per_run:
                over.append((query, allowance))
        elif policy.max_usd_per_query is not None and cost > policy.max_usd_per_query:
            dear.append(query)
    limit = policy.max_usd_per_query
    points = limit_points(dear, limit, "max-usd-per-query") if limit is not None else []
    return allowance_points(over), points


def _allowances(diff: ScanDiff) -> Mapping[str, Allowance]:
    """What queries of the head may cost by its baseline. (What has expired is not among them.)"""
    return diff.after.baseline.allowances if diff.after.baseline is not None else {}


def _became_dearer(change: QueryChange) -> bool:
    """One run costs more than it did, or did not cost a known amount."""
    before, after = change.before, change.after
    if before is None or before.usd is None or after is None or after.usd is None:
        return True
    return after.usd.point > before.usd.point


def _dear_iteration(totals: DiffTotals, policy: DiffPolicy) -> Iterator[str]:
    limit, after = policy.max_usd_per_iteration, totals.after
    if limit is None or after is None or after.point <= limit:
        return
    if _grew(totals, policy):
        yield f"one iteration costs {format_usd(after.point)}, more than {format_usd(limit)} (--max-usd-per-iteration)"


def _grew(totals: DiffTotals, policy: DiffPolicy) -> bool:
    """The iteration costs more than before, as far as either is known."""
    before, after = totals.before, totals.after
    if before is None or after is None:
        return after is not None
    more = max(totals.change.point, after.point - before.point)
    return more > 0 and more >= policy.min_usd


def _remarks(diff: ScanDiff, totals: DiffTotals, policy: DiffPolicy) -> Iterator[str]:
    """What could not be held against a limit, and what is over one without this change's doing."""
    limits = (
        policy.max_increase_usd,
        policy.max_increase_pct,
        policy.max_usd_per_query,
        policy.max_usd_per_iteration,
    )
    limit, after = policy.max_usd_per_iteration, totals.after
    if limit is not None and after is not None and after.point > limit and not _grew(totals, policy):
        yield (
            f"one iteration costs {format_usd(after.point)}, more than {format_usd(limit)}, as it did before this "
            "change (--max-usd-per-iteration)"
        )
    limited = any(item is not None for item in limits) or bool(_allowances(diff))
    if limited and totals.unknown:
        word = "query has" if totals.unknown == 1 else "queries have"
        yield f"{totals.unknown} changed {word} a cost that is not known and could not be held against a limit"


__all__ = ["DiffPolicy", "judge_diff", "read_share"]
