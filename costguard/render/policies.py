"""What a scan says of the policies of the config."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from costguard.render.amounts import counted
from costguard.render.cells import harmless, wrap
from costguard.render.finding_text import place_text
from costguard.render.paint import Paint
from costguard.result import PolicyReport, PolicyViolation

SHOWN: Final = 10
"""Violations of one policy."""


def policy_blocks(
    reports: Sequence[PolicyReport], width: int, paint: Paint, everything: bool
) -> Iterator[list[str]]:
    """A block for each policy that does not hold. `everything`: all violations that the result has."""
    for report in reports:
        if not report.count:
            continue
        shown = report.violations if everything else report.violations[:SHOWN]
        head = paint(f"{report.level}[policy {report.name}]", report.level)
        lines = [f"{head} {counted(report.count, 'violation')}"]
        for violation in shown:
            lines.extend(_violation(violation, width, paint))
        rest = report.count - len(shown)
        if rest:
            more = "" if everything else "; --all shows more"
            lines.append(paint(f"       and {rest:,} more{more}", "dim"))
        yield lines


def _violation(violation: PolicyViolation, width: int, paint: Paint) -> Iterator[str]:
    indent = " " * 7
    if violation.path is not None and violation.span is not None:
        yield f"  {harmless(place_text(violation.path, violation.span))}"
    for line in wrap(violation.message, width - len(indent)):
        yield indent + line
