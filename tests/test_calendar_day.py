"""Days, and what is none."""

from __future__ import annotations

import doctest
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard import calendar_day
from costguard.calendar_day import parse_day


def test_examples_in_docstrings() -> None:
    done = doctest.testmod(calendar_day)
    assert (done.failed, done.attempted > 0) == (0, True)


@given(st.dates())
def test_every_day_is_read(day: date) -> None:
    assert parse_day(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    ["", "2027-1-1", "20270101", "2027-13-01", "2027-W01-1", " 2027-01-01", "2027-01-01\n", "٢٠٢٧-٠١-٠١"],
)
def test_what_is_no_day(text: str) -> None:
    assert parse_day(text) is None
