"""Evaluates calls: of library functions, of methods, of functions of the module."""

from __future__ import annotations

import ast
from dataclasses import replace

from costguard.extract.pytypes.constants import constant_number, keyword
from costguard.extract.pytypes.expressions import Expressions
from costguard.extract.pytypes.frame_methods import Effect, expression_columns, frame_effect
from costguard.extract.pytypes.libraries import FUNCTIONS, SPLITTERS, TUPLES
from costguard.extract.pytypes.methods import (
    FRAME_METHODS,
    GROUP_RESULTS,
    OTHER_METHODS,
    SAME_FRAME_METHODS,
    SERIES_METHODS,
)
from costguard.extract.pytypes.names import (
    ENGINES,
    FRAME,
    FRAME_GROUPS,
    QUERY_JOB,
    ROWS,
    SERIES,
    SERIES_GROUPS,
    SPARK_FRAME,
)
from costguard.extract.pytypes.readers import describe_reader, origin_of
from costguard.extract.pytypes.state import LoopSite, Site
from costguard.extract.pytypes.values import UNKNOWN, Value, escape
from costguard.extract.pytypes.words import words

_CALLBACK_METHODS = words(
    "apply map applymap transform agg aggregate filter pipe foreach foreachPartition flatMap"
    " mapPartitions map_elements map_rows map_partitions imap imap_unordered starmap map_async"
    " apply_async submit"
)
_PER_ROW_METHODS = frozenset({"pandas.DataFrame.apply", "pandas.DataFrame.agg", "pandas.DataFrame.transform"})
_PARALLEL_PREFIXES = ("concurrent.futures.Executor.", "multiprocessing.Pool.", "pyspark.", "dask.", "ray.")
_UDF = frozenset(
    {
        "pyspark.sql.functions.udf",
        "pyspark.sql.functions.pandas_udf",
        "pyspark.sql.UDFRegistration.register",
    }
)
_ROW_BY_ROW = words(
    "map flatMap filter mapPartitions cache persist coalesce repartition sortBy zipWithIndex keyBy"
)
"""Methods of an RDD after which it has about as many rows."""
_HARMLESS = frozenset(
    {"builtins.len", "builtins.isinstance", "builtins.id", "builtins.type", "builtins.bool", "gc.collect"}
)
_REDUCTIONS = words(
    "sum mean median min max std var count nunique size first last prod any all agg aggregate"
)
_ESTIMATORS = ("sklearn.", "lightgbm.", "xgboost.", "catboost.")
_BUILDER = "pyspark.sql.SparkSession.builder"


