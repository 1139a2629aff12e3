"""Findings as a Code Quality report of GitLab: docs.gitlab.com/ci/testing/code_quality (report format)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from costguard.json_text import ascii_json_text
from costguard.render.amounts import counted
from costguard.render.cells import harmless
from costguard.render.file_places import FilePlace, FilePlaces
from costguard.render.finding_text import sentences, unsuppressed
from costguard.render.totals import ranked_reasons
from costguard.result import Finding, ScanResult, Severity

_SEVERITIES: Final[dict[Severity, str]] = {"error": "critical", "warning": "major", "note": "info"}
"""GitLab's are info, minor, major, critical and blocker."""


def render_gitlab_code_quality(
    result: ScanResult,
    places: FilePlaces,
    findings: Sequence[Finding] | None = None,
    points: Sequence[Finding] = (),
) -> str:
    """The report: a list with an issue per line, the last ones for what could not be read.

    `findings`: those to write; all that nothing ignores by default. `points`: what the gate and the policies say, which
    goes first.
    """
    seen: Counter[str] = Counter()
    rows = []
    for finding in (*points, *(unsuppressed(result) if findings is None else findings)):
        seen[finding.fingerprint] += 1
        rows.append(ascii_json_text(_issue(finding, places, seen[finding.fingerprint])))
    rows += [
        ascii_json_text(_unread(reason, count, places.place(item.path, item.span)))
        for reason, count, item in ranked_reasons(result.unread)
    ]
    lines = ",".join(f"\n  {row}" for row in rows)
    return f"[{lines}\n]\n" if rows else "[]\n"


def _issue(finding: Finding, places: FilePlaces, occurrence: int) -> dict[str, Any]:
    """GitLab shows one issue of a fingerprint only, so each has its own."""
    place = places.place(finding.path, finding.span)
    return {
        "description": harmless(sentences(finding, place.cell_text)),
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint if occurrence == 1 else f"{finding.fingerprint}-{occurrence}",
        "severity": _SEVERITIES[finding.severity],
        "location": _location(place),
    }


def _unread(reason: str, count: int, place: FilePlace) -> dict[str, Any]:
    """One issue for each reason, at the first place: it is new in a merge request when the reason is."""
    return {
        "description": harmless(f"{counted(count, 'place')} not read, and in no figure: {reason}."),
        "check_name": "not-read",
        # Not `harmless`, which makes one sign of all that cannot be printed: reasons have fingerprints of their own.
        "fingerprint": f"not-read {reason.encode('unicode_escape').decode('ascii')}",
        "severity": "info",
        "location": _location(place),
    }


def _location(place: FilePlace) -> dict[str, Any]:
    """GitLab asks for a line: the first one stands for a cell whose line in the file is not known."""
    span = place.span
    lines = {"begin": span.start_line, "end": span.end_line} if span is not None else {"begin": 1}
    return {"path": place.path, "lines": lines}
