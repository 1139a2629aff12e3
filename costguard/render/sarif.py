"""Findings as SARIF 2.1.0, within what GitHub's code scanning takes.

The standard: docs.oasis-open.org/sarif/sarif/v2.1.0; what GitHub reads of it and its limits:
docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import quote

from costguard.json_text import ascii_json_text
from costguard.model import Span
from costguard.render.amounts import counted
from costguard.render.cells import harmless
from costguard.render.file_places import FilePlace, FilePlaces
from costguard.render.finding_text import sentences, weightiest
from costguard.render.gate_findings import baseline_remarks
from costguard.render.json_output import finding_row, summary_row
from costguard.render.rule_pages import RulePage
from costguard.result import Finding, ScanResult, UnreadReport, Verdict

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAXIMUM_RESULTS: Final = 25_000
"""Results of a run that GitHub takes; it refuses a file with more."""
_MAXIMUM_TEXT: Final = 1000
"""GitHub cuts a rule's descriptions at 1024 characters."""
_ROOT: Final = "SRCROOT"
_FINGERPRINT: Final = "costguard/v1"
_PROBLEM: Final = {"error": "error", "warning": "warning", "note": "recommendation"}

BaselineState = Literal["new", "unchanged", "absent"]
Json = dict[str, Any]


def render_sarif(
    result: ScanResult,
    verdict: Verdict,
    places: FilePlaces,
    pages: Mapping[str, RulePage],
    version: str,
    findings: Sequence[Finding] | None = None,
    states: Mapping[str, BaselineState] | None = None,
    everything: bool = False,
    points: Sequence[Finding] = (),
    places_before: FilePlaces | None = None,
) -> str:
    """The document: ASCII, a result per line.

    `findings`: those to write, all of the scan by default. `states`: what became of them since another revision, by
    fingerprint. Silenced and absent ones are left out unless `everything` is asked for: GitHub would open an alert for
    each, whatever is said of it. `points`: what the gate and the policies say of places, which comes first.
    `places_before`: those of the other revision, for absent ones.
    """
    states = states or {}
    chosen = list(points) + [
        finding
        for finding in (result.findings if findings is None else findings)
        if everything or (finding.suppressed is None and states.get(finding.fingerprint) != "absent")
    ]
    shown = chosen if len(chosen) <= MAXIMUM_RESULTS else weightiest(chosen, MAXIMUM_RESULTS)
    ids = sorted({finding.rule for finding in shown})
    numbers = {name: number for number, name in enumerate(ids)}
    severities = {finding.rule: finding.severity for finding in reversed(shown)}
    notifications = [
        *(_notification("gate", _plain(text)) for text in verdict.warnings),
        *(_notification("baseline", _plain(text), level="note") for text in baseline_remarks(result)),
        *(_unread(item, places) for item in result.unread),
    ]
    if len(shown) < len(chosen):
        left = counted(len(chosen) - len(shown), "finding is", "findings are")
        notifications.append(
            _notification("left-out", f"{left} not in this file, which has the gravest and dearest.")
        )
    head: Json = {
        "tool": {
            "driver": {
                "name": "costguard",
                "version": version,
                "rules": [_rule(name, pages.get(name), severities[name]) for name in ids],
                "notifications": [
                    {"id": name, "shortDescription": {"text": text}} for name, text in _NOTIFICATIONS.items()
                ],
            }
        },
        "automationDetails": {"id": "costguard/"},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r"],
        "invocations": [
            {
                "executionSuccessful": verdict.verdict != "error",
                "exitCode": verdict.exit_code,
                "toolExecutionNotifications": [],
            }
        ],
        "properties": {"summary": summary_row(result, verdict)},
    }
    rows = (
        _result(
            item,
            numbers[item.rule],
            places_before or places if states.get(item.fingerprint) == "absent" else places,
            states,
        )
        for item in shown
    )
    return _document(head, notifications, rows)


def _document(head: Json, notifications: Iterable[Json], rows: Iterable[Json]) -> str:
    """Indented, but for the long lists, which have a row per line: that is written ten times as fast."""
    text = json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [{**head, "results": []}]}, indent=2)
    text = _filled(text, "toolExecutionNotifications", notifications)
    return _filled(text, "results", rows) + "\n"


