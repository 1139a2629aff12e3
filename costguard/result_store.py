"""Scan results as plain values that JSON can hold, for the cache; equal results come out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from costguard.model import Span
from costguard.money import ByteRange, Dollars, Seconds
from costguard.result import (
    Arm,
    Estimate,
    Finding,
    HistoryTotals,
    Measured,
    PolicyReport,
    PolicyViolation,
    QueryReport,
    RunRate,
    ScanReport,
    ScanResult,
    Summary,
    UnreadReport,
)

Json = Any


def encode(result: ScanResult) -> Json:
    """The result as a JSON document, but for what a baseline did: that is worked out anew each time."""
    return {
        "summary": _summary(result.summary),
        "queries": [_query(query) for query in result.queries],
        "findings": [_finding(finding) for finding in result.findings],
        "unread": [[item.path, _span(item.span), item.reason, item.detail] for item in result.unread],
        "history": _history(result.history),
        "policies": [_policy(report) for report in result.policies],
    }


def decode(document: Json) -> ScanResult:
    """The result that was encoded.

    Raises:
        ValueError, KeyError, TypeError, IndexError: the document is not one of ours.
    """
    return ScanResult(
        _read_summary(document["summary"]),
        tuple(_read_query(row) for row in document["queries"]),
        tuple(_read_finding(row) for row in document["findings"]),
        tuple(
            UnreadReport(path, Span(*span), reason, detail)
            for path, span, reason, detail in document["unread"]
        ),
        _read_history(document["history"]),
        tuple(_read_policy(row) for row in document["policies"]),
    )


def _policy(report: PolicyReport) -> Json:
    rows = [
        [item.message, item.path, None if item.span is None else _span(item.span)]
        for item in report.violations
    ]
    return [report.name, report.level, report.count, rows]


def _read_policy(row: Json) -> PolicyReport:
    name, level, count, rows = row
    violations = tuple(
        PolicyViolation(message, path, None if span is None else Span(*span)) for message, path, span in rows
    )
    return PolicyReport(name, level, count, violations)


def _span(span: Span) -> Json:
    return [span.start_line, span.start_column, span.end_line, span.end_column, span.cell]


def _bytes(amount: ByteRange | None) -> Json:
    return None if amount is None else [amount.low, amount.point, amount.high, amount.basis]


def _usd(amount: Dollars | Seconds | None) -> Json:
    return None if amount is None else [str(amount.low), str(amount.point), str(amount.high), amount.basis]


def _read_bytes(row: Json) -> ByteRange | None:
    return None if row is None else ByteRange(*row)


def _read_usd(row: Json) -> Dollars | None:
    return None if row is None else Dollars(Decimal(row[0]), Decimal(row[1]), Decimal(row[2]), row[3])


def _read_seconds(row: Json) -> Seconds | None:
    return None if row is None else Seconds(Decimal(row[0]), Decimal(row[1]), Decimal(row[2]), row[3])


def _summary(item: Summary) -> Json:
    return [
        item.files,
        item.files_unread,
        item.queries,
        item.findings,
        item.suppressed,
        item.unread,
        _usd(item.usd_per_iteration),
        item.unknown_queries,
        item.assumed_runs,
        item.counted_elsewhere,
        item.price_remarks,
        item.baselined,
        item.below_floor,
        item.since_queries,
        item.catalog_days,
    ]


def _read_summary(row: Json) -> Summary:
    *counts, total, unknown, assumed, elsewhere, remarks, baselined, below_floor, since, days = row
    usd = _read_usd(total)
    if usd is None:
        raise ValueError("a summary without a sum")
    files, files_unread, queries, findings, suppressed, unread = counts
    return Summary(
        *(files, files_unread, queries, findings, suppressed, unread),
        *(usd, unknown, assumed, elsewhere, tuple(remarks)),
        baselined=baselined,
        below_floor=below_floor,
        since_queries=since,
        catalog_days=days,
    )


def _query(item: QueryReport) -> Json:
    return [
        item.id,
        item.path,
        _span(item.span),
        item.via,
        item.statement,
        item.loop_depth,
        item.fingerprint,
        item.runs,
        item.runs_basis,
        _bytes(item.bytes_processed),
        _bytes(item.bytes_billed),
        _usd(item.usd),
        _usd(item.usd_per_iteration),
        item.price,
        [
            [
                scan.table,
                scan.columns,
                scan.star,
                scan.role,
                scan.pruning,
                scan.pruning_reason,
                scan.partitions_kept,
                scan.partitions_total,
                _bytes(scan.bytes),
            ]
            for scan in item.scans
        ],
        item.variant,
        item.dialect,
        item.counted_with,
        _measured(item.measured),
        item.materialized,
        item.layout,
        [[arm.choice, arm.arm] for arm in item.branch],
    ]


def _read_query(row: Json) -> QueryReport:
    identity, path, span, via, statement, depth, fingerprint, runs, basis = row[:9]
    processed, billed, usd, per_iteration, price, scans, variant, dialect, counted_with = row[9:18]
    measured, materialized, layout, branch = row[18:]
    return QueryReport(
        identity,
        path,
        Span(*span),
        via,
        statement,
        depth,
        fingerprint,
        runs,
        basis,
        _read_bytes(processed),
        _read_bytes(billed),
        _read_usd(usd),
        _read_usd(per_iteration),
        price,
        tuple(_read_scan(scan) for scan in scans),
        variant,
        dialect,
        counted_with,
        _read_measured(measured),
        materialized,
        layout,
        tuple(Arm(choice, arm) for choice, arm in branch),
    )


def _measured(item: Measured | None) -> Json:
    if item is None:
        return None
    known = item.estimate
    estimate = known and [
        _bytes(known.bytes_processed),
        _bytes(known.bytes_billed),
        _usd(known.usd),
        _usd(known.usd_per_iteration),
        known.runs,
        known.runs_basis,
    ]
    return [
        *(item.jobs, item.runs, item.grade, item.confidence, item.shared, item.shared_with),
        *(item.runs_per_day, _rate(item.rate), item.bytes_billed, item.slot_ms),
        *(str(item.on_demand), str(item.allocated), item.unpriced, estimate),
    ]


def _rate(rate: RunRate) -> Json:
    return [rate.median, rate.p90, rate.count, rate.evidence]


def _read_rate(row: Json) -> RunRate:
    median, p90, count, evidence = row
    return RunRate(median, p90, count, tuple(evidence))


def _read_measured(row: Json) -> Measured | None:
    if row is None:
        return None
    jobs, runs, grade, confidence, shared, others, per_day, rate, billed, slots = row[:10]
    on_demand, allocated, unpriced, known = row[10:]
    estimate = None
    if known is not None:
        processed, bytes_billed, usd, per_iteration, estimated_runs, basis = known
        estimate = Estimate(
            _read_bytes(processed),
            _read_bytes(bytes_billed),
            _read_usd(usd),
            _read_usd(per_iteration),
            estimated_runs,
            basis,
        )
    return Measured(
        jobs,
        runs,
        grade,
        confidence,
        shared,
        tuple(others),
        per_day,
        _read_rate(rate),
        billed,
        slots,
        Decimal(on_demand),
        Decimal(allocated),
        unpriced,
        estimate,
    )


def _history(item: HistoryTotals | None) -> Json:
    if item is None:
        return None
    return {
        name: str(value) if isinstance(value := getattr(item, name), Decimal) else value
        for name in HistoryTotals.__slots__
    }


def _read_history(row: Json) -> HistoryTotals | None:
    if row is None:
        return None
    amounts = {name: Decimal(row[name]) for name in _AMOUNTS}
    return HistoryTotals(**{**row, **amounts, "evidence": tuple(row["evidence"])})


_AMOUNTS = ("on_demand", "allocated", "matched_on_demand", "matched_allocated")


def _read_scan(row: Json) -> ScanReport:
    table, columns, star, role, pruning, reason, kept, total, size = row
    return ScanReport(table, tuple(columns), star, role, pruning, reason, kept, total, _read_bytes(size))


def _finding(item: Finding) -> Json:
    return [
        item.rule,
        item.severity,
        item.confidence,
        item.driver,
        item.path,
        _span(item.span),
        item.message,
        item.query,
        _bytes(item.wasted_bytes),
        _usd(item.wasted_usd),
        item.fingerprint,
        item.suppressed,
        item.help,
        item.fix,
        _usd(item.wasted_seconds),
        item.machine,
        item.suppressed_by,
    ]


def _read_finding(row: Json) -> Finding:
    (
        rule,
        severity,
        confidence,
        driver,
        path,
        span,
        message,
        query,
        wasted,
        usd,
        fingerprint,
        suppressed,
        tip,
        fix,
        seconds,
        machine,
        silencer,
    ) = row
    return Finding(
        rule,
        severity,
        confidence,
        driver,
        path,
        Span(*span),
        message,
        query,
        _read_bytes(wasted),
        _read_usd(usd),
        fingerprint,
        suppressed,
        tip,
        fix,
        _read_seconds(seconds),
        machine,
        silencer,
    )
