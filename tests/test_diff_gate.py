"""The gate of a change: what fails, what warns, and what it says about the unknown."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from costguard.diff.model import PolicyChange, ScanDiff
from costguard.diff_gate import DiffPolicy, judge_diff, read_share
from costguard.model import Span
from costguard.result import Allowance, BaselineReport, GatePoint, UnreadReport, Verdict
from tests.diff.diffs import TIB, diff_of
from tests.render.results import finding, query, result

PASSED = Verdict("pass", ())
DEARER = diff_of([query()], [query(size=3 * TIB)])
"""6.25 dollars become 18.75: 12.50 more, 200 percent."""
CHEAPER = diff_of([query(size=3 * TIB)], [query()])


def verdict(diff: ScanDiff, fail_on: Any = "never", **limits: Any) -> Verdict:
    values = {name: Decimal(value) if isinstance(value, str) else value for name, value in limits.items()}
    return judge_diff(diff, DiffPolicy(fail_on=fail_on, **values))


def test_no_limits() -> None:
    assert verdict(DEARER) == PASSED


def test_an_increase_in_dollars() -> None:
    assert verdict(DEARER, max_increase_usd="12.50") == PASSED
    assert verdict(DEARER, max_increase_usd="12.49") == Verdict(
        "fail", ("one iteration costs $12.50 more than before, over $12.49 (--max-increase-usd)",)
    )
    assert verdict(CHEAPER, max_increase_usd="0") == PASSED


def test_an_increase_in_percent() -> None:
    assert verdict(DEARER, max_increase_pct="200") == PASSED
    assert verdict(DEARER, max_increase_pct="199.9") == Verdict(
        "fail", ("one iteration costs 200.0 % more than before, over 199.9 % (--max-increase-pct)",)
    )
    assert verdict(CHEAPER, max_increase_pct="0") == PASSED


def test_an_increase_from_nothing() -> None:
    """It is over any percentage; what is below the floor passes."""
    first = diff_of([], [query(size=2**34)])
    assert verdict(first, max_increase_pct="1000") == Verdict(
        "fail",
        (
            "one iteration costs $0.10 and nothing before, which is over any percentage (--max-increase-pct; "
            "--min-usd lets small amounts pass)",
        ),
    )
    assert verdict(first, max_increase_pct="1000", min_usd="0.10") == PASSED


def test_an_increase_from_what_is_not_known() -> None:
    """There is no percentage, and no limit can be held: it is said."""
    unknown = diff_of([query(size=None)], [query()])
    assert verdict(unknown, max_increase_pct="1", max_increase_usd="1") == Verdict(
        "pass", ("1 changed query has a cost that is not known and could not be held against a limit",)
    )
    two = diff_of(
        [query(size=None), query("b.sql", fingerprint="b")],
        [query(), query("b.sql", size=None, fingerprint="b")],
    )
    assert verdict(two, max_usd_per_iteration="100").reasons == (
        "2 changed queries have a cost that is not known and could not be held against a limit",
    )
    assert verdict(two).reasons == ()


def test_warnings_pass_and_say_so() -> None:
    assert verdict(DEARER, warn_increase_usd="10", warn_increase_pct="100") == Verdict(
        "pass",
        (),
        (
            "one iteration costs $12.50 more than before, over $10.00 (--warn-increase-usd)",
            "one iteration costs 200.0 % more than before, over 100 % (--warn-increase-pct)",
        ),
    )
    both = verdict(DEARER, warn_increase_usd="10", max_increase_usd="11")
    assert both.verdict == "fail"
    assert both.reasons == ("one iteration costs $12.50 more than before, over $11.00 (--max-increase-usd)",)
    assert both.warnings == (
        "one iteration costs $12.50 more than before, over $10.00 (--warn-increase-usd)",
    )


def test_the_noise_floor() -> None:
    assert verdict(DEARER, max_increase_usd="1", min_usd="12.50").verdict == "fail"
    assert verdict(DEARER, max_increase_usd="1", max_increase_pct="1", min_usd="12.51") == PASSED
    assert verdict(DEARER, max_usd_per_iteration="1", min_usd="12.51").verdict == "pass"
    small = diff_of([], [query(size=2**34)])
    assert verdict(small, max_usd_per_query="0.01", min_usd="1") == PASSED


def test_dear_queries_that_are_new_or_became_dearer() -> None:
    before = [query("kept.sql", fingerprint="k", size=9 * TIB), query("dearer.sql", 3, fingerprint="d")]
    after = [
        query("kept.sql", fingerprint="k", size=9 * TIB),
        query("dearer.sql", 7, fingerprint="d", size=2 * TIB),
        query("new.sql", fingerprint="n"),
    ]
    diff = diff_of(before, after)
    assert verdict(diff, max_usd_per_query="6") == Verdict(
        "fail",
        (
            "dearer.sql:7: one run costs $12.50, more than $6.00 (--max-usd-per-query)",
            "new.sql:1: one run costs $6.25, more than $6.00 (--max-usd-per-query)",
        ),
    )
    assert verdict(diff, max_usd_per_query="12.50") == PASSED


def test_a_run_that_costs_the_same_is_no_dearer_query() -> None:
    """It runs more often, which is the iteration's limit to see."""
    often = diff_of([query()], [query(runs=9.0)])
    assert verdict(often, max_usd_per_query="1") == PASSED
    became_known = diff_of([query(size=None)], [query()])
    assert verdict(became_known, max_usd_per_query="1").verdict == "fail"


