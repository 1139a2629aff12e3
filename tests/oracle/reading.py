"""The two answers to one question: which leaf columns of which tables does a statement read?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from zetasql.wasi._pb2.zetasql.public import (  # type: ignore[import-untyped]
    function_pb2,
    type_pb2,
)

from costguard.catalog.load import load_catalog
from costguard.estimate.run import estimate
from costguard.estimate.settings import EstimateSettings
from costguard.extract.script import split_script
from costguard.extract.sql import parse_leaf
from costguard.facts.merge import merge
from costguard.facts.rows import SourceRows, TextPlaces
from costguard.facts.schema import Source
from costguard.facts.sql.analyse import StatementContext, analyse_statement
from costguard.facts.sql.variables import variable_values
from costguard.model import SqlText
from costguard.view_plan import expand_view
from tests.oracle.demand import LENGTH, Demand, Needs, Node
from tests.oracle.googlesql import AnalysisError, GoogleSql
from tests.oracle.warehouse import PSEUDO_COLUMNS, Table, Warehouse

_FOR = re.compile(r"\bFOR\s+(?P<name>\w+)\s+IN\s*\(", re.IGNORECASE)
_FUNCTION = re.compile(r"CREATE\s[^(]*\bFUNCTION\b", re.IGNORECASE)

Reads = dict[str, frozenset[str]]
"""Leaf columns by table (`project.dataset.table`)."""


@dataclass(frozen=True)
class Statement:
    """One statement, with what it needs to know of the script around it."""

    name: str
    text: str
    variables: tuple[tuple[str, str], ...] = ()
    """Script variables and their types as written."""
    rows: tuple[tuple[str, str], ...] = ()
    """Variables of FOR loops, and the query whose rows they hold."""
    values: dict[str, Any] = field(default_factory=dict, compare=False)
    """The same with their defaults, as costguard passes them on."""
    functions: tuple[str, ...] = ()
    """CREATE FUNCTION statements before it."""


def statements_of(name: str, text: str) -> list[Statement]:
    """The statements of a text, by costguard's own splitter."""
    script = split_script(text)
    loops = {item.name for item in script.variables if item.type == "STRUCT"}
    rows = {
        found["name"]: next(leaf.text for leaf in script.leaves if leaf.start >= found.end())
        for found in _FOR.finditer(text)
        if found["name"] in loops
    }
    return [
        Statement(
            name if len(script.leaves) == 1 else f"{name}#{number}",
            leaf.text,
            tuple((item.name, item.type) for item in script.variables if item.type and item.name not in rows),
            tuple(rows.items()),
            variable_values(script.variables, "bigquery"),
            tuple(before.text for before in script.leaves[: number - 1] if _FUNCTION.match(before.text)),
        )
        for number, leaf in enumerate(script.leaves, 1)
    ]


# -- costguard's answer ------------------------------------------------------------------------------


def costguard_reads(
    statements: Sequence[Statement],
    catalogs: Sequence[Path],
    project: str,
    now: datetime,
    dataset: str | None = None,
) -> list[Reads | None]:
    """What costguard says of each statement, with the catalog applied; None for one that it does not read."""
    sources = [_facts(number, statement) for number, statement in enumerate(statements)]
    frames = estimate(
        merge(sources),
        load_catalog(catalogs),
        EstimateSettings(now, project=project, dataset=dataset),
        expand_view,
    )
    numbers = frames["queries"].select("query", "source").rows()
    statement_of = dict(numbers)
    found: list[dict[str, set[str]] | None] = [None] * len(statements)
    for _, source in numbers:
        found[source] = {}
    for query, table, kind, role in frames["scans"].select("query", "table", "kind", "role").iter_rows():
        reads = found[statement_of[query]]
        assert reads is not None
        if role != "insert_target" and kind != "view":
            reads.setdefault(table, set())
    for query, table, column in frames["columns_read"].select("query", "table", "column").iter_rows():
        reads = found[statement_of[query]]
        assert reads is not None
        reads.setdefault(table or "(unknown)", set()).add(column)
    return [
        None if reads is None else {table: frozenset(columns) for table, columns in reads.items()}
        for reads in found
    ]


def _facts(number: int, statement: Statement) -> dict[str, Any]:
    text = SqlText(statement.text, "file")
    rows = SourceRows([statement.text], is_notebook=False)
    rows.add("sources", Source(0, f"{number}.sql", "sql", len(statement.text), 1, False))
    tree = parse_leaf(statement.text).tree
    if tree is not None:
        context = StatementContext(
            text=text,
            statement_text=statement.text,
            start=0,
            script=None,
            script_position=0,
            in_procedure=False,
            loop_depth=0,
            loop_turns=None,
            in_branch=False,
            variables=statement.values,
        )
        analyse_statement(tree, context, rows, TextPlaces(rows, text, 0, ()))
    return rows.rows


