"""The weekly report for programs: the document that `docs/report.md` describes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from costguard.history.iterations import Iteration, Part
from costguard.history.ledger import Entry
from costguard.money import decimal_string, plain_decimal
from costguard.render.report_comparison import comparison_note
from costguard.render.times import stamp
from costguard.report.code import CodeCosts, CodeQuery, Ignored
from costguard.report.model import (
    Anomaly,
    Attribution,
    BudgetState,
    Change,
    Forecast,
    Freshness,
    Report,
    Volume,
)
from costguard.report.trend import Savings
from costguard.result import SEVERITIES

VERSION: Final = 1


def report_json(report: Report) -> str:
    """The document; amounts are decimal strings and exact."""
    return json.dumps(report_document(report), indent=2) + "\n"


def report_document(report: Report) -> dict[str, Any]:
    """The document as JSON's values."""
    totals = report.totals
    return {
        "version": VERSION,
        "week": report.week,
        "timezone": report.zone,
        "start": stamp(report.start),
        "end": stamp(report.end),
        "currency": report.currency,
        "generated_at": stamp(report.generated_at),
        "complete": report.complete,
        "comparison_note": comparison_note(report),
        "gross_only": report.gross_only,
        "totals": {
            "gross": decimal_string(totals.gross),
            "credits": decimal_string(totals.credits),
            "promotions": decimal_string(totals.promotions),
            "net": decimal_string(totals.net),
            "net_previous_week": _amount(totals.net_before),
            "net_median": _amount(totals.median),
            "rows": totals.rows,
        },
        "reconciliation": [
            {
                "invoice_month": month.key,
                "gross": decimal_string(month.gross),
                "credits": decimal_string(month.credits),
                "net": decimal_string(month.net),
            }
            for month in report.months
        ],
        "by": {
            dimension: [change_document(change) for change in found] for dimension, found in report.by.items()
        },
        "iterations": [
            iteration_document(item, report.stamped.get(item.key), report.wholes.get(item.key))
            for item in report.iterations
        ],
        "volume": _volume(report.volume),
        "attribution": _attribution(report.attribution, report.code),
        "queries": [query_document(query, report.code.held) for query in report.code.queries]
        if report.code is not None
        else [],
        "label_coverage": {
            key: f"{share:.4f}" if share is not None else None for key, share in report.label_coverage.items()
        },
        "waste": [
            {
                "kind": one.kind,
                "what": one.what,
                "times": one.times,
                "net": decimal_string(one.net),
                "currency": "USD" if one.source == "jobs" else report.currency,
                "source": one.source,
            }
            for one in report.waste
        ],
        "ignored": [_ignored(one) for one in report.code.ignored] if report.code is not None else [],
        "prices": report.prices,
        "code": _code(report.code) if report.code is not None else None,
        "days": [{"day": day.day.isoformat(), "net": decimal_string(day.net)} for day in report.days],
        "movers": [
            {"dimension": dimension, **change_document(change), "new": change.is_new, "gone": change.is_gone}
            for dimension, change in (*report.dearer, *report.cheaper)
        ],
        "anomalies": [anomaly_document(anomaly) for anomaly in report.anomalies],
        "anomalies_note": report.anomalies_note,
        "forecast": forecast_document(report.forecast) if report.forecast is not None else None,
        "forecast_note": report.forecast_note,
        "budgets": [budget_document(state) for state in report.budgets],
        "freshness": _freshness(report.freshness),
    }


def _amount(amount: Decimal | None) -> str | None:
    return decimal_string(amount) if amount is not None else None


def change_document(change: Change) -> dict[str, Any]:
    """A change as JSON's values."""
    return {
        "id": change.key,
        "name": change.name,
        "rows": change.rows,
        "net": decimal_string(change.net),
        "net_previous_week": _amount(change.net_before),
    }


def iteration_document(
    item: Iteration, entry: Entry | None, whole: Iteration | None = None
) -> dict[str, Any]:
    """An iteration as JSON's values. `whole`: what it is with the days outside the period."""
    return {
        "id": item.id,
        "evidence": item.evidence,
        "start": stamp(item.start),
        "end": stamp(item.end),
        "rows": item.rows,
        "net": decimal_string(item.net) if item.rows else None,
        "by_phase": {phase: decimal_string(net) for phase, net in item.by_phase.items()},
        "jobs": item.jobs,
        "bytes_billed": item.bytes_billed,
        "commit": entry.commit if entry is not None else None,
        "comment": entry.comment if entry is not None else None,
        "whole": {
            "start": stamp(whole.start),
            "end": stamp(whole.end),
            "rows": whole.rows,
            "net": decimal_string(whole.net),
        }
        if whole is not None
        else None,
    }


def _volume(volume: Volume) -> dict[str, Any]:
    return {
        "iterations": volume.count,
        "iterations_previous_week": volume.count_before,
        "net_per_iteration": _amount(volume.each),
        "net_per_iteration_previous_week": _amount(volume.each_before),
        "change_by_number": _amount(volume.by_count),
        "change_by_cost": _amount(volume.by_cost),
    }


