"""Offsets of a text become the lines and columns that people count."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard import model
from costguard.model import LineIndex, Span

TEXT = "ab\n\ncde\n"


@pytest.mark.parametrize(
    ("offset", "position"),
    [
        (0, (1, 1)),
        (1, (1, 2)),
        (2, (1, 3)),
        (3, (2, 1)),
        (4, (3, 1)),
        (7, (3, 4)),
        (8, (4, 1)),
        (-5, (1, 1)),
        (99, (4, 1)),
    ],
)
def test_positions(offset: int, position: tuple[int, int]) -> None:
    assert LineIndex(TEXT).position(offset) == position


def test_an_empty_text_has_one_place() -> None:
    assert LineIndex("").position(0) == LineIndex("").position(7) == (1, 1)
    assert LineIndex("").span(0, 0) == Span(1, 1, 1, 1)


def test_spans() -> None:
    index = LineIndex(TEXT)
    assert index.span(0, 2) == Span(1, 1, 1, 3)
    assert index.span(1, 6, cell=4) == Span(1, 2, 3, 3, 4)
    assert index.span(5, 5) == Span(3, 2, 3, 2)


def test_a_span_never_ends_before_it_starts() -> None:
    assert LineIndex(TEXT).span(6, 1) == Span(3, 3, 3, 3)


def test_columns_count_characters() -> None:
    assert LineIndex("größe 😀 x").position(8) == (1, 9)


@given(st.text(alphabet="a\n\ré", max_size=30), st.integers(0, 30))
def test_a_position_is_where_counting_by_hand_ends(text: str, offset: int) -> None:
    before = text[:offset]
    assert LineIndex(text).position(offset) == (
        before.count("\n") + 1,
        len(before) - (before.rfind("\n") + 1) + 1,
    )


@pytest.mark.parametrize(
    "noun",
    [item for item in vars(model).values() if dataclasses.is_dataclass(item)],
    ids=lambda item: item.__name__,
)
def test_nouns_do_not_change(noun: type) -> None:
    """A value that one stage hands to the next is the same for both."""
    assert noun.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert noun.__doc__
    assert hasattr(noun, "__slots__")
