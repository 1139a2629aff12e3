"""Sizes and times as people write them, and percentiles."""

from __future__ import annotations

import doctest
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.guards import quantities
from costguard.guards.quantities import (
    MOST_BYTES,
    parse_size,
    parse_span,
    rank,
    round_up,
    size_text,
    span_text,
)


def test_the_examples() -> None:
    assert doctest.testmod(quantities).failed == 0


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=MOST_BYTES))
def test_sizes_are_read_back(count: int) -> None:
    assert parse_size(size_text(count)) == count


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=10**9))
def test_times_are_read_back(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert parse_span(span_text(span)) == span


@pytest.mark.parametrize(
    "text", ["", "10", "10 GB", "-1 GiB", "1.0001 KiB", "9000 PiB", "1 GiB x", "ten MiB"]
)
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match=r"no size|no whole number|more than"):
        parse_size(text)


@pytest.mark.parametrize("text", ["", "10", "1.5h", "h", "-1h", "1w"])
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="is no time such as"):
        parse_span(text)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**60))
def test_rounding_up_is_done_once(count: int) -> None:
    limit = round_up(count)
    assert limit >= max(count, 10 * 2**20)
    assert round_up(limit) == limit
    assert limit - count < 2**30 or limit == 10 * 2**20


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=10**6), st.integers(min_value=1, max_value=100))
def test_a_rank_leaves_few_above(count: int, percent: int) -> None:
    above = count - 1 - rank(count, percent)
    assert 0 <= above <= count * (100 - percent) / 100
