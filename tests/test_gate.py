"""The gate: what fails, what does not, and what it says about the unknown."""

from __future__ import annotations

import doctest
from dataclasses import replace
from decimal import Decimal

import pytest

from costguard import gate
from costguard.gate import judge_gate, with_floor
from costguard.model import Span
from costguard.result import (
    Allowance,
    BaselineReport,
    GatePoint,
    GatePolicy,
    PolicyReport,
    ScanResult,
    Severity,
    UnreadReport,
    Verdict,
)
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


# -- warnings --------------------------------------------------------------------------------------------


def test_examples_in_docstrings() -> None:
    done = doctest.testmod(gate)
    assert (done.failed, done.attempted > 0) == (0, True)


def test_a_query_that_only_warns() -> None:
    dear = result([query("a.sql", 3, size=2**40), query("b.sql", size=2**39)])
    policy = GatePolicy(max_usd_per_query=Decimal(6), warn_usd_per_query=Decimal(3))
    assert judge_gate(dear, policy) == Verdict(
        "fail",
        ("a.sql:3: one run costs $6.25, more than $6.00 (--max-usd-per-query)",),
        ("b.sql:1: one run costs $3.12, more than $3.00 (--warn-usd-per-query)",),
    )
    only = judge_gate(dear, GatePolicy(warn_usd_per_query=Decimal(3)))
    assert (only.exit_code, len(only.warnings)) == (0, 2)


def test_an_iteration_that_only_warns() -> None:
    often = result([query(size=2**40, runs=2.0)])
    warned = judge_gate(often, GatePolicy(warn_usd_per_iteration=Decimal(10)))
    assert warned == Verdict(
        "pass", (), ("one iteration costs $12.50, more than $10.00 (--warn-usd-per-iteration)",)
    )
    failed = judge_gate(
        often, GatePolicy(max_usd_per_iteration=Decimal(11), warn_usd_per_iteration=Decimal(10))
    )
    assert (failed.verdict, failed.warnings) == ("fail", ())
    assert judge_gate(often, GatePolicy(warn_usd_per_iteration=Decimal("12.5"))).warnings == ()


def test_what_is_unknown_is_said_beside_a_limit_that_only_warns() -> None:
    vague = result([query(size=None)])
    assert judge_gate(vague, GatePolicy(warn_usd_per_query=Decimal(1))).reasons == (
        "1 query has no known cost and could not be held against a limit",
    )


def test_an_advisory_gate_fails_and_ends_with_zero() -> None:
    verdict = judge_gate(found("error"), GatePolicy(advisory=True))
    assert (verdict.verdict, verdict.exit_code) == ("fail", 0)
    unread = judge_gate(result(files=1, files_unread=1), GatePolicy(advisory=True))
    assert (unread.verdict, unread.exit_code) == ("error", 2)


# -- policies --------------------------------------------------------------------------------------------


def test_policies_by_their_level() -> None:
    reports = (
        PolicyReport("capped", "error", 1),
        PolicyReport("owned", "error", 0),
        PolicyReport("few-stars", "warning", 1200),
        PolicyReport("tidy", "note", 3),
    )
    verdict = judge_gate(replace(result(), policies=reports), GatePolicy(fail_on="never"))
    assert verdict == Verdict(
        "fail", ("policy capped: 1 violation",), ("policy few-stars: 1,200 violations",)
    )
    assert judge_gate(replace(result(), policies=reports[1:2]), GatePolicy()) == Verdict("pass", ())


# -- what was read -----------------------------------------------------------------------------------------


PARTLY = result(
    [query(line=line) for line in range(1, 4)],
    unread=[UnreadReport("a.py", query().span, "SQL built at run time")],
    files=10,
    files_unread=1,
)


@pytest.mark.parametrize(("least", "code"), [("0.75", 0), ("0.7501", 2), ("0", 0), ("1", 2)])
def test_a_share_has_to_be_read(least: str, code: int) -> None:
    assert judge_gate(PARTLY, GatePolicy(min_read_share=Decimal(least))).exit_code == code


def test_too_little_read_says_what() -> None:
    assert judge_gate(PARTLY, GatePolicy(min_read_share=Decimal("0.8"))) == Verdict(
        "error",
        (
            "too little could be read: 9 of 10 files (90 %), 3 of 4 statements (75 %); 80 % are asked for "
            "(--min-read-share)",
        ),
    )


def test_files_count_as_well_as_statements() -> None:
    files = result([query()] * 30, files=10, files_unread=2)
    assert judge_gate(files, GatePolicy(min_read_share=Decimal("0.8"))).exit_code == 0
    assert judge_gate(files, GatePolicy(min_read_share=Decimal("0.81"))).exit_code == 2


