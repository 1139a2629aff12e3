"""A scan as JUnit XML, which Jenkins, GitLab, Azure and others show as tests.

A test suite is a file, a test case a finding. Those that the gate counts have failed, the others have passed and say
what was found; a file without findings is one test that passed; what could not be read was skipped. The gate is a test
of its own, and so is the baseline, where there is something to say of it. Policies and limits are tests where they do
not hold: those of the level `error` have failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import Final, Literal

from costguard.money import decimal_string
from costguard.render.cells import harmless
from costguard.render.file_places import FilePlaces
from costguard.render.finding_text import sentences, title_text, unsuppressed
from costguard.render.gate_findings import baseline_remarks, gate_reasons
from costguard.result import SEVERITIES, Finding, ScanResult, Severity, UnreadReport, Verdict

_GATE: Final = "costguard gate"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    attributes: str
    """Where it is."""
    outcome: Literal["passed", "failure", "error", "skipped"]
    inside: str
    """Its elements; `` for none."""


def render_junit(
    result: ScanResult,
    verdict: Verdict,
    places: FilePlaces,
    findings: Sequence[Finding] | None = None,
    fail_on: Severity | None = "error",
    points: Sequence[Finding] = (),
    properties: Mapping[str, str] = _NOTHING,
) -> str:
    """The document. `findings`: those to write; all that nothing ignores by default. `fail_on`: the lowest
    severity that fails the gate; None when none does. `points`: what the gate and the policies say of places.
    `properties`: further ones."""

    def shown(path: str) -> str:
        return harmless(places.file(path)[0])

    suites: dict[str, list[_Case]] = {}
    for finding in points:
        suites.setdefault(shown(finding.path), []).append(
            _finding(finding, places, finding.severity == "error")
        )
    for finding in unsuppressed(result) if findings is None else findings:
        suites.setdefault(shown(finding.path), []).append(_finding(finding, places, _fails(finding, fail_on)))
    for item in result.unread:
        suites.setdefault(shown(item.path), []).append(_unread(item, places))
    for path in dict.fromkeys(query.path for query in result.queries):
        suites.setdefault(shown(path), [_Case("nothing found", "", "passed", "")])
    gate = [_gate(verdict), *_baseline(result)]
    lines = [
        *_suite(_GATE, gate, _properties(result, properties)),
        *(line for name in sorted(suites) for line in _suite(name, suites[name])),
    ]
    everything = [*gate, *(case for cases in suites.values() for case in cases)]
    head = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="costguard" {_counts(everything)}>']
    return "\n".join((*head, *lines, "</testsuites>")) + "\n"


def _fails(finding: Finding, fail_on: Severity | None) -> bool:
    return fail_on is not None and SEVERITIES.index(finding.severity) >= SEVERITIES.index(fail_on)


def _suite(name: str, cases: Sequence[_Case], properties: Iterable[str] = ()) -> Iterator[str]:
    shown = _xml(name)
    yield f'  <testsuite name="{shown}" {_counts(cases)}>'
    yield from properties
    seen: Counter[str] = Counter()
    for case in cases:
        # Readers tell tests apart by their names.
        seen[case.name] += 1
        number = f" ({seen[case.name]})" if seen[case.name] > 1 else ""
        head = (
            f'    <testcase classname="{shown}" name="{_xml(case.name + number)}"{case.attributes} time="0"'
        )
        yield f"{head}>{case.inside}</testcase>" if case.inside else f"{head}/>"
    yield "  </testsuite>"


def _counts(cases: Sequence[_Case]) -> str:
    outcomes = Counter(case.outcome for case in cases)
    return (
        f'tests="{len(cases)}" failures="{outcomes["failure"]}" errors="{outcomes["error"]}" '
        f'skipped="{outcomes["skipped"]}" time="0"'
    )


def _finding(finding: Finding, places: FilePlaces, fails: bool) -> _Case:
    place = places.place(finding.path, finding.span)
    cell = f"cell {finding.span.cell}, " if finding.span.cell is not None else ""
    name = f"{finding.rule} ({cell}line {finding.span.start_line})"
    line = f' line="{place.span.start_line}"' if place.span is not None else ""
    attributes = f' file="{_xml(place.path)}"{line}'
    text = _xml(sentences(finding, place.cell_text))
    if not fails:
        return _Case(name, attributes, "passed", f"<system-out>{finding.severity}: {text}</system-out>")
    return _Case(
        name,
        attributes,
        "failure",
        f'<failure type="{_xml(finding.rule)}" message="{_xml(title_text(finding))}">{text}</failure>',
    )


def _unread(item: UnreadReport, places: FilePlaces) -> _Case:
    """Without the detail, which may quote the code."""
    place = places.place(item.path, item.span)
    where = place.cell_text or f"line {item.span.start_line}"
    line = f' line="{place.span.start_line}"' if place.span is not None else ""
    reason = _xml(f"not read: {item.reason}")
    return _Case(
        f"not read ({where})",
        f' file="{_xml(place.path)}"{line}',
        "skipped",
        f'<skipped message="{reason}"/>',
    )


def _gate(verdict: Verdict) -> _Case:
    text = _xml("; ".join(gate_reasons(verdict)))
    warnings = [f"warning: {_xml(warning)}" for warning in verdict.warnings]
    if verdict.verdict == "pass":
        return _Case("gate", "", "passed", _output([*([text] if text else ()), *warnings]))
    word: Literal["failure", "error"] = "failure" if verdict.verdict == "fail" else "error"
    return _Case("gate", "", word, f'<{word} type="gate" message="{text}"/>{_output(warnings)}')


def _baseline(result: ScanResult) -> Iterator[_Case]:
    remarks = baseline_remarks(result)
    if remarks:
        yield _Case("baseline", "", "passed", _output([_xml(text) for text in remarks]))


def _output(lines: Sequence[str]) -> str:
    return f"<system-out>{'; '.join(lines)}</system-out>" if lines else ""


def _properties(result: ScanResult, more: Mapping[str, str]) -> Iterator[str]:
    usd = result.summary.usd_per_iteration
    known = result.summary.queries > result.summary.unknown_queries + result.summary.counted_elsewhere
    yield "    <properties>"
    if known or not result.summary.queries:
        for name, amount in (("low", usd.low), ("point", usd.point), ("high", usd.high)):
            yield f'      <property name="usd_per_iteration_{name}" value="{decimal_string(amount)}"/>'
        yield f'      <property name="usd_per_iteration_basis" value="{_xml(usd.basis)}"/>'
    yield f'      <property name="unknown_queries" value="{result.summary.unknown_queries}"/>'
    yield f'      <property name="unread" value="{result.summary.unread}"/>'
    for name, value in more.items():
        yield f'      <property name="{_xml(name)}" value="{_xml(value)}"/>'
    yield "    </properties>"


def _xml(text: str) -> str:
    """Text for an element or an attribute; characters that XML cannot hold become visible stand-ins."""
    return escape(harmless(text))
