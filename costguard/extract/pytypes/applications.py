"""Evaluates calls: of library functions, of methods, of functions of the module."""

from __future__ import annotations

import ast
from dataclasses import replace

from costguard.extract.pytypes.constants import constant_number, keyword
from costguard.extract.pytypes.libraries import FUNCTIONS, SPLITTERS, TUPLES
from costguard.extract.pytypes.methods import (
    OTHER_METHODS,
    SERIES_METHODS,
)
from costguard.extract.pytypes.names import (
    ENGINES,
    FRAME,
    QUERY_JOB,
    ROWS,
    SERIES,
    SERIES_GROUPS,
    SPARK_FRAME,
)
from costguard.extract.pytypes.pandas_calls import PandasCalls
from costguard.extract.pytypes.readers import describe_reader, origin_of
from costguard.extract.pytypes.spark_aggregates import gives_one_row
from costguard.extract.pytypes.state import Site
from costguard.extract.pytypes.values import UNKNOWN, Value, escape
from costguard.extract.pytypes.words import words

_ROW_BY_ROW = words(
    "map flatMap filter mapPartitions cache persist coalesce repartition sortBy zipWithIndex keyBy"
)
"""Methods of an RDD after which it has about as many rows."""
_HARMLESS = frozenset(
    {"builtins.len", "builtins.isinstance", "builtins.id", "builtins.type", "builtins.bool", "gc.collect"}
)
_ESTIMATORS = ("sklearn.", "lightgbm.", "xgboost.", "catboost.")
_BUILDER = "pyspark.sql.SparkSession.builder"


class Applications(PandasCalls):
    """The part of the evaluator that handles calls."""

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
                # A frame that wraps something foreign has the type, but nothing tells how large it is.
                return Value(type=symbol)
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
            value = self._read(node, symbol, found)
            if arguments and arguments[0].makers:
                # Made from another frame: it is as small as that one.
                for maker in value.makers:
                    maker.bounded = all(parent.small for parent in arguments[0].makers)
            return value
        value = self.derive(node, receiver, found, symbol)
        if type_name.endswith(("GroupedData", "GroupBy")):
            for maker in value.makers:
                maker.aggregated = True
        elif name in {"head", "tail", "peek", "take"}:
            for maker in value.makers:
                maker.bounded = True
        return value

    def _called(self, node: ast.Call) -> str | None:
        """The full name of the function that a call is of, once it was evaluated."""
        site = self.sites.get(node)
        return site.function if site is not None else None

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
            elif name in {"select", "selectExpr"} and result == SPARK_FRAME:
                if gives_one_row(node, self._called, texts=name == "selectExpr"):
                    maker.bounded = maker.aggregated = True
            elif name == "distinct" and any(parent.reader.endswith(".select") for parent in receiver.makers):
                maker.aggregated = True
            elif name == "sample" and result != SPARK_FRAME:
                maker.bounded = constant_number(keyword(node, "n", 0), self.definitions.constants) is not None
        return value
