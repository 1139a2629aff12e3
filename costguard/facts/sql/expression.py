"""One walk over an expression: the names it mentions, the queries inside it, the functions it calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
_SAYS_NOTHING = _PLAIN | _NAMES_NOTHING


def _simple_column(node: exp.Expr) -> Reference | None:
    """`a` or `t.a`, by far the most references; None for all else (`column_parts` reads it)."""
    arguments = node.args
    if arguments.get("db") is not None:
        return None
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
    first = qualifier._meta
    if not first or first.get("start") is None:
        return None
    table: str = qualifier.args["this"]
    return Reference((table.lower(), written.lower()), (table, written), first["start"], meta["end"] + 1)


def inspect(root: exp.Expr) -> ExpressionInfo:
    """Collect what an expression mentions, each node visited once."""
    if type(root) is exp.Column:
        simple = _simple_column(root)
        if simple is not None:
            return ExpressionInfo((simple,))
    references: list[Reference] = []
    queries: list[tuple[exp.Expr, str]] = []
    tables: list[exp.Table] = []
    functions: list[exp.Expr] = []
    aggregates: list[exp.Expr] = []
    named_windows: list[str] = []
    windows: list[exp.Expr] = []
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        node, in_window = stack.pop()
        kind = type(node)
        if kind in _NAMES_NOTHING:
            continue
        if kind in _NAMES:
            simple = _simple_column(node) if kind is exp.Column else None
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
                stack.extend((item, in_window) for item in inner)
                continue
            if kind is exp.Column:
                continue
            value = struct_value(node) if kind is exp.Dot else None
            if value is not None:
                stack.append((value, in_window))
                continue
        elif kind is exp.Select or isinstance(node, exp.SetOperation):
            parent = node.parent
            while isinstance(parent, (exp.Subquery, exp.Paren)):
                parent = parent.parent
            usage = (
                "exists"
                if isinstance(parent, exp.Exists)
                else "array"
                if isinstance(parent, exp.Array)
                else "value"
            )
            queries.append((node, usage))
            continue
        elif kind is exp.Table:
            tables.append(node)
            continue
        elif kind is exp.Star:
            for key in ("replace", "except_", "rename"):
                if key == "replace":
                    stack.extend((item, in_window) for item in node.args.get(key) or ())
            continue
        elif kind is exp.Window:
            windows.append(node)
            in_window = True
            if node.alias:
                named_windows.append(node.alias.lower())
        elif kind is exp.Kwarg or kind is exp.PropertyEQ:
            value = node.args.get("expression")
            if isinstance(value, exp.Expression):
                stack.append((value, in_window))
            continue
        elif kind is exp.Lambda:
            names = {item.name.lower() for item in node.expressions}
            below = inspect(node.this)
            references.extend(item for item in below.references if item.parts[0] not in names)
            queries.extend(below.queries)
            functions.extend(below.functions)
            continue
        elif isinstance(node, exp.Func) and kind not in _OPERATORS:
            functions.append(node)
            if isinstance(node, exp.AggFunc) and not in_window:
                aggregates.append(node)
        for value in node.args.values():
            kind = type(value)
            if kind is list:
                for child in value:
                    if type(child) not in _SAYS_NOTHING and isinstance(child, exp.Expression):
                        stack.append((child, in_window))
            elif kind not in _SAYS_NOTHING and isinstance(value, exp.Expression):
                stack.append((value, in_window))
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
