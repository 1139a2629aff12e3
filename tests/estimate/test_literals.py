"""Values of parameters, as a user writes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.estimate.literals import parse_literal


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("7", ["num", "7"]),
        ("-7", ["num", "-7"]),
        ("+7", ["num", "7"]),
        (" 1.5e-3 ", ["num", "1.5e-3"]),
        (".5", ["num", ".5"]),
        ("true", ["bool", True]),
        ("FALSE", ["bool", False]),
        ("Null", ["null"]),
        ("'it'", ["str", "it"]),
        ('"it\'s"', ["str", "it's"]),
        (r"'it\'s'", ["str", "it's"]),
        ("''", ["str", ""]),
        ("DATE '2026-01-01'", ["date", "2026-01-01"]),
        ("date'2026-01-01'", ["date", "2026-01-01"]),
        ('TIMESTAMP "2026-01-01 00:00:00+00"', ["timestamp", "2026-01-01 00:00:00+00"]),
        ("DATETIME '2026-01-01'", ["datetime", "2026-01-01"]),
        ("TIME '12:30:00'", ["time", "12:30:00"]),
        ("[]", ["array", []]),
        ("[1, 2]", ["array", [["num", "1"], ["num", "2"]]]),
        ("['a, b', \"c\"]", ["array", [["str", "a, b"], ["str", "c"]]]),
        ("[DATE '2026-01-01']", ["array", [["date", "2026-01-01"]]]),
    ],
)
def test_literals(text: str, tree: Any) -> None:
    assert parse_literal(text) == tree


@pytest.mark.parametrize(
    "text",
    ["", "x", "CURRENT_DATE()", "1 + 1", "DATE 2026-01-01", "'open", "'a' 'b'", "[1,", "[1,]", "[x]", "--1"],
)
def test_anything_else_is_none(text: str) -> None:
    assert parse_literal(text) is None


@given(st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    found = parse_literal(text)
    assert found is None or isinstance(found, list)


@given(st.text(max_size=40))
def test_a_quoted_text_comes_back(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    assert parse_literal(f"'{escaped}'") == ["str", text]


@given(st.integers(-(10**30), 10**30))
def test_a_number_comes_back(number: int) -> None:
    assert parse_literal(str(number)) == ["num", str(number)]
