"""Evaluates operators, literals and comprehensions; knows the handler of each kind of expression."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from costguard.extract.pytypes.names import (
    ENGINES,
    FRAME,
    FRAME_GROUPS,
    QUERY_JOB,
    ROW,
    ROWS,
    SERIES,
    SERIES_GROUPS,
)
from costguard.extract.pytypes.state import LoopSite
from costguard.extract.pytypes.subscripts import Subscripts
from costguard.extract.pytypes.values import NONE, UNKNOWN, Value, escape, merge

_STRING = Value(type="builtins.str")
_INTEGER = Value(type="builtins.int")
_LIST_INDEX = {ast.List: "builtins.list", ast.Tuple: "builtins.tuple", ast.Set: "builtins.set"}


class Expressions(Subscripts):
    """The part of the evaluator that handles every expression but calls."""

    def _compare(self, node: ast.Compare) -> Value:
        values = [self._operand(operand) for operand in (node.left, *node.comparators)]
        if any(value.type == SERIES and not value.makers for value in values):
            return Value(type=SERIES)
        if any(value.type == "pyspark.sql.Column" for value in values):
            return Value(type="pyspark.sql.Column")
        return UNKNOWN

    def _operand(self, node: ast.expr) -> Value:
        value = self.evaluate(node)
        if not isinstance(node, ast.Constant):
            escape(value)
        return value

    def _binary(self, node: ast.BinOp) -> Value:
        left = self._operand(node.left)
        right = self._operand(node.right)
        for value, other in ((left, right), (right, left)):
            if (
                value.type in {SERIES, "pyspark.sql.Column", "polars.Expr", "pandas.Index"}
                and not value.makers
            ):
                return Value(type=value.type)
            if value.type in ENGINES and value.type not in {QUERY_JOB, ROWS} and other.type != SERIES:
                return self.derive(node, value, value.type or "", "")
        if left.type == "builtins.str" or (
            left.type == right.type and left.type in {"builtins.list", "builtins.int"}
        ):
            return Value(type=left.type, element=left.element or right.element)
        if "numpy.ndarray" in (left.type, right.type):
            return Value(type="numpy.ndarray")
        return UNKNOWN

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self._operand(node.operand)
        return (
            Value(type=value.type) if value.type in {SERIES, "pyspark.sql.Column", "polars.Expr"} else UNKNOWN
        )

    def _boolean(self, node: ast.BoolOp) -> Value:
        result = self.evaluate(node.values[0])
        for operand in node.values[1:]:
            result = merge(result, self.evaluate(operand))
        return result

    def _conditional(self, node: ast.IfExp) -> Value:
        self.evaluate(node.test)
        context = self.context
        self.context = replace(context, in_branch=True)
        value = merge(self.evaluate(node.body), self.evaluate(node.orelse))
        self.context = context
        return value

    def _constant(self, node: ast.Constant) -> Value:
        return _CONSTANTS.get(node.value.__class__, UNKNOWN)

    def _joined(self, node: ast.JoinedStr) -> Value:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.consume(part.value)
                if part.format_spec is not None:
                    self.evaluate(part.format_spec)
        return _STRING

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        values = tuple(self.evaluate(element) for element in node.elts)
        type_name = _LIST_INDEX[node.__class__]
        if isinstance(node, ast.Tuple):
            return Value(type=type_name, items=values)
        element: Value | None = None
        for value in values:
            element = value if element is None else merge(element, value)
        return Value(type=type_name, element=element)

    def _dictionary(self, node: ast.Dict) -> Value:
        element: Value | None = None
        for key, item in zip(node.keys, node.values, strict=True):
            if key is not None:
                self.consume(key)
            value = self.consume(item)
            element = value if element is None or key is None else merge(element, value)
        return Value(type="builtins.dict", element=element)

    def _starred(self, node: ast.Starred) -> Value:
        self.consume(node.value)
        return UNKNOWN

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        self.bind(node.target, value, node.value)
        return value

    def _awaited(self, node: ast.Await) -> Value:
        return self.evaluate(node.value)

    def _yielded(self, node: ast.Yield | ast.YieldFrom) -> Value:
        if node.value is not None:
            self.consume(node.value)
        return UNKNOWN

    def _slice(self, node: ast.Slice) -> Value:
        for part in (node.lower, node.upper, node.step):
            if part is not None:
                self.consume(part)
        return UNKNOWN

    # Iteration

    def element_of(self, value: Value) -> Value:
        """What iterating a value gives."""
        if value.element is not None:
            return value.element
        if value.items is not None:
            result: Value | None = None
            for item in value.items:
                result = item if result is None else merge(result, item)
            return result or UNKNOWN
        if value.type == FRAME_GROUPS:
            return Value(type="builtins.tuple", items=(UNKNOWN, Value(type=FRAME, makers=value.makers)))
        if value.type == SERIES_GROUPS:
            return Value(type="builtins.tuple", items=(UNKNOWN, Value(type=SERIES)))
        if value.type == "builtins.range":
            return _INTEGER
        if value.type in {ROWS, QUERY_JOB}:
            return Value(type=ROW, makers=value.makers)
        if value.type == "builtins.file":
            return _STRING
        escape(value)
        return _STRING if value.type == FRAME else UNKNOWN

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
        environment = self.env
        enclosing, context = self.enclosing, self.context
        if environment is not self.module:
            self.enclosing = (*enclosing, environment)
        self.env = {}
        for number, generator in enumerate(node.generators):
            if number == 0:
                # The first iterable is evaluated outside, once.
                inner, self.env = self.env, environment
                iterated = self.evaluate(generator.iter)
                self.env = inner
            else:
                iterated = self.evaluate(generator.iter)
            self.loops[generator] = LoopSite(generator, node, iterated, generator.iter, generator.target)
            self.bind(generator.target, self.element_of(iterated))
            self.context = replace(context, in_loop=True, in_branch=context.in_branch or bool(generator.ifs))
            for condition in generator.ifs:
                self.evaluate(condition)
        if isinstance(node, ast.DictComp):
            self.consume(node.key)
            element = self.consume(node.value)
        else:
            element = self.consume(node.elt)
        self.env, self.enclosing, self.context = environment, enclosing, context
        return Value(type=_COMPREHENSIONS[node.__class__], element=element)


_COMPREHENSIONS = {
    ast.ListComp: "builtins.list",
    ast.SetComp: "builtins.set",
    ast.GeneratorExp: "builtins.iterator",
    ast.DictComp: "builtins.dict",
}
_CONSTANTS = {
    str: _STRING,
    int: _INTEGER,
    float: Value(type="builtins.float"),
    bool: Value(type="builtins.bool"),
    type(None): NONE,
    bytes: Value(type="builtins.bytes"),
}


def _handlers() -> dict[type[ast.expr], Callable[..., Value]]:
    kind = Expressions
    return {
        ast.Name: kind._name,
        ast.Attribute: kind._attribute,
        ast.Subscript: kind._subscript,
        ast.Call: lambda self, node: self.evaluate_call(node),
        ast.Compare: kind._compare,
        ast.BinOp: kind._binary,
        ast.UnaryOp: kind._unary,
        ast.BoolOp: kind._boolean,
        ast.IfExp: kind._conditional,
        ast.Constant: kind._constant,
        ast.JoinedStr: kind._joined,
        ast.List: kind._sequence,
        ast.Tuple: kind._sequence,
        ast.Set: kind._sequence,
        ast.Dict: kind._dictionary,
        ast.Starred: kind._starred,
        ast.NamedExpr: kind._walrus,
        ast.Await: kind._awaited,
        ast.Yield: kind._yielded,
        ast.YieldFrom: kind._yielded,
        ast.Slice: kind._slice,
        ast.Lambda: lambda self, node: self.define_lambda(node),
        ast.ListComp: kind._comprehension,
        ast.SetComp: kind._comprehension,
        ast.GeneratorExp: kind._comprehension,
        ast.DictComp: kind._comprehension,
    }


Expressions.handlers = _handlers()