def test_the_dearest_of_many_are_named() -> None:
    many = diff_of([], [query(f"{number}.sql", size=number * TIB) for number in range(1, 7)])
    assert [reason.split(":")[0] for reason in verdict(many, max_usd_per_query="1").reasons] == [
        "6.sql",
        "5.sql",
        "4.sql",
        "and 3 more queries above $1.00",
    ]


def test_a_dear_iteration() -> None:
    assert verdict(DEARER, max_usd_per_iteration="18.75") == PASSED
    assert verdict(DEARER, max_usd_per_iteration="18.74") == Verdict(
        "fail", ("one iteration costs $18.75, more than $18.74 (--max-usd-per-iteration)",)
    )


def test_a_dear_iteration_that_was_as_dear_before() -> None:
    """This change did not do it, so that it passes; it is said."""
    assert verdict(CHEAPER, max_usd_per_iteration="1") == Verdict(
        "pass",
        (
            "one iteration costs $6.25, more than $1.00, as it did before this change (--max-usd-per-iteration)",
        ),
    )
    known_now = diff_of([query(size=None)], [query()])
    assert verdict(known_now, max_usd_per_iteration="1").verdict == "fail"
    lost = diff_of([query()], [query(size=None)])
    assert verdict(lost, max_usd_per_iteration="1").verdict == "pass"


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [("error", "error", 1), ("warning", "error", 0), ("warning", "warning", 1), ("error", "never", 0)],
)
def test_new_findings(severity: str, fail_on: str, code: int) -> None:
    diff = diff_of(findings_after=[finding(severity=severity)])
    assert verdict(diff, fail_on=fail_on).exit_code == code


def test_old_ones_and_ignored_ones_do_not_count() -> None:
    known = diff_of(
        findings_before=[finding(severity="error")],
        findings_after=[finding(severity="error", line=9, fingerprint="q.sql:1")],
    )
    assert verdict(known, fail_on="note") == PASSED
    ignored = diff_of(findings_after=[finding(severity="error", suppressed="")])
    assert verdict(ignored, fail_on="note") == PASSED
    two = diff_of(findings_after=[finding(line=1), finding(line=2)])
    assert verdict(two, fail_on="warning").reasons == (
        "2 new findings of severity warning or above (--fail-on warning)",
    )


