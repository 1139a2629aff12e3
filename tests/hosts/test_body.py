"""A Markdown text as a host takes it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.hosts.body import clean, fit, without_quick_actions

TABLE = "| query | dollars |\n| --- | --- |\n" + "".join(f"| q{row} | {row}.00 |\n" for row in range(10))


def test_what_fits_stays_as_it_is() -> None:
    assert fit(TABLE, len(TABLE)) == TABLE


def test_rows_are_left_out_whole_and_counted() -> None:
    # The head has 34 characters, a row 13, the last line 49 with its empty line: 34 + 13 + 49 = 96.
    said = "\n*9 more lines: this place takes 96 at most.*\n"
    assert len(said) == 46
    assert fit(TABLE, 96) == "| query | dollars |\n| --- | --- |\n| q0 | 0.00 |\n" + said


def test_one_line_is_no_lines() -> None:
    assert fit("a\n" + "b" * 200 + "\n", 100) == "a\n\n*1 more line: this place takes 100 at most.*\n"


def test_what_is_open_at_the_cut_is_closed() -> None:
    text = "<details><summary>More</summary>\n\n```sql\n" + "SELECT 1;\n" * 100 + "```\n\n</details>\n"
    cut = fit(text, 200)
    assert len(cut) <= 200
    assert cut.endswith("SELECT 1;\n```\n\n</details>\n\n*94 more lines: this place takes 200 at most.*\n")


def test_what_was_closed_before_the_cut_is_not_closed_again() -> None:
    text = "<details>\n```\n<details>\n~~~\n```\n</details>\n" + "words\n" * 100
    assert "</details>\n\n</details>" not in fit(text, 150)
    assert "```\n\n*" not in fit(text, 150)


def test_a_limit_in_bytes() -> None:
    text = "ü" * 30 + "\n" + "ü" * 30 + "\n"
    assert fit(text, 122) == text
    cut = fit(text, 121, lambda part: len(part.encode()))
    assert cut == "ü" * 30 + "\n\n*1 more line: this place takes 121 at most.*\n"


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["| a | b |", "```", "~~~~", "<details>", "</details>", "", "x" * 40])),
    st.data(),
)
def test_it_always_fits_and_begins_with_whole_lines(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines) + "\n"
    limit = data.draw(st.integers(400, 2000))
    cut = fit(text, limit)
    if cut != text:
        kept = cut[: cut.index("more line")].rsplit("\n", 1)[0]
        assert len(cut) <= limit
        assert text.startswith(kept.split("\n")[0])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/approve\n", "\\/approve\n"),
        ("one\n/merge\ntwo /close\n", "one\n\\/merge\ntwo /close\n"),
        ("  /label ~x\n", "  \\/label ~x\n"),
        ("<!--\n/close\n-->\n", "<!--\n\\/close\n-->\n"),
        ("// a comment\n/ 2\n", "// a comment\n/ 2\n"),
    ],
)
def test_nothing_is_carried_out_by_gitlab(text: str, shown: str) -> None:
    assert without_quick_actions(text) == shown


def test_what_has_no_place_in_a_text() -> None:
    assert clean("\n\na\rb\r\nc\0\ud800") == "a\nb\nc?\n"
