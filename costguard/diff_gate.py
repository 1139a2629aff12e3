"""A diff against a policy: what a change may cost, and what it may bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from costguard.diff.model import QueryChange, ScanDiff
from costguard.diff.totals import DiffTotals, diff_totals, new_findings
from costguard.money import format_usd
from costguard.result import SEVERITIES, ScanResult, Severity, Verdict

LISTED: Final = 3


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


def judge_diff(diff: ScanDiff, policy: DiffPolicy) -> Verdict:
    """The verdict on a change.

    Limits are held against the point estimates of what is known; what is not known is named in the reasons, so that a
    pass never hides it. A side of which nothing could be read is an error, not a pass.
    """
    errors = tuple(_unreadable(diff, policy))
    if errors:
        return Verdict("error", errors)
    totals = diff_totals(diff)
    failures = [
        *_new_findings(diff, policy),
        *_increase(totals, policy, policy.max_increase_usd, policy.max_increase_pct, "--max-increase"),
        *_dear_queries(diff, policy),
        *_dear_iteration(totals, policy),
    ]
    warnings = [
        f"warning: {text}"
        for text in _increase(
            totals, policy, policy.warn_increase_usd, policy.warn_increase_pct, "--warn-increase"
        )
    ]
    return Verdict("fail" if failures else "pass", (*failures, *warnings, *_remarks(totals, policy)))


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


def _dear_queries(diff: ScanDiff, policy: DiffPolicy) -> Iterator[str]:
    limit = policy.max_usd_per_query
    if limit is None:
        return
    dear = [
        (usd.point, change)
        for change in diff.queries
        if change.after is not None
        and change.state != "unchanged"
        and (usd := change.after.usd) is not None
        and usd.point > limit
        and usd.point >= policy.min_usd
        and _became_dearer(change)
    ]
    dear.sort(key=lambda item: (-item[0], item[1].query.path, item[1].query.span.start_line))
    for point, change in dear[:LISTED]:
        yield (
            f"{change.query.path}:{change.query.span.start_line}: one run costs {format_usd(point)}, more than "
            f"{format_usd(limit)} (--max-usd-per-query)"
        )
    if len(dear) > LISTED:
        yield f"and {len(dear) - LISTED} more queries above {format_usd(limit)}"


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


def _remarks(totals: DiffTotals, policy: DiffPolicy) -> Iterator[str]:
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
    if any(item is not None for item in limits) and totals.unknown:
        word = "query has" if totals.unknown == 1 else "queries have"
        yield f"{totals.unknown} changed {word} a cost that is not known and could not be held against a limit"


__all__ = ["DiffPolicy", "judge_diff", "read_share"]
