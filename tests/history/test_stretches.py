"""What goes on without a pause."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.history.columns import TIME
from costguard.history.stretches import lasts, with_stretches
from tests.history.bills import at

SPANS = st.lists(
    st.tuples(st.sampled_from(["p", "q", None]), st.integers(0, 60), st.integers(0, 9)), max_size=20
)


def stretches(spans: list[tuple[str | None, int, int]], gap: float = 2) -> pl.DataFrame:
    rows = [
        {"by": by, "start": at(1) + timedelta(hours=start), "end": at(1) + timedelta(hours=start + hours)}
        for by, start, hours in spans
    ]
    frame = pl.DataFrame(rows, schema={"by": pl.String, "start": TIME, "end": TIME})
    return with_stretches(frame, ["by"], timedelta(hours=gap))


def test_a_pause_longer_than_the_gap_ends_a_stretch() -> None:
    found = stretches([("p", 0, 1), ("p", 3, 1), ("p", 6, 2), ("p", 11, 1)])
    assert found["stretch"].to_list() == [1, 1, 1, 2]
    assert found.select(lasts()).to_series().to_list() == [timedelta(hours=8)] * 3 + [timedelta(hours=1)]


def test_one_that_lasts_covers_the_pauses_of_others() -> None:
    found = stretches([("p", 0, 30), ("p", 1, 1), ("p", 31, 1)])
    assert found["stretch"].to_list() == [1, 1, 1]
    assert set(found["stretch_end"].to_list()) == {at(2, 8)}


def test_groups_know_nothing_of_each_other() -> None:
    found = stretches([("p", 0, 1), ("q", 2, 1), (None, 3, 1), ("p", 4, 1), (None, 9, 1)])
    numbers = [(None, 1), (None, 2), ("p", 1), ("p", 2), ("q", 1)]
    assert sorted(found.select("by", "stretch").rows(), key=str) == sorted(numbers, key=str)


def test_nothing() -> None:
    assert stretches([]).height == 0


@settings(max_examples=40, deadline=None)
@given(SPANS, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(spans: list[tuple[str | None, int, int]], random: object) -> None:
    shuffled = list(spans)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert stretches(spans).equals(stretches(shuffled))


@settings(max_examples=40, deadline=None)
@given(SPANS)
def test_each_pause_is_as_it_should_be(spans: list[tuple[str | None, int, int]]) -> None:
    """Within a stretch every moment is at most the gap away from use; between two there is more than the gap."""
    gap = timedelta(hours=2)
    for (_, _), rows in stretches(spans).group_by("by", "stretch"):
        reached: datetime | None = None
        for start, end in rows.sort("start").select("start", "end").iter_rows():
            assert reached is None or start - reached <= gap
            reached = end if reached is None else max(reached, end)
    for _, rows in stretches(spans).group_by("by"):
        spans_of = rows.select("stretch", "stretch_start", "stretch_end").unique().sort("stretch").rows()
        for (_, _, end), (_, start, _) in pairwise(spans_of):
            assert start - end > gap
