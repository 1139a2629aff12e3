"""Texts with gaps against whole texts."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.facts.fingerprint import NAME_GAP as N
from costguard.facts.fingerprint import OPEN_GAP as O
from costguard.history.gaps import Pattern, Patterns, pattern_of


def pattern(form: str, key: int = 0) -> Pattern:
    found = pattern_of(key, form)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("form", "text", "fits"),
    [
        (f"SELECT AGES FROM {N}.D.T", "SELECT AGES FROM MY_P_1.D.T", True),
        (f"SELECT AGES FROM {N}.D.T", "SELECT AGES FROM MY_P_1.E.T", False),
        (f"SELECT AGES FROM D.T_{N} WHERE X", "SELECT AGES FROM D.T_20260101 WHERE X", True),
        (f"SELECT AGES FROM {N} WHERE X", "SELECT AGES FROM T,U WHERE X", False),
        (f"SELECT AGES FROM {N} WHERE X", "SELECT AGES FROM T LIMIT? WHERE X", False),
        (f"SELECT A,B FROM TABLES WHERE{O}AND C=?", "SELECT A,B FROM TABLES WHERE X=?AND Y=?AND C=?", True),
        (f"SELECT A,B FROM TABLES{O}", "SELECT A,B FROM TABLES", True),
        (f"SELECT A,B FROM TABLES{O}", "SELECT A,B FROM TABLES WHERE A=?", True),
        (f"SELECT A,B FROM TABLES{O}", "SELECT A,B FROM TABLES2", False),
        (f"SELECT{O}AS X FROM TABLES", "SELECT ALIASES AS X FROM TABLES", True),
        (f"SELECT AGES FROM {N}.{N}", "SELECT AGES FROM D.T", True),
        (f"SELECT ABCD FROM {N}ABC", "SELECT ABCD FROM ABC", True),
        (f"SELECT ABCD FROM {N}BC,ABC", "SELECT ABCD FROM ABC", False),
    ],
)
def test_whether_gaps_can_be_filled(form: str, text: str, fits: bool) -> None:
    assert pattern(form).matches(text) is fits


def test_too_little_is_known() -> None:
    assert pattern_of(0, f"SELECT{O}FROM {N}") is None
    assert pattern_of(0, f"{O}") is None
    assert pattern_of(0, f"CREATE OR REPLACE VIEW {N} AS SELECT*FROM {N}_V1") is None
    assert pattern_of(0, f"SELECT*FROM {N}.SALES") is not None
    assert pattern_of(0, f"SELECT*FROM SALES{O}") is None


def test_the_one_of_which_most_is_known() -> None:
    found = Patterns(
        [
            pattern(f"SELECT*FROM {N}.SALES.{N}", 0),
            pattern(f"SELECT*FROM {N}.SALES.ORDERS", 1),
            pattern(f"SELECT*FROM {N}.SALES.ORDERS", 2),
            pattern(f"SELECT*FROM {N}.SALES.RETURNS", 3),
        ]
    )
    assert [item.key for item in found.best("SELECT*FROM P.SALES.ORDERS")] == [1, 2]
    assert [item.key for item in found.best("SELECT*FROM P.SALES.OTHERS")] == [0]
    assert list(found.best("SELECT AGES FROM P.SALES.OTHERS")) == []


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["SELECT LONG_WORD", "A", " WHERE", "AB", ".", "?"]), min_size=2, max_size=5),
    st.lists(st.sampled_from(["A", "AB", ".A", "A?", ""]), min_size=4, max_size=4),
)
def test_a_name_gap_agrees_with_the_regular_expression(pieces: list[str], fills: list[str]) -> None:
    form = "SELECT FROM_THESE," + N.join(pieces)
    text = form
    for fill in fills:
        text = text.replace(N, fill, 1)
    meant = pattern(form)
    assert not meant.matches(text) or re.fullmatch(r"[\w.*\-?$:]*".join(map(re.escape, meant.pieces)), text)
    assert Patterns([meant]).best(text) == ([meant] if meant.matches(text) else [])


def test_time_grows_with_the_length() -> None:
    """A regular expression would try a number of ways that has as many digits as there are gaps."""
    hostile = pattern("SELECT STRANGERS," + O.join([",A"] * 20) + ",B")
    started = time.process_time()
    assert not hostile.matches("SELECT STRANGERS," + ",A" * 50_000)
    assert time.process_time() - started < 2
