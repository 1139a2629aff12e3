"""Analyses one statement for the tests of the SQL facts."""

from __future__ import annotations

import json
from typing import Any

from sqlglot import parse_one

from costguard.extract.sql import parse_leaf
from costguard.facts.rows import SourceRows, TextPlaces
from costguard.facts.sql.analyse import StatementContext, analyse_statement
from costguard.model import Hole, SqlText

Rows = dict[str, list[Any]]


def analyse(
    sql: str,
    variables: dict[str, Any] | None = None,
    holes: tuple[Hole, ...] = (),
    frame: int | None = None,
) -> Rows:
    """The fact rows of a statement that stands alone in a file. `frame`: the DataFrame that it becomes."""
    text = SqlText(sql, "file", holes=holes, frame=frame)
    rows = SourceRows([sql], is_notebook=False)
    context = StatementContext(
        text=text,
        statement_text=sql,
        start=0,
        script=None,
        script_position=0,
        in_procedure=False,
        loop_depth=0,
        loop_turns=None,
        in_branch=False,
        variables=variables or {},
    )
    # As the tool reads it; a statement that it leaves out as inert has no tree there.
    tree = parse_leaf(sql).tree or parse_one(sql, dialect="bigquery")
    analyse_statement(tree, context, rows, TextPlaces(rows, text, 0, ()))
    return rows.rows


def reads(sql: str) -> dict[str, set[str]]:
    """Table as written -> columns read. `*` and `*-a-b` are stars, `row` a row as a value, `a[]` an UNNEST;
    `x|y` a column that either of two tables may own (entered under both)."""
    rows = analyse(sql)
    tables = [scan.table_name for scan in rows.get("scans", ())]
    found: dict[str, set[str]] = {table: set() for table in tables}
    for plan in rows.get("read_plans", ()):
        owners = list(dict.fromkeys(tables[scan] for scan in plan.scans))
        paths = plan.paths or (plan.path,) * len(plan.scans)
        for scan, path in zip(plan.scans, paths, strict=True):
            name = {
                "path": path,
                "star": "-".join(("*", *plan.excepted)),
                "row": "row",
                "unnest": f"{path}[]",
            }[plan.kind]
            found[tables[scan]].add(name if len(owners) == 1 else f"{name}?")
    return found


def predicate(sql: str, scan: int = 0) -> Any:
    """The predicate of a scan, without the places."""
    text = analyse(sql)["scans"][scan].predicate
    return strip(json.loads(text)) if text is not None else None


def strip(node: Any) -> Any:
    """A predicate without its `at` wrappers."""
    if isinstance(node, list):
        if node and node[0] == "at":
            return strip(node[2])
        return [strip(item) for item in node]
    return node


def place(sql: str, rows: Rows, at: int) -> str:
    """The text of a one-line statement that a location covers."""
    location = rows["locations"][at]
    assert location.start_line == location.end_line
    return sql.splitlines()[location.start_line - 1][location.start_column - 1 : location.end_column - 1]
