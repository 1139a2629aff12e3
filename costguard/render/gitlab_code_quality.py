"""Findings as a Code Quality report of GitLab: docs.gitlab.com/ci/testing/code_quality (report format)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from costguard.json_text import ascii_json_text
from costguard.render.cells import harmless
from costguard.render.file_places import FilePlaces
from costguard.render.finding_text import sentences, unsuppressed
from costguard.result import Finding, ScanResult, Severity

_SEVERITIES: Final[dict[Severity, str]] = {"error": "critical", "warning": "major", "note": "info"}
"""GitLab's are info, minor, major, critical and blocker."""


def render_gitlab_code_quality(
    result: ScanResult, places: FilePlaces, findings: Sequence[Finding] | None = None
) -> str:
    """The report: a list with an issue per line. `findings`: those to write; all that nothing ignores by default."""
    seen: Counter[str] = Counter()
    rows = []
    for finding in unsuppressed(result) if findings is None else findings:
        seen[finding.fingerprint] += 1
        rows.append(ascii_json_text(_issue(finding, places, seen[finding.fingerprint])))
    lines = ",".join(f"\n  {row}" for row in rows)
    return f"[{lines}\n]\n" if rows else "[]\n"


def _issue(finding: Finding, places: FilePlaces, occurrence: int) -> dict[str, Any]:
    """GitLab shows one issue of a fingerprint only, so each has its own. It asks for a line: that is the first one for
    a cell whose line in the file is not known."""
    place = places.place(finding.path, finding.span)
    lines = (
        {"begin": place.span.start_line, "end": place.span.end_line}
        if place.span is not None
        else {"begin": 1}
    )
    return {
        "description": harmless(sentences(finding, place.cell_text)),
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint if occurrence == 1 else f"{finding.fingerprint}-{occurrence}",
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": place.path, "lines": lines},
    }
