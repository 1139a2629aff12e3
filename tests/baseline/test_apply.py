"""What a baseline does to a scan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from costguard.baseline.apply import with_baseline
from costguard.baseline.model import Baseline, Entry
from costguard.baseline.scope import Scope
from costguard.result import Allowance, BaselineMatter, BaselineReport, ScanResult
from tests.baseline.scans import EVERYTHING, LATER, PATHS, TODAY, cost, dear, entry, found, scan_of
from tests.render.results import finding

YESTERDAY = TODAY - timedelta(days=1)


def applied(scan: ScanResult, *entries: Entry, scope: Scope = EVERYTHING, today: date = TODAY) -> ScanResult:
    return with_baseline(scan, Baseline(entries), found(scan, scope), today, "b.json")


def report(scan: ScanResult, *entries: Entry, scope: Scope = EVERYTHING) -> BaselineReport:
    said = applied(scan, *entries, scope=scope).baseline
    assert said is not None
    assert (said.path, said.entries) == ("b.json", len(entries))
    return said


def silenced(scan: ScanResult, *entries: Entry) -> list[str | None]:
    """The reason for each finding; None: it counts."""
    done = applied(scan, *entries)
    assert all(item.suppressed is None or item.suppressed_by == "baseline" for item in done.findings)
    count = sum(item.suppressed is not None for item in done.findings)
    assert (done.summary.baselined, done.summary.findings) == (count, len(done.findings) - count)
    return [item.suppressed for item in done.findings]


def test_as_many_as_it_counts() -> None:
    assert silenced(scan_of({"aa": 3, "bb": 1}), entry("aa", 2)) == ["legacy", "legacy", None, None]


def test_one_less_than_it_counts() -> None:
    """The third of three was the second of two before: its fingerprint does not matter."""
    scan = scan_of({"aa": 2})
    assert silenced(scan, entry("aa", 3)) == ["legacy", "legacy"]
    assert report(scan, entry("aa", 3)).stale == (BaselineMatter("aa", "select-star", "a.sql", 1),)


def test_lines_do_not_matter() -> None:
    moved = scan_of(extra=[finding("a.sql", 999, fingerprint="aa")])
    assert silenced(moved, entry("aa")) == ["legacy"]


def test_what_a_comment_ignores_uses_up_nothing() -> None:
    commented = scan_of(extra=[finding("a.sql", 9, fingerprint="aa", suppressed="small")])
    done = applied(commented, entry("aa"))
    assert (done.findings[0].suppressed, done.findings[0].suppressed_by) == ("small", "comment")
    assert (done.summary.suppressed, done.summary.baselined) == (1, 0)
    assert report(commented, entry("aa")).stale == (BaselineMatter("aa", "select-star", "a.sql", 1),)


def test_an_entry_that_has_expired() -> None:
    scan = scan_of({"aa": 2})
    old = entry("aa", 3, expires=YESTERDAY)
    assert silenced(scan, old) == [None, None]
    assert report(scan, old).expired == (BaselineMatter("aa", "select-star", "a.sql", 2, "2026-10-31"),)
    assert silenced(scan, replace(old, expires=TODAY)) == ["legacy", "legacy"]
    assert report(scan_of(), old).expired == ()


def test_what_is_gone_is_stale_where_the_scan_looked() -> None:
    gone = BaselineMatter("aa", "select-star", "a.sql", 1)
    assert report(scan_of(), entry("aa")).stale == (gone,)
    elsewhere = Scope(PATHS, ("/shop/sql",))
    other_rule = Scope(PATHS, ("/shop",), frozenset({"order-by"}))
    for scope in (elsewhere, other_rule):
        said = report(scan_of(), entry("aa"), scope=scope)
        assert (said.stale, said.unchecked) == ((), 0)


def test_what_may_stand_where_nothing_was_read_is_kept() -> None:
    said = report(scan_of(unread=["a.sql"]), entry("aa"), entry("bb", path="b.sql"))
    assert said.stale == (BaselineMatter("bb", "select-star", "b.sql", 1),)
    assert said.unchecked == 1
    assert report(scan_of({"aa": 1}, unread=["a.sql"]), entry("aa")).unchecked == 0


def test_a_budget_of_a_query() -> None:
    scan = scan_of(queries=[dear("a.sql", 1), dear("b.sql", 1, fingerprint="bb")])
    said = report(scan, cost("3", until=LATER))
    assert said.allowances == {"a.sql:1": Allowance(Decimal(3), "2027-01-01")}
    assert report(scan, cost("3", expires=LATER)).allowances == {
        "a.sql:1": Allowance(Decimal(3), "2027-01-01")
    }


def test_a_budget_is_for_as_many_queries_as_it_counts() -> None:
    """Those in the file that it names go first."""
    scan = scan_of(queries=[dear("0.sql"), dear("a.sql", 5), dear("b.sql")])
    assert set(report(scan, cost("3")).allowances) == {"a.sql:5"}
    assert set(report(scan, cost("3", count=2)).allowances) == {"0.sql:1", "a.sql:5"}
    assert report(scan, cost("3", count=5)).stale == (BaselineMatter("f" * 16, None, "a.sql", 2),)


def test_a_budget_that_has_run_out() -> None:
    scan = scan_of(queries=[dear()])
    said = report(scan, cost("3", until=YESTERDAY))
    assert said.allowances == {}
    assert said.expired == (BaselineMatter("f" * 16, None, "a.sql", 1, "2026-10-31"),)


def test_a_finding_with_a_budget() -> None:
    """It is silent while its query costs no more."""
    scan = scan_of(queries=[dear()], extra=[finding("a.sql", 1, fingerprint="aa", query="a.sql:1")])
    enough, little = (replace(entry("aa"), budget=cost(usd).budget) for usd in ("6.25", "6.24"))
    assert silenced(scan, enough) == ["legacy"]
    assert silenced(scan, little) == [None]
    assert report(scan, enough).over_budget == ()
    assert report(scan, little).over_budget == (BaselineMatter("aa", "select-star", "a.sql", 1),)
    expired = replace(little, expires=YESTERDAY)
    assert (report(scan, expired).over_budget, len(report(scan, expired).expired)) == ((), 1)


def test_an_unknown_cost_is_not_held_against_a_budget() -> None:
    unknown = dear(usd=None)
    scan = scan_of(queries=[unknown], extra=[finding("a.sql", 1, fingerprint="aa", query="a.sql:1")])
    free = replace(entry("aa"), budget=cost("0").budget)
    assert silenced(scan, free) == ["legacy"]
    assert silenced(scan_of({"aa": 1}), free) == ["legacy"]
