"""Messages take the values of a row, written for people."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from costguard.judge import message as module
from costguard.judge.message import LONGEST, fill, misspelt, placeholders


def test_docstrings() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        ("{x}", "p.d.t", "p.d.t"),
        ("{x}", 1200, "1200"),
        ("{x}", 0.25, "0.25"),
        ("{x}", 3.0, "3"),
        ("{x}", True, "True"),
        ("{x}", ["a", "b"], "a, b"),
        ("{x}", [str(number) for number in range(13)], "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ..."),
        ("{x}", [], ""),
        ("{x:,}", 1234567, "1,234,567"),
        ("{x:count}", 1234567.4, "1,234,567"),
        ("{x:bytes}", 3 * 2**30, "3 GiB"),
        ("{x:bytes}", 1536.0, "1.5 KiB"),
        ("{x:usd}", 0.004, "$0.004"),
        ("{x:usd}", 1234.5, "$1,234.50"),
        ("{x}", None, "unknown"),
        ("{x:,}", None, "an unknown number of"),
        ("{x:count}", None, "an unknown number of"),
        ("{x:bytes}", None, "an unknown amount"),
        ("{x:usd}", None, "an unknown amount"),
        ("{x:bytes}", float("nan"), "an unknown amount"),
        ("{x:,}", float("inf"), "an unknown number of"),
        ("{x}", float("nan"), "unknown"),
        ("all[ of {x:,} rows]", float("nan"), "all"),
        ("{y}", 1, "unknown"),
        ("in {{ x }}", 1, "in {{ x }}"),
        ("{x} ", "{x} {y:bytes}", "{x} {y:bytes}"),
        ("{x}", "two\n  lines", "two lines"),
    ],
)
def test_values(template: str, value: Any, expected: str) -> None:
    assert fill(template, {"x": value}) == expected


def test_long_texts_are_cut() -> None:
    assert fill("{x}", {"x": "a" * LONGEST}) == "a" * LONGEST
    assert fill("{x}", {"x": "a" * (LONGEST + 1)}) == "a" * (LONGEST - 3) + "..."


def test_no_attributes_and_no_calls() -> None:
    assert fill("{x.__class__} {x[0]} {x!r}", {"x": "secret"}) == "{x.__class__} {x[0]} {x!r}"
    assert placeholders("{x.__class__} {x[0]} {x!r}") == set()
    assert list(misspelt("{x.__class__} {x[0]} {x!r}")) == ["{x.__class__}", "{x[0]}", "{x!r}"]


@pytest.mark.parametrize(
    ("template", "row", "text"),
    [
        ("read[ ({rows:,} rows)]", {"rows": 1200}, "read (1,200 rows)"),
        ("read[ ({rows:,} rows)]", {"rows": None}, "read"),
        ("read[ ({rows:,} rows)]", {}, "read"),
        ("read[: {rows:,} rows][, {size:bytes}]", {"rows": 3, "size": None}, "read: 3 rows"),
        ("read[ ({a} by {b})]", {"a": 1, "b": None}, "read"),
        ("{option}=[...] of items[0]", {"option": "columns"}, "columns=[...] of items[0]"),
    ],
)
def test_parts_in_brackets_need_their_values(template: str, row: dict[str, Any], text: str) -> None:
    assert fill(template, row) == text
