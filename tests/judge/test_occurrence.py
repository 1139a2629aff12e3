"""Findings that look alike are told apart by their number, and found to be alike again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from costguard.judge.occurrence import firsts, occurrence
from costguard.judge.run import told_apart
from tests.render.results import finding


def test_the_first_one_keeps_its_fingerprint() -> None:
    assert occurrence("abc", 1) == "abc"
    assert len({occurrence("abc", number) for number in range(1, 5)}) == 4


@given(st.lists(st.sampled_from(["aa", "bb", "cc"]), max_size=12))
def test_what_was_told_apart_is_put_together(marks: list[str]) -> None:
    told = told_apart(finding(line=line, fingerprint=mark) for line, mark in enumerate(marks, 1))
    found = firsts([item.fingerprint for item in told])
    assert [found[item.fingerprint] for item in told] == marks
    assert len(found) == len(marks)


def test_a_gap_ends_the_series() -> None:
    third = occurrence("aa", 3)
    assert firsts(["aa", third]) == {"aa": "aa", third: third}
