"""Lines of a cell in the file of its notebook: exact, or not said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.model import Span
from costguard.render.notebook_lines import NotebookLines

NOTEBOOK = """{
 "cells": [
  {"cell_type": "markdown", "source": ["# a\\n", "b"]},
  {
   "cell_type": "code", "outputs": [{"text": ["SELECT *\\n"]}],
   "source": [
    "%%bigquery\\n",
    "SELECT \\"ä\\u00e4\\ud83d\\ude00\\", *\\n",
    "FROM t"
   ]
  },
  {"cell_type": "code", "source": "x = 1\\ny = 2"}
 ]
}
"""


def stretch(text: str, span: Span) -> str:
    """What a span of one line marks."""
    assert span.start_line == span.end_line
    return text.split("\n")[span.start_line - 1][span.start_column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    ("span", "line", "marked"),
    [
        (Span(1, 1, 1, 11, 2), 7, "%%bigquery"),
        (Span(2, 15, 2, 16, 2), 8, "*"),
        (Span(2, 9, 2, 12, 2), 8, "ä\\u00e4\\ud83d\\ude00"),
        (Span(3, 1, 3, 7, 2), 9, "FROM t"),
        (Span(2, 1, 2, 6, 3), 12, "y = 2"),
    ],
)
def test_a_line_of_a_cell(span: Span, line: int, marked: str) -> None:
    found = NotebookLines(NOTEBOOK).span(span)
    assert found is not None
    assert (found.start_line, found.cell) == (line, None)
    assert stretch(NOTEBOOK, found) == marked


def test_a_stretch_of_several_lines_ends_behind_its_last_character() -> None:
    assert NotebookLines(NOTEBOOK).span(Span(2, 1, 3, 7, 2)) == Span(8, 6, 9, 12)
    assert NotebookLines(NOTEBOOK).span(Span(1, 1, 2, 1, 2)) == Span(
        7, 6, 7, 18
    )  # the line break is of line 1


@pytest.mark.parametrize(
    "span",
    [Span(1, 1, 1, 2, 9), Span(1, 1, 1, 2), Span(9, 1, 9, 2, 2), Span(3, 1, 3, 99, 2), Span(2, 9, 1, 1, 2)],
)
def test_what_is_not_there_has_no_place(span: Span) -> None:
    assert NotebookLines(NOTEBOOK).span(span) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"cells": 1}',
        '{"cells": [1]}',
        '{"cells": [{"source": 1}]}',
        '{"cells": [{"source": [1]}]}',
        '{"cells": [{}]}',
        '{"cells": [{"source": ["a"',
        '{"metadata": {}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_notebook(text: str) -> None:
    assert NotebookLines(text).span(Span(1, 1, 1, 2, 1)) is None


def test_the_last_of_equal_keys_counts_and_old_notebooks_say_input() -> None:
    text = '{"cells": [], "cells": [{"source": "a", "source": "b"}, {"input": "c"}]}'
    for cell, letter in ((1, "b"), (2, "c")):
        found = NotebookLines(text).span(Span(1, 1, 1, 2, cell))
        assert found is not None
        assert stretch(text, found) == letter


@settings(deadline=None)
@given(
    lines=st.lists(st.text(max_size=8), min_size=1, max_size=5),
    pieces=st.integers(0, 3),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
    data=st.data(),
)
def test_every_character_is_found(
    lines: list[str], pieces: int, ascii_only: bool, indent: int | None, data: st.DataObject
) -> None:
    """However the cell is cut into strings and these are escaped."""
    source: str | list[str] = "\n".join(lines)
    cell = source
    if pieces:
        size = max(len(cell) // pieces, 1)
        source = [cell[start : start + size] for start in range(0, len(cell), size)]
    document = {"cells": [{"outputs": [cell, {"source": cell}], "source": source}], "nbformat": 4}
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    if not cell:
        return
    offset = data.draw(st.integers(0, len(cell) - 1))
    line, column = cell.count("\n", 0, offset) + 1, offset - (cell.rfind("\n", 0, offset) + 1) + 1
    found = NotebookLines(text).span(Span(line, column, line, column + 1, 1))
    assert found is not None
    assert found.start_line == found.end_line
    marked = text.split("\n")[found.start_line - 1][found.start_column - 1 : found.end_column - 1]
    assert json.loads(f'"{marked}"') == cell[offset]
