"""Reads the SQL cells of a notebook that Jupytext keeps as a Python script.

In the percent format a cell begins with `# %%`. What is no Python in it stands in comments: `# %%bigquery frame` and
the SQL below it, or `# %% language="bigquery" magic_args="frame"` and the SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from costguard.extract.magics import SQL_MAGICS, read_arguments
from costguard.extract.python_formatting import fill_placeholders
from costguard.extract.python_holes import fill_gaps
from costguard.extract.python_values import Piece
from costguard.model import SqlText

_CELL = re.compile(r"^# ?%%(?![%\w])(?P<options>[^\n]*)$", re.MULTILINE)
_MAGIC = re.compile(r"\s*^# ?%%(?P<name>\w+)(?P<line>[^\n]*)$", re.MULTILINE)
_LANGUAGE = re.compile(r"\blanguage=[\"'](?P<name>\w+)[\"']")
_ARGUMENTS = re.compile(r"\bmagic_args=(?P<quote>[\"'])(?P<line>.*?)(?P=quote)")
_COMMENT = re.compile(r"^#(?: |(?=\r?$))(?P<text>[^\n]*\n?)", re.MULTILINE)


def jupytext_queries(text: str) -> Iterator[SqlText]:
    """The SQL texts of the SQL cells of a script."""
    if "%%" not in text:
        return
    cells = list(_CELL.finditer(text))
    for number, cell in enumerate(cells):
        end = cells[number + 1].start() if number + 1 < len(cells) else len(text)
        magic = _MAGIC.match(text, cell.end(), end)
        language = _LANGUAGE.search(cell["options"])
        name = magic["name"] if magic is not None else language["name"] if language is not None else ""
        if name not in SQL_MAGICS or "[markdown]" in cell["options"]:
            continue
        given = _ARGUMENTS.search(cell["options"])
        line = magic["line"] if magic is not None else given["line"] if given is not None else ""
        start = magic.end() if magic is not None else cell.end()
        found = _query(text, name, line, start, end)
        if found is not None:
            yield found


def _query(text: str, name: str, line: str, start: int, end: int) -> SqlText | None:
    pieces = [
        Piece(part["text"], part.start("text"), part.end("text"))
        for part in _COMMENT.finditer(text, start, end)
    ]
    if not any(piece.text.strip() for piece in pieces):
        return None
    filled = fill_gaps(fill_placeholders(pieces))
    arguments = read_arguments(name, line)
    is_bigquery = SQL_MAGICS[name] == "bigquery"
    return SqlText(
        text=filled.text,
        via="magic",
        segments=filled.segments,
        holes=filled.holes,
        call_start=pieces[0].start,
        call_end=pieces[-1].end,
        dialect=SQL_MAGICS[name] or "bigquery",
        destination=arguments.destination or arguments.table,
        bytes_cap=arguments.bytes_cap if is_bigquery else None,
        labelled=False if is_bigquery else None,
        dry_run=arguments.dry_run,
        materialises=arguments.destination is not None,
        parameters=arguments.parameters,
    )
