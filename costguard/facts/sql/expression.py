"""One walk over an expression: the names it mentions, the queries inside it, the functions it calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlglot import exp

QUERY_NODES = (exp.Select, exp.SetOperation)


@dataclass(slots=True)
class Reference:
    """A column reference as written: `a.b.c` is ("a", "b", "c"), in lower case for comparison."""

    parts: tuple[str, ...]
    written: tuple[str, ...]
    start: int
    end: int


@dataclass(slots=True)
class ExpressionInfo:
    """What one expression mentions. Queries inside are listed, not entered."""

    references: Sequence[Reference] = ()
    queries: Sequence[tuple[exp.Expr, str]] = ()
    """(SELECT or set operation, how it is used: `exists`, `array`, `value`)."""
    tables: Sequence[exp.Table] = ()
    """Tables that are passed as arguments: `TABLE t`."""
    functions: Sequence[exp.Expr] = ()
    aggregates: Sequence[exp.Expr] = ()
    """Aggregate calls outside windows."""
    named_windows: Sequence[str] = ()
    """Windows of the WINDOW clause that are referred to, in lower case."""
    windows: Sequence[exp.Expr] = ()


def release_tree(root: exp.Expr) -> None:
    """Cut the nodes' ways to their children, so that the tree is freed at once and not by the collector."""
    stack: list[Any] = [root]
    pop, push = stack.pop, stack.append
    while stack:
        arguments = pop().args
        for value in arguments.values():
            kind = type(value)
            if kind is list:
                for child in value:
                    if type(child) not in _CHILDLESS and isinstance(child, exp.Expression):
                        push(child)
            elif kind not in _CHILDLESS and isinstance(value, exp.Expression):
                push(value)
        arguments.clear()


_PLAIN = frozenset({str, bool, int, type(None)})
"""Types of arguments that are no nodes: told apart faster than by isinstance."""
_CHILDLESS = _PLAIN | {exp.Identifier, exp.Literal, exp.Null, exp.Boolean}
"""Arguments without nodes of their own: more than half of a tree."""


def extent(node: exp.Expr) -> tuple[int, int]:
    """Offsets (start, end exclusive) that cover every token noted below the node; (-1, -1) when none was."""
    low, high = -1, -1
    stack: list[Any] = [node]
    while stack:
        item = stack.pop()
        meta = item._meta
        if meta and meta.get("start") is not None and meta.get("end") is not None:
            start, end = meta["start"], meta["end"] + 1
            if low < 0 or start < low:
                low = start
            if end > high:
                high = end
        for value in item.args.values():
            kind = type(value)
            if kind is list:
                for child in value:
                    if isinstance(child, exp.Expression):
                        stack.append(child)
            elif kind not in _PLAIN and isinstance(value, exp.Expression):
                stack.append(value)
    return low, high


def anchor(node: exp.Expr) -> tuple[int, int]:
    """Offsets of some early token of the node: cheap, for nodes that span a whole query."""
    stack: list[Any] = [node]
    while stack:
        item = stack.pop()
        meta = item._meta
        if meta and meta.get("start") is not None and meta.get("end") is not None:
            return meta["start"], meta["end"] + 1
        children: list[Any] = []
        for value in item.args.values():
            if isinstance(value, list):
                children.extend(child for child in value if isinstance(child, exp.Expression))
            elif isinstance(value, exp.Expression):
                children.append(value)
        stack.extend(reversed(children))
    return 0, 0


def function_name(node: exp.Expr) -> str:
    """The name a function was called by, in upper case."""
    meta = node._meta
    if meta:
        name = meta.get("bigquery_name") or meta.get("name")
        if name:
            return str(name).upper()
    if isinstance(node, exp.Anonymous):
        return str(node.name).upper()
    if isinstance(node, exp.Func):
        return str(node.sql_name()).upper()
    return type(node).__name__.upper()


