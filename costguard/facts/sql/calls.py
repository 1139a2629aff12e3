"""Pass: function calls, aggregates and windows of the queries in use."""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from costguard.facts.sql.expression import anchor, extent, function_name, inspect
from costguard.facts.sql.reads import ReadLog
from costguard.facts.sql.relation import Group, Opaque, SelectBody
from costguard.facts.sql.routines import called_name

_CLAUSES: dict[type[exp.Expr], str] = {
    exp.Where: "where",
    exp.Join: "on",
    exp.Group: "group",
    exp.Having: "having",
    exp.Qualify: "qualify",
    exp.Order: "order",
    exp.From: "from",
}


class FunctionRow(NamedTuple):
    """A call, with its place as text offsets."""

    place: tuple[int, int]
    function: str
    clause: str
    routine: str
    """The full name of what the parser does not know as a function of BigQuery, called for a value; else empty."""


class WindowRow(NamedTuple):
    """A window function, with its place as text offsets."""

    place: tuple[int, int]
    function: str
    partition_keys: int
    order_keys: int
    constant_keys: bool


class AggregateRow(NamedTuple):
    """An aggregate, with its place as text offsets."""

    place: tuple[int, int]
    function: str
    distinct: bool
    scan: int | None
    column: str | None
    column_uses: int
    null_extended: bool


def _clause(node: exp.Expr) -> str:
    current = node.parent
    while current is not None and not isinstance(current, exp.Select):
        word = _CLAUSES.get(type(current))
        if word is not None:
            return word
        current = current.parent
    return "select"


def _name_place(node: exp.Expr) -> tuple[int, int]:
    meta = node._meta
    if meta and meta.get("start") is not None and meta.get("end") is not None:
        return meta["start"], meta["end"] + 1
    return anchor(node)


def functions_of(log: ReadLog) -> list[FunctionRow]:
    """Every call in an expression that was looked at, and every table function."""
    found = [
        FunctionRow(
            _name_place(node),
            function_name(node),
            _clause(node),
            called_name(node) if type(node) is exp.Anonymous else "",
        )
        for _, info in log.infos
        for node in info.functions
    ]
    for body in log.bodies:
        for source in body.sources:
            info = source.relation.info if isinstance(source.relation, Opaque) else None
            for node in info.functions if info is not None else ():
                if isinstance(node.parent, exp.Table):
                    found.append(
                        FunctionRow(_name_place(node), _table_function(node, node.parent), "table", "")
                    )
    return found


def _table_function(node: exp.Expr, table: exp.Table) -> str:
    """`ML.FORECAST`, `PROJECT.DATASET.FUNCTION`."""
    own = str(node.name) if isinstance(node, exp.Anonymous) else function_name(node)
    own = own.upper().removeprefix("M_L_").removeprefix("A_I_")  # the parser's class is MLForecast
    around = [part.name for part in (table.args.get("catalog"), table.args.get("db")) if part is not None]
    return ".".join([*around, own]).upper()


def windows_of(log: ReadLog) -> list[WindowRow]:
    """Every window function."""
    found: list[WindowRow] = []
    for _, info in log.infos:
        for node in info.windows:
            keys = node.args.get("partition_by") or []
            order = node.args.get("order")
            inner = node.this
            constant = bool(keys) and all(not inspect(key).references for key in keys)
            found.append(
                WindowRow(
                    extent(node),
                    function_name(inner) if isinstance(inner, exp.Expression) else "",
                    len(keys),
                    len(order.expressions) if order is not None else 0,
                    constant,
                )
            )
    return found


def aggregates_of(log: ReadLog) -> list[AggregateRow]:
    """Every aggregate outside a window; COUNT with the column that it counts."""
    found: list[AggregateRow] = []
    for body, info in log.infos:
        for node in info.aggregates:
            argument = node.this if isinstance(node.this, exp.Expression) else None
            distinct = isinstance(argument, exp.Distinct)
            scan: int | None = None
            column: str | None = None
            uses = 0
            null_extended = False
            if isinstance(argument, exp.Column) and not isinstance(argument.this, exp.Star):
                target = _single_target(body, argument)
                if target is not None:
                    scan, column = target
                    uses = len(log.uses.get((scan, column), ()))
                    null_extended = _can_be_null(body, argument)
            found.append(
                AggregateRow(
                    _name_place(node), function_name(node), distinct, scan, column, uses, null_extended
                )
            )
    return found


def _single_target(body: SelectBody, column: exp.Column) -> tuple[int, str] | None:
    references = body.info_of(column).references
    if len(references) != 1:
        return None
    trace = body.trace_parts(references[0].parts)
    if (
        len(trace) == 1
        and isinstance(trace[0], Group)
        and len(trace[0].targets) == 1
        and not trace[0].variable
    ):
        target = trace[0].targets[0]
        return target.scan, target.path
    return None


def _can_be_null(body: SelectBody, column: exp.Column) -> bool:
    """Whether an outer join, here or further in, may fill the column with NULL."""
    if any(source.null_extended for source in body.sources):
        return True
    return any(source.null_extended for used in body.log.bodies for source in used.sources)
