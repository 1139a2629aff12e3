"""Which leaf columns a resolved statement needs, told from GoogleSQL's resolved tree alone.

Columns of a resolved tree have numbers that are unique in the statement. First every number is given its
definition (a column of a table, an expression, a column of a WITH query, ...); then what the result needs is
followed from number to number. What a query computes but nothing uses is not needed, as BigQuery prunes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.oracle.googlesql import Message

Path = tuple[str, ...]

LENGTH = "[]"
"""As the last part of a path: only the number of elements of the array before it."""


class Node:
    """A node of the resolved tree. Its fields are those of the message and of its `parent` messages."""

    __slots__ = ("kind", "message")

    def __init__(self, message: Message) -> None:
        while message.DESCRIPTOR.name.startswith("AnyResolved"):
            message = getattr(message, message.WhichOneof("node"))
        self.message = message
        self.kind: str = message.DESCRIPTOR.name.removeprefix("Resolved").removesuffix("Proto")

    def raw(self, name: str) -> Any:
        """A field as it is in the message."""
        message = self.message
        while name not in message.DESCRIPTOR.fields_by_name:
            message = message.parent
        return getattr(message, name)

    def node(self, name: str) -> Node:
        """A field that holds a node."""
        return Node(self.raw(name))

    def maybe(self, name: str) -> Node | None:
        """A field that holds a node, if this kind of node has the field and it is filled."""
        message = self.message
        while name not in message.DESCRIPTOR.fields_by_name:
            if "parent" not in message.DESCRIPTOR.fields_by_name:
                return None
            message = message.parent
        return Node(getattr(message, name)) if message.HasField(name) else None

    def nodes(self, name: str) -> list[Node]:
        """A field that holds nodes."""
        return [Node(item) for item in self.raw(name)]

    def numbers(self, name: str = "column_list") -> list[int]:
        """The numbers of the columns in a field."""
        return [column.column_id for column in self.raw(name)]

    def children(self) -> Iterator[Node]:
        """The nodes below, in any field."""
        message = self.message
        while message is not None:
            above = None
            for descriptor, value in message.ListFields():
                if descriptor.message_type is None:
                    continue
                if descriptor.name == "parent":
                    above = value
                elif _holds_nodes(descriptor.message_type):
                    for item in value if descriptor.is_repeated else (value,):
                        if not item.DESCRIPTOR.name.startswith("AnyResolved") or item.WhichOneof("node"):
                            yield Node(item)
            message = above


_NOT_NODES = frozenset({"ResolvedColumnProto", "ResolvedCollationProto"})


def _holds_nodes(descriptor: Any) -> bool:
    name = descriptor.name
    return name.startswith(("AnyResolved", "Resolved")) and name not in _NOT_NODES


@dataclass
class Needs:
    """What was found, over a statement and the views that it reads."""

    paths: dict[str, set[Path]] = field(default_factory=dict)
    """Paths of columns or fields, by table. One that ends in `LENGTH` needs some leaf of the array only."""


Definition = Callable[[Path], None]
"""Called with the field that is needed (empty: all of it); passes the need on."""

_ELEMENT_OF = frozenset(
    {
        "$array_at_offset",
        "$array_at_ordinal",
        "$safe_array_at_offset",
        "$safe_array_at_ordinal",
        "array_first",
        "array_last",
    }
)


def _nothing(path: Path) -> None:
    """The definition of a column that reads nothing."""


_READ_NOTHING = frozenset(
    {"CreateFunctionStmt", "TruncateStmt", "DropStmt", "CreateTableStmt", "DropFunctionStmt"}
)
_DEDUPLICATING = ("DISTINCT", "INTERSECT", "EXCEPT")


class Demand:
    """One statement. `table_name`: what the catalog calls a table; `view`: the demand of a view's query."""

    def __init__(
        self,
        statement: Message,
        needs: Needs,
        table_name: Callable[[str], str],
        view: Callable[[str], Demand | None],
        *,
        of_view: bool = False,
    ) -> None:
        self.statement = Node(statement)
        self._needs = needs
        self._table_name = table_name
        self._view = view
        self._of_view = of_view
        self._definitions: dict[int, Definition] = {}
        self._followed: set[tuple[int, Path]] = set()
        self._active: set[int] = set()
        self._entries: dict[str, Node] = {}
        self._recursions: list[Node] = []
        self._alive: list[Message] = []
        """Every message of the tree: Python's wrappers of messages have an identity only while one is held."""
        self._define(self.statement)

    # -- the statement -----------------------------------------------------------------------------

    def run(self) -> None:
        """Follow what the statement needs.

        Raises:
            ValueError: a kind of statement, or of scan, that is not known here.
        """
        statement = self.statement
        kind = statement.kind
        if kind in ("QueryStmt", "ExportDataStmt"):
            self.rows(statement.node("query"), ordered=True)
            self._outputs()
        elif kind in (
            "CreateTableAsSelectStmt",
            "CreateViewStmt",
            "CreateMaterializedViewStmt",
            "CreateModelStmt",
        ):
            query = statement.maybe("query")
            if query is not None:
                self.rows(query, ordered=kind == "CreateTableAsSelectStmt")
                self._outputs()
        elif kind == "InsertStmt":
            self._insert(statement)
        elif kind in ("UpdateStmt", "DeleteStmt", "MergeStmt"):
            self._change(statement)
        elif kind in ("AssertStmt", "AssignmentStmt"):
            self.value(statement.node("expression" if kind == "AssertStmt" else "expr"))
        elif kind not in _READ_NOTHING:
            raise ValueError(f"statement {kind}")

    def _outputs(self) -> None:
        names = [name for name in ("output_column_list", "query_output_column_list") if self._has(name)]
        for item in self.statement.raw(names[0]):
            self.column(item.column.column_id)
        if self.statement.kind == "CreateModelStmt":
            for child in self.statement.nodes("transform_list"):
                self.value(child)

    def _has(self, name: str) -> bool:
        message = self.statement.message
        while name not in message.DESCRIPTOR.fields_by_name:
            if "parent" not in message.DESCRIPTOR.fields_by_name:
                return False
            message = message.parent
        return True

    def output(self, name: str, path: Path) -> None:
        """Need a column of the result, by its name: for views."""
        for item in self.statement.raw("output_column_list"):
            if item.name.lower() == name.lower():
                self.column(item.column.column_id, path)

    def result_rows(self) -> None:
        """Need the rows of the result: for views."""
        self.rows(self.statement.node("query"), ordered=False)

    def _insert(self, statement: Node) -> None:
        query = statement.maybe("query")
        if query is not None:
            self.rows(query, ordered=True)
            for number in statement.numbers("query_output_column_list"):
                self.column(number)
        for row in statement.nodes("row_list"):
            self.value(row)

    def _change(self, statement: Node) -> None:
        target = statement.maybe("table_scan")
        if target is not None:
            self.rows(target, ordered=False)
        source = statement.maybe("from_scan")
        if source is not None:
            self.rows(source, ordered=False)
        for name in ("where_expr", "merge_expr"):
            condition = statement.maybe(name)
            if condition is not None:
                self.value(condition)
        if statement.kind == "UpdateStmt":
            self._updates(statement.nodes("update_item_list"))
        if statement.kind == "MergeStmt":
            for clause in statement.nodes("when_clause_list"):
                condition = clause.maybe("match_expr")
                if condition is not None:
                    self.value(condition)
                row = clause.maybe("insert_row")
                if row is not None:
                    self.value(row)
                self._updates(clause.nodes("update_item_list"))

    def _updates(self, items: list[Node]) -> None:
        for item in items:
            new = item.maybe("set_value")  # the target itself is written, not read
            if new is not None:
                self.value(new)

    # -- definitions -------------------------------------------------------------------------------

    def _define(self, node: Node) -> None:
        self._alive.append(node.message)
        recursive = node.kind == "RecursiveScan"
        if recursive:
            self._recursions.append(node)
        for child in node.children():
            self._define(child)
        if recursive:
            self._recursions.pop()
        # After those below: a window function is a computed column that its group completes.
        definer = getattr(self, f"_define_{node.kind.lower()}", None)
        if definer is not None:
            definer(node)

    def _set(self, number: int, definition: Definition) -> None:
        self._definitions[number] = definition

    def _set_each(self, numbers: list[int], define: Callable[[int, Path], None]) -> None:
        for position, number in enumerate(numbers):
            self._set(number, partial(define, position))

    def _define_tablescan(self, node: Node) -> None:
        name = self._table_name(node.raw("table").full_name)
        view = self._view(name)
        for column in node.raw("column_list"):
            if view is not None:
                self._set(column.column_id, partial(view.output, column.name))
            else:
                self._set(column.column_id, partial(self._table_column, name, column.name))

    def _define_computedcolumn(self, node: Node) -> None:
        self._set(node.raw("column").column_id, partial(self.value, node.node("expr")))

    _define_deferredcomputedcolumn = _define_computedcolumn

    def _define_analyticfunctiongroup(self, node: Node) -> None:
        keys = [item for item in (node.maybe("partition_by"), node.maybe("order_by")) if item is not None]
        for computed in node.nodes("analytic_function_list"):
            self._set(computed.raw("column").column_id, partial(self._all_of, (computed.node("expr"), *keys)))

    def _define_arrayscan(self, node: Node) -> None:
        for array, number in zip(
            node.nodes("array_expr_list"), node.numbers("element_column_list"), strict=True
        ):
            self._set(number, partial(self.value, array))
        offset = node.maybe("array_offset_column")
        if offset is not None:
            self._set(offset.raw("column").column_id, _nothing)

    def _define_withentry(self, node: Node) -> None:
        self._entries[node.raw("with_query_name")] = node.node("with_subquery")

    def _define_withrefscan(self, node: Node) -> None:
        self._set_each(node.numbers(), partial(self._entry_column, node.raw("with_query_name")))

    def _define_setoperationscan(self, node: Node) -> None:
        self._set_each(node.numbers(), partial(self._branch_columns, node.nodes("input_item_list")))

    def _define_recursivescan(self, node: Node) -> None:
        terms = [node.node("non_recursive_term"), node.node("recursive_term")]
        self._set_each(node.numbers(), partial(self._branch_columns, terms))

    def _define_recursiverefscan(self, node: Node) -> None:
        around = self._recursions[-1]
        terms = [around.node("non_recursive_term"), around.node("recursive_term")]
        self._set_each(node.numbers(), partial(self._branch_columns, terms))

    def _define_pivotscan(self, node: Node) -> None:
        aggregates = node.nodes("pivot_expr_list")
        chosen = node.node("for_expr")
        for column in node.nodes("pivot_column_list"):
            parts = (aggregates[column.raw("pivot_expr_index")], chosen)
            self._set(column.raw("column").column_id, partial(self._all_of, parts))

    def _define_unpivotscan(self, node: Node) -> None:
        rows = [argument.nodes("column_list") for argument in node.nodes("unpivot_arg_list")]
        for position, number in enumerate(node.numbers("value_column_list")):
            self._set(number, partial(self._all_of, [row[position] for row in rows]))
        self._set(node.raw("label_column").column_id, _nothing)

    def _define_groupingcall(self, node: Node) -> None:
        self._set(node.raw("output_column").column_id, partial(self._all_of, [node.node("group_by_column")]))

    def _define_inlinelambda(self, node: Node) -> None:
        for number in node.numbers("argument_list"):
            self._set(number, _nothing)  # an element of the array that is passed with it

    def _define_tvfscan(self, node: Node) -> None:
        for number in node.numbers():
            self._set(number, _nothing)  # what it computes is needed with its rows

    # -- columns -----------------------------------------------------------------------------------

    def column(self, number: int, path: Path = ()) -> None:
        """Need a column, or a field of it."""
        if (number, path) in self._followed:
            return
        self._followed.add((number, path))
        self._definitions[number](path)

    def _table_column(self, table: str, column: str, path: Path) -> None:
        self._needs.paths.setdefault(table, set()).add((column, *path))

    def _entry_column(self, name: str, position: int, path: Path) -> None:
        self.column(self._entries[name].numbers()[position], path)

    def _branch_columns(self, branches: list[Node], position: int, path: Path) -> None:
        for branch in branches:
            self.column(branch.numbers("output_column_list")[position], path)

    def _all_of(self, parts: Iterable[Node], path: Path) -> None:
        for part in parts:
            self.value(part)

    # -- expressions -------------------------------------------------------------------------------

    def value(self, node: Node, path: Path = ()) -> None:
        """Need the value of an expression, or a field of it."""
        kind = node.kind
        if kind == "ColumnRef":
            self.column(node.raw("column").column_id, path)
        elif kind == "GetStructField":
            inner = node.node("expr")
            fields = _type(inner).struct_type.field
            self.value(inner, (fields[node.raw("field_idx")].field_name, *path))
        elif kind == "MakeStruct" and path:
            fields = [item.field_name.lower() for item in _type(node).struct_type.field]
            position = fields.index(path[0].lower())
            self.value(node.nodes("field_list")[position], path[1:])
        elif kind == "FunctionCall" and node.raw("function").name.removeprefix("ZetaSQL:") in _ELEMENT_OF:
            array, *others = node.nodes("argument_list")
            self.value(array, path)
            for item in others:
                self.value(item)
        elif kind == "SubqueryExpr":
            self._subquery(node)
        elif kind == "WithExpr":
            self.value(node.node("expr"), path)
        else:
            for child in node.children():
                self.argument(child)

    def argument(self, node: Node) -> None:
        """Need a part of an expression, which may be a table."""
        if node.kind.endswith("Scan"):
            self.rows(node, ordered=False)
            for number in node.numbers():
                self.column(number)
        else:
            self.value(node)

    def _subquery(self, node: Node) -> None:
        query = node.node("subquery")
        kind = (
            node.message.DESCRIPTOR.fields_by_name["subquery_type"]
            .enum_type.values_by_number[node.raw("subquery_type")]
            .name
        )
        self.rows(query, ordered=kind == "ARRAY")
        tested = node.maybe("in_expr")
        if tested is not None:
            self.value(tested)
        if kind != "EXISTS":
            for number in query.numbers():
                self.column(number)

    # -- rows --------------------------------------------------------------------------------------

    def rows(self, node: Node, *, ordered: bool) -> None:
        """Need the rows of a scan, whichever of its columns. `ordered`: their order matters."""
        ordered = ordered and node.raw("is_ordered")
        key = id(node.message) if ordered else -id(node.message)
        if key in self._active:
            return
        self._active.add(key)
        handler = getattr(self, f"_rows_{node.kind.lower()}", None)
        if handler is None:
            raise ValueError(f"scan {node.kind}")
        handler(node, ordered)

    def _rows_singlerowscan(self, node: Node, ordered: bool) -> None:
        pass

    def _rows_tablescan(self, node: Node, ordered: bool) -> None:
        name = self._table_name(node.raw("table").full_name)
        view = self._view(name)
        if view is not None:
            view.result_rows()
        elif not self._of_view:  # tables below a view count by their columns
            self._needs.paths.setdefault(name, set())

    def _rows_joinscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("left_scan"), ordered=False)
        self.rows(node.node("right_scan"), ordered=False)
        condition = node.maybe("join_expr")
        if condition is not None:
            self.value(condition)

    def _rows_arrayscan(self, node: Node, ordered: bool) -> None:
        source = node.maybe("input_scan")
        if source is not None:
            self.rows(source, ordered=ordered)
        for array in node.nodes("array_expr_list"):
            self.value(array, (LENGTH,))
        condition = node.maybe("join_expr")
        if condition is not None:
            self.value(condition)

    def _rows_filterscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=ordered)
        self.value(node.node("filter_expr"))

    def _rows_setoperationscan(self, node: Node, ordered: bool) -> None:
        items = node.nodes("input_item_list")
        for item in items:
            self.rows(item.node("scan"), ordered=False)
        kind = (
            node.message.DESCRIPTOR.fields_by_name["op_type"]
            .enum_type.values_by_number[node.raw("op_type")]
            .name
        )
        if any(word in kind for word in _DEDUPLICATING):
            for item in items:
                for number in item.numbers("output_column_list"):
                    self.column(number)

    def _rows_orderbyscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=False)
        if ordered:
            for item in node.nodes("order_by_item_list"):
                self.value(item)

    def _rows_limitoffsetscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=True)
        for name in ("limit", "offset"):
            count = node.maybe(name)
            if count is not None:
                self.value(count)

    def _rows_withscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("query"), ordered=ordered)

    def _rows_withrefscan(self, node: Node, ordered: bool) -> None:
        self.rows(self._entries[node.raw("with_query_name")], ordered=False)

    def _rows_recursivescan(self, node: Node, ordered: bool) -> None:
        terms = [node.node(name) for name in ("non_recursive_term", "recursive_term")]
        for term in terms:
            self.rows(term.node("scan"), ordered=False)
        kind = (
            node.message.DESCRIPTOR.fields_by_name["op_type"]
            .enum_type.values_by_number[node.raw("op_type")]
            .name
        )
        if "DISTINCT" in kind:
            for term in terms:
                for number in term.numbers("output_column_list"):
                    self.column(number)

    def _rows_recursiverefscan(self, node: Node, ordered: bool) -> None:
        pass

    def _rows_projectscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=ordered)

    def _rows_analyticscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=ordered)

    def _rows_aggregatescan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=False)
        for computed in node.nodes("group_by_list"):
            self.column(computed.raw("column").column_id)

    def _rows_samplescan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=False)

    def _rows_pivotscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=False)
        for computed in node.nodes("group_by_list"):
            self.column(computed.raw("column").column_id)

    def _rows_unpivotscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=False)
        if not node.raw("include_nulls"):
            for argument in node.nodes("unpivot_arg_list"):
                self.value(argument)

    def _rows_tvfscan(self, node: Node, ordered: bool) -> None:
        for item in node.nodes("argument_list"):
            self.argument(item)

    def _rows_assertscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=ordered)
        self.value(node.node("condition"))
        self.value(node.node("message"))

    def _rows_barrierscan(self, node: Node, ordered: bool) -> None:
        self.rows(node.node("input_scan"), ordered=ordered)


def _type(node: Node) -> Message:
    found = node.raw("type")
    while found.HasField("array_type"):
        found = found.array_type.element_type
    return found
