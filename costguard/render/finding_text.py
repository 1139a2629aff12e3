"""Findings in words and in order, for every format that people read."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from costguard.model import Span
from costguard.money import format_bytes, format_seconds, format_usd
from costguard.render.amounts import bytes_text, usd_text
from costguard.result import SEVERITIES, Finding, ScanResult


def unsuppressed(result: ScanResult) -> list[Finding]:
    """The findings that count: nothing silences them."""
    return [finding for finding in result.findings if finding.suppressed is None]


def by_dollars(findings: Sequence[Finding]) -> list[Finding]:
    """The dearest first; of what costs the same, or is not known to cost anything, the gravest."""
    return sorted(findings, key=lambda finding: (-_usd(finding), -SEVERITIES.index(finding.severity)))


def weightiest(found: Sequence[Finding], count: int) -> list[Finding]:
    """The findings that matter most, by severity and then by dollars, in the order of the report."""

    def weight(index: int) -> tuple[object, ...]:
        finding = found[index]
        return -SEVERITIES.index(finding.severity), -_usd(finding), index

    return [found[index] for index in sorted(sorted(range(len(found)), key=weight)[:count])]


def _usd(finding: Finding) -> Decimal:
    return finding.wasted_usd.point if finding.wasted_usd is not None else Decimal(0)


def place_text(path: str, span: Span) -> str:
    """A place in the form that terminals and editors turn into a link.

    >>> place_text("a.ipynb", Span(4, 2, 4, 9, cell=3))
    'a.ipynb:cell 3:4:2'
    """
    cell = f"cell {span.cell}:" if span.cell is not None else ""
    return f"{path}:{cell}{span.start_line}:{span.start_column}"


def wasted_text(finding: Finding) -> str:
    """What a finding wastes: dollars of an iteration, bytes or time of a run; `` when nothing of it is known."""
    size, time, usd = finding.wasted_bytes, finding.wasted_seconds, finding.wasted_usd
    parts = []
    if usd is not None and usd.high:
        parts.append(usd_text(usd, " an iteration"))
    if size is not None and size.high:
        parts.append(f"{format_bytes(size.point)} a run" if parts else bytes_text(size, " a run"))
    if time is not None and time.high:
        machine = f" ({finding.machine})" if finding.machine else ""
        parts.append(f"{format_seconds(time.point)} a run{machine}")
    return ", ".join(parts)


def title_text(finding: Finding) -> str:
    """The rule, and the dollars where there are any."""
    usd = finding.wasted_usd
    return (
        finding.rule
        if usd is None or not usd.point
        else f"{finding.rule} wastes {format_usd(usd.point)} an iteration"
    )


def sentences(finding: Finding, cell_text: str = "") -> str:
    """A finding in a paragraph: where it is in its notebook, what is wrong, what it wastes, how to fix it."""
    parts = [f"{cell_text[:1].upper()}{cell_text[1:]}: {finding.message}" if cell_text else finding.message]
    wasted = wasted_text(finding)
    if wasted:
        parts.append(f"It wastes {wasted}")
    if finding.help:
        parts.append(f"To fix: {finding.help}")
    return " ".join(part if part.endswith((".", "!", "?", ":")) else f"{part}." for part in parts)
