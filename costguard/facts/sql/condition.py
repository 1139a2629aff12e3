"""Conditions become predicate JSON: a small tree that the estimate stage can evaluate without a parser.

Nodes are lists whose first item is the kind:

- `["and", [..]]`, `["or", [..]]`, `["not", x]`, `["at", place, x]` around each top-level conjunct;
  `["or", [..], "WHEN"]` of what the clauses of a MERGE need;
- `["maybe", x, why]`: x holds for all rows that are needed, but it is not documented whether it can prune, because it
  stands behind GROUP BY (`having`), behind a window function (`window`), or in the ON of a MERGE whose join keeps all
  rows (`merge`);
- `["cmp", op, left, right]` with op one of `= != < <= > >=`, `["between", x, low, high]`, `["in", x, [..]]`,
  `["in_unnest", x, array]`, `["is_null", x]`, `["like", x, pattern]`;
- `["col", path]` a column of the scan at hand, `["other", text]` a column of another relation;
- `["str", v]`, `["num", "1.5"]`, `["bool", true]`, `["null"]`, `["date", v]`, `["datetime", v]`,
  `["timestamp", v]`, `["time", v]`;
- `["param", name]`, `["var", name, default]`, `["hole", name]`, `["subquery", text]`;
- `["call", NAME, [..]]`, `["cast", x, TYPE, safe]`, `["arith", op, left, right]`, `["if", c, a, b]`,
  `["interval", x, UNIT]`, `["unit", UNIT]`, `["array", [..]]`, `["opaque", text, [paths]]`.

While a condition is converted, a column is a `ColumnNode`, and a `ChoiceNode` where branches of a set operation
compute it; `for_scan` turns those into `col`, `other` or the value in the scan's own branch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from costguard.facts.sql.expression import column_parts, extent, function_name
from costguard.facts.sql.relation import Computed, Group, SelectBody, Target

Json = Any

_COMPARISONS: Mapping[type, str] = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: Mapping[type, str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_OPERATORS: Mapping[type, str] = {exp.DPipe: "CONCAT", exp.Mod: "MOD", exp.IntDiv: "DIV"}
"""Operators and functions that the parser writes as operators."""
_TYPES: Mapping[str, str] = {
    "TIMESTAMPTZ": "TIMESTAMP",
    "TIMESTAMPLTZ": "TIMESTAMP",
    "TIMESTAMP": "DATETIME",
    "DATETIME": "DATETIME",
    "TEXT": "STRING",
    "VARCHAR": "STRING",
    "BIGINT": "INT64",
    "INT": "INT64",
    "DOUBLE": "FLOAT64",
    "FLOAT": "FLOAT64",
    "DECIMAL": "NUMERIC",
    "BOOLEAN": "BOOL",
}
_LITERAL_TYPES = {"DATE": "date", "DATETIME": "datetime", "TIMESTAMP": "timestamp", "TIME": "time"}

MAXIMUM_DEPTH = 40
"""Conditions nested deeper than this are opaque."""
MAXIMUM_BRANCHES = 64
"""Branches of a set operation whose values are told apart; each may again be a set operation."""
MAXIMUM_NODES = 500
"""Nodes of one condition after which what other SELECTs compute is opaque: values of values multiply."""
MAXIMUM_NODES_OF_STATEMENT = 20_000
"""The same for all conditions of a statement together."""


@dataclass(frozen=True, slots=True)
class ColumnNode:
    """A column in a condition, not yet bound to one scan."""

    targets: tuple[Target, ...]
    text: str


@dataclass(frozen=True, slots=True)
class ChoiceNode:
    """A column of a set operation that its branches compute in different ways: one value for each."""

    values: tuple[Json, ...]
    text: str


class Converter:
    """Converts the conditions of one statement."""

    def __init__(
        self, hole_at: Callable[[int, int], str | None] | None, variables: Mapping[str, Json]
    ) -> None:
        self._hole_at = hole_at
        self._variables = variables
        self._left = MAXIMUM_NODES
        self._left_in_all = MAXIMUM_NODES_OF_STATEMENT

    def convert(self, node: exp.Expr, body: SelectBody, depth: int = 0) -> Json:
        """The condition as a tree with `ColumnNode`s for columns."""
        if depth > MAXIMUM_DEPTH:
            return ["opaque", "nested too deep", []]
        if depth == 0:
            self._left = min(MAXIMUM_NODES, self._left_in_all)
        self._left -= 1
        self._left_in_all -= 1
        kind = type(node)
        down = depth + 1
        if kind is exp.Paren:
            return self.convert(node.this, body, depth)
        if kind is exp.And or kind is exp.Or:
            word = "and" if kind is exp.And else "or"
            return [word, [self.convert(item, body, down) for item in flatten(node, kind)]]
        if kind is exp.Not:
            if isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Boolean):
                return self._is_not(node.this, body, down)
            return ["not", self.convert(node.this, body, down)]
        if kind in _COMPARISONS:
            left, right = self.convert(node.this, body, down), self.convert(node.expression, body, down)
            if _is_number(left) and _is_number(right) and kind in (exp.EQ, exp.NEQ):
                return ["bool", (float(left[1]) == float(right[1])) == (kind is exp.EQ)]  # WHERE 1 = 1
            return ["cmp", _COMPARISONS[kind], left, right]
        if kind is exp.Between:
            return [
                "between",
                self.convert(node.this, body, down),
                self.convert(node.args["low"], body, down),
                self.convert(node.args["high"], body, down),
            ]
        if kind is exp.In:
            return self._in(node, body, down)
        if kind is exp.Is:
            return self._is(node, body, down)
        if kind is exp.Like:
            like = ["like", self.convert(node.this, body, down), self.convert(node.expression, body, down)]
            return ["not", like] if node.args.get("negate") else like
        if kind in _ARITHMETIC:
            return [
                "arith",
                _ARITHMETIC[kind],
                self.convert(node.this, body, down),
                self.convert(node.expression, body, down),
            ]
        return self._value(node, kind, body, down)

    def _in(self, node: exp.Expr, body: SelectBody, depth: int) -> Json:
        left = self.convert(node.this, body, depth)
        unnest = node.args.get("unnest")
        if unnest is not None:
            items = unnest.expressions if isinstance(unnest, exp.Unnest) else [unnest]
            return ["in_unnest", left, self.convert(items[0], body, depth) if items else ["null"]]
        if node.args.get("query") is not None:
            return ["in", left, [["subquery", "IN (SELECT ...)"]]]
        items = [self.convert(item, body, depth) for item in node.args.get("expressions") or ()]
        if node.args.get("field") is not None:
            items.append(self.convert(node.args["field"], body, depth))
        return ["in", left, items]

    def _is(self, node: exp.Expr, body: SelectBody, depth: int) -> Json:
        left = self.convert(node.this, body, depth)
        right = node.expression
        if isinstance(right, exp.Null):
            return ["is_null", left]
        if isinstance(right, exp.Boolean):
            return ["cmp", "=", left, ["bool", bool(right.this)]]
        return ["opaque", "IS", self._columns(node, body)]

    def _is_not(self, node: exp.Expr, body: SelectBody, depth: int) -> Json:
        """`x IS NOT TRUE`, which holds for NULL too."""
        left = self.convert(node.this, body, depth)
        return ["or", [["cmp", "!=", left, ["bool", bool(node.expression.this)]], ["is_null", left]]]

    def _value(self, node: exp.Expr, kind: type, body: SelectBody, depth: int) -> Json:
        if kind is exp.Literal:
            hole = self._hole_of(node)
            if hole is not None:
                return ["hole", hole]
            return ["str", str(node.this)] if node.args.get("is_string") else ["num", str(node.this)]
        if kind is exp.RawString:
            return ["str", str(node.this)]
        if kind is exp.Neg:
            inner = self.convert(node.this, body, depth)
            if isinstance(inner, list) and inner[0] == "num":
                return ["num", f"-{inner[1]}"]
            return ["arith", "-", ["num", "0"], inner]
        if kind is exp.Boolean:
            return ["bool", bool(node.this)]
        if kind is exp.Null:
            return ["null"]
        if kind is exp.Column or kind is exp.Dot or kind is exp.Bracket:
            return self._column(node, body, depth)
        if kind is exp.Parameter or kind is exp.Placeholder:
            name = node.name or (node.this.name if isinstance(node.this, exp.Expression) else "")
            return ["param", str(name).lower()]
        if kind is exp.Cast or kind is exp.TryCast:
            return self._cast(node, kind is exp.TryCast, body, depth)
        if kind in _OPERATORS:
            sides = [self.convert(item, body, depth) for item in (node.this, node.expression)]
            return ["call", _OPERATORS[kind], sides]
        if kind is exp.Case:
            return self._case(node, body, depth)
        if kind is exp.Interval:
            unit = node.args.get("unit")
            return ["interval", self.convert(node.this, body, depth) if node.this else ["null"], _unit(unit)]
        if kind is exp.If:
            return [
                "if",
                self.convert(node.this, body, depth),
                self.convert(node.args["true"], body, depth),
                self.convert(node.args["false"], body, depth) if node.args.get("false") else ["null"],
            ]
        if kind is exp.Array:
            if len(node.expressions) == 1 and isinstance(node.expressions[0], (exp.Select, exp.SetOperation)):
                return ["subquery", "ARRAY(SELECT ...)"]
            return ["array", [self.convert(item, body, depth) for item in node.expressions]]
        if isinstance(node, (exp.Select, exp.SetOperation, exp.Subquery, exp.Exists)):
            return ["subquery", "(SELECT ...)"]
        if kind is exp.TsOrDsToDate or kind is exp.TsOrDsToTimestamp:
            return self.convert(node.this, body, depth)  # the parser's own wrapper around an argument
        if isinstance(node, exp.Func):
            return self._call(node, body, depth)
        if kind is exp.AtTimeZone:
            return [
                "call",
                "AT_TIME_ZONE",
                [self.convert(node.this, body, depth), self._argument(node.args.get("zone"), body, depth)],
            ]
        return ["opaque", kind.__name__, self._columns(node, body)]

    def _hole_of(self, node: exp.Expr) -> str | None:
        if self._hole_at is None:
            return None
        start, end = extent(node)
        return self._hole_at(start, end) if start >= 0 else None

    def _column(self, node: exp.Expr, body: SelectBody, depth: int) -> Json:
        found = column_parts(node)
        if found is None:
            return ["opaque", type(node).__name__, self._columns(node, body)]
        written, inner, _, _ = found
        hole = self._hole_of(node)
        if hole is not None:
            return ["hole", hole]
        parts = tuple(part.lower() for part in written)
        if body.is_variable(parts):
            # A field of a variable is a value as well, though never one that is written down.
            return ["var", ".".join(parts), self._variables.get(parts[0]) if len(parts) == 1 else None]
        trace = body.trace_parts(parts)
        text = ".".join(written)
        computed = [item for item in trace if isinstance(item, Computed)]
        targets = [target for item in trace if isinstance(item, Group) for target in item.targets]
        if len(trace) == 1 and computed:
            return self._computed(computed[0], text, depth)
        if inner and targets:
            return ["opaque", text, [ColumnNode(tuple(targets), text)]]
        if computed and not inner and len(trace) <= MAXIMUM_BRANCHES:
            values = [self._computed(item, text, depth) for item in computed]
            return ChoiceNode((ColumnNode(tuple(targets), text), *values), text)
        return ColumnNode(tuple(targets), text)

    def _computed(self, computed: Computed, text: str, depth: int) -> Json:
        """What another SELECT computes."""
        if computed.path or depth > MAXIMUM_DEPTH // 2 or self._left <= 0:
            return ["opaque", text, []]
        info = computed.body.info_of(computed.expression)
        if info.aggregates or info.windows or info.queries:
            return ["opaque", text, []]
        return _through(self.convert(computed.expression, computed.body, depth + 1), computed)

    def _cast(self, node: exp.Expr, safe: bool, body: SelectBody, depth: int) -> Json:
        to = node.args.get("to")
        name = str(getattr(to, "this", "")).rsplit(".", 1)[-1].upper()
        name = _TYPES.get(name, name)
        inner = self.convert(node.this, body, depth)
        if name in _LITERAL_TYPES and isinstance(inner, list) and inner[0] == "str":
            return [_LITERAL_TYPES[name], inner[1]]
        return ["cast", inner, name, safe]

    def _case(self, node: exp.Expr, body: SelectBody, depth: int) -> Json:
        """CASE as IFs in one another."""
        default = node.args.get("default")
        found = self.convert(default, body, depth) if default is not None else ["null"]
        subject = self.convert(node.this, body, depth) if node.this is not None else None
        for branch in reversed(node.args["ifs"]):
            test = self.convert(branch.this, body, depth)
            if subject is not None:
                test = ["cmp", "=", subject, test]
            found = ["if", test, self.convert(branch.args["true"], body, depth), found]
        return found

    def _argument(self, node: Any, body: SelectBody, depth: int) -> Json:
        if isinstance(node, (exp.Var, exp.WeekStart)):
            return ["unit", _unit(node)]
        if isinstance(node, exp.Expression):
            return self.convert(node, body, depth)
        return ["str", str(node)]

    def _call(self, node: exp.Expr, body: SelectBody, depth: int) -> Json:
        name = function_name(node)
        arguments: list[Json] = []
        values = node.args
        if isinstance(node, exp.Extract):
            return [
                "call",
                "EXTRACT",
                [["unit", _unit(node.this)], self.convert(node.expression, body, depth)],
            ]
        if isinstance(node, (exp.TimeToStr, exp.StrToDate, exp.StrToTime, exp.ParseDatetime, exp.ParseTime)):
            names = {
                "TIMETOSTR": "FORMAT_DATE",
                "STR_TO_DATE": "PARSE_DATE",
                "STR_TO_TIME": "PARSE_TIMESTAMP",
            }
            format_node = values.get("format")
            inner = [self._argument(format_node, body, depth)] if format_node is not None else []
            inner.append(self.convert(node.this, body, depth))
            if isinstance(values.get("zone"), exp.Expression):
                inner.append(self._argument(values["zone"], body, depth))
            return ["call", names.get(name, name), inner]
        if isinstance(node, (exp.GenerateDateArray, exp.GenerateTimestampArray, exp.GenerateSeries)):
            keys = ("start", "end", "step")
            return [
                "call",
                name,
                [self._argument(values[key], body, depth) for key in keys if values.get(key) is not None],
            ]
        unit = values.get("unit")
        for key in node.arg_types:  # in the order of the call, whatever the parser calls its arguments
            value = values.get(key)
            if key == "unit" or value is None or isinstance(value, (str, bool)):
                continue
            items = value if isinstance(value, list) else [value]
            for item in items:
                converted = self._argument(item, body, depth)
                if key == "expression" and isinstance(unit, exp.Expression) and _takes_interval(node):
                    converted = ["interval", converted, _unit(unit)]
                arguments.append(converted)
        if isinstance(unit, exp.Expression) and not _takes_interval(node):
            position = 1 if isinstance(node, _TRUNCATIONS) else len(arguments)
            arguments.insert(position, ["unit", _unit(unit)])
        return ["call", name, arguments]

    def _columns(self, node: exp.Expr, body: SelectBody) -> list[ColumnNode]:
        found: list[ColumnNode] = []
        info = body.info_of(node)
        for reference in info.references:
            targets = [
                target
                for item in body.trace_parts(reference.parts)
                if isinstance(item, Group)
                for target in item.targets
            ]
            if targets:
                found.append(ColumnNode(tuple(targets), ".".join(reference.written)))
        return found


_TRUNCATIONS = (exp.DateTrunc, exp.TimestampTrunc, exp.DatetimeTrunc)
_INTERVAL_CALLS = (
    exp.DateAdd,
    exp.DateSub,
    exp.TimestampAdd,
    exp.TimestampSub,
    exp.DatetimeAdd,
    exp.DatetimeSub,
    exp.TimeAdd,
    exp.TimeSub,
)


def _takes_interval(node: exp.Expr) -> bool:
    return isinstance(node, _INTERVAL_CALLS)


def _unit(node: Any) -> str:
    if isinstance(node, exp.WeekStart):
        return f"WEEK({node.this.name.upper()})"
    if isinstance(node, exp.Expression):
        return str(node.name or node.sql()).upper()
    return str(node or "").upper()


def _is_number(value: Json) -> bool:
    return isinstance(value, list) and value[0] == "num" and str(value[1]).isdigit()


def _through(value: Json, computed: Computed) -> Json:
    """A value that was computed in another SELECT: its columns carry the way they came."""
    if isinstance(value, ColumnNode):
        targets = tuple(
            target._replace(barrier=target.barrier or computed.barrier, via=(*target.via, *computed.via))
            for target in value.targets
        )
        return ColumnNode(targets, value.text)
    if isinstance(value, ChoiceNode):
        return ChoiceNode(tuple(_through(item, computed) for item in value.values), value.text)
    if isinstance(value, list):
        return [_through(item, computed) for item in value]
    return value


def flatten(node: exp.Expr, kind: type) -> list[exp.Expr]:
    """The operands of a chain of the same connective, left to right, parentheses included."""
    found: list[exp.Expr] = []
    stack = [node]
    while stack:
        item = stack.pop()
        inner = item
        while isinstance(inner, exp.Paren):
            inner = inner.this
        if type(inner) is kind:
            stack.append(inner.expression)
            stack.append(inner.this)
        else:
            found.append(item)
    return found


def columns_in(value: Json) -> list[ColumnNode]:
    """Every column in a converted condition."""
    if isinstance(value, ColumnNode):
        return [value]
    if isinstance(value, ChoiceNode):
        return [column for item in value.values for column in columns_in(item)]
    if isinstance(value, list):
        return [column for item in value for column in columns_in(item)]
    return []


def for_scan(value: Json, scan: int) -> Json:
    """The condition as seen from one scan: its columns are `col`, all others `other`."""
    if isinstance(value, ColumnNode):
        for target in value.targets:
            if target.scan == scan and not target.barrier:
                return ["col", target.path]
        return ["other", value.text]
    if isinstance(value, ChoiceNode):
        own = [item for item in value.values if _reads(item, scan)]
        if len(own) == 1:
            return for_scan(own[0], scan)
        # None: the value of another table's branch. Several: branches over one scan, of which each may be meant.
        return ["opaque", value.text, []] if own else ["other", value.text]
    if isinstance(value, list):
        if len(value) == 3 and value[0] == "opaque" and isinstance(value[2], list):
            paths = [
                target.path
                for column in value[2]
                for target in column.targets
                if target.scan == scan and not target.barrier
            ]
            return ["opaque", value[1], paths]
        return [for_scan(item, scan) for item in value]
    return value


def _reads(value: Json, scan: int) -> bool:
    return any(
        target.scan == scan and not target.barrier
        for column in columns_in(value)
        for target in column.targets
    )