def test_files_without_statements_are_read() -> None:
    assert judge_gate(result(files=1), GatePolicy(min_read_share=Decimal(1))).exit_code == 0


# -- the floor -------------------------------------------------------------------------------------------


def test_what_is_known_to_waste_less_is_silent() -> None:
    many = result(
        findings=[
            finding(line=1, severity="error", wasted_usd=usd("0.99")),
            finding(line=2, severity="error", wasted_usd=usd("1")),
            finding(line=3, severity="error"),
            finding(line=4, wasted_usd=usd("0", "0.5", "9", "modelled")),
            finding(line=5, wasted_usd=usd("0.1"), suppressed="small"),
        ]
    )
    quiet = with_floor(many, Decimal(1))
    assert [(item.suppressed, item.suppressed_by) for item in quiet.findings] == [
        ("wastes less than $1.00 an iteration", "floor"),
        (None, "comment"),
        (None, "comment"),
        ("wastes less than $1.00 an iteration", "floor"),
        ("small", "comment"),
    ]
    summary = quiet.summary
    assert (summary.findings, summary.below_floor, summary.suppressed) == (2, 2, 1)
    assert judge_gate(quiet, GatePolicy()).reasons == (
        "2 findings of severity error or above (--fail-on error)",
    )
    assert with_floor(many, None) is with_floor(many, Decimal(0)) is many


# -- budgets ---------------------------------------------------------------------------------------------


def budgeted(usd_per_run: str, until: str | None = "2027-01-01") -> ScanResult:
    """One query of 6.25 dollars, with a budget."""
    allowances = {"a.sql:3": Allowance(Decimal(usd_per_run), until)}
    return replace(result([query("a.sql", 3)]), baseline=BaselineReport("b.json", 1, allowances=allowances))


def test_a_budget_goes_before_the_limit() -> None:
    strict = GatePolicy(max_usd_per_query=Decimal(1), warn_usd_per_query=Decimal("0.5"))
    assert judge_gate(budgeted("6.25"), strict) == Verdict("pass", ())
    assert judge_gate(budgeted("6.24"), strict) == Verdict(
        "fail",
        ("a.sql:3: one run costs $6.25, more than the $6.24 that the baseline allows until 2027-01-01",),
    )


def test_a_budget_is_a_limit_of_its_own() -> None:
    assert judge_gate(budgeted("3", None), GatePolicy()).reasons == (
        "a.sql:3: one run costs $6.25, more than the $3.00 that the baseline allows",
    )


def test_many_queries_over_their_budgets() -> None:
    queries = [query(f"{number}.sql", size=number * 2**40) for number in range(1, 6)]
    report = BaselineReport(
        "b.json", 5, allowances={item.id: Allowance(Decimal(1), None) for item in queries}
    )
    reasons = judge_gate(replace(result(queries), baseline=report), GatePolicy()).reasons
    assert [reason.split(":")[0] for reason in reasons] == [
        "5.sql",
        "4.sql",
        "3.sql",
        "and 2 more queries above what the baseline allows",
    ]


def test_a_budget_of_a_query_of_unknown_cost() -> None:
    vague = result([query("a.sql", 3, size=None)])
    report = BaselineReport("b.json", 1, allowances={"a.sql:3": Allowance(Decimal(1), None)})
    assert judge_gate(replace(vague, baseline=report), GatePolicy()) == Verdict(
        "pass", ("1 query has no known cost and could not be held against a limit",)
    )


def test_every_query_over_a_limit_has_its_place() -> None:
    """The reasons name the first three."""
    queries = [query(line=line) for line in range(1, 6)]
    policy = GatePolicy(max_usd_per_query=Decimal(5), max_usd_per_iteration=Decimal(30))
    found = judge_gate(result(queries), policy)
    assert found.reasons[3] == "and 2 more queries above $5.00"
    assert [point.span and point.span.start_line for point in found.points] == [1, 2, 3, 4, 5, None]
    assert found.points[-1] == GatePoint(
        "error",
        "iteration",
        None,
        None,
        "one iteration costs $31.25, more than $30.00 (--max-usd-per-iteration)",
    )


def test_a_warning_has_its_place_and_a_cell_its_number() -> None:
    found = judge_gate(
        result([query("n.ipynb", span=Span(2, 1, 2, 9, cell=3))]),
        GatePolicy(warn_usd_per_query=Decimal(5), warn_usd_per_iteration=Decimal(6)),
    )
    assert found.warnings[0] == (
        "n.ipynb:cell 3:2: one run costs $6.25, more than $5.00 (--warn-usd-per-query)"
    )
    assert [(point.level, point.name) for point in found.points] == [
        ("warning", "warn-usd-per-query"),
        ("warning", "iteration"),
    ]
