"""A scan as Markdown: the summary of a job, a note, a comment. Not a line of the code that was scanned is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from costguard.money import format_bytes, format_usd
from costguard.render.amounts import certainty_text, counted, runs_text
from costguard.render.finding_text import by_dollars, place_text, unsuppressed, wasted_text
from costguard.render.gate_findings import gate_reasons
from costguard.render.markdown_text import markdown_cell, markdown_code, markdown_table
from costguard.render.totals import by_cost, facts, query_place, ranked_reasons, unread_place
from costguard.result import Finding, PolicyReport, QueryReport, ScanResult, UnreadReport, Verdict

JOB_SUMMARY_BYTES: Final = 2**20
"""What GitHub takes of a step: docs.github.com/en/actions (job summaries). It drops a larger one."""
ROWS: Final = 50
"""Findings that are listed; of queries and reasons it is fewer."""
_GATE: Final = {
    "pass": "✅ The gate passed",
    "fail": "❌ The gate failed",
    "error": "❌ Nothing could be checked",
}


def render_scan_markdown(
    result: ScanResult,
    verdict: Verdict,
    version: str,
    findings: Sequence[Finding] | None = None,
    maximum_bytes: int = JOB_SUMMARY_BYTES,
    rows: int = ROWS,
) -> str:
    """The document, in at most so many bytes of UTF-8: tables lose their last rows, and say how many. Where there is no
    room without them it is the first line, or nothing.

    `findings`: those to list; all that nothing ignores by default.
    """
    chosen = by_dollars(unsuppressed(result) if findings is None else findings)
    while True:
        text = "\n".join(_lines(result, verdict, version, chosen, rows)) + "\n"
        if len(text.encode()) <= maximum_bytes:
            return text
        if rows == 0:
            break
        rows //= 2
    first = text[: text.index("\n") + 1]
    return first if len(first.encode()) <= maximum_bytes else ""


def _lines(
    result: ScanResult, verdict: Verdict, version: str, findings: Sequence[Finding], rows: int
) -> Iterator[str]:
    said = list(facts(result))
    yield f"## costguard, one iteration: {markdown_cell(said[0][1])}"
    yield ""
    yield f"- **{_GATE[verdict.verdict]}**"
    yield from (f"  - {markdown_cell(reason)}" for reason in gate_reasons(verdict))
    yield from (f"  - ⚠️ warning: {markdown_cell(warning)}" for warning in verdict.warnings)
    label = said[0][0]
    for name, text in said[1:]:
        label = name or label
        yield f"- {label}: {markdown_cell(text)}"
    yield from _queries(by_cost(result.queries), max(rows // 4, min(rows, 5)))
    yield from policy_section(result.policies, rows // 2)
    yield from _findings(findings, rows)
    yield from _unread(result.unread, rows // 2)
    yield ""
    yield f"<sub>Dollars are list prices, unless a price file or a bill is given. costguard {version}</sub>"


def _queries(queries: Sequence[QueryReport], rows: int) -> Iterator[str]:
    if not queries:
        return
    yield from ("", "### Dearest queries", "")
    if rows:
        heads = ("Query", "Bytes billed", "Dollars a run", "Runs", "Dollars an iteration", "Basis")
        yield from markdown_table(heads, [_query(query) for query in queries[:rows]], right=(1, 2, 3, 4))
    yield from _more(len(queries) - rows, "query", "queries")


def _query(query: QueryReport) -> tuple[str, ...]:
    assert query.usd is not None
    assert query.usd_per_iteration is not None
    assumed = " (assumed)" if query.runs_basis == "assumed" else ""
    return (
        markdown_code(query_place(query)),
        format_bytes(query.bytes_billed.point) if query.bytes_billed is not None else "",
        format_usd(query.usd.point),
        runs_text(query.runs) + assumed,
        format_usd(query.usd_per_iteration.point),
        certainty_text(query.usd_per_iteration),
    )


def _findings(findings: Sequence[Finding], rows: int) -> Iterator[str]:
    if not findings:
        return
    yield from ("", "### Findings", "")
    if rows:
        lines: list[tuple[str, ...]] = [
            ("Finding", "Where", "Wastes", "What, and how to fix it"),
            *map(_finding, findings[:rows]),
        ]
        if not any(line[2] for line in lines[1:]):
            lines = [(*line[:2], line[3]) for line in lines]  # without a catalog there are no dollars
        yield from markdown_table(lines[0], lines[1:])
    yield from _more(len(findings) - rows, "finding", "findings")


def _finding(finding: Finding) -> tuple[str, ...]:
    remedy = f"<br>**To fix:** {markdown_cell(finding.help)}" if finding.help else ""
    return (
        f"{finding.severity}: {markdown_code(finding.rule)}",
        markdown_code(place_text(finding.path, finding.span)),
        markdown_cell(wasted_text(finding)),
        markdown_cell(finding.message) + remedy,
    )


def policy_section(reports: Sequence[PolicyReport], rows: int) -> Iterator[str]:
    """Policies that do not hold, and the first of their violations."""
    cells = [
        (
            f"{report.level}: {markdown_code(report.name)}",
            markdown_code(place_text(item.path, item.span)) if item.path and item.span else "",
            markdown_cell(item.message),
        )
        for report in reports
        for item in report.violations
    ]
    if not cells:
        return
    yield from ("", "### Policies that do not hold", "")
    if rows:
        yield from markdown_table(("Policy", "Where", "What"), cells[:rows])
    yield from _more(
        sum(report.count for report in reports) - min(rows, len(cells)), "violation", "violations"
    )


def _unread(unread: Sequence[UnreadReport], rows: int) -> Iterator[str]:
    """Without the details, which may quote the code."""
    if not unread:
        return
    ranked = ranked_reasons(unread)
    yield from ("", "### Not read", "")
    if rows:
        cells = [
            (f"{count:,}", markdown_cell(reason), markdown_code(unread_place(item)))
            for reason, count, item in ranked[:rows]
        ]
        yield from markdown_table(("Places", "Reason", "Such as"), cells, right=(0,))
    yield from _more(len(ranked) - rows, "reason", "reasons")


def _more(count: int, singular: str, plural: str) -> Iterator[str]:
    if count > 0:
        yield ""
        yield f"{counted(count, f'more {singular}', f'more {plural}')}: `--format json` has every one."
