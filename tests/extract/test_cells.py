"""IPython's syntax becomes Python of the same length and lines."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.extract.cells import prepare_cell

CELLS = [
    ("!pip install x", "0"),
    ("x = 1\n!ls -l\ny = 2", "x = 1\n0\ny = 2"),
    ("%matplotlib inline", "0"),
    ("pd.DataFrame?", "0"),
    ("?len", "0"),
    ("x = !ls", "x = []"),
    ("x = %env HOME", "x = []"),
    ("pip install pandas", "0"),
    ("cd ..", "0"),
    ("!pip install a \\\n    b \\\n    c\nx = 1", "0\n\n\nx = 1"),
    ("if x:\n    !ls\n", "if x:\n    0\n"),
    ("%time x = f(1)", "if 1: x = f(1)"),
    ("%timeit -n 10 f(1)", "if 1:         f(1)"),
    ("%prun -s cumulative f(1)", "0"),
    ("best = %timeit -o f(1)", "best =" + " " * 12 + "f(1)"),
    ("? pd.read_csv", "0"),
    ("/ f 1", "0"),
    ("%%time\nx = 1", "0\nx = 1".replace("0", " ")),
    ("%%bash\nls | wc", "0\n"),
    ("%%bigquery df\nSELECT 1", "0\n"),
    ("x = '''\n%time\n!ls\n'''", None),
    ("x = (1\n% 2)", None),
    ("a = b % c\nls = 3\nls.append(1)\nhead = 5\ncat if ls else 2", None),
    ("x = 'what?'\n# why?", None),
    ("await f()", None),
    ("x != y", None),
]


@pytest.mark.parametrize(("cell", "expected"), CELLS)
def test_a_cell_becomes_python(cell: str, expected: str | None) -> None:
    python = prepare_cell(cell).python
    assert len(python) == len(cell)
    assert [line.rstrip() for line in python.split("\n")] == [
        line.rstrip() for line in (cell if expected is None else expected).split("\n")
    ]
    ast.parse(python)


@given(st.text(alphabet="!%? x=1\n\\'\"()sqlbigquerytim$", max_size=40))
@settings(deadline=None, max_examples=100)
def test_length_and_lines_never_change(cell: str) -> None:
    python = prepare_cell(cell).python
    assert len(python) == len(cell)
    assert [i for i, c in enumerate(python) if c == "\n"] == [i for i, c in enumerate(cell) if c == "\n"]


def test_a_stacked_magic_is_found() -> None:
    cell = "%%time\n%%bigquery df --project p\nSELECT 1"
    prepared = prepare_cell(cell)
    (magic,) = prepared.magics
    assert (magic.name, magic.line) == ("bigquery", " df --project p")
    assert cell[magic.body_start : magic.body_end] == "SELECT 1"
    assert not prepared.runs_python