# -- GoogleSQL's answer ------------------------------------------------------------------------------


class Oracle:
    """Answers from GoogleSQL's analyser, over the tables of a warehouse."""

    def __init__(self, engine: GoogleSql, warehouse: Warehouse, statements: Iterable[Statement]) -> None:
        """`statements`: those that will be asked about; their spellings of table names become the catalog."""
        self._engine = engine
        self._warehouse = warehouse
        names: set[tuple[str, ...]] = set()
        for statement in statements:
            try:
                names.update(engine.table_names(statement.text))
            except AnalysisError:
                continue  # `reads` will say so
        for _ in range(2):  # views over views
            for table in [warehouse.find(name) for name in names]:
                if table is not None and table.view_query is not None:
                    names.update(engine.table_names(table.view_query))
        self._catalog = engine.register(warehouse.catalog(names))
        self._names = names

    def reads(self, statement: Statement) -> Answer:
        """What a statement reads.

        Raises:
            AnalysisError: GoogleSQL refuses it.
        """
        catalog = self._catalog
        if statement.variables or statement.rows or statement.functions:
            catalog = self._with_script(statement)
        needs = Needs()
        views: dict[str, Demand | None] = {}

        def view(name: str) -> Demand | None:
            if name not in views:
                table = self._warehouse.find((name,))
                assert table is not None
                views[name] = None
                if table.view_query is not None:
                    tree = self._engine.analyse(table.view_query, self._catalog)
                    views[name] = Demand(tree, needs, self._table_name, view, of_view=True)
            return views[name]

        Demand(self._engine.analyse(statement.text, catalog), needs, self._table_name, view).run()
        return Answer({self._table(name): paths for name, paths in needs.paths.items()})

    def _table_name(self, name: str) -> str:
        return self._table(name).name

    def _table(self, name: str) -> Table:
        table = self._warehouse.find((name,))
        assert table is not None, name
        return table

    def _with_script(self, statement: Statement) -> int:
        catalog = self._warehouse.catalog(self._names)
        for name, kind in statement.variables:
            constant = catalog.constant.add(name_path=[name])
            null = self._engine.analyse_expression(f"CAST(NULL AS {kind})", self._catalog)
            constant.type.CopyFrom(Node(null).raw("type"))
            constant.value.SetInParent()
        for name, query in statement.rows:
            constant = catalog.constant.add(name_path=[name])
            constant.type.type_kind = type_pb2.TYPE_STRUCT
            for column in Node(self._engine.analyse(query, self._catalog)).raw("output_column_list"):
                member = constant.type.struct_type.field.add(field_name=column.name)
                member.field_type.CopyFrom(column.column.type)
            constant.value.SetInParent()
        number = self._engine.register(catalog)
        for text in statement.functions:
            created = Node(self._engine.analyse(text, number))
            function = catalog.custom_function.add(group="script", mode=function_pb2.FunctionEnums.SCALAR)
            function.name_path.extend(created.raw("name_path"))
            function.signature.add().CopyFrom(created.raw("signature"))
            number = self._engine.register(catalog)  # the next function may call it
        return number


@dataclass(frozen=True)
class Answer:
    """The paths that a statement needs of each table."""

    paths: dict[Table, set[tuple[str, ...]]]

    @cached_property
    def leaves(self) -> Reads:
        """Every leaf that is needed itself."""
        return {
            table.name: frozenset(
                leaf
                for path in paths
                if path[-1] != LENGTH and path[0].upper() not in PSEUDO_COLUMNS
                for leaf in table.under(path)
            )
            for table, paths in self.paths.items()
        }

    def matches(self, reads: Reads) -> bool:
        """Another answer says the same. Of an array whose length alone is needed, any one leaf will do."""
        return not self.difference(reads)

    def difference(self, reads: Reads) -> tuple[str, ...]:
        """What another answer has too much (`+table.column`), and too little (`-table.column`)."""
        found: list[str] = []
        for name in sorted(self.leaves.keys() - reads.keys()):
            found.append(f"-{name}")
        for name in sorted(reads.keys() - self.leaves.keys()):
            found.append(f"+{name}")
        for table, paths in sorted(self.paths.items(), key=lambda item: item[0].name):
            theirs = reads.get(table.name)
            if theirs is None:
                continue
            mine = self.leaves[table.name]
            more, less = set(theirs - mine), set(mine - theirs)
            for array in sorted({path[:-1] for path in paths if path[-1] == LENGTH}):
                leaves = table.under(array)
                if mine & leaves:
                    continue
                if len(more & leaves) == 1:
                    more -= leaves
                elif not theirs & leaves:
                    less.add(f"{'.'.join(array)}{LENGTH}")
            found += [f"+{table.name}.{column}" for column in sorted(more)]
            found += [f"-{table.name}.{column}" for column in sorted(less)]
        return tuple(found)
