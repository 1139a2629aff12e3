"""A scan result as JSON, version 1: the document that `docs/output.md` describes.

Nothing is imported that the command line has not loaded already: a warm rescan spends its time on reading files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final

from costguard.json_text import ascii_json_text
from costguard.model import Span
from costguard.money import ByteRange, Dollars, Seconds, decimal_string, worst_basis
from costguard.result import (
    SEVERITIES,
    BaselineMatter,
    BaselineReport,
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
    Verdict,
)

VERSION: Final = 1

Json = dict[str, Any]


def render_json(result: ScanResult, verdict: Verdict) -> str:
    """The document: ASCII, one row of a list per line, keys and rows always in the same order."""
    return "".join(_lines(result, verdict))


def _lines(result: ScanResult, verdict: Verdict) -> Iterator[str]:
    yield f'{{\n  "version": {VERSION},\n'
    yield f'  "summary": {json.dumps(summary_row(result, verdict))},\n'
    query = query_row if result.history is None else _query_row_with_history
    yield from row_lines("queries", map(query, result.queries), ",\n")
    yield from row_lines("findings", map(finding_row, result.findings), ",\n")
    yield from row_lines("unread", map(unread_row, result.unread), ",\n")
    yield f'  "baseline": {json.dumps(baseline_row(result.baseline))},\n'
    yield from row_lines("policies", map(_policy, result.policies), "\n")
    yield "}\n"


def row_lines(name: str, rows: Iterable[Json], end: str) -> Iterator[str]:
    """A list with a row per line: indented JSON of thousands of rows takes ten times as long to write."""
    yield f'  "{name}": ['
    separator = "\n    "
    for row in rows:
        yield separator + ascii_json_text(row)
        separator = ",\n    "
    yield "]" + end if separator == "\n    " else "\n  ]" + end


def summary_row(result: ScanResult, verdict: Verdict) -> Json:
    """The totals of a scan, and what the gate says."""
    summary: Summary = result.summary
    counted = [finding.severity for finding in result.findings if finding.suppressed is None]
    return {
        "files": summary.files,
        "files_unread": summary.files_unread,
        "queries": summary.queries,
        "findings": summary.findings,
        "findings_by_severity": {severity: counted.count(severity) for severity in reversed(SEVERITIES)},
        "suppressed": summary.suppressed,
        "baselined": summary.baselined,
        "below_floor": summary.below_floor,
        "unread": summary.unread,
        "read_share": dict(zip(("files", "statements"), map(_share, summary.read_shares), strict=True)),
        "verdict": verdict.verdict,
        "reasons": list(verdict.reasons),
        "warnings": list(verdict.warnings),
        "advisory": verdict.advisory,
        "usd_per_iteration": {
            **decimals(summary.known_usd),
            "unknown_queries": summary.unknown_queries,
            "assumed_runs": summary.assumed_runs,
            "counted_elsewhere": summary.counted_elsewhere,
        },
        "price_remarks": list(summary.price_remarks),
        **({"history": _history(result.history)} if result.history is not None else {}),
    }


def _history(totals: HistoryTotals) -> Json:
    return {
        "days": totals.days,
        "jobs": totals.jobs,
        "matched_jobs": totals.matched_jobs,
        "split_jobs": totals.ambiguous_jobs,
        "unpriced_jobs": totals.unpriced,
        "usd": decimal_string(totals.on_demand),
        "matched_usd": decimal_string(totals.matched_on_demand),
        "allocated_usd": decimal_string(totals.allocated),
        "matched_allocated_usd": decimal_string(totals.matched_allocated),
        "prices": totals.prices,
        "measured_queries": totals.measured_queries,
        "never_run": totals.never_run,
    }


def query_row(query: QueryReport) -> Json:
    return {
        "id": query.id,
        "path": query.path,
        **_place(query.span),
        "via": query.via,
        "statement": query.statement,
        "variant": query.variant,
        "materialized": query.materialized,
        "layout": query.layout,
        "dialect": query.dialect or "bigquery",
        "counted_with": query.counted_with,
        "loop_depth": query.loop_depth,
        "fingerprint": query.fingerprint,
        "runs_per_iteration": {"value": _number(query.runs), "basis": query.runs_basis, **_p90(query)},
        "bytes_processed": _bytes(query.bytes_processed),
        "bytes_billed": _bytes(query.bytes_billed),
        "usd": {**decimals(query.usd), "price": query.price},
        "usd_per_iteration": decimals(query.usd_per_iteration),
        "scans": [_scan(scan) for scan in query.scans],
    }


def _p90(query: QueryReport) -> Json:
    """Of runs that were measured."""
    if query.runs_basis != "measured" or query.measured is None:
        return {}
    return {"p90": _number(query.measured.rate.p90)}


def _query_row_with_history(query: QueryReport) -> Json:
    return {**query_row(query), "measured": _measured(query.measured) if query.measured is not None else None}


def _measured(measured: Measured) -> Json:
    before = measured.estimate
    return {
        "jobs": measured.jobs,
        "runs": measured.runs,
        "by": measured.grade,
        "confidence": measured.confidence,
        "split_jobs": measured.shared,
        "split_with": list(measured.shared_with),
        "runs_per_day": _number(measured.runs_per_day),
        "iterations": _iterations(measured.rate),
        "bytes_billed": measured.bytes_billed,
        "slot_ms": measured.slot_ms,
        "usd": decimal_string(measured.on_demand),
        "allocated_usd": decimal_string(measured.allocated),
        "unpriced_jobs": measured.unpriced,
        "estimate": {
            "runs_per_iteration": {"value": _number(before.runs), "basis": before.runs_basis},
            "bytes_processed": _bytes(before.bytes_processed),
            "bytes_billed": _bytes(before.bytes_billed),
            "usd": decimals(before.usd),
            "usd_per_iteration": decimals(before.usd_per_iteration),
        }
        if before is not None
        else None,
    }


def _iterations(rate: RunRate) -> Json | None:
    """The iterations that run it; None where a day stands for one."""
    if not rate.evidence:
        return None
    return {
        "count": rate.count,
        "median": _number(rate.median),
        "p90": _number(rate.p90),
        "evidence": list(rate.evidence),
    }


def _scan(scan: ScanReport) -> Json:
    return {
        "table": scan.table,
        "columns": list(scan.columns),
        "star": scan.star,
        "role": scan.role,
        "pruning": scan.pruning,
        "pruning_reason": scan.pruning_reason,
        "partitions_kept": scan.partitions_kept,
        "partitions_total": scan.partitions_total,
        "bytes": _bytes(scan.bytes),
    }


def finding_row(finding: Finding) -> Json:
    """A row of `findings`."""
    size, time, usd = (
        _bytes(finding.wasted_bytes),
        decimals(finding.wasted_seconds),
        decimals(finding.wasted_usd),
    )
    amounts = (finding.wasted_bytes, finding.wasted_seconds, finding.wasted_usd)
    bases = [item.basis for item in amounts if item is not None]
    del size["basis"], time["basis"], usd["basis"]
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "driver": finding.driver,
        "path": finding.path,
        **_place(finding.span),
        "message": finding.message,
        "help": finding.help,
        "query": finding.query,
        "wasted": {
            "bytes": size,
            "seconds": time,
            "usd": usd,
            "basis": worst_basis(*bases) if bases else "unknown",
            "machine": finding.machine,
        },
        "fingerprint": finding.fingerprint,
        "suppressed": finding.suppressed,
        "suppressed_by": finding.suppressed_by if finding.suppressed is not None else None,
        "fix": finding.fix,
    }


def _policy(report: PolicyReport) -> Json:
    return {
        "name": report.name,
        "level": report.level,
        "count": report.count,
        "violations": [violation_row(item) for item in report.violations],
    }


def violation_row(item: PolicyViolation) -> Json:
    """A violation; null where the policy gives no place."""
    place = _place(item.span) if item.span is not None else dict.fromkeys(_PLACE)
    return {"message": item.message, "path": item.path, **place}


def baseline_row(report: BaselineReport | None) -> Json | None:
    """What the baseline did."""
    if report is None:
        return None
    return {
        "path": report.path,
        "entries": report.entries,
        "stale": [_matter(item) for item in report.stale],
        "expired": [_matter(item) for item in report.expired],
        "over_budget": [_matter(item) for item in report.over_budget],
        "unchecked": report.unchecked,
        "allowances": [
            {"query": query, "usd_per_run": decimal_string(item.usd_per_run), "until": item.until}
            for query, item in sorted(report.allowances.items())
        ],
    }


def _matter(item: BaselineMatter) -> Json:
    return {
        "fingerprint": item.fingerprint,
        "rule": item.rule,
        "path": item.path,
        "count": item.count,
        "last_day": item.last_day,
    }


_PLACE: Final = ("start_line", "start_column", "end_line", "end_column", "cell")


def unread_row(item: UnreadReport) -> Json:
    return {"path": item.path, **_place(item.span), "reason": item.reason, "detail": item.detail}


def _place(span: Span) -> Json:
    return {
        "start_line": span.start_line,
        "start_column": span.start_column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "cell": span.cell,
    }


def _bytes(amount: ByteRange | None) -> Json:
    if amount is None:
        return {"low": None, "point": None, "high": None, "basis": "unknown"}
    return {"low": amount.low, "point": amount.point, "high": amount.high, "basis": amount.basis}


def decimals(amount: Dollars | Seconds | None) -> Json:
    if amount is None:
        return {"low": None, "point": None, "high": None, "basis": "unknown"}
    return {
        "low": decimal_string(amount.low),
        "point": decimal_string(amount.point),
        "high": decimal_string(amount.high),
        "basis": amount.basis,
    }


def _share(part: Decimal) -> float:
    """Rounded down: a part is never all."""
    return float(part.quantize(Decimal("0.0001"), ROUND_FLOOR))


def _number(value: float) -> float:
    """A whole number without its `.0`."""
    return int(value) if value == int(value) else value
