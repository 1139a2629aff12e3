"""Evaluates names and attributes."""

from __future__ import annotations

import ast

from costguard.extract.pytypes.annotations import PANDAS_RIVALS, UNIQUE_TO_PANDAS
from costguard.extract.pytypes.evaluation import Evaluation
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
from costguard.extract.pytypes.values import UNKNOWN, Value, escape
from costguard.extract.pytypes.words import words

_SAFE_FRAME_ATTRIBUTES = frozenset({"index", "shape", "empty", "size", "ndim", "attrs"})
_SAFE_JOB_ATTRIBUTES = words(
    "done state errors error_result job_id total_bytes_processed total_bytes_billed slot_millis"
    " started ended created num_dml_affected_rows cache_hit location statement_type"
    " add_done_callback reload exception cancel running destination total_rows schema"
)


class Attributes(Evaluation):
    """The part of the evaluator that handles names and attributes."""

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

    def count_columns(self, shape: ast.expr | None) -> None:
        """`df.shape[1]` is asked for: every column counts. (`df.shape` as a whole is mostly only looked at.)"""
        is_shape = isinstance(shape, ast.Attribute) and shape.attr == "shape"
        if (
            isinstance(shape, ast.Attribute)
            and is_shape
            and isinstance(shape.value, ast.Name | ast.Attribute)
        ):
            escape(self.evaluate(shape.value))

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


_SPARK_OTHER = words(
    "show printSchema explain foreach foreachPartition createOrReplaceTempView createTempView"
    " createGlobalTempView createOrReplaceGlobalTempView registerTempTable writeTo approxQuantile"
    " corr cov crosstab freqItems toJSON rdd randomSplit inputFiles sameSemantics semanticHash"
    " storageLevel is_cached id isLocal"
)
