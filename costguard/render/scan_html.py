"""A scan as one HTML file: styles and chart inside, no script, nothing loaded from anywhere.

The page is made to be shared, so that not a line of the code that was scanned is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from costguard.iteration_cost import iteration_cost
from costguard.model import Span
from costguard.money import format_bytes, format_usd
from costguard.render.amounts import certainty_text, counted, runs_text
from costguard.render.cells import cut_start, harmless
from costguard.render.charts import Bar, ranked_chart
from costguard.render.finding_text import by_dollars, place_text, unsuppressed, wasted_text
from costguard.render.gate_findings import gate_reasons
from costguard.render.html_page import page_template
from costguard.render.totals import by_cost, facts, query_place, ranked_reasons, unread_place
from costguard.result import Finding, PolicyReport, QueryReport, ScanResult, Verdict

_CHART_BARS: Final = 8
_CHART_NAME: Final = 32
"""Characters of a name beside a bar."""
_OPEN_FINDINGS: Final = 50
"""The files with the first so many findings are unfolded."""
_UNKNOWN: Final = "unknown"
_VIOLATIONS: Final = 50
"""Of a policy."""
_GATE: Final = {
    "pass": "✓ The gate passed",
    "fail": "✗ The gate failed",
    "error": "✗ Nothing could be checked",
}


@dataclass(frozen=True, slots=True)
class _Finding:
    severity: str
    rule: str
    place: str
    message: str
    wasted: str
    help: str


@dataclass(frozen=True, slots=True)
class _Policy:
    level: str
    name: str
    heading: str
    """How many violations."""
    violations: tuple[tuple[str, str], ...]
    """(place, text)"""
    more: str


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    usd: Decimal
    shown_usd: str
    heading: str
    """How many queries and findings."""
    queries: tuple[tuple[str, ...], ...]
    findings: tuple[_Finding, ...]


def render_scan_html(
    result: ScanResult, verdict: Verdict, version: str, findings: Sequence[Finding] | None = None
) -> str:
    """The document. `findings`: those to show; all that nothing ignores by default."""
    chosen = unsuppressed(result) if findings is None else findings
    files = _files(result.queries, chosen)
    shown = [file for file in files if file.findings or file.usd]
    (first, headline), *said = facts(result)
    if said and not said[0][0]:
        said[0] = (first, said[0][1])  # the headline has no label to go on from
    return page_template("scan.html.j2").render(
        headline=harmless(headline),
        gate=verdict.verdict,
        gate_text=_GATE[verdict.verdict],
        reasons=[harmless(reason) for reason in gate_reasons(verdict)],
        warnings=[harmless(warning) for warning in verdict.warnings],
        policies=[_policy(report) for report in result.policies if report.count],
        facts=[(label, harmless(text)) for label, text in said],
        chart=_chart(result.queries),
        query_heads=("Query", "Statement", "Bytes billed", "$ a run", "Runs", "$ an iteration", "Basis"),
        files=list(zip(shown, _unfolded(shown), strict=True)),
        others=_others(files, shown),
        unread=[
            (f"{count:,}", harmless(reason), harmless(unread_place(item)))
            for reason, count, item in ranked_reasons(result.unread)
        ],
        version=version,
    )


def _policy(report: PolicyReport) -> _Policy:
    rest = report.count - min(len(report.violations), _VIOLATIONS)
    return _Policy(
        report.level,
        harmless(report.name),
        counted(report.count, "violation"),
        tuple(
            (
                harmless(place_text(item.path, item.span)) if item.path and item.span else "",
                harmless(item.message),
            )
            for item in report.violations[:_VIOLATIONS]
        ),
        f"{rest:,} more: the JSON document has them" if rest else "",
    )


def _chart(queries: Sequence[QueryReport]) -> Markup | None:
    dear = by_cost(queries)[:_CHART_BARS]
    if not dear:
        return None
    bars = [
        Bar(
            cut_start(harmless(query_place(query)), _CHART_NAME),
            query.usd_per_iteration.point,
            format_usd(query.usd_per_iteration.point),
        )
        for query in dear
        if query.usd_per_iteration is not None
    ]
    first = f"{bars[0].name} comes first with {bars[0].shown}."
    return Markup(ranked_chart("Dearest queries", first, bars))  # noqa: S704 - its texts are escaped


def _files(queries: Sequence[QueryReport], findings: Sequence[Finding]) -> list[_File]:
    """What is known of each file, the dearest first."""
    by_path: dict[str, tuple[list[QueryReport], list[Finding]]] = {}
    for query in queries:
        by_path.setdefault(query.path, ([], []))[0].append(query)
    for finding in findings:
        by_path.setdefault(finding.path, ([], []))[1].append(finding)
    files = [_file(path, own, found) for path, (own, found) in by_path.items()]
    return sorted(files, key=lambda file: (-file.usd, -len(file.findings), file.path))


def _file(path: str, queries: Sequence[QueryReport], findings: Sequence[Finding]) -> _File:
    costs = [
        query.usd_per_iteration
        for query in queries
        if query.usd_per_iteration is not None and query.counted_with is None
    ]
    usd = iteration_cost(queries).point
    heading = ", ".join(
        [
            *([counted(len(queries), "query", "queries")] if queries else ()),
            *([counted(len(findings), "finding")] if findings else ()),
        ]
    )
    return _File(
        harmless(path),
        usd,
        format_usd(usd) if costs else "",
        heading,
        tuple(map(_query, queries)),
        tuple(map(_finding, by_dollars(findings))),
    )


def _query(query: QueryReport) -> tuple[str, ...]:
    variant = f" ({query.variant})" if query.variant else ""
    elsewhere = query.counted_with is not None
    usd = query.usd_per_iteration
    return (
        harmless(_lines(query.span) + variant),
        harmless(query.statement),
        format_bytes(query.bytes_billed.point) if query.bytes_billed is not None else _UNKNOWN,
        format_usd(query.usd.point) if query.usd is not None else _UNKNOWN,
        runs_text(query.runs) + (" assumed" if query.runs_basis == "assumed" else ""),
        "counted elsewhere" if elsewhere else format_usd(usd.point) if usd is not None else _UNKNOWN,
        certainty_text(usd) if usd is not None and not elsewhere else "",
    )


def _finding(finding: Finding) -> _Finding:
    return _Finding(
        finding.severity,
        harmless(finding.rule),
        _lines(finding.span),
        harmless(finding.message),
        harmless(wasted_text(finding)),
        harmless(finding.help or ""),
    )


def _lines(span: Span) -> str:
    cell = f"cell {span.cell}, " if span.cell is not None else ""
    if span.end_line <= span.start_line:
        return f"{cell}line {span.start_line}"
    return f"{cell}lines {span.start_line} to {span.end_line}"


def _unfolded(files: Sequence[_File]) -> Iterator[bool]:
    """Whether a file is unfolded: those with the first findings are."""
    count = 0
    for file in files:
        yield bool(file.findings) and count < _OPEN_FINDINGS
        count += len(file.findings)


def _others(files: Sequence[_File], shown: Sequence[_File]) -> str:
    """What is not on the page."""
    rest = len(files) - len(shown)
    if not rest:
        return ""
    queries = sum(len(file.queries) for file in files) - sum(len(file.queries) for file in shown)
    return (
        f"{counted(rest, 'more file')} with {counted(queries, 'query', 'queries')} of no cost or an unknown one, and "
        "without findings"
    )
