"""What the gate and policies say of places, as findings."""

from __future__ import annotations

from dataclasses import replace

from costguard.model import Span
from costguard.render.gate_findings import baseline_remarks, gate_findings, gate_reasons, gate_remarks
from costguard.result import (
    BaselineMatter,
    BaselineReport,
    Finding,
    GatePoint,
    PolicyReport,
    PolicyViolation,
    Verdict,
)
from tests.render.results import result

SPAN = Span(3, 1, 3, 9)
POLICIES = (
    PolicyReport(
        "no-dear",
        "error",
        4,
        (
            PolicyViolation("a run costs $6.25", "a.sql", SPAN),
            PolicyViolation("a run costs $6.25", "a.sql", Span(7, 1, 7, 9)),
            PolicyViolation("too many"),
        ),
    ),
    PolicyReport("holds", "warning", 0),
)
POINTS = (
    GatePoint("warning", "warn-usd-per-query", "b.sql", SPAN, "one run costs $2.00, more than $1.00"),
    GatePoint("error", "iteration", None, None, "one iteration costs $9.00, more than $8.00"),
)
STALE = BaselineReport(".costguard/baseline.json", 2, stale=(BaselineMatter("f", "select-star", "a.sql", 1),))


def rows(findings: tuple[Finding, ...]) -> list[tuple[str, str, str, int, str]]:
    return [(item.rule, item.severity, item.path, item.span.start_line, item.message) for item in findings]


def test_violations_and_queries_at_their_places() -> None:
    found = gate_findings(POLICIES, POINTS, "conf/costguard.toml")
    assert rows(found) == [
        ("policy/no-dear", "error", "a.sql", 3, "a run costs $6.25"),
        ("policy/no-dear", "error", "a.sql", 7, "a run costs $6.25"),
        ("policy/no-dear", "error", "conf/costguard.toml", 1, "too many"),
        ("policy/no-dear", "error", "conf/costguard.toml", 1, "1 more violation of this policy"),
        ("warn-usd-per-query", "warning", "b.sql", 3, "one run costs $2.00, more than $1.00"),
    ]
    assert len({item.fingerprint for item in found}) == 5


def test_fingerprints_stay_when_lines_move_and_dollars_change() -> None:
    moved = replace(POLICIES[0], violations=(replace(POLICIES[0].violations[0], span=Span(9, 1, 9, 2)),))
    dearer = replace(POINTS[0], text="one run costs $3.00, more than $1.00")
    before = gate_findings(POLICIES[:1], POINTS, "c.toml")
    after = gate_findings((moved,), (dearer,), "c.toml")
    assert (after[0].fingerprint, after[-1].fingerprint) == (before[0].fingerprint, before[-1].fingerprint)


def test_what_has_no_place() -> None:
    found = replace(result(), baseline=STALE)
    assert rows(gate_remarks(found, Verdict("fail", ("x",), points=POINTS), "c.toml")) == [
        ("gate", "error", "c.toml", 1, "one iteration costs $9.00, more than $8.00"),
        (
            "baseline",
            "note",
            ".costguard/baseline.json",
            1,
            "1 entry is stale, since code was repaired or is gone (`costguard baseline prune`): select-star in a.sql",
        ),
    ]
    assert rows(gate_remarks(result(), Verdict("error", ("no file could be read",)), "c.toml")) == [
        ("gate", "error", "c.toml", 1, "no file could be read")
    ]


def test_a_baseline_of_which_there_is_nothing_to_say() -> None:
    assert baseline_remarks(result()) == ()
    assert baseline_remarks(replace(result(), baseline=BaselineReport("b.json", 1))) == ()


def test_a_failure_that_fails_nothing() -> None:
    assert gate_reasons(Verdict("fail", ("a",), advisory=True)) == (
        "a",
        "the exit code is 0 all the same (--exit-zero)",
    )
    assert gate_reasons(Verdict("pass", ("a",), advisory=True)) == ("a",)