def column_parts(node: exp.Expr) -> tuple[list[str], list[exp.Expr], int, int] | None:
    """The dotted name that a Column, or a chain of `.` and `[...]` on one, stands for.

    Returns (parts as written, index expressions met on the way, start, end), or None when the chain does not
    end in a column. A trailing star (`s.*`) is part `*`.
    """
    tail: list[str] = []
    inner: list[exp.Expr] = []
    end = -1
    current: Any = node
    while True:
        if isinstance(current, exp.Dot):
            right = current.args.get("expression")
            if isinstance(right, exp.Identifier):
                tail.append(right.name)
            elif isinstance(right, exp.Star):
                tail.append("*")
            else:
                return None
            if end < 0 and right._meta:
                end = right._meta.get("end", -2) + 1
            current = current.this
        elif isinstance(current, exp.Bracket):
            inner.extend(
                item for item in current.args.get("expressions") or () if isinstance(item, exp.Expression)
            )
            current = current.this
        elif isinstance(current, exp.Paren):
            current = current.this
        elif isinstance(current, exp.Column):
            break
        else:
            return None
    head: list[str] = []
    start = -1
    for key in ("catalog", "db", "table", "this"):
        part = current.args.get(key)
        if part is None:
            continue
        head.append("*" if isinstance(part, exp.Star) else part.name)
        meta = part._meta
        if meta and meta.get("start") is not None and meta.get("end") is not None:
            if start < 0:
                start = meta["start"]
            if end < meta["end"] + 1 and not tail:
                end = meta["end"] + 1
    tail.reverse()
    return head + tail, inner, start, max(end, start)


def field_value(struct: exp.Expr, name: str) -> exp.Expr | None:
    """What the field of this name is made of in STRUCT(...) or STRUCT<name type, ...>(...)."""
    types: Sequence[exp.Expr] = ()
    if isinstance(struct, exp.Cast) and isinstance(struct.this, exp.Struct):
        types, struct = struct.to.expressions, struct.this
    if not isinstance(struct, exp.Struct):
        return None
    for position, item in enumerate(struct.expressions):
        written, value = _struct_field(item)
        if position < len(types):
            written = types[position].name.lower()
        if written == name:
            return value
    return None


def _struct_field(field: exp.Expr) -> tuple[str, exp.Expr]:
    if isinstance(field, (exp.PropertyEQ, exp.Alias)):
        value = field.args["expression"] if isinstance(field, exp.PropertyEQ) else field.this
        name = field.this.name if isinstance(field, exp.PropertyEQ) else field.alias
        return name.lower(), value
    if isinstance(field, (exp.Column, exp.Dot)):
        return field.name.lower() if isinstance(field, exp.Column) else field.expression.name.lower(), field
    return "", field


def struct_value(node: exp.Dot) -> exp.Expr | None:
    """What `STRUCT(...).field` stands for; None for other uses of the dot."""
    name = node.args.get("expression")
    struct = node.this
    while isinstance(struct, exp.Paren):
        struct = struct.this
    if not isinstance(name, exp.Identifier) or not isinstance(struct, (exp.Struct, exp.Cast)):
        return None
    return field_value(struct, name.name.lower())


_OPERATORS = frozenset(
    {exp.And, exp.Or, exp.Xor, exp.Case, exp.Cast, exp.TryCast, exp.Array, exp.Struct, exp.If}
)
"""Func nodes of the parser that people write as syntax, or that say nothing about cost."""


_NAMES = frozenset({exp.Column, exp.Dot, exp.Bracket})
_NAMES_NOTHING = frozenset(
    {exp.Literal, exp.Identifier, exp.Var, exp.DataType, exp.Null, exp.Boolean, exp.Placeholder}
)

_NOTHING, _OTHER, _NAME, _QUERY, _TABLE, _STAR, _WINDOW, _ARGUMENT, _LAMBDA, _CALL, _AGGREGATE = range(11)
"""What a value among the arguments of a node is to a walk. Nothing: no node, or one that mentions nothing. Other: only
what is in it counts."""
_KINDS: dict[type, int] = {
    **dict.fromkeys(_NAMES_NOTHING, _NOTHING),
    **dict.fromkeys(_NAMES, _NAME),
    **dict.fromkeys(_OPERATORS, _OTHER),
    exp.Table: _TABLE,
    exp.Star: _STAR,
    exp.Window: _WINDOW,
    exp.Kwarg: _ARGUMENT,
    exp.PropertyEQ: _ARGUMENT,
    exp.Lambda: _LAMBDA,
}


class _Kinds(dict[type, int]):
    """What the values of each type are. Every node is asked for, so a type is looked at once."""

    def __missing__(self, kind: type) -> int:
        if not issubclass(kind, exp.Expression):
            found = _NOTHING
        elif issubclass(kind, (exp.Select, exp.SetOperation)):
            found = _QUERY
        elif issubclass(kind, exp.AggFunc):
            found = _AGGREGATE
        else:
            found = _CALL if issubclass(kind, exp.Func) else _OTHER
        self[kind] = found
        return found


