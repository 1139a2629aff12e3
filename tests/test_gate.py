"""The gate: what fails, what does not, and what it says about the unknown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from costguard.gate import judge_gate
from costguard.result import GatePolicy, ScanResult, Severity, UnreadReport, Verdict
from tests.render.results import finding, query, result, usd


def found(*severities: Severity) -> ScanResult:
    return result(findings=[finding(line=line, severity=item) for line, item in enumerate(severities, 1)])


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [
        ("error", "error", 1),
        ("warning", "error", 0),
        ("note", "error", 0),
        ("error", "warning", 1),
        ("warning", "warning", 1),
        ("note", "warning", 0),
        ("error", "note", 1),
        ("note", "note", 1),
        ("error", "never", 0),
    ],
)
def test_severities(severity: Severity, fail_on: str, code: int) -> None:
    verdict = judge_gate(found(severity), GatePolicy(fail_on=fail_on))  # type: ignore[arg-type]
    assert verdict.exit_code == code
    assert verdict.verdict == ("fail" if code else "pass")


def test_the_reason_counts() -> None:
    verdict = judge_gate(found("error", "warning", "note"), GatePolicy(fail_on="warning"))
    assert verdict.reasons == ("2 findings of severity warning or above (--fail-on warning)",)
    assert judge_gate(found("error"), GatePolicy()).reasons == (
        "1 finding of severity error or above (--fail-on error)",
    )


def test_ignored_findings_do_not_count() -> None:
    ignored = result(findings=[finding(severity="error", suppressed="")])
    assert judge_gate(ignored, GatePolicy(fail_on="note")) == Verdict("pass", ())


def test_a_dear_query() -> None:
    dear = result([query("a.sql", 3, size=2**40), query("b.sql", size=2**30)])
    policy = GatePolicy(max_usd_per_query=Decimal(6))
    assert judge_gate(dear, policy) == Verdict(
        "fail", ("a.sql:3: one run costs $6.25, more than $6.00 (--max-usd-per-query)",)
    )
    assert judge_gate(dear, GatePolicy(max_usd_per_query=Decimal("6.25"))).verdict == "pass"


def test_one_run_counts_not_the_iteration() -> None:
    often = result([query(size=2**40, runs=100.0)])
    assert judge_gate(often, GatePolicy(max_usd_per_query=Decimal(7))).verdict == "pass"


def test_the_dearest_of_many_are_named() -> None:
    many = result([query(f"{number}.sql", size=number * 2**40) for number in range(1, 7)])
    reasons = judge_gate(many, GatePolicy(max_usd_per_query=Decimal(1))).reasons
    assert [reason.split(":")[0] for reason in reasons] == [
        "6.sql",
        "5.sql",
        "4.sql",
        "and 3 more queries above $1.00",
    ]


def test_a_dear_iteration() -> None:
    often = result([query(size=2**40, runs=2.0)])
    policy = GatePolicy(max_usd_per_iteration=Decimal(10))
    assert judge_gate(often, policy).reasons == (
        "one iteration costs $12.50, more than $10.00 (--max-usd-per-iteration)",
    )
    assert judge_gate(often, GatePolicy(max_usd_per_iteration=Decimal("12.5"))).verdict == "pass"


def test_the_point_estimate_decides() -> None:
    vague = result([query(usd=usd("1", "2", "9", "modelled"))])
    assert judge_gate(vague, GatePolicy(max_usd_per_query=Decimal(3))).verdict == "pass"
    assert judge_gate(vague, GatePolicy(max_usd_per_query=Decimal("1.5"))).verdict == "fail"


def test_what_is_unknown_is_said_beside_a_limit() -> None:
    partly = result([query("a.sql"), query("b.sql", size=None)])
    policy = GatePolicy(max_usd_per_iteration=Decimal(100))
    assert judge_gate(partly, policy) == Verdict(
        "pass", ("1 query has no known cost and could not be held against a limit",)
    )
    assert judge_gate(partly, GatePolicy()) == Verdict("pass", ())
    both = judge_gate(result([query(size=None)] * 2), GatePolicy(max_usd_per_query=Decimal(0)))
    assert both.reasons == ("2 queries have no known cost and could not be held against a limit",)


def test_every_reason_is_given() -> None:
    bad = result([query(size=2**40)], [finding(severity="error")])
    policy = GatePolicy("error", Decimal(1), Decimal(2))
    assert len(judge_gate(bad, policy).reasons) == 3


def test_nothing_read_is_no_pass() -> None:
    unread = [UnreadReport("a.sql", query().span, "binary file")]
    verdict = judge_gate(result(unread=unread, files=1, files_unread=1), GatePolicy(fail_on="never"))
    assert verdict == Verdict("error", ("nothing could be analysed: no file could be read",))
    assert verdict.exit_code == 2


def test_a_file_that_was_read_in_part_is_analysed() -> None:
    unread = [UnreadReport("a.py", query().span, "SQL is made at run time")] * 3
    assert judge_gate(result(unread=unread, files=1), GatePolicy()).verdict == "pass"
    assert judge_gate(result(unread=unread, files=2, files_unread=1), GatePolicy()).verdict == "pass"