def _filled(text: str, name: str, rows: Iterable[Json]) -> str:
    """The empty list of a name, filled. (A string of the document holds no quote that is not escaped.)"""
    before, empty, after = text.partition(f'"{name}": []')
    lines = ",".join(f"\n        {ascii_json_text(row)}" for row in rows)
    return f"{before}{empty[:-1]}{lines}\n      ]{after}" if lines else text


_NOTIFICATIONS: Final = {
    "not-read": "Something could not be read: its cost is in no figure.",
    "left-out": "More was found than this file may hold.",
    "gate": "What does not fail yet.",
    "baseline": "Something is to be done about the baseline.",
}


def _rule(name: str, page: RulePage | None, severity: str) -> Json:
    if page is None:
        return {
            "id": name,
            "shortDescription": {"text": name},
            "defaultConfiguration": {"level": severity},
            "properties": {"tags": ["cost"], "problem.severity": _PROBLEM[severity]},
        }
    return {
        "id": name,
        "shortDescription": {"text": _cut(page.title)},
        "fullDescription": {"text": _cut(page.why.split("\n\n")[0])},
        "help": {"text": page.why, "markdown": page.help},
        **({"helpUri": page.address} if page.address else {}),
        "defaultConfiguration": {"level": page.severity},
        "properties": {
            "tags": list(page.tags),
            **({"precision": page.confidence} if page.confidence else {}),
            "problem.severity": _PROBLEM[page.severity],
        },
    }


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAXIMUM_TEXT else line[: _MAXIMUM_TEXT - 1] + "…"


def _result(finding: Finding, number: int, places: FilePlaces, states: Mapping[str, BaselineState]) -> Json:
    place = places.place(finding.path, finding.span)
    state = states.get(finding.fingerprint)
    return {
        "ruleId": finding.rule,
        "ruleIndex": number,
        "level": finding.severity,
        "message": {"text": _plain(sentences(finding, place.cell_text))},
        "locations": [_location(place)],
        "partialFingerprints": {_FINGERPRINT: finding.fingerprint},
        **({"suppressions": [_suppression(finding)]} if finding.suppressed is not None else {}),
        **({"baselineState": state} if state is not None else {}),
        "properties": {
            "confidence": finding.confidence,
            "driver": finding.driver,
            "query": finding.query,
            "wasted": finding_row(finding)["wasted"],
        },
    }


def _plain(text: str) -> str:
    """`[text](target)` is a link even in plain text messages. (Braces are for placeholders, which there are only with
    arguments; GitHub shows doubled ones as they stand.)"""
    return harmless(text).replace("](", "] (")


def _suppression(finding: Finding) -> Json:
    kind = "inSource" if finding.suppressed_by == "comment" else "external"
    reason = {"justification": harmless(finding.suppressed)} if finding.suppressed else {}
    return {"kind": kind, "status": "accepted", **reason}


def _location(place: FilePlace) -> Json:
    artifact = (
        {"uri": quote(place.path, safe="/", errors="replace"), "uriBaseId": _ROOT}
        if place.inside
        else {"uri": "file://" + quote(place.path, safe="/", errors="replace")}
    )
    region = {"region": _region(place.span)} if place.span is not None else {}
    return {"physicalLocation": {"artifactLocation": artifact, **region}}


def _region(span: Span) -> Json:
    return {
        "startLine": span.start_line,
        "startColumn": span.start_column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _unread(item: UnreadReport, places: FilePlaces) -> Json:
    """Without the detail, which may quote the code."""
    place = places.place(item.path, item.span)
    where = f" ({place.cell_text})" if place.cell_text else ""
    return _notification("not-read", f"Not read: {_plain(item.reason)}{where}", [_location(place)])


def _notification(name: str, text: str, locations: Sequence[Json] = (), level: str = "warning") -> Json:
    return {
        "descriptor": {"id": name},
        "level": level,
        "message": {"text": text},
        **({"locations": list(locations)} if locations else {}),
    }
