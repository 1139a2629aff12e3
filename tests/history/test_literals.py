"""Texts of queries without their literals."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.history.literals import literal_free, masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 'AKIA', \"x\", 42 FROM t", "SELECT ?, ?, ? FROM t"),
        ("SELECT a -- don't\nFROM t WHERE k = 'secret'", "SELECT a FROM t WHERE k = ?"),
        ("SELECT 'a -- b', c /* it's */ FROM t # o'neil", "SELECT ?, c FROM t"),
        (r"SELECT 'it\'s secret', 1.5e3", "SELECT ?, ?"),
        ("SELECT '''a 'b' \nc''' FROM t_2", "SELECT ? FROM t_2"),
        ("SELECT 'cut off sec", "SELECT ?"),
        ("SELECT '''cut 'off' sec", "SELECT ?"),
        ("SELECT 'cut off\\", "SELECT ?"),
        ("", ""),
    ],
)
def test_what_is_shown(text: str, expected: str) -> None:
    assert masked(text) == expected
    (free,) = pl.select(literal_free(pl.lit(text))).to_series()
    assert free == expected.lower()


@given(st.lists(st.sampled_from(["'", '"', "--", "#", "/*", "*/", "\\", "\n", " ", "'''", "a"]), max_size=12))
def test_both_ways_hide_the_same(parts: list[str]) -> None:
    """Whatever quotation marks and comments there are: what one hides, the other hides as well."""
    text = "".join(parts)
    (free,) = pl.select(literal_free(pl.lit(text))).to_series()
    assert free.replace(" ", "") == masked(text).replace(" ", "")
