"""Findings and dollars against a policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from costguard.gate_points import allowance_points, iteration_points, limit_points, listed
from costguard.money import format_usd
from costguard.result import (
    SEVERITIES,
    Allowance,
    GatePoint,
    GatePolicy,
    QueryReport,
    ScanResult,
    Severity,
    Verdict,
)


def judge_gate(result: ScanResult, policy: GatePolicy) -> Verdict:
    """The verdict on a scan.

    Limits are held against the point estimate of what is known; amounts that are not known are named in the
    reasons, so that a pass never hides them. Nothing analysed, or less than was asked for, is an error, not a pass.
    """
    if result.summary.files_unread >= result.summary.files:
        return Verdict("error", ("nothing could be analysed: no file could be read",))
    unread = _too_little_read(result, policy.min_read_share)
    if unread is not None:
        return Verdict("error", (unread,))
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
    failures.extend(_violated(result, "error"))
    dear = _Dear(result, policy)
    failures.extend(dear.failures())
    dear_iteration, warned = _iteration(result, policy)
    failures.extend(dear_iteration)
    unknown = result.summary.unknown_queries
    if _limited(result, policy) and unknown:
        word = "query has" if unknown == 1 else "queries have"
        remarks.append(f"{unknown} {word} no known cost and could not be held against a limit")
    return Verdict(
        "fail" if failures else "pass",
        (*failures, *remarks),
        (*_violated(result, "warning"), *dear.warnings(), *warned),
        policy.advisory,
        (
            *dear.points(),
            *iteration_points(dear_iteration, "error"),
            *iteration_points(warned, "warning"),
        ),
    )


def with_floor(result: ScanResult, min_usd: Decimal | None) -> ScanResult:
    """The result with the findings silenced whose waste is known and less than `min_usd` (point estimate, dollars of an
    iteration). Unknown waste is not below."""
    if not min_usd:
        return result
    reason = f"wastes less than {format_usd(min_usd)} an iteration"
    findings = tuple(
        replace(finding, suppressed=reason, suppressed_by="floor")
        if finding.suppressed is None
        and finding.wasted_usd is not None
        and finding.wasted_usd.point < min_usd
        else finding
        for finding in result.findings
    )
    below = sum(item.suppressed is not None and item.suppressed_by == "floor" for item in findings)
    summary = replace(result.summary, findings=result.summary.findings - below, below_floor=below)
    return replace(result, findings=findings, summary=summary)


def _too_little_read(result: ScanResult, least: Decimal | None) -> str | None:
    if least is None:
        return None
    summary = result.summary
    files, statements = summary.read_shares
    if min(files, statements) >= least:
        return None
    read = summary.files - summary.files_unread
    return (
        f"too little could be read: {read:,} of {summary.files:,} files ({_percent(files)}), {summary.queries:,} of "
        f"{summary.queries + summary.unread:,} statements ({_percent(statements)}); {_percent(least)} are asked for "
        "(--min-read-share)"
    )


def _percent(share: Decimal) -> str:
    """Rounded down: 99.96 % are not all.

    >>> _percent(Decimal("0.99967")), _percent(Decimal("0.5"))
    ('99.9 %', '50 %')
    """
    tenths = int(share * 1000)
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths / 10:.1f} %"


def _limited(result: ScanResult, policy: GatePolicy) -> bool:
    """Whether anything is held against dollars."""
    limits = (
        *(policy.max_usd_per_query, policy.max_usd_per_iteration),
        *(policy.warn_usd_per_query, policy.warn_usd_per_iteration),
    )
    return any(limit is not None for limit in limits) or bool(_allowances(result))


def _allowances(result: ScanResult) -> dict[str, Allowance]:
    return dict(result.baseline.allowances) if result.baseline is not None else {}


def _violated(result: ScanResult, level: Severity) -> list[str]:
    """The policies of a level that do not hold."""
    return [
        f"policy {report.name}: {report.count:,} {'violation' if report.count == 1 else 'violations'}"
        for report in result.policies
        if report.level == level and report.count
    ]


def _iteration(result: ScanResult, policy: GatePolicy) -> tuple[list[str], list[str]]:
    """Why the cost of an iteration fails, or else warns."""
    total = result.summary.usd_per_iteration.point
    most, warn = policy.max_usd_per_iteration, policy.warn_usd_per_iteration
    if most is not None and total > most:
        return [_costs(total, most, "--max-usd-per-iteration")], []
    if warn is not None and total > warn:
        return [], [_costs(total, warn, "--warn-usd-per-iteration")]
    return [], []


def _costs(total: Decimal, limit: Decimal, option: str) -> str:
    return f"one iteration costs {format_usd(total)}, more than {format_usd(limit)} ({option})"


class _Dear:
    """Queries that cost more than they may. What the baseline says of a query goes before the general limits."""

    def __init__(self, result: ScanResult, policy: GatePolicy) -> None:
        allowances = _allowances(result)
        self._most, self._warn = policy.max_usd_per_query, policy.warn_usd_per_query
        self._over: list[tuple[QueryReport, Allowance]] = []
        self._failing: list[QueryReport] = []
        self._warned: list[QueryReport] = []
        for query in result.queries:
            if query.usd is None:
                continue
            cost, allowance = query.usd.point, allowances.get(query.id)
            if allowance is not None:
                if cost > allowance.usd_per_run:
                    self._over.append((query, allowance))
            elif self._most is not None and cost > self._most:
                self._failing.append(query)
            elif self._warn is not None and cost > self._warn:
                self._warned.append(query)

    def failures(self) -> list[str]:
        """Why the gate fails."""
        return [
            *listed(self._over_points(), "what the baseline allows"),
            *self._lines(self._failing, self._most, "max-usd-per-query"),
        ]

    def warnings(self) -> list[str]:
        """What only warns."""
        return self._lines(self._warned, self._warn, "warn-usd-per-query", "warning")

    def points(self) -> Iterator[GatePoint]:
        """Where all of these queries are."""
        yield from self._over_points()
        if self._most is not None:
            yield from limit_points(self._failing, self._most, "max-usd-per-query")
        if self._warn is not None:
            yield from limit_points(self._warned, self._warn, "warn-usd-per-query", "warning")

    def _over_points(self) -> list[GatePoint]:
        return allowance_points(self._over)

    def _lines(
        self, queries: Sequence[QueryReport], limit: Decimal | None, name: str, level: Severity = "error"
    ) -> list[str]:
        if limit is None:
            return []
        return listed(limit_points(queries, limit, name, level), format_usd(limit))
