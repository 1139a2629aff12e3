"""Findings and dollars against a policy."""

from __future__ import annotations

from decimal import Decimal

from costguard.money import format_usd
from costguard.result import SEVERITIES, GatePolicy, QueryReport, ScanResult, Verdict

LISTED = 3


def judge_gate(result: ScanResult, policy: GatePolicy) -> Verdict:
    """The verdict on a scan.

    Limits are held against the point estimate of what is known; amounts that are not known are named in the
    reasons, so that a pass never hides them. Nothing analysed is an error, not a pass.
    """
    if result.summary.files_unread >= result.summary.files:
        return Verdict("error", ("nothing could be analysed: no file could be read",))
    failures: list[str] = []
    remarks: list[str] = []
    if policy.fail_on != "never":
        limit = SEVERITIES.index(policy.fail_on)
        counted = [
            finding
            for finding in result.findings
            if finding.suppressed is None and SEVERITIES.index(finding.severity) >= limit
        ]
        if counted:
            word = "finding" if len(counted) == 1 else "findings"
            failures.append(
                f"{len(counted)} {word} of severity {policy.fail_on} or above (--fail-on {policy.fail_on})"
            )
    if policy.max_usd_per_query is not None:
        failures.extend(_dear_queries(result, policy.max_usd_per_query))
    if policy.max_usd_per_iteration is not None:
        total = result.summary.usd_per_iteration
        if total.point > policy.max_usd_per_iteration:
            failures.append(
                f"one iteration costs {format_usd(total.point)}, more than {format_usd(policy.max_usd_per_iteration)} "
                "(--max-usd-per-iteration)"
            )
    limited = policy.max_usd_per_query is not None or policy.max_usd_per_iteration is not None
    unknown = result.summary.unknown_queries
    if limited and unknown:
        word = "query has" if unknown == 1 else "queries have"
        remarks.append(f"{unknown} {word} no known cost and could not be held against a limit")
    return Verdict("fail" if failures else "pass", (*failures, *remarks))


def _dear_queries(result: ScanResult, limit: Decimal) -> list[str]:
    dear = [query for query in result.queries if query.usd is not None and query.usd.point > limit]
    dear.sort(key=lambda query: (-_point(query), query.path, query.span.start_line))
    lines = [
        f"{query.path}:{query.span.start_line}: one run costs {format_usd(_point(query))}, more than "
        f"{format_usd(limit)} (--max-usd-per-query)"
        for query in dear[:LISTED]
    ]
    if len(dear) > LISTED:
        lines.append(f"and {len(dear) - LISTED} more queries above {format_usd(limit)}")
    return lines


def _point(query: QueryReport) -> Decimal:
    assert query.usd is not None
    return query.usd.point
