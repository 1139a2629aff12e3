"""What the gate and the policies say of places, as findings: so that each format for findings can show it.

A violation that has no place stands at the config file, which declares its policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from costguard.cache import digest
from costguard.judge.occurrence import occurrence
from costguard.model import Span
from costguard.render.amounts import counted
from costguard.render.baseline import baseline_lines
from costguard.result import Finding, GatePoint, PolicyReport, ScanResult, Severity, Verdict

POLICY: Final = "policy/"
"""Begins the rule of a finding that is a violation of a policy."""
GATE: Final = "gate"
BASELINE: Final = "baseline"
TOP: Final = Span(1, 1, 1, 1)
_ADVISORY: Final = "the exit code is 0 all the same (--exit-zero)"


def gate_findings(
    reports: Sequence[PolicyReport], points: Sequence[GatePoint], declared: str
) -> tuple[Finding, ...]:
    """Violations of policies, and queries that cost more than they may. `declared`: the config file."""
    seen: Counter[str] = Counter()
    found = (*_violations(reports, declared), *_queries(points))
    return tuple(_marked(finding, seen) for finding in found)


def gate_remarks(result: ScanResult, verdict: Verdict, declared: str) -> tuple[Finding, ...]:
    """What else the gate says (limits of an iteration, that nothing was checked), and what is to be said of the
    baseline, each at the top of its file: for a format that holds nothing without a place."""
    return tuple(_remarks(result, verdict, declared))


def gate_reasons(verdict: Verdict) -> tuple[str, ...]:
    """Why the gate failed, and that this fails nothing, where it does not."""
    advisory = verdict.advisory and verdict.verdict == "fail"
    return (*verdict.reasons, *((_ADVISORY,) if advisory else ()))


def baseline_remarks(result: ScanResult) -> tuple[str, ...]:
    """What is to be done about the baseline: entries that are stale, that expired, or that allow too little."""
    report = result.baseline
    return tuple(baseline_lines(report, result.summary.baselined))[1:] if report is not None else ()


def _violations(reports: Sequence[PolicyReport], declared: str) -> Iterator[Finding]:
    for report in reports:
        rule = POLICY + report.name
        for violation in report.violations:
            path, span = violation.path or declared, violation.span or TOP
            yield _finding(rule, report.level, path, span, violation.message, "policy")
        rest = report.count - len(report.violations)
        if rest > 0:
            text = f"{counted(rest, 'more violation')} of this policy"
            yield _finding(rule, report.level, declared, TOP, text, "policy")


def _queries(points: Sequence[GatePoint]) -> Iterator[Finding]:
    for point in points:
        if point.path is not None and point.span is not None:
            yield _finding(point.name, point.level, point.path, point.span, point.text, GATE)


def _remarks(result: ScanResult, verdict: Verdict, declared: str) -> Iterator[Finding]:
    if verdict.verdict == "error":
        yield _finding(GATE, "error", declared, TOP, "; ".join(verdict.reasons), GATE)
    for point in verdict.points:
        if point.path is None:
            yield _finding(GATE, point.level, declared, TOP, point.text, GATE)
    if result.baseline is not None:
        for text in baseline_remarks(result):
            yield _finding(BASELINE, "note", result.baseline.path, TOP, text, GATE)


def _finding(rule: str, severity: Severity, path: str, span: Span, text: str, driver: str) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        confidence="high",
        driver=driver,
        path=path,
        span=span,
        message=text,
        query=None,
        wasted_bytes=None,
        wasted_usd=None,
        # Of a limit the text holds dollars, which change: the place is what it is about.
        fingerprint=digest(rule, path, text if driver == "policy" else "")[:16],
    )


def _marked(finding: Finding, seen: Counter[str]) -> Finding:
    """The finding with a fingerprint of its own among those that look alike."""
    seen[finding.fingerprint] += 1
    return replace(finding, fingerprint=occurrence(finding.fingerprint, seen[finding.fingerprint]))