class Applications(Expressions):
    """The part of the evaluator that handles calls."""

    def is_group_method(self, name: str) -> bool:
        return name in GROUP_RESULTS or name in {
            "size",
            "ngroups",
            "groups",
            "get_group",
            "indices",
            "rolling",
            "pipe",
        }

    def is_same_method(self, type_name: str, name: str) -> bool:
        return name in SAME_FRAME_METHODS.get(type_name, ())

    def evaluate_call(self, node: ast.Call) -> Value:
        callee = self.evaluate(node.func)
        if callee.function is not None:
            return self._call_local(node, callee)
        if callee.cls is not None and callee.type is None:
            return self._instantiate(node, callee)
        symbol = callee.symbol
        if symbol is None:
            return self._call_unknown(node, callee)
        site = self.sites.get(node)
        if site is None or site.function != symbol:
            site = self.sites[node] = Site(node, symbol, callee.receiver, self.context)
        site.receiver = callee.receiver
        site.result = UNKNOWN
        result = self._apply(node, symbol, callee, site)
        site.result = result
        return result

    def _arguments(self, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
        arguments = [self.evaluate(argument) for argument in node.args]
        keywords = {argument.arg or "**": self.evaluate(argument.value) for argument in node.keywords}
        return arguments, keywords

    def _consume_arguments(self, node: ast.Call) -> None:
        for argument in node.args:
            self.consume(argument)
        for named in node.keywords:
            self.consume(named.value)

    def _call_local(self, node: ast.Call, callee: Value) -> Value:
        arguments, keywords = self._arguments(node)
        function = callee.function
        assert function is not None
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            for value in (*arguments, *keywords.values()):
                escape(value)
            return self.call_function(function, [], {})
        if callee.receiver is not None:
            arguments.insert(0, callee.receiver)
        return self.call_function(function, arguments, keywords)

    def _instantiate(self, node: ast.Call, callee: Value) -> Value:
        arguments, keywords = self._arguments(node)
        assert callee.cls is not None
        instance = Value(type=f"<module>.{callee.cls.name}", cls=callee.cls)
        initialiser = callee.cls.methods.get("__init__")
        if initialiser is not None:
            self.call_function(initialiser, [instance, *arguments], keywords)
        else:
            for value in (*arguments, *keywords.values()):
                escape(value)
        return instance

    def _call_unknown(self, node: ast.Call, callee: Value) -> Value:
        escape(callee)
        self._consume_arguments(node)
        if callee.type == "joblib.Parallel":
            for argument in node.args:
                self._mark_parallel(argument)
        return UNKNOWN

    def _mark_parallel(self, node: ast.expr) -> None:
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            for generator in node.generators:
                loop = self.loops.get(generator)
                if loop is not None:
                    loop.parallel = True

    def _apply(self, node: ast.Call, symbol: str, callee: Value, site: Site) -> Value:
        receiver = callee.receiver
        name = symbol.rpartition(".")[2]
        if receiver is not None:
            if symbol.startswith("pandas.DataFrame."):
                return self._frame_method(node, name, receiver, site)
            if symbol.startswith("pandas.DataFrameGroupBy."):
                return self._group_method(node, name, receiver, site)
        if symbol == "pandas.concat":
            return self._concatenate(node)
        if symbol == "pandas.merge" and len(node.args) >= 2:
            left, right = self.evaluate(node.args[0]), self.evaluate(node.args[1])
            return self._merge(node, left, right)
        if symbol.startswith(_BUILDER + ".") and name != "getOrCreate":
            self._consume_arguments(node)
            return Value(symbol=_BUILDER)
        if symbol.startswith("builtins."):
            handled = self._builtin(node, name)
            if handled is not None:
                return handled
        if symbol == "joblib.delayed" and len(node.args) == 1:
            value = self.evaluate(node.args[0])
            return value if value.function is not None else UNKNOWN
        arguments, keywords = self._arguments(node)
        if symbol not in _HARMLESS:
            for value in (*arguments, *keywords.values()):
                escape(value)
        self._callback(node, symbol, name, receiver, arguments, keywords, site)
        return self._result(node, symbol, name, receiver, arguments)

    def _result(
        self, node: ast.Call, symbol: str, name: str, receiver: Value | None, arguments: list[Value]
    ) -> Value:
        if symbol in SPLITTERS:
            parts = tuple(
                self._untracked(argument, value)
                for argument, value in zip(node.args, arguments, strict=True)
                for _ in "12"
            )
            return Value(type="builtins.list", items=parts)
        if receiver is not None and receiver.type is not None:
            return self._method_result(node, symbol, name, receiver, arguments)
        result = FUNCTIONS.get(symbol)
        if result is None:
            if name[:1].isupper() and "." in symbol and not name.isupper():
                return self.make(node, symbol, symbol, origin="unknown")
            return UNKNOWN
        if result == "=":
            return arguments[0] if arguments else UNKNOWN
        return self._read(node, symbol, result)

    def _untracked(self, node: ast.expr, value: Value) -> Value:
        """A frame of the same kind as an argument that has escaped."""
        if value.type not in ENGINES:
            return Value(type=value.type) if value.type in {SERIES, "numpy.ndarray"} else UNKNOWN
        return Value(type=value.type, makers=value.makers)

    def _read(self, node: ast.Call, symbol: str, result: str) -> Value:
        if result in {FRAME, "geopandas.GeoDataFrame"} and (
            keyword(node, "chunksize") is not None or keyword(node, "iterator") is not None
        ):
            value = self.make(node, result, symbol, origin=origin_of(symbol) or "unknown")
            value.makers[0].bounded = True
            return Value(type="pandas.TextFileReader", element=value)
        value = self.make(node, result, symbol, origin=origin_of(symbol) or "derived")
        for maker in value.makers:
            describe_reader(maker, node, symbol, self.definitions.constants)
        return value

    def _method_result(
        self, node: ast.Call, symbol: str, name: str, receiver: Value, arguments: list[Value]
    ) -> Value:
        type_name = symbol[: -len(name) - 1]
        if type_name in {QUERY_JOB, ROWS}:
            if symbol == f"{QUERY_JOB}.result":
                return Value(type=ROWS, makers=receiver.makers)
            if name in {"to_dataframe", "to_geodataframe"}:
                return self.derive(node, receiver, FUNCTIONS[symbol], symbol)
            escape(receiver)
            if name == "to_dataframe_iterable":
                return Value(type="builtins.iterator", element=self.derive(node, receiver, FRAME, symbol))
        if type_name == SERIES:
            if receiver.makers:
                self.use(receiver, self.strings(node.args[0]) if name == "get" and node.args else None)
                return UNKNOWN
            found = SERIES_METHODS.get(name)
            return self.make(node, found, symbol) if found is not None else UNKNOWN
        if type_name.startswith("pandas.Series."):
            return Value(type=SERIES)
        if type_name == SERIES_GROUPS:
            return Value(type=SERIES if name != "describe" else None)
        if type_name.startswith("pandas.") and type_name.endswith("Window"):
            return self.make(node, FRAME, symbol) if type_name == "pandas.Window" else Value(type=SERIES)
        if symbol in TUPLES:
            return Value(type="builtins.list", element=self.derive(node, receiver, TUPLES[symbol], symbol))
        if self.is_same_method(type_name, name):
            return self._same(node, symbol, name, receiver, arguments)
        found = OTHER_METHODS.get(type_name, {}).get(name) or FUNCTIONS.get(symbol)
        if found is None:
            if name in {"fit", "set_params"} and type_name.startswith(_ESTIMATORS):
                return Value(type=type_name)
            if type_name == "builtins.str":
                return Value(type="builtins.list" if name in {"split", "splitlines"} else "builtins.str")
            if type_name == "builtins.dict" and receiver.element is not None:
                return self._from_dictionary(name, receiver.element)
            return UNKNOWN
        if found not in ENGINES:
            return Value(type=found, makers=receiver.makers)
        if origin_of(symbol) is not None:
            return self._read(node, symbol, found)
        value = self.derive(node, receiver, found, symbol)
        if type_name.endswith(("GroupedData", "GroupBy")):
            for maker in value.makers:
                maker.aggregated = True
        elif name in {"head", "tail", "peek", "take"}:
            for maker in value.makers:
                maker.bounded = True
        return value

    @staticmethod
    def _from_dictionary(name: str, element: Value) -> Value:
        if name in {"get", "pop", "setdefault"}:
            return element
        if name == "values":
            return Value(type="builtins.list", element=element)
        if name == "items":
            return Value(type="builtins.list", element=Value(type="builtins.tuple", items=(UNKNOWN, element)))
        return UNKNOWN

    def _same(self, node: ast.Call, symbol: str, name: str, receiver: Value, arguments: list[Value]) -> Value:
        result = receiver.type or ""
        if result not in ENGINES:
            return Value(type=result, makers=receiver.makers if name in _ROW_BY_ROW else ())
        base = receiver
        if arguments and arguments[0].type == receiver.type:
            base = replace(receiver, makers=(*receiver.makers, *arguments[0].makers))
        value = self.derive(node, base, result, symbol)
        for maker in value.makers:
            if name in {"limit", "describe", "summary", "head", "tail", "top_k", "bottom_k"}:
                maker.bounded = True
            elif name == "agg" and result == SPARK_FRAME:
                maker.bounded = maker.aggregated = True
            elif name == "distinct" and any(parent.reader.endswith(".select") for parent in receiver.makers):
                maker.aggregated = True
            elif name == "sample" and result != SPARK_FRAME:
                maker.bounded = constant_number(keyword(node, "n", 0), self.definitions.constants) is not None
        return value

    # pandas

    def _frame_method(self, node: ast.Call, name: str, receiver: Value, site: Site) -> Value:
        symbol = f"{FRAME}.{name}"
        if name in {"merge", "join"} and (node.args or keyword(node, "right") is not None):
            right_node = node.args[0] if node.args else keyword(node, "right")
            assert right_node is not None
            return self._merge(node, receiver, self.evaluate(right_node), by_index=name == "join")
        if name in {"iterrows", "itertuples"}:
            row = Value(type=SERIES, makers=receiver.makers)
            element = Value(type="builtins.tuple", items=(UNKNOWN, row)) if name == "iterrows" else row
            return Value(type="builtins.iterator", element=element)
        arguments, keywords = self._frame_arguments(node, name, receiver)
        if name == "apply" and _axis_is_columns(node):
            function = next((value.function for value in arguments if value.function is not None), None)
            site.callback = function
            if function is None:
                escape(receiver)
            else:
                self.call_function(function, [Value(type=SERIES, makers=receiver.makers)], {})
                self.loops[function.node] = LoopSite(
                    function.node,
                    function.node,
                    receiver,
                    node.func.value if isinstance(node.func, ast.Attribute) else None,
                )
            return UNKNOWN
        effect = frame_effect(name, node)
        self._read_columns(receiver, effect)
        if effect.everything:
            escape(receiver)
        self._callback(node, symbol, name, receiver, arguments, keywords, site)
        if name == "groupby":
            return Value(type=FRAME_GROUPS, makers=receiver.makers)
        if name in {"get", "pop"}:
            return Value(type=SERIES)
        result = FRAME_METHODS.get(name)
        if result is None or name == "get":
            return UNKNOWN
        if is_inplace(node):
            if not (self.context.in_branch or self.context.in_loop):
                for maker in receiver.makers:
                    maker.assigned.update(effect.assigned)
            return UNKNOWN
        if result != FRAME:
            return Value(type=result)
        value = self.derive(node, receiver, receiver.type or FRAME, symbol, effect.relation)
        for maker in value.makers:
            maker.assigned.update(effect.assigned)
            maker.bounded = maker.bounded or effect.bounded
            maker.grown = name == "append" and self.context.in_loop
            if name in {"pivot_table", "describe"}:
                maker.aggregated = True
        return value

    def _frame_arguments(
        self, node: ast.Call, name: str, receiver: Value
    ) -> tuple[list[Value], dict[str, Value]]:
        if name == "assign":
            keywords = {}
            for argument in node.keywords:
                value = self.consume(argument.value)
                if value.function is not None:
                    self.call_function(value.function, [receiver], {})
                keywords[argument.arg or "**"] = value
            return [self.consume(argument) for argument in node.args], keywords
        arguments, keywords = self._arguments(node)
        for value in (*arguments, *keywords.values()):
            escape(value)
        return arguments, keywords

    def _read_columns(self, receiver: Value, effect: Effect) -> None:
        for argument in effect.columns:
            self.use(receiver, self.strings(argument))
        if effect.expression is not None:
            text = self.strings(effect.expression)
            self.use(receiver, expression_columns(text[0]) if text else None)

    def _merge(self, node: ast.Call, left: Value, right: Value, by_index: bool = False) -> Value:
        for named in node.keywords:
            self.consume(named.value)
        for argument in node.args[2:]:
            self.consume(argument)
        both, on_left, on_right = (keyword(node, word) for word in ("on", "left_on", "right_on"))
        if both is not None:
            columns = self.strings(both)
            self.use(left, columns)
            if not by_index:
                self.use(right, columns)
        for key, side in ((on_left, left), (on_right, right)):
            if key is not None:
                self.use(side, self.strings(key))
        indexed = keyword(node, "left_index") is not None or keyword(node, "right_index") is not None
        if not by_index and both is None and on_left is None and on_right is None and not indexed:
            # The common columns are the key, and which these are is not written.
            escape(left)
            escape(right)
        if left.type not in ENGINES:
            escape(right)
            left = Value(type=FRAME)
        result = left.type or FRAME
        value = self.make(node, result, f"{FRAME}.merge", (*left.makers, *right.makers))
        sides = (*left.makers, *right.makers)
        for maker in value.makers:
            maker.bounded = bool(left.makers and right.makers) and all(parent.small for parent in sides)
        return value

    def _concatenate(self, node: ast.Call) -> Value:
        for named in node.keywords:
            self.consume(named.value)
        pieces = keyword(node, "objs", 0)
        if pieces is None:
            self._consume_arguments(node)
            return self.make(node, FRAME, "pandas.concat")
        if isinstance(pieces, ast.List | ast.Tuple):
            values = [self.evaluate(element) for element in pieces.elts]
        else:
            whole = self.consume(pieces)
            values = [whole.element] if whole.element is not None else list(whole.items or ())
        axis = keyword(node, "axis", 1)
        if values and all(value.type == SERIES for value in values) and axis is None:
            return Value(type=SERIES)
        frames = [value for value in values if value.type in ENGINES]
        value = self.make(node, FRAME, "pandas.concat", [maker for frame in frames for maker in frame.makers])
        if isinstance(pieces, ast.List | ast.Tuple) and frames and len(frames) == len(values):
            for maker in value.makers:
                # In a loop small pieces make a large frame.
                maker.grown = self.context.in_loop
                maker.bounded = all(parent.small for frame in frames for parent in frame.makers)
        return value

    def _group_method(self, node: ast.Call, name: str, receiver: Value, site: Site) -> Value:
        symbol = f"{FRAME_GROUPS}.{name}"
        arguments, keywords = self._arguments(node)
        for value in (*arguments, *keywords.values()):
            escape(value)
        self._callback(node, symbol, name, receiver, arguments, keywords, site)
        if name in {"size", "ngroup", "cumcount"}:
            return Value(type=SERIES)
        relation = "cut" if receiver.narrowed else "same"
        if name in {"agg", "aggregate"} and not receiver.narrowed:
            columns = self._aggregated_columns(node)
            if columns is not None:
                self.use(receiver, columns)
                relation = "cut"
        elif (
            name in {"apply", "filter", "transform", "pipe", "get_group", "agg", "aggregate"}
            and not receiver.narrowed
        ):
            escape(receiver)
        frame = Value(type=FRAME, makers=receiver.makers)
        value = self.derive(node, frame, FRAME, symbol, relation)
        for maker in value.makers:
            maker.aggregated = maker.aggregated or name in _REDUCTIONS
        return value

    def _aggregated_columns(self, node: ast.Call) -> list[str] | None:
        found: list[str] = []
        if node.args:
            return (
                self.strings(node.args[0])
                if isinstance(node.args[0], ast.Dict) and not node.keywords
                else None
            )
        for argument in node.keywords:
            pair = argument.value
            column: ast.expr | None = pair.elts[0] if isinstance(pair, ast.Tuple) and pair.elts else None
            if isinstance(pair, ast.Call):
                column = keyword(pair, "column", 0)
            names = self.strings(column)
            if names is None:
                return None
            found.extend(names)
        return found or None

    # Functions that take functions

    def _callback(
        self,
        node: ast.Call,
        symbol: str,
        name: str,
        receiver: Value | None,
        arguments: list[Value],
        keywords: dict[str, Value],
        site: Site,
    ) -> None:
        if symbol not in _UDF and name not in _CALLBACK_METHODS:
            return
        function = next(
            (value.function for value in (*arguments, *keywords.values()) if value.function is not None), None
        )
        if function is None:
            return
        site.callback = function
        values: list[Value] = []
        if receiver is not None and receiver.type == SERIES:
            values = [UNKNOWN]
        elif symbol.startswith(f"{FRAME_GROUPS}."):
            values = [Value(type=FRAME, makers=receiver.makers if receiver is not None else ())]
        self.call_function(function, values, {})
        loop = LoopSite(function.node, function.node, receiver or UNKNOWN)
        loop.iterable = (
            node.func.value if isinstance(node.func, ast.Attribute) and receiver is not None else None
        )
        loop.parallel = symbol.startswith(_PARALLEL_PREFIXES)
        if name not in {"submit", "apply_async", "pipe"} or symbol.startswith(_PARALLEL_PREFIXES):
            self.loops[function.node] = loop

    def _builtin(self, node: ast.Call, name: str) -> Value | None:
        if (
            name
            in {"enumerate", "zip", "reversed", "iter", "list", "tuple", "sorted", "set", "map", "filter"}
            and node.args
        ):
            values = [self.evaluate(argument) for argument in node.args]
            for named in node.keywords:
                self.consume(named.value)
            return self._iteration(node, name, values)
        if name == "next" and node.args:
            return self.element_of(self.evaluate(node.args[0]))
        if name == "super":
            return UNKNOWN
        return None

    def _iteration(self, node: ast.Call, name: str, values: list[Value]) -> Value:
        if name in {"map", "filter"}:
            function = values[0].function
            for value in values[1:]:
                escape(value)
            if function is None:
                return Value(type="builtins.iterator")
            self.call_function(function, [], {})
            iterable = node.args[1] if len(node.args) > 1 else None
            self.loops[function.node] = LoopSite(function.node, function.node, UNKNOWN, iterable)
            return Value(type="builtins.iterator")
        if name == "enumerate":
            element = Value(
                type="builtins.tuple", items=(Value(type="builtins.int"), self.element_of(values[0]))
            )
        elif name == "zip":
            element = Value(type="builtins.tuple", items=tuple(self.element_of(value) for value in values))
        else:
            element = self.element_of(values[0])
        kind = {
            "list": "builtins.list",
            "sorted": "builtins.list",
            "tuple": "builtins.tuple",
            "set": "builtins.set",
        }
        return Value(type=kind.get(name, "builtins.iterator"), element=element)


def is_inplace(node: ast.Call) -> bool:
    """Whether a pandas call changes its receiver and returns None."""
    argument = keyword(node, "inplace")
    return isinstance(argument, ast.Constant) and argument.value is True


def _axis_is_columns(node: ast.Call) -> bool:
    axis = keyword(node, "axis", 1)
    return isinstance(axis, ast.Constant) and axis.value in (1, "columns")
