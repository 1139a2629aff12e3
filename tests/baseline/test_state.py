"""What is said of each entry."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from costguard.baseline.model import Baseline, Entry
from costguard.baseline.scope import Scope
from costguard.baseline.state import EntryState, states
from costguard.result import ScanResult
from tests.baseline.scans import EVERYTHING, PATHS, TODAY, cost, dear, entry, found, scan_of
from tests.render.results import finding, usd

YESTERDAY = TODAY - timedelta(days=1)


def state(scan: ScanResult, item: Entry, scope: Scope = EVERYTHING) -> EntryState:
    (only,) = states(Baseline((item,)), found(scan, scope), TODAY)
    assert only.entry == item
    return only


def test_states() -> None:
    two = scan_of({"aa": 2}, [dear()])
    assert state(two, entry("aa", 2)).state == "holds"
    assert state(two, entry("aa", 1)).state == "holds"
    assert state(two, entry("aa", 3)).state == "fewer"
    assert state(two, entry("bb")).state == "stale"
    assert state(two, entry("aa", 2, expires=YESTERDAY)).state == "expired"
    assert state(two, cost("6.25")).state == "holds"
    assert state(two, cost("6.24")).state == "over-budget"
    assert state(two, cost("6.24", until=YESTERDAY)).state == "expired"
    assert state(scan_of(unread=["a.sql"]), entry("aa")).state == "unread"
    assert state(two, entry("aa"), Scope(PATHS, ("/shop/sql",))).state == "not-scanned"


def test_what_there_is() -> None:
    assert state(scan_of({"aa": 3}), entry("aa", 1)).found == 3
    assert state(scan_of(queries=[dear("a.sql"), dear("b.sql")]), cost("9")).found == 2


def test_dollars() -> None:
    wasteful = scan_of(
        extra=[
            finding("a.sql", 1, fingerprint="aa", wasted_usd=usd("1", "2", "3", "modelled")),
            finding("b.sql", 1, fingerprint="bb"),
        ]
    )
    assert state(wasteful, entry("aa")).usd == Decimal(2)
    assert state(wasteful, entry("bb")).usd is None
    both = scan_of(queries=[dear("a.sql"), dear("b.sql", tib=2), dear("c.sql", usd=None)])
    assert state(both, cost("9", count=3)).usd == Decimal("12.5")
    assert state(both, cost("9", count=1)).usd == Decimal("6.25")
    assert state(scan_of(queries=[dear(usd=None)]), cost("9")).usd is None