_kinds: Final = _Kinds(_KINDS)


def _simple_column(node: exp.Expr) -> Reference | None:
    """`a`, `t.a` or `t.s.a`, by far the most references; None for all else (`column_parts` reads it)."""
    arguments = node.args
    name = arguments["this"]
    if type(name) is not exp.Identifier:
        return None
    meta = name._meta
    if not meta or meta.get("start") is None or meta.get("end") is None:
        return None
    written: str = name.args["this"]
    qualifier = arguments.get("table")
    if qualifier is None:
        return Reference((written.lower(),), (written,), meta["start"], meta["end"] + 1)
    first = qualifier
    table: str = qualifier.args["this"]
    parts: tuple[str, ...] = (table, written)
    outer = arguments.get("db")
    if outer is not None:
        first, parts = outer, (outer.args["this"], *parts)
        outer = arguments.get("catalog")
        if outer is not None:
            first, parts = outer, (outer.args["this"], *parts)
    start = first._meta
    if not start or start.get("start") is None:
        return None
    return Reference(tuple([part.lower() for part in parts]), parts, start["start"], meta["end"] + 1)


def inspect(root: exp.Expr) -> ExpressionInfo:
    """Collect what an expression mentions, each node visited once."""
    kinds = _kinds
    if type(root) is exp.Column:
        simple = _simple_column(root)
        if simple is not None:
            return ExpressionInfo((simple,))
    if not kinds[type(root)]:
        return ExpressionInfo()
    references: list[Reference] = []
    queries: list[tuple[exp.Expr, str]] = []
    tables: list[exp.Table] = []
    functions: list[exp.Expr] = []
    aggregates: list[exp.Expr] = []
    named_windows: list[str] = []
    windows: list[exp.Expr] = []
    stack: list[Any] = [root]
    push = stack.append
    windows_around = 0
    while stack:
        node = stack.pop()
        if node is None:  # everything in a window has been seen
            windows_around -= 1
            continue
        kind = kinds[type(node)]
        if kind == _OTHER:
            pass
        elif kind == _NAME:
            simple = _simple_column(node) if type(node) is exp.Column else None
            if simple is not None:
                references.append(simple)
                continue
            found = column_parts(node)
            if found is not None:
                written, inner, start, end = found
                if start < 0:
                    start, end = extent(node)
                references.append(
                    Reference(tuple(part.lower() for part in written), tuple(written), start, end)
                )
                stack.extend(inner)
                continue
            if type(node) is exp.Column:
                continue
            value = struct_value(node) if type(node) is exp.Dot else None
            if value is not None:
                push(value)
                continue
        elif kind >= _CALL:
            functions.append(node)
            if kind == _AGGREGATE and not windows_around:
                aggregates.append(node)
        elif kind == _QUERY:
            queries.append((node, _usage(node)))
            continue
        elif kind == _TABLE:
            tables.append(node)
            continue
        elif kind == _STAR:
            stack.extend(node.args.get("replace") or ())
            continue
        elif kind == _WINDOW:
            windows.append(node)
            windows_around += 1
            push(None)
            if node.alias:
                named_windows.append(node.alias.lower())
        elif kind == _ARGUMENT:
            value = node.args.get("expression")
            if isinstance(value, exp.Expression):
                push(value)
            continue
        else:
            names = {item.name.lower() for item in node.expressions}
            below = inspect(node.this)
            references.extend(item for item in below.references if item.parts[0] not in names)
            queries.extend(below.queries)
            functions.extend(below.functions)
            continue
        for value in node.args.values():
            if type(value) is list:
                for child in value:
                    if kinds[type(child)]:
                        push(child)
            elif kinds[type(value)]:
                push(value)
    # Most lists are empty: the common empty tuple stands for those.
    return ExpressionInfo(
        references,
        queries or (),
        tables or (),
        functions or (),
        aggregates or (),
        named_windows or (),
        windows or (),
    )


def _usage(query: exp.Expr) -> str:
    """How a query in an expression is used."""
    around = query.parent
    while isinstance(around, (exp.Subquery, exp.Paren)):
        around = around.parent
    if isinstance(around, exp.Exists):
        return "exists"
    return "array" if isinstance(around, exp.Array) else "value"
