"""Notebooks: one module in cell order, positions per cell."""

from __future__ import annotations

import json

import pytest

from costguard.extract.notebook import extract_notebook, read_cells
from costguard.model import Extraction, Unread
from tests.extract.python_fixture import check_segments

SETUP = "from google.cloud import bigquery\nclient = bigquery.Client()\n"


def notebook(*cells: str) -> Extraction:
    document = {
        "cells": [
            {"cell_type": "markdown", "source": cell[2:]}
            if cell.startswith("# ")
            else {"cell_type": "code", "source": cell.splitlines(keepends=True)}
            for cell in cells
        ]
    }
    extraction = extract_notebook(json.dumps(document), "work/a.ipynb", {}.get)
    check_segments(extraction)
    return extraction


def test_texts_hold_every_cell_and_positions_count_within_it() -> None:
    extraction = notebook("# Title", SETUP, "x = 1\nclient.query('SELECT a FROM d.t')")
    assert extraction.texts == ("", SETUP, "x = 1\nclient.query('SELECT a FROM d.t')")
    (sql,) = extraction.sql
    assert (sql.text, sql.cell, sql.call_start, sql.call_cell) == ("SELECT a FROM d.t", 3, 6, None)


def test_a_string_of_an_earlier_cell() -> None:
    extraction = notebook(SETUP, "q = 'SELECT a FROM d.t'", "df = client.query(q).to_dataframe()")
    (sql,) = extraction.sql
    assert (sql.cell, sql.call_cell, sql.call_start, sql.materialises, sql.destination) == (
        2,
        3,
        5,
        True,
        "df",
    )
    assert sql.segments[0].source_start == 5


def test_a_bigquery_magic() -> None:
    cell = "%%bigquery df --project p\nSELECT a\nFROM d.t"
    extraction = notebook(cell, "df['a'].sum()")
    (sql,) = extraction.sql
    assert (sql.text, sql.via, sql.cell) == ("SELECT a\nFROM d.t", "magic", 1)
    assert (sql.destination, sql.materialises, sql.bytes_cap) == ("df", True, False)
    assert cell[sql.call_start : sql.call_end] == "%%bigquery df --project p"
    assert sql.frame is not None
    frame = extraction.python.frames[sql.frame]
    assert (frame.name, frame.engine, frame.origin, frame.reader, frame.cell) == (
        "df",
        "pandas",
        "query",
        "magic",
        1,
    )
    assert frame.columns_used == ("a",)


def test_a_capped_magic_without_destination() -> None:
    (sql,) = notebook("%%bigquery --maximum_bytes_billed 1000\nSELECT a FROM d.t").sql
    assert (sql.bytes_cap, sql.materialises, sql.frame) == (True, False, None)


def test_variables_in_magics() -> None:
    extraction = notebook(
        "table = 'd.t'\nq = 'SELECT b FROM d.u'\np = {'n': 3}",
        "%%bigquery --params $p\nSELECT a FROM {table} WHERE x = @n AND y = '$other'",
        "%%bigquery\n$q",
        "%%bigquery\n$unknown",
    )
    one, two = extraction.sql
    assert one.text == "SELECT a FROM d.t WHERE x = @n AND y = 'hole_other'"
    assert one.parameters == (("n", "3"),)
    assert [hole.name for hole in one.holes] == ["other"]
    assert (two.text, two.cell) == ("SELECT b FROM d.u", 3)
    assert [(u.reason, u.detail, u.cell) for u in extraction.unread] == [
        ("SQL built at run time", "$unknown", 4)
    ]


def test_a_variable_has_the_value_it_has_at_that_cell() -> None:
    extraction = notebook(
        "t = 'd.one'", "%%bigquery\nSELECT a FROM $t", "t = 'd.two'", "%%bigquery\nSELECT a FROM $t"
    )
    assert [sql.text for sql in extraction.sql] == ["SELECT a FROM d.one", "SELECT a FROM d.two"]


def test_sql_magics_and_their_dialects() -> None:
    extraction = notebook(
        "import duckdb",
        "%%sql\nSELECT a FROM t",
        "%%sparksql\nSELECT b FROM t",
        "x = %sql SELECT c FROM t",
        "%%with_globals\n%%bigquery\nSELECT d FROM t",
    )
    assert [(sql.text[7], sql.dialect, sql.destination) for sql in extraction.sql][1:] == [
        ("b", "spark", None),
        ("c", "bigquery", "x"),
        ("d", "bigquery", None),
    ]


