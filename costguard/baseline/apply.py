"""A baseline is applied to the result of a scan: what it accepts is silenced, and what has become of it is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from costguard.baseline.found import Found
from costguard.baseline.model import Baseline, Entry
from costguard.result import Allowance, BaselineMatter, BaselineReport, ScanResult


def with_baseline(
    result: ScanResult, baseline: Baseline, found: Found, today: date, shown_path: str
) -> ScanResult:
    """The result with the findings silenced that the baseline accepts, at most as many of each kind as it counts.

    `found`: of the same result. `shown_path`: of the file, for people.
    """
    silenced: dict[str, str] = {}
    over: list[BaselineMatter] = []
    for entry in baseline.findings.values():
        if not entry.holds(today):
            continue
        covered = found.covered_findings(entry)
        dear = {item.fingerprint for item in covered if found.is_over(entry, item)}
        silenced |= {item.fingerprint: entry.reason for item in covered if item.fingerprint not in dear}
        if dear:
            over.append(_matter(entry, len(dear)))
    findings = tuple(
        finding
        if finding.suppressed is not None or finding.fingerprint not in silenced
        else replace(finding, suppressed=silenced[finding.fingerprint], suppressed_by="baseline")
        for finding in result.findings
    )
    report = BaselineReport(
        path=shown_path,
        entries=len(baseline.entries),
        stale=tuple(_matter(entry, gone) for entry in baseline.entries if (gone := found.gone(entry))),
        expired=tuple(
            _matter(entry, len(found.covered(entry)))
            for entry in baseline.entries
            if not entry.holds(today) and found.of(entry)
        ),
        over_budget=tuple(over),
        unchecked=sum(found.is_unsure(entry) for entry in baseline.entries),
        allowances=_allowances(baseline, found, today),
    )
    counts = replace(
        result.summary, findings=result.summary.findings - len(silenced), baselined=len(silenced)
    )
    return replace(result, summary=counts, findings=findings, baseline=report)


def _allowances(baseline: Baseline, found: Found, today: date) -> dict[str, Allowance]:
    """What queries may cost, by their ids."""
    allowances = {}
    for entry in baseline.queries.values():
        if entry.budget is not None and entry.holds(today):
            allowance = Allowance(entry.budget.usd_per_run, _last_day(entry))
            allowances.update({item.id: allowance for item in found.covered_queries(entry)})
    return allowances


def _matter(entry: Entry, count: int) -> BaselineMatter:
    return BaselineMatter(entry.fingerprint, entry.rule, entry.path, count, _last_day(entry))


def _last_day(entry: Entry) -> str | None:
    return entry.last_day.isoformat() if entry.last_day is not None else None
