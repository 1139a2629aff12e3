"""Changes of a baseline: down by itself, up only when that is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from costguard.baseline.apply import with_baseline
from costguard.baseline.change import Change, Step, Terms, prune, write
from costguard.baseline.model import Baseline, Budget, Entry
from costguard.baseline.scope import Scope
from costguard.gate import judge_gate
from costguard.result import GatePolicy, ScanResult
from tests.baseline.scans import LATER, PATHS, TODAY, cost, dear, entry, found, scan_of
from tests.render.results import finding, usd

YESTERDAY = TODAY - timedelta(days=1)
TERMS = Terms(TODAY, "because", LATER)
LIMIT = Decimal(3)
DEAR = replace(TERMS, max_usd_per_query=LIMIT)


def written(scan: ScanResult, *entries: Entry, terms: Terms = TERMS, accept_new: bool = True) -> Change:
    return write(Baseline(entries), found(scan), terms, accept_new)


# -- pruning ---------------------------------------------------------------------------------------------


def test_prune() -> None:
    scan = scan_of({"aa": 2, "bb": 3})
    change = prune(Baseline((entry("aa", 3), entry("bb", 3), entry("cc", 1))), found(scan))
    assert change.baseline.entries == (entry("aa", 2), entry("bb", 3))
    assert set(change.steps) == {Step("lowered", entry("aa", 2)), Step("removed", entry("cc"))}
    assert change.changed
    assert not prune(change.baseline, found(scan)).changed


def test_prune_leaves_what_was_not_looked_at() -> None:
    unread = scan_of(unread=["a.sql"])
    assert not prune(Baseline((entry("aa"),)), found(unread)).changed
    elsewhere = Scope(PATHS, ("/shop/sql",))
    assert not prune(Baseline((entry("aa"),)), found(scan_of(), elsewhere)).changed


def test_an_expired_entry_stays_while_it_says_something() -> None:
    old = entry("aa", expires=YESTERDAY)
    assert not prune(Baseline((old,)), found(scan_of({"aa": 1}))).changed
    assert prune(Baseline((old,)), found(scan_of())).of("removed") == (old,)


# -- writing ---------------------------------------------------------------------------------------------


def test_the_first_baseline() -> None:
    change = written(scan_of({"aa": 2}))
    new = Entry("aa", "a.sql", "select-star", 2, "because", TODAY, LATER)
    assert change == Change(Baseline((new,)), (Step("added", new),))


def test_what_is_new_has_to_be_accepted() -> None:
    scan = scan_of({"aa": 2, "bb": 1})
    change = written(scan, entry("aa", 1), accept_new=False)
    assert change.baseline.entries == (entry("aa", 1),)
    assert [(step.kind, step.entry.fingerprint, step.entry.count) for step in change.steps] == [
        ("refused", "aa", 2),
        ("refused", "bb", 1),
    ]
    assert not change.changed
    accepted = written(scan, entry("aa", 1))
    assert [(step.kind, step.entry.count) for step in accepted.steps] == [("raised", 2), ("added", 1)]
    assert accepted.baseline.findings["aa"] == entry("aa", 2, reason="because")


def test_a_refusal_still_takes_out_what_is_gone() -> None:
    change = written(scan_of({"bb": 1}), entry("aa"), accept_new=False)
    assert (change.baseline.entries, change.changed) == ((), True)
    assert [step.kind for step in change.steps] == ["removed", "refused"]


def test_what_holds_stays_as_it_is() -> None:
    kept = entry("aa", reason="mine", added=YESTERDAY, expires=LATER)
    change = written(scan_of({"aa": 1}), kept)
    assert change == Change(Baseline((kept,)))


def test_a_reason_stays_unless_another_is_given() -> None:
    silent = Terms(TODAY)
    assert written(scan_of({"aa": 2}), entry("aa"), terms=silent).baseline.entries[0].reason == "legacy"


def test_what_has_expired_is_renewed() -> None:
    old = entry("aa", added=YESTERDAY, expires=YESTERDAY)
    assert written(scan_of({"aa": 1}), old, accept_new=False).of("refused") != ()
    renewed = written(scan_of({"aa": 1}), old)
    assert renewed.of("renewed") == (replace(old, expires=LATER, reason="because"),)
    for_good = written(scan_of({"aa": 1}), old, terms=Terms(TODAY))
    assert for_good.baseline.entries == (replace(old, expires=None),)


def test_dear_queries_get_a_budget() -> None:
    scan = scan_of(queries=[dear(), dear("b.sql", fingerprint="bb", usd=usd("2.99"))])
    assert written(scan).baseline.entries == ()
    change = written(scan, terms=DEAR)
    assert change.baseline.entries == (
        Entry("f" * 16, "a.sql", None, 1, "because", TODAY, budget=Budget(Decimal("6.25"), LATER)),
    )


def test_a_budget_is_rounded_up_to_cents() -> None:
    odd = dear(usd=usd("6.250005960"))
    budget = written(scan_of(queries=[odd]), terms=DEAR).baseline.entries[0].budget
    assert budget is not None
    assert budget.usd_per_run == Decimal("6.26")


def test_a_budget_is_only_raised_when_that_is_asked_for() -> None:
    scan = scan_of(queries=[dear()])
    mine = cost("6", until=LATER)
    assert written(scan, mine, terms=DEAR, accept_new=False).of("refused") == (
        cost("6.25", until=LATER, reason="because"),
    )
    assert written(scan, mine).of("raised") == (cost("6.25", until=LATER, reason="because"),)
    larger = cost("9", until=LATER)
    assert written(scan, larger, terms=DEAR) == Change(Baseline((larger,)))


def test_more_queries_that_look_alike() -> None:
    two = scan_of(queries=[dear("a.sql"), dear("b.sql")])
    assert written(two, cost("7"), terms=DEAR).of("raised") == (cost("7", count=2, reason="because"),)
    assert not written(two, cost("7")).changed  # without a limit nothing has to be allowed


def test_a_budget_that_has_run_out_is_renewed_if_it_is_needed() -> None:
    scan = scan_of(queries=[dear()])
    old = cost("7", until=YESTERDAY, expires=YESTERDAY)
    assert not written(scan, old).changed
    assert written(scan, old, terms=DEAR).of("renewed") == (cost("7", until=LATER, reason="because"),)


def test_a_finding_whose_query_costs_more_than_its_budget() -> None:
    scan = scan_of(queries=[dear()], extra=[finding("a.sql", 1, fingerprint="aa", query="a.sql:1")])
    mine = replace(entry("aa"), budget=Budget(Decimal(6), YESTERDAY))
    assert written(scan, mine).of("renewed") == (
        replace(mine, reason="because", expires=LATER, budget=Budget(Decimal("6.25"))),
    )


# -- for any scan ----------------------------------------------------------------------------------------

COUNTS = st.dictionaries(st.sampled_from(["aa", "bb", "cc", "dd"]), st.integers(1, 4))
SIZES = st.lists(st.tuples(st.sampled_from(["ee", "ff"]), st.integers(0, 3)), max_size=4)


@st.composite
def scans(draw: st.DrawFn) -> ScanResult:
    """Findings that look alike, and queries of 0 to 3 TiB."""
    queries = [
        dear(f"{number}.sql", tib=tib, fingerprint=mark) for number, (mark, tib) in enumerate(draw(SIZES))
    ]
    return scan_of(draw(COUNTS), queries)


@st.composite
def baselines(draw: st.DrawFn) -> Baseline:
    days = st.sampled_from([None, YESTERDAY, TODAY, LATER])
    found_entries = [entry(mark, count, expires=draw(days)) for mark, count in draw(COUNTS).items()]
    marks = draw(st.sets(st.sampled_from(["ee", "ff"])))
    budgets = [
        cost(str(draw(st.integers(0, 20))), mark, draw(days), count=draw(st.integers(1, 4)))
        for mark in sorted(marks)
    ]
    return Baseline((*found_entries, *budgets))


@given(scans(), baselines())
def test_after_writing_nothing_is_new(scan: ScanResult, before: Baseline) -> None:
    change = write(before, found(scan), DEAR, accept_new=True)
    done = with_baseline(scan, change.baseline, found(scan), TODAY, "b.json")
    assert done.summary.findings == 0
    assert done.baseline is not None
    assert done.baseline.stale == ()
    assert judge_gate(done, GatePolicy("note", max_usd_per_query=LIMIT)).verdict == "pass"
    assert not write(change.baseline, found(scan), DEAR, accept_new=False).steps


@given(scans(), baselines())
def test_pruning_twice_is_pruning_once(scan: ScanResult, before: Baseline) -> None:
    once = prune(before, found(scan)).baseline
    assert prune(once, found(scan)) == Change(once)


@given(scans(), baselines(), st.booleans())
def test_nothing_is_accepted_that_was_not_asked_for(scan: ScanResult, before: Baseline, pruned: bool) -> None:
    counts = {(item.rule, item.fingerprint): item for item in before.entries}
    change = prune(before, found(scan)) if pruned else write(before, found(scan), DEAR, accept_new=False)
    for item in change.baseline.entries:
        old = counts[item.rule, item.fingerprint]
        assert item.count <= old.count
        assert replace(item, count=old.count) == old


@given(scans(), baselines())
def test_pruning_changes_no_verdict(scan: ScanResult, before: Baseline) -> None:
    policy = GatePolicy("note", max_usd_per_query=LIMIT)

    def verdict(baseline: Baseline) -> object:
        return judge_gate(with_baseline(scan, baseline, found(scan), TODAY, "b.json"), policy)

    assert verdict(prune(before, found(scan)).baseline) == verdict(before)
