"""Both writers write the same document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.json_text import ascii_json_text, json_text

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_what_is_written_is_read(document: Any) -> None:
    assert json.loads(json_text(document)) == document
    assert json.loads(ascii_json_text(document)) == document
    assert ascii_json_text(document).isascii()


@pytest.mark.parametrize("text", ["a\ud800b", "\udcff", "ü\ud800"])
def test_halves_of_surrogate_pairs(text: str) -> None:
    for written in (json_text([text]), ascii_json_text([text])):
        assert written.isascii()
        assert json.loads(written) == [text]


def test_there_are_no_blanks() -> None:
    assert json_text({"a": [1, "b"]}) == '{"a":[1,"b"]}' == ascii_json_text({"a": [1, "b"]})