def query_document(query: CodeQuery, held: bool = True) -> dict[str, Any]:
    """A query of the code as JSON's values. `held`: it is known what it came to before."""
    return {
        "fingerprint": query.fingerprint,
        "id": query.id,
        "path": query.path,
        "start_line": query.start_line,
        **({"cell": query.cell} if query.cell is not None else {}),
        "runs": query.runs,
        "runs_free": query.runs_free,
        "runs_reserved": query.runs_reserved,
        "runs_unpriced": query.runs_unpriced,
        "runs_previous_week": query.runs_before if held else None,
        "net": _amount(query.known_usd),
        "net_previous_week": decimal_string(query.usd_before) if held else None,
        "allocated": decimal_string(query.allocated),
        "bytes_billed": query.bytes_billed,
        "saved": _amount(query.saved),
        "confidence": query.confidence,
        "findings": list(query.findings),
        "fix": query.fix,
        "trend": [
            {"week": week.week, "runs": week.runs, "net": decimal_string(week.usd)} for week in query.trend
        ],
        "savings": _savings(query.savings),
    }


def _savings(savings: Savings | None) -> dict[str, Any] | None:
    if savings is None:
        return None
    return {
        "since": savings.since,
        "before": decimal_string(savings.before),
        "after": decimal_string(savings.after),
        "runs": _count(savings.runs),
        "saved": decimal_string(savings.usd),
    }


def _count(runs: Fraction) -> int | float:
    """Runs, which are parts of one where queries share them."""
    return runs.numerator if runs.denominator == 1 else round(float(runs), 6)


def _ignored(one: Ignored) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "path": one.path,
        "start_line": one.start_line,
        **({"cell": one.cell} if one.cell is not None else {}),
        "reason": one.reason,
        "wasted": _amount(one.usd),
    }


def _code(code: CodeCosts) -> dict[str, Any]:
    return {
        "jobs": code.jobs,
        "matched_jobs": code.matched_jobs,
        "unpriced_jobs": code.unpriced_jobs,
        "net": _amount(code.usd) if code.known else None,
        "to_code": _amount(code.to_code) if code.known else None,
        "not_in_code": _amount(code.not_in_code) if code.known else None,
        "allocated": decimal_string(code.allocated),
        "saved": decimal_string(code.saved),
        "never_run": code.never_run,
        "open_findings": {severity: code.open_findings.get(severity, 0) for severity in reversed(SEVERITIES)},
    }


def _attribution(whole: Attribution, code: CodeCosts | None) -> dict[str, Any]:
    return {
        "to_iterations": decimal_string(whole.to_iterations),
        "to_code": decimal_string(code.to_code) if code is not None and code.known else None,
        "standing": decimal_string(_net(whole.standing)),
        "standing_parts": _parts(whole.standing),
        "unattributed": decimal_string(_net(whole.unattributed)),
        "reasons": _parts(whole.unattributed),
    }


def _parts(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [{"reason": part.name, "rows": part.rows, "net": decimal_string(part.net)} for part in parts]


def _net(parts: Sequence[Part]) -> Decimal:
    return sum((part.net for part in parts), Decimal(0))


def anomaly_document(anomaly: Anomaly) -> dict[str, Any]:
    """An unusual day as JSON's values."""
    return {
        "day": anomaly.day.isoformat(),
        "net": decimal_string(anomaly.net),
        "usual": decimal_string(anomaly.usual),
        "score": float(round(anomaly.score, 2)) if anomaly.score is not None else None,
        "contributors": [
            {
                "dimension": one.dimension,
                "id": one.key,
                "name": one.name,
                "net": decimal_string(one.net),
                "usual": decimal_string(one.usual),
            }
            for one in anomaly.contributors
        ],
    }


def forecast_document(forecast: Forecast) -> dict[str, Any]:
    """The forecast of a month as JSON's values."""
    return {
        "month": forecast.period,
        "to_date": decimal_string(forecast.to_date),
        "closed_days": forecast.closed_days,
        "days_left": forecast.days_left,
        "low": decimal_string(forecast.low),
        "point": decimal_string(forecast.point),
        "high": decimal_string(forecast.high),
    }


def budget_document(state: BudgetState) -> dict[str, Any]:
    """The state of a budget as JSON's values."""
    days, forecast = state.days, state.forecast
    return {
        "name": state.budget.name,
        "period": days.name,
        "first_day": days.first.isoformat(),
        "last_day": _day(days.last),
        "amount": _amount(state.amount),
        "currency": state.budget.currency,
        "spent": _amount(state.spent),
        "state": state.state,
        "passed": [{"at": plain_decimal(rule.at), "on": rule.on} for rule in state.passed],
        "forecast": {
            "low": decimal_string(forecast.low),
            "point": decimal_string(forecast.point),
            "high": decimal_string(forecast.high),
            "closed_days": forecast.closed_days,
            "days_left": forecast.days_left,
        }
        if forecast is not None
        else None,
        "note": state.note,
    }


def _freshness(fresh: Freshness) -> dict[str, Any]:
    return {
        "exported": stamp(fresh.exported),
        "lag_hours_median": _hours(fresh.lag_median),
        "lag_hours_p90": _hours(fresh.lag_p90),
        "provisional_from": _day(fresh.provisional_from),
        "short_services": [
            {"id": short.service, "name": short.name, "rows": short.rows, "usual_rows": short.usual}
            for short in fresh.short_services
        ],
        "previous_week_known_then": _amount(fresh.before_known),
    }


def _hours(lag: timedelta | None) -> float | None:
    return round(lag.total_seconds() / 3600, 2) if lag is not None else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
