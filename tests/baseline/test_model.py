"""Entries and their last days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from costguard.baseline.model import Baseline, in_order
from tests.baseline.scans import LATER, TODAY, cost, entry

SOON = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("expires", "until", "last"),
    [(None, None, None), (SOON, None, SOON), (None, LATER, LATER), (LATER, SOON, SOON), (SOON, LATER, SOON)],
)
def test_the_earlier_day_ends_an_entry(expires: date | None, until: date | None, last: date | None) -> None:
    assert cost("1", until=until, expires=expires).last_day == last


def test_an_entry_holds_through_its_last_day() -> None:
    assert entry(expires=TODAY).holds(TODAY)
    assert not entry(expires=TODAY - timedelta(days=1)).holds(TODAY)
    assert entry().holds(date.max)


def test_a_fingerprint_may_be_of_a_finding_and_of_a_query() -> None:
    both = Baseline((entry("aa"), cost("1", "aa")))
    assert both.findings == {"aa": entry("aa")}
    assert both.queries == {"aa": cost("1", "aa")}


def test_order() -> None:
    rows = [
        cost("1", "aa"),
        entry("bb", path="b.sql"),
        entry("cc", rule="z-rule"),
        entry("dd"),
        entry("ab"),
    ]
    assert [item.fingerprint for item in in_order(rows)] == ["ab", "dd", "cc", "bb", "aa"]
