"""A diff as JSON, version 1: the document that `docs/diff.md` describes and `costguard.diff.document` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from costguard.diff.document import VERSION
from costguard.diff.model import FindingChange, PolicyChange, QueryChange, Revision, ScanDiff
from costguard.diff.totals import diff_totals, quiet_changes
from costguard.money import decimal_string
from costguard.render.json_output import (
    baseline_row,
    decimals,
    finding_row,
    query_row,
    row_lines,
    summary_row,
    unread_row,
    violation_row,
)
from costguard.result import ScanResult, Verdict

STATES: Final = ("added", "removed", "dearer", "cheaper", "unknown", "unchanged")

Json = dict[str, Any]


def render_diff_json(diff: ScanDiff, verdict: Verdict) -> str:
    """The document: ASCII, one row of a list per line, keys and rows always in the same order."""
    return "".join(_lines(diff, verdict))


def _lines(diff: ScanDiff, verdict: Verdict) -> Iterator[str]:
    yield f'{{\n  "version": {VERSION},\n'
    yield f'  "summary": {json.dumps(_summary(diff, verdict))},\n'
    yield f'  "base": {json.dumps(_revision(diff.base, diff.before))},\n'
    yield f'  "head": {json.dumps(_revision(diff.head, diff.after))},\n'
    yield f'  "remarks": {json.dumps(list(diff.remarks))},\n'
    yield from row_lines("queries", map(_query, diff.queries), ",\n")
    yield from row_lines("findings", map(_finding, diff.findings), ",\n")
    yield f'  "baseline": {json.dumps(baseline_row(diff.after.baseline))},\n'
    yield from row_lines("policies", map(_policy, diff.policies), "\n")
    yield "}\n"


def _summary(diff: ScanDiff, verdict: Verdict) -> Json:
    totals = diff_totals(diff)
    shown = [change.state for change in diff.findings if change.finding.suppressed is None]
    return {
        "verdict": verdict.verdict,
        "reasons": list(verdict.reasons),
        "warnings": list(verdict.warnings),
        "advisory": verdict.advisory,
        "usd_per_iteration": {
            "before": decimals(totals.before),
            "after": decimals(totals.after),
            "change": decimals(totals.change),
            "compared": decimal_string(totals.compared),
            "percent": f"{totals.percent:.4f}" if totals.percent is not None else None,
            "unknown_queries": totals.unknown,
        },
        "queries": {
            **{state: totals.states[state] for state in STATES},
            "moved": totals.moved,
            "below_min_usd": len(quiet_changes(diff)),
        },
        "findings": {state: shown.count(state) for state in ("new", "known", "fixed")},
        "min_usd": decimal_string(diff.min_usd),
    }


def _revision(revision: Revision, result: ScanResult) -> Json:
    summary = summary_row(result, Verdict("pass", ()))
    for name in ("verdict", "reasons", "warnings", "advisory"):
        del summary[name]  # the diff has one for both sides
    return {
        "name": revision.name,
        "commit": revision.commit,
        "summary": summary,
        "unread": [unread_row(item) for item in result.unread],
    }


def _query(change: QueryChange) -> Json:
    same = change.before == change.after
    return {
        "state": change.state,
        "moved": change.moved,
        "edited": change.edited,
        "change": decimals(change.change),
        "reasons": list(change.reasons),
        "same": same,
        "before": query_row(change.before) if change.before is not None and not same else None,
        "after": query_row(change.after) if change.after is not None else None,
    }


def _policy(change: PolicyChange) -> Json:
    return {
        "name": change.name,
        "level": change.level,
        "before": change.before,
        "after": change.after,
        "new": change.fresh,
        "violations": [violation_row(item) for item in change.violations],
    }


def _finding(change: FindingChange) -> Json:
    same = change.before == change.finding
    return {
        "state": change.state,
        "finding": finding_row(change.finding),
        "same": same,
        "before": finding_row(change.before) if change.before is not None and not same else None,
    }
