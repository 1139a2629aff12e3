"""Two scans become a diff."""

from __future__ import annotations

from collections.abc import Callable, Container
from decimal import Decimal
from typing import Final

from costguard.diff.findings import finding_changes
from costguard.diff.model import Revision, ScanDiff
from costguard.diff.policies import policy_changes
from costguard.diff.queries import query_changes
from costguard.model import Span
from costguard.request import ScanOutcome
from costguard.result import Finding, QueryReport

FLAGGED_LINES: Final = 20
"""Of a finding, as its fingerprint counts them."""


def compare(
    base: Revision,
    head: Revision,
    before: ScanOutcome,
    after: ScanOutcome,
    same_files: Container[str] = (),
    remarks: tuple[str, ...] = (),
    min_usd: Decimal = Decimal(0),
) -> ScanDiff:
    """What differs between two scans. `same_files`: paths of files that hold the same on both sides."""
    queries = query_changes(
        before.result.queries, after.result.queries, _query_text(before), _query_text(after), same_files
    )
    findings = finding_changes(
        before.result.findings, after.result.findings, queries, _flagged_text(before), _flagged_text(after)
    )
    policies = policy_changes(before.result.policies, after.result.policies)
    return ScanDiff(base, head, before.result, after.result, queries, findings, remarks, min_usd, policies)


def _query_text(outcome: ScanOutcome) -> Callable[[QueryReport], str]:
    return lambda query: text_at(outcome.sources(query.path, query.span.cell), query.span)


def _flagged_text(outcome: ScanOutcome) -> Callable[[Finding], str]:
    return lambda finding: text_at(
        outcome.sources(finding.path, finding.span.cell), finding.span, FLAGGED_LINES
    )


def text_at(text: str | None, span: Span, lines: int | None = None) -> str:
    """The part of a text that a span is about, or its first `lines`; empty when the text is gone."""
    if text is None:
        return ""
    chosen = text.split("\n")[span.start_line - 1 : span.end_line]
    if not chosen:
        return ""
    if span.end_line - span.start_line + 1 == len(chosen):
        chosen[-1] = chosen[-1][: span.end_column - 1]
    chosen[0] = chosen[0][span.start_column - 1 :]
    return "\n".join(chosen[:lines])
