"""Source lines with their span underlined: alignment, cuts, blocks, and nothing that steers a terminal."""

from __future__ import annotations

import pytest

from costguard.model import Span
from costguard.render.cells import text_width
from costguard.render.paint import Paint
from costguard.render.snippet import snippet

PLAIN = Paint(plain=True)


def shown(text: str, span: Span, width: int = 100) -> list[str]:
    return snippet(text.split("\n"), span, width, "error", PLAIN)


def underlined(lines: list[str]) -> str:
    """The characters above the carets of a snippet of one line."""
    text, mark = lines
    column, found = 0, ""
    for char in text:
        if mark[column : column + 1] == "^":
            found += char
        column += text_width(char)
    return found


def test_a_span_is_underlined() -> None:
    assert shown("SELECT * FROM t", Span(1, 8, 1, 9)) == [
        "   1 │ SELECT * FROM t",
        "     │        ^",
    ]


def test_an_empty_span_marks_one_character() -> None:
    assert shown("SELECT *", Span(1, 8, 1, 8)) == ["   1 │ SELECT *", "     │        ^"]


def test_a_span_behind_the_last_character_is_marked_there() -> None:
    assert shown("ab", Span(1, 3, 1, 3)) == ["   1 │ ab", "     │   ^"]


def test_line_numbers_of_five_digits_keep_the_bar_straight() -> None:
    assert shown("\n" * 12344 + "ab", Span(12345, 1, 12345, 3)) == ["12345 │ ab", "      │ ^^"]


def test_tabs_are_expanded_to_their_stops() -> None:
    assert shown("\tSELECT\ta", Span(1, 9, 1, 10)) == [
        "   1 │     SELECT  a",
        "     │             ^",
    ]


def test_wide_characters_take_two_cells() -> None:
    assert shown("SELECT 日本, b", Span(1, 8, 1, 10)) == ["   1 │ SELECT 日本, b", "     │        ^^^^"]
    assert underlined(shown("SELECT 日本, b", Span(1, 12, 1, 13))) == "b"


def test_combining_marks_take_none() -> None:
    assert shown("e\u0301 b", Span(1, 4, 1, 5)) == ["   1 │ e\u0301 b", "     │   ^"]


@pytest.mark.parametrize("char", ["\x1b", "\x07", "\x9b", "\x7f", "\u202e", "\u2066", "\u200b", "\ufeff"])
def test_characters_that_steer_the_terminal_are_shown_as_others(char: str) -> None:
    lines = shown(f"a{char}b", Span(1, 3, 1, 4))
    assert char not in "".join(lines)
    assert underlined(lines) == "b"
    assert text_width(lines[0]) == text_width("   1 │ a?b")


def test_a_carriage_return_does_not_hide_code() -> None:
    assert shown("evil()\r# fine", Span(1, 1, 1, 5))[0] == "   1 │ evil()␍# fine"


@pytest.mark.parametrize("at", [1, 5, 60, 90, 91, 92, 93, 94, 300, 391, 397, 398, 399])
@pytest.mark.parametrize("size", [1, 5, 30])
def test_a_long_line_is_cut_around_its_span(at: int, size: int) -> None:
    line = "".join(chr(ord("a") + index % 26) for index in range(400))
    lines = shown(line, Span(1, at, 1, at + size))
    assert text_width(lines[0]) <= 100
    assert underlined(lines) == line[at - 1 : at - 1 + size]
    assert "…" in lines[0]


def test_a_span_that_is_longer_than_the_line_of_the_terminal() -> None:
    line = "x" * 50 + "y" * 300 + "z" * 50
    first, mark = shown(line, Span(1, 51, 1, 351))
    assert first == "   1 │ …" + "x" * 7 + "y" * 84 + "…"
    assert mark == "     │ " + " " * 8 + "^" * 84


def test_a_line_of_wide_characters_is_cut_between_them() -> None:
    line = "日" * 200
    for at in range(1, 201):
        lines = shown(line, Span(1, at, 1, at + 1))
        assert text_width(lines[0]) <= 100
        assert lines[1].count("^") == 2
        assert underlined(lines) == "日"


def test_a_line_of_megabytes_is_not_measured() -> None:
    line = "a" * 3_000_000 + "FROM" + "b" * 3_000_000
    lines = shown(line, Span(1, 3_000_001, 1, 3_000_005))
    assert underlined(lines) == "FROM"
    assert lines[0].count("…") == 2


def test_a_block_that_is_whole_lines_has_a_bar() -> None:
    assert shown("SELECT a\nFROM t\nWHERE b", Span(1, 1, 3, 8)) == [
        "   1 │ ╭ SELECT a",
        "   2 │ │ FROM t",
        "   3 │ ╰ WHERE b",
    ]


def test_a_block_says_where_it_starts_and_ends() -> None:
    assert shown("x = f(a,\n  b) + c", Span(1, 5, 2, 5)) == [
        "   1 │   x = f(a,",
        "     │ ╭─────^",
        "   2 │ │   b) + c",
        "     │ ╰────^",
    ]


def test_the_semicolon_behind_a_statement_is_no_end_to_point_at() -> None:
    assert shown("SELECT a\nFROM t;", Span(1, 1, 2, 7))[-1] == "   2 │ ╰ FROM t;"


def test_a_long_block_leaves_its_middle_out() -> None:
    text = "\n".join(f"line {number}" for number in range(1, 31))
    assert shown(text, Span(1, 1, 30, 8)) == [
        "   1 │ ╭ line 1",
        "   2 │ │ line 2",
        "     │ ┆ (27 more lines)",
        "  30 │ ╰ line 30",
    ]


def test_a_block_of_four_lines_is_whole() -> None:
    assert [line[:4] for line in shown("a\nb\nc\nd", Span(1, 1, 4, 2))] == ["   1", "   2", "   3", "   4"]


def test_a_span_that_ends_with_its_line_break_has_one_line() -> None:
    assert shown("SELECT a\nFROM t", Span(1, 1, 2, 1)) == ["   1 │ SELECT a", "     │ ^^^^^^^^"]


@pytest.mark.parametrize("width", [60, 100, 120])
def test_no_line_of_a_block_is_too_long(width: int) -> None:
    text = "\n".join("y" * 30 + " " * 10 + "x" * 400 for _ in range(4))
    assert max(map(text_width, shown(text, Span(1, 41, 4, 300), width))) <= width


def test_a_span_outside_the_text_shows_nothing() -> None:
    assert shown("one line", Span(7, 1, 7, 5)) == []
    assert snippet([], Span(1, 1, 1, 2), 100, "error", PLAIN) == []


def test_a_span_that_leaves_the_text_is_cut() -> None:
    assert shown("one", Span(1, 2, 9, 5)) == ["   1 │ one", "     │  ^^"]


def test_colour_adds_sequences_only() -> None:
    coloured = snippet(["SELECT *"], Span(1, 8, 1, 9), 100, "error", Paint(plain=False))
    assert coloured == ["\x1b[94m   1 │\x1b[0m SELECT *", "\x1b[94m     │\x1b[0m        \x1b[1;31m^\x1b[0m"]