def test_a_broken_cell_is_left_out_and_reported() -> None:
    extraction = notebook(SETUP, "print 'two'\nx = 1", "client.query('SELECT a FROM d.t')", "def f(:")
    assert [sql.cell for sql in extraction.sql] == [3]
    assert [(u.reason, u.cell) for u in extraction.unread] == [
        ("Python syntax error", 2),
        ("Python syntax error", 4),
    ]


def test_shell_lines_magics_and_top_level_await_do_not_break_a_cell() -> None:
    extraction = notebook(
        SETUP,
        "!pip install x\n%load_ext google.cloud.bigquery\nx = !ls\nx?\nawait f()\n"
        "%time client.query('SELECT a FROM d.t')",
        "%%bash\necho 'SELECT b FROM d.t'",
        "   client.query('SELECT c FROM d.t')",
    )
    assert extraction.unread == ()
    assert [(sql.text[7], sql.cell) for sql in extraction.sql] == [("a", 2), ("c", 4)]


def test_facts_count_in_their_cells() -> None:
    extraction = notebook(
        "import pandas as pd", "df = pd.read_csv('x.csv')\nfor _, row in df.iterrows():\n    print(row)"
    )
    (loop,) = extraction.python.loops
    assert (loop.cell, loop.start) == (2, 26)
    assert {frame.cell for frame in extraction.python.frames} == {2}


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "not JSON"),
        ("not json", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no list of cells"),
        ('{"cells": 3}', "no list of cells"),
        ('{"worksheets": [{"cells": []}]}', "nbformat 3"),
    ],
)
def test_what_is_no_notebook_is_unread(text: str, detail: str) -> None:
    extraction = extract_notebook(text, "a.ipynb", {}.get)
    assert [unread.reason for unread in extraction.unread] == ["not a notebook"]
    assert detail in extraction.unread[0].detail
    assert extraction.sql == ()


def test_odd_cells_are_empty() -> None:
    text = json.dumps({"cells": [3, {"cell_type": "code"}, {"cell_type": "code", "source": [1, "x"]}, {}]})
    assert read_cells(text) == ("", "", "x", "")
    assert isinstance(read_cells("{}"), Unread)


def test_the_command_line_tool_in_cells() -> None:
    extraction = notebook(
        SETUP,
        "table = 'd.t'\n!bq query --use_legacy_sql=false 'SELECT a FROM $table'",
        'out = !bq query --format=json "SELECT b FROM \\`d.t\\`"',
        "%%bash\nls\nbq query --dry_run '\nSELECT c FROM d.t'\nbq query < q.sql",
    )
    assert [(sql.text.strip(), sql.cell, sql.dry_run) for sql in extraction.sql] == [
        ("SELECT a FROM d.t", 2, False),
        ("SELECT b FROM `d.t`", 3, False),
        ("SELECT c FROM d.t", 4, True),
    ]
    assert [(item.detail, item.cell) for item in extraction.unread] == [("bq query < q.sql", 4)]


def test_files_that_cells_write() -> None:
    extraction = notebook(
        f"%%writefile load.py\n{SETUP}for i in range(3):\n    client.query('SELECT a FROM d.t')",
        "%%writefile q.sql\nSELECT b FROM d.t",
        "%%writefile notes.txt\nSELECT c FROM d.t",
    )
    assert [(sql.text, sql.cell, sql.loop_turns) for sql in extraction.sql] == [
        ("SELECT a FROM d.t", 1, 3),
        ("SELECT b FROM d.t", 2, None),
    ]


@pytest.mark.parametrize(
    ("metadata", "cell"),
    [
        ({"kernelspec": {"name": "sql", "language": "sql"}}, {}),
        ({"language_info": {"name": "SQL"}}, {}),
        ({}, {"language": "sql"}),
        ({}, {"language": "sql", "sql_engine": "bigquery"}),
        ({}, {"vscode": {"languageId": "sql"}}),
    ],
)
def test_cells_that_are_sql_as_a_whole(metadata: dict[str, object], cell: dict[str, object]) -> None:
    code = {"cell_type": "code", "source": "\nSELECT a FROM d.t", "metadata": cell}
    extraction = extract_notebook(json.dumps({"cells": [code], "metadata": metadata}), "a.ipynb", {}.get)
    check_segments(extraction)
    assert [(sql.text.strip(), sql.via, sql.dialect) for sql in extraction.sql] == [
        ("SELECT a FROM d.t", "magic", "bigquery")
    ]
    assert extraction.unread == ()


@pytest.mark.parametrize("above", ["#@title Load {display-mode: 'form'}\n", "\n# What it does\n\n"])
def test_comments_above_a_cell_magic(above: str) -> None:
    (sql,) = notebook(f"{above}%%bigquery df\nSELECT a FROM d.t").sql
    assert (sql.text, sql.destination) == ("SELECT a FROM d.t", "df")
