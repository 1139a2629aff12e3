"""Evaluates subscripts: columns, selections and rows of frames."""

from __future__ import annotations

import ast
from dataclasses import replace

from costguard.extract.pytypes.attributes import Attributes
from costguard.extract.pytypes.constants import constant_number, is_list
from costguard.extract.pytypes.names import (
    BASES,
    FRAME,
    FRAME_GROUPS,
    ROW,
    SERIES,
    SERIES_GROUPS,
    SPARK_FRAME,
)
from costguard.extract.pytypes.values import UNKNOWN, Value, escape

_STRING = Value(type="builtins.str")


class Subscripts(Attributes):
    """The part of the evaluator that handles subscripts."""

    def _subscript(self, node: ast.Subscript) -> Value:
        if constant_number(node.slice, {}) == 1:
            self.count_columns(node.value)
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
            if _is_head(node.slice):
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
            if base.type == "pandas.DataFrame.iloc" and _is_head(index):
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


def _is_head(index: ast.expr) -> bool:
    """`[:n]`, also with a variable: the first rows, as with head(n)."""
    return (
        isinstance(index, ast.Slice)
        and index.lower is None
        and index.upper is not None
        and not (isinstance(index.upper, ast.UnaryOp) and isinstance(index.upper.op, ast.USub))
    )
