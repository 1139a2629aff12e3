"""Findings as annotations of GitHub Actions: workflow commands in the log of a step.

docs.github.com/en/actions/reference/workflow-commands-for-github-actions. GitHub shows ten errors, ten warnings and ten
notices of a step, so the dearest come first, and what is left out is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from costguard.render.amounts import counted
from costguard.render.cells import harmless
from costguard.render.file_places import FilePlaces
from costguard.render.finding_text import by_dollars, sentences, title_text, unsuppressed
from costguard.render.gate_findings import baseline_remarks, gate_reasons
from costguard.render.totals import iteration_text, policies_text, ranked_reasons
from costguard.result import SEVERITIES, Finding, ScanResult, Severity, UnreadReport, Verdict

SHOWN: Final = 10
"""Annotations of each level that GitHub shows of a step."""
_COMMANDS: Final[dict[Severity, str]] = {"error": "error", "warning": "warning", "note": "notice"}
_REASONS: Final = 5


def render_github(
    result: ScanResult,
    verdict: Verdict,
    places: FilePlaces,
    findings: Sequence[Finding] | None = None,
    points: Sequence[Finding] = (),
    summary: str | None = None,
) -> str:
    """Lines for the log: what the gate says, what was not read, the dearest findings, and how many there are beside.

    `findings`: those to show; all that nothing ignores by default. `points`: what the gate and the policies say of
    places, which goes first. `summary`: how the last line begins, if not with findings and the cost of an iteration.
    """
    chosen = [*points, *by_dollars(unsuppressed(result) if findings is None else findings)]
    lines: list[str] = []
    room = Counter(dict.fromkeys(SEVERITIES, SHOWN))
    for level, line in _heads(result, verdict):
        lines.append(line)
        room[level] -= 1
    left: Counter[Severity] = Counter()
    for severity in reversed(SEVERITIES):
        of_level = [finding for finding in chosen if finding.severity == severity]
        shown = of_level[: room[severity]]
        lines.extend(_annotation(finding, places) for finding in shown)
        left[severity] = len(of_level) - len(shown)
    if summary is None:
        summary = (
            f"{counted(len(chosen) - len(points), 'finding')}; an iteration: {iteration_text(result.summary)}"
        )
        if result.policies:
            summary += f"; policies: {policies_text(result.policies)}"
    return "\n".join((*lines, *_last(verdict, summary, left))) + "\n"


def _heads(result: ScanResult, verdict: Verdict) -> Iterator[tuple[Severity, str]]:
    """Annotations without a place, with their levels."""
    if verdict.verdict != "pass":
        level: Severity = "warning" if verdict.exit_code == 0 else "error"
        title = (
            "costguard: the gate failed" if verdict.verdict == "fail" else "costguard: nothing was checked"
        )
        yield level, _command(_COMMANDS[level], "\n".join(gate_reasons(verdict)), title=title)
    if verdict.warnings:
        yield "warning", _command("warning", "\n".join(verdict.warnings), title="costguard: the gate warns")
    if result.unread:
        yield "warning", _unread(result.unread)
    remarks = baseline_remarks(result)
    if remarks:
        yield "note", _command("notice", "\n".join(remarks), title="costguard: the baseline")


def _annotation(finding: Finding, places: FilePlaces) -> str:
    place = places.place(finding.path, finding.span)
    properties: dict[str, object] = {}
    if place.inside:
        properties["file"] = place.path
    if place.inside and place.span is not None:
        span = place.span
        properties["line"] = span.start_line
        # GitHub takes columns within one line only.
        properties |= (
            {"col": span.start_column, "endColumn": max(span.end_column, span.start_column)}
            if span.start_line == span.end_line
            else {"endLine": span.end_line}
        )
    properties["title"] = title_text(finding)
    text = sentences(finding, place.cell_text)
    return _command(
        _COMMANDS[finding.severity], text if place.inside else f"{place.path}: {text}", **properties
    )


def _unread(unread: Sequence[UnreadReport]) -> str:
    ranked = ranked_reasons(unread)
    lines = [f"{count:,} x {reason}" for reason, count, _ in ranked[:_REASONS]]
    if len(ranked) > _REASONS:
        lines.append(counted(len(ranked) - _REASONS, "other reason"))
    lines.append("Their cost is in no figure.")
    places = counted(len(unread), "place")
    return _command("warning", "\n".join(lines), title=f"costguard: {places} could not be read")


def _last(verdict: Verdict, summary: str, left: Counter[Severity]) -> Iterator[str]:
    hidden = [counted(left[severity], severity) for severity in reversed(SEVERITIES) if left[severity]]
    if hidden:
        yield (
            f"{', '.join(hidden)} not shown here: GitHub shows {SHOWN} annotations of a kind in a step, and these are "
            "the dearest. A SARIF file holds them all."
        )
    gate = {"pass": "passed", "fail": "failed", "error": "checked nothing"}[verdict.verdict]
    remarks = f" ({'; '.join(verdict.reasons)})" if verdict.verdict == "pass" and verdict.reasons else ""
    # An older form of commands, `##[name]`, may stand anywhere in a line.
    said = harmless(f"{summary}; the gate {gate}{remarks}").replace("##[", "## [")
    yield f"costguard: {said}."


def _command(name: str, text: str, **properties: object) -> str:
    """A workflow command: nothing in it can end it or begin another."""
    shown = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{name} {shown}::{_data(text)}"


def _data(text: str) -> str:
    lines = (harmless(line) for line in text.split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