def test_nothing_analysed() -> None:
    assert verdict(diff_of(files=2, files_unread=2)) == Verdict(
        "error", ("nothing could be analysed in HEAD: no file could be read",)
    )
    assert verdict(diff_of(files=0)) == Verdict(
        "error", ("nothing could be analysed: there is no file to read on either side",)
    )


def test_too_little_read() -> None:
    unread = [UnreadReport("q.sql", Span(line, 1, line, 2), "syntax") for line in range(3)]
    diff = diff_of([query()], [query()], unread=unread)
    assert verdict(diff, min_read_share=0.25) == PASSED
    assert verdict(diff, min_read_share=0.3) == Verdict(
        "error",
        ("only 25.0% of the statements in HEAD could be read, less than 30.0% (--min-read-share)",),
    )
    assert read_share(result()) is None
    assert verdict(diff_of(), min_read_share=1.0) == PASSED


# -- policies, baseline, advisory ----------------------------------------------------------------------


def test_new_violations_of_policies() -> None:
    """Those of the base do not count; a note only says."""
    changes = (
        PolicyChange("old", "error", 3, 3, 0),
        PolicyChange("dear", "error", 1, 3, 2),
        PolicyChange("wide", "warning", 0, 1, 1),
        PolicyChange("odd", "note", 0, 1, 1),
    )
    assert verdict(replace(diff_of(), policies=changes)) == Verdict(
        "fail", ("policy dear: 2 new violations",), ("policy wide: 1 new violation",)
    )
    assert verdict(replace(diff_of(), policies=changes[2:])).verdict == "pass"


def accepted(diff: ScanDiff, usd_per_run: str, until: str | None = None) -> ScanDiff:
    """The diff with a baseline that allows its only query so much."""
    (query_id,) = (item.id for item in diff.after.queries)
    report = BaselineReport("b.json", 1, allowances={query_id: Allowance(Decimal(usd_per_run), until)})
    return replace(diff, after=replace(diff.after, baseline=report))


def test_what_the_baseline_allows_goes_before_the_limit() -> None:
    """6.25 dollars become 18.75."""
    assert verdict(DEARER, max_usd_per_query="5").verdict == "fail"
    assert verdict(accepted(DEARER, "18.75"), max_usd_per_query="5") == PASSED
    over = verdict(accepted(DEARER, "18", "2027-01-01"), max_usd_per_query="100")
    assert over == Verdict(
        "fail",
        ("q.sql:1: one run costs $18.75, more than the $18.00 that the baseline allows until 2027-01-01",),
    )
    assert [(point.level, point.name, point.path) for point in over.points] == [
        ("error", "baseline-budget", "q.sql")
    ]
    assert verdict(accepted(CHEAPER, "1"), max_usd_per_query="1") == PASSED
    assert verdict(accepted(DEARER, "18"), min_usd="20") == PASSED


def test_an_allowance_is_a_limit_that_the_unknown_is_named_for() -> None:
    lost = diff_of([query()], [query(size=None)])
    assert verdict(accepted(lost, "1")).reasons == (
        "1 changed query has a cost that is not known and could not be held against a limit",
    )


def test_a_failure_that_fails_nothing() -> None:
    found = verdict(DEARER, max_increase_usd="1", advisory=True)
    assert (found.verdict, found.exit_code) == ("fail", 0)


def test_where_the_limits_are_exceeded() -> None:
    found = verdict(DEARER, max_usd_per_query="5", max_increase_usd="1", warn_increase_pct="10")
    assert found.points == (
        GatePoint(
            "error",
            "max-usd-per-query",
            "q.sql",
            Span(1, 1, 1, 10),
            "one run costs $18.75, more than $5.00 (--max-usd-per-query)",
        ),
        GatePoint(
            "error",
            "iteration",
            None,
            None,
            "one iteration costs $12.50 more than before, over $1.00 (--max-increase-usd)",
        ),
        GatePoint(
            "warning",
            "iteration",
            None,
            None,
            "one iteration costs 200.0 % more than before, over 10 % (--warn-increase-pct)",
        ),
    )
