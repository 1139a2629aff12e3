"""What a change costs, in the words of formats for findings: the queries that cost more, at their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from costguard.cache import digest
from costguard.diff.model import QueryChange, ScanDiff
from costguard.diff.totals import diff_totals, listed_changes, new_findings
from costguard.money import decimal_string
from costguard.render.amounts import counted
from costguard.render.diff_view import change_row, headline
from costguard.render.finding_text import unsuppressed
from costguard.result import Finding, Verdict


def change_findings(diff: ScanDiff, verdict: Verdict) -> tuple[Finding, ...]:
    """A note for each query that costs more than it did, the dearest first; not for those that the gate speaks of."""
    said = {(point.path, point.span) for point in verdict.points}
    return tuple(
        _note(change)
        for change in listed_changes(diff)
        if change.after is not None
        and (usd := change.change) is not None
        and usd.point > 0
        and (change.after.path, change.after.span) not in said
    )


def _note(change: QueryChange) -> Finding:
    query, row = change.query, change_row(change)
    amount = row.change.removeprefix("+")
    text = (
        f"this query adds {amount} to an iteration"
        if change.before is None
        else f"this query costs {amount} more in an iteration ({row.before} → {row.after})"
    )
    return Finding(
        rule="costs-more",
        severity="note",
        confidence="high",
        driver="gate",
        path=query.path,
        span=query.span,
        message=f"{text}: {row.why}" if row.why else text,
        query=query.id,
        wasted_bytes=None,
        wasted_usd=None,
        fingerprint=digest("costs-more", query.path, query.fingerprint)[:16],
    )


def annotation_summary(diff: ScanDiff) -> str:
    """One sentence for the end of the annotations."""
    return "; ".join(_summary(diff))


def _summary(diff: ScanDiff) -> Iterator[str]:
    yield headline(diff_totals(diff))
    yield counted(len(unsuppressed(new_findings(diff))), "new finding")
    fresh = sum(change.fresh for change in diff.policies)
    if fresh:
        yield counted(fresh, "new violation of a policy", "new violations of policies")


def change_properties(diff: ScanDiff) -> Mapping[str, str]:
    """What an iteration costs more, for machines: dollars, and the queries of which it is not known."""
    totals = diff_totals(diff)
    change = totals.change
    return {
        "usd_change_low": decimal_string(change.low),
        "usd_change_point": decimal_string(change.point),
        "usd_change_high": decimal_string(change.high),
        "unknown_changes": str(totals.unknown),
    }
