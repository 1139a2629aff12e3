"""Evaluates expressions: names, attributes, subscripts, operators and comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from costguard.extract.pytypes.annotations import PANDAS_RIVALS, UNIQUE_TO_PANDAS
from costguard.extract.pytypes.constants import constant_number, constant_strings, is_list
from costguard.extract.pytypes.methods import (
    FRAME_ATTRIBUTES,
    FRAME_METHODS,
    FRAME_OTHER_METHODS,
    OTHER_ATTRIBUTES,
    OTHER_METHODS,
    SERIES_ATTRIBUTES,
    SERIES_METHODS,
)
from costguard.extract.pytypes.names import (
    BASES,
    ENGINES,
    FRAME,
    FRAME_GROUPS,
    QUERY_JOB,
    ROW,
    ROWS,
    SERIES,
    SERIES_GROUPS,
    SPARK_FRAME,
    public_name,
)
from costguard.extract.pytypes.state import LoopSite, State
from costguard.extract.pytypes.values import NONE, UNKNOWN, Function, Value, escape, merge
from costguard.extract.pytypes.words import words

_SAFE_FRAME_ATTRIBUTES = frozenset({"index", "shape", "empty", "size", "ndim", "attrs"})
_SAFE_JOB_ATTRIBUTES = words(
    "done state errors error_result job_id total_bytes_processed total_bytes_billed slot_millis"
    " started ended created num_dml_affected_rows cache_hit location statement_type"
    " add_done_callback reload exception cancel running destination total_rows schema"
)
_STRING = Value(type="builtins.str")
_INTEGER = Value(type="builtins.int")
_LIST_INDEX = {ast.List: "builtins.list", ast.Tuple: "builtins.tuple", ast.Set: "builtins.set"}


class Expressions(State):
    """The part of the evaluator that handles every expression but calls."""

    def evaluate(self, node: ast.expr) -> Value:
        """The value of an expression; what is found on the way is recorded."""
        handler = _HANDLERS.get(node.__class__)
        if handler is None:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.consume(child)
            return UNKNOWN
        value = handler(self, node)
        if value is not UNKNOWN:
            self.values[node] = value
        return value

    def consume(self, node: ast.expr) -> Value:
        """Evaluate an expression whose value then goes where it cannot be followed."""
        value = self.evaluate(node)
        if value.makers or value.items is not None or value.element is not None:
            escape(value)
        return value

    def strings(self, node: ast.expr | None) -> list[str] | None:
        """Constant column names of an argument."""
        return constant_strings(node, self.definitions.constants)

    def evaluate_call(self, node: ast.Call) -> Value:
        """Defined with the calls."""
        raise NotImplementedError

    def call_function(self, function: Function, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """Defined with the statements."""
        raise NotImplementedError

    def define_lambda(self, node: ast.Lambda) -> Value:
        """Defined with the statements."""
        raise NotImplementedError

    def bind(self, target: ast.expr, value: Value, source: ast.expr | None = None) -> None:
        """Defined with the statements."""
        raise NotImplementedError

    # Names and attributes

    def _name(self, node: ast.Name) -> Value:
        return self.lookup(node.id)

    def _attribute(self, node: ast.Attribute) -> Value:
        base = self.evaluate(node.value)
        name = node.attr
        if base.symbol is not None and base.receiver is None:
            if base.cls is None:
                return Value(symbol=public_name(f"{base.symbol}.{name}"))
            return UNKNOWN
        if base.cls is not None:
            found = base.cls.attributes.get(name)
            if found is not None:
                return found
            method = base.cls.methods.get(name)
            return Value(function=method, receiver=base) if method is not None else UNKNOWN
        if base.type is None:
            return self._attribute_of_unknown(node, base)
        return self._attribute_of(node, base, base.type)

    def _attribute_of_unknown(self, node: ast.Attribute, base: Value) -> Value:
        escape(base)
        if (
            node.attr in UNIQUE_TO_PANDAS
            and base.symbol is None
            and base.function is None
            and "pandas" in self.definitions.imported
            and not self.definitions.imported & PANDAS_RIVALS
            and isinstance(node.value, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
        ):
            # No other library in sight has this method: the value can only be a pandas frame.
            frame = self.make(node.value, FRAME, "", origin="unknown")
            frame.makers[0].escaped = True
            self.values[node.value] = frame
            return Value(symbol=f"{FRAME}.{node.attr}", makers=frame.makers, receiver=frame)
        return UNKNOWN

    def _attribute_of(self, node: ast.Attribute, base: Value, type_name: str) -> Value:
        name = node.attr
        canonical = BASES.get(type_name, type_name)
        bound = Value(symbol=f"{canonical}.{name}", makers=base.makers, receiver=base)
        if canonical == FRAME:
            return self._frame_attribute(base, name, bound)
        if canonical == SERIES:
            if base.makers:
                # A row: its attributes are columns.
                if (
                    name in SERIES_METHODS
                    or name in SERIES_ATTRIBUTES
                    or name in {"get", "to_json", "keys", "items"}
                ):
                    return bound
                self.use(base, (name,))
                return UNKNOWN
            attribute = SERIES_ATTRIBUTES.get(name)
            return Value(type=attribute, receiver=base) if attribute is not None else bound
        if canonical == FRAME_GROUPS:
            if self.is_group_method(name):
                return bound
            self.use(base, (name,))
            return Value(type=SERIES_GROUPS)
        if canonical == ROW:
            if name in {"get", "values", "items", "keys"}:
                return bound
            self.use(base, (name,))
            return UNKNOWN
        if canonical in {QUERY_JOB, ROWS}:
            if name in _SAFE_JOB_ATTRIBUTES:
                return Value(symbol=bound.symbol, receiver=base)
            return bound
        attributes = OTHER_ATTRIBUTES.get(canonical)
        if attributes is not None:
            found = attributes.get(name)
            if found is not None:
                return Value(type=found, makers=base.makers)
        if (
            canonical == SPARK_FRAME
            and name not in OTHER_METHODS[SPARK_FRAME]
            and not self.is_same_method(canonical, name)
            and name not in _SPARK_OTHER
        ):
            return Value(type="pyspark.sql.Column")
        return bound

    def is_group_method(self, name: str) -> bool:
        """Defined with the calls."""
        raise NotImplementedError

    def is_same_method(self, type_name: str, name: str) -> bool:
        """Defined with the calls."""
        raise NotImplementedError

    def _frame_attribute(self, base: Value, name: str, bound: Value) -> Value:
        attribute = FRAME_ATTRIBUTES.get(name)
        if attribute is not None:
            if attribute == FRAME:
                escape(base)
                return Value(type=FRAME, makers=base.makers)
            if attribute.startswith("pandas.DataFrame."):
                return Value(type=attribute, makers=base.makers, receiver=base)
            if name not in _SAFE_FRAME_ATTRIBUTES:
                escape(base)
            return Value(type=attribute)
        if name in FRAME_METHODS or name in FRAME_OTHER_METHODS:
            return bound
        if name.startswith(("_", "to_")):
            escape(base)
            return bound
        self.use(base, (name,))
        return Value(type=SERIES)

    # Subscripts

    def _subscript(self, node: ast.Subscript) -> Value:
        base = self.evaluate(node.value)
        type_name = BASES.get(base.type, base.type) if base.type is not None else None
        if type_name == FRAME:
            return self._frame_subscript(node, base)
        if type_name is not None and type_name.startswith("pandas.DataFrame."):
            return self._located(node, base)
        index = self.consume(node.slice)
        if type_name == FRAME_GROUPS:
            columns = self.strings(node.slice)
            self.use(base, columns)
            if columns is not None and not is_list(node.slice, self.definitions.constants):
                return Value(type=SERIES_GROUPS)
            return (
                Value(type=FRAME_GROUPS, makers=base.makers, narrowed=True)
                if columns is not None
                else UNKNOWN
            )
        if type_name in {SERIES, ROW}:
            if base.makers:
                self.use(base, self.strings(node.slice))
                return UNKNOWN
            if isinstance(node.slice, ast.Slice) or index.type == SERIES:
                return Value(type=SERIES)
            return UNKNOWN
        if type_name == "pandas.Series.loc":
            return (
                Value(type=SERIES) if isinstance(node.slice, ast.Slice) or index.type == SERIES else UNKNOWN
            )
        if type_name in {"polars.DataFrame", "bigframes.pandas.DataFrame", "cudf.DataFrame", SPARK_FRAME}:
            return self._other_frame_subscript(node, base, type_name)
        if base.items is not None:
            position = constant_number(node.slice, {})
            if position is not None and -len(base.items) <= position < len(base.items):
                return base.items[position]
            escape(base)
            return UNKNOWN
        if base.element is not None:
            return replace(base, items=None) if isinstance(node.slice, ast.Slice) else base.element
        escape(base)
        if type_name == "builtins.str":
            return _STRING
        return Value(type=type_name) if type_name == "numpy.ndarray" else UNKNOWN

    def _other_frame_subscript(self, node: ast.Subscript, base: Value, type_name: str) -> Value:
        columns = self.strings(node.slice)
        if type_name == SPARK_FRAME:
            if is_list(node.slice, self.definitions.constants):
                return self.derive(node, base, type_name, f"{type_name}.select")
            return Value(type="pyspark.sql.Column")
        if columns is not None and not is_list(node.slice, self.definitions.constants):
            return Value(type=type_name.replace("DataFrame", "Series"))
        if columns is not None:
            return self.derive(node, base, type_name, f"{type_name}.__getitem__")
        return UNKNOWN

    def derive(
        self, node: ast.expr, base: Value, type_name: str, reader: str, relation: str = "same"
    ) -> Value:
        """A frame made from another; it is as small and as aggregated as that one."""
        value = self.make(node, type_name, reader, base.makers, relation)
        for maker in value.makers:
            if base.makers and all(parent.small for parent in base.makers):
                maker.bounded = True
            if base.makers and all(parent.aggregated for parent in base.makers):
                maker.aggregated = True
        return value

    def _frame_subscript(self, node: ast.Subscript, base: Value) -> Value:
        columns = self.strings(node.slice)
        frame_type = base.type or FRAME
        if columns is not None:
            self.use(base, columns)
            if is_list(node.slice, self.definitions.constants):
                return self.derive(node, base, frame_type, f"{FRAME}.__getitem__", "cut")
            return Value(type=SERIES)
        index = self.consume(node.slice)
        if isinstance(node.slice, ast.Slice):
            value = self.derive(node, base, frame_type, f"{FRAME}.__getitem__")
            if (
                constant_number(node.slice.upper, self.definitions.constants) is not None
                and node.slice.lower is None
            ):
                for maker in value.makers:
                    maker.bounded = True
            return value
        if index.type == SERIES or isinstance(node.slice, ast.Compare):
            return self.derive(node, base, frame_type, f"{FRAME}.__getitem__")
        escape(base)
        if index.type == "builtins.str" or isinstance(node.slice, ast.JoinedStr):
            return Value(type=SERIES)
        if index.type in {"builtins.list", "pandas.Index"} or isinstance(node.slice, ast.ListComp):
            return self.derive(node, base, frame_type, f"{FRAME}.__getitem__")
        return UNKNOWN

    def _located(self, node: ast.Subscript, base: Value) -> Value:
        frame = base.receiver or UNKNOWN
        frame_type = frame.type or FRAME
        index = node.slice
        if base.type == "pandas.DataFrame.loc" and isinstance(index, ast.Tuple) and len(index.elts) == 2:
            rows = self.consume(index.elts[0])
            self.consume(index.elts[1])
            columns = self.strings(index.elts[1])
            many_rows = isinstance(index.elts[0], ast.Slice | ast.Compare) or rows.type == SERIES
            if columns is not None:
                self.use(frame, columns)
                if is_list(index.elts[1], self.definitions.constants):
                    return (
                        self.derive(node, frame, frame_type, f"{FRAME}.loc", "cut") if many_rows else UNKNOWN
                    )
                return Value(type=SERIES) if many_rows else UNKNOWN
            escape(frame)
            return UNKNOWN
        value = self.consume(index)
        if isinstance(index, ast.Slice) or value.type == SERIES or isinstance(index, ast.Compare):
            result = self.derive(node, frame, frame_type, base.type or "")
            upper = index.upper if isinstance(index, ast.Slice) else None
            if (
                base.type == "pandas.DataFrame.iloc"
                and constant_number(upper, self.definitions.constants) is not None
            ):
                for maker in result.makers:
                    maker.bounded = True
            return result
        if base.type == "pandas.DataFrame.iloc" and constant_number(index, {}) is not None:
            return Value(type=SERIES, makers=frame.makers)
        if base.type in {"pandas.DataFrame.at", "pandas.DataFrame.loc"} and isinstance(index, ast.Tuple):
            self.use(frame, self.strings(index.elts[-1]))
            return UNKNOWN
        escape(frame)
        return UNKNOWN

    # Operators and literals

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


_SPARK_OTHER = words(
    "show printSchema explain foreach foreachPartition createOrReplaceTempView createTempView"
    " createGlobalTempView createOrReplaceGlobalTempView registerTempTable writeTo approxQuantile"
    " corr cov crosstab freqItems toJSON rdd randomSplit inputFiles sameSemantics semanticHash"
    " storageLevel is_cached id isLocal"
)
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


_HANDLERS = _handlers()
