"""Types from annotations and, for parameters without one, from the way they are used."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Final

from costguard.extract.pytypes.definitions import Definition
from costguard.extract.pytypes.names import FRAME, SPARK, SPARK_FRAME, public_name
from costguard.extract.pytypes.words import words

_WRAPPERS: Final = frozenset({"Optional", "Annotated", "Final", "ClassVar"})

_SPARK_ONLY: Final = words(
    "withColumn withColumnRenamed toPandas createOrReplaceTempView createOrReplaceGlobalTempView"
    " selectExpr unionByName dropDuplicates repartition coalesce withColumns"
)
_PANDAS_FRAME_ONLY: Final = words(
    "iterrows itertuples set_index select_dtypes pivot_table to_parquet to_gbq applymap melt"
    " insert sort_values merge"
)
_PANDAS_ANY: Final = words(
    "iloc loc groupby fillna dropna isnull isna notnull reset_index drop_duplicates astype to_csv"
)
PANDAS_RIVALS: Final = frozenset(
    {
        "cudf",
        "dask",
        "dask.dataframe",
        "polars",
        "vaex",
        "modin",
        "modin.pandas",
        "bigframes",
        "pyspark.pandas",
        "databricks.koalas",
        "datatable",
    }
)
"""Libraries whose frames have the methods of pandas: with one of them imported, methods prove nothing."""
UNIQUE_TO_PANDAS: Final = frozenset({"iterrows", "itertuples"})


def annotation_type(node: ast.expr | None, resolve: Callable[[ast.expr], str | None]) -> str | None:
    """The type an annotation names, through strings, `Optional[...]` and `... | None`."""
    if node is None:
        return None
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, str):
            return None
        try:
            return annotation_type(ast.parse(node.value, mode="eval").body, resolve)
        except (SyntaxError, ValueError, MemoryError):
            return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = [side for side in (node.left, node.right) if not _is_none(side)]
        return annotation_type(sides[0], resolve) if len(sides) == 1 else None
    if isinstance(node, ast.Subscript):
        name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        if name in _WRAPPERS:
            inner = (
                node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
            )
            return annotation_type(inner, resolve)
        if name == "Union" and isinstance(node.slice, ast.Tuple):
            members = [member for member in node.slice.elts if not _is_none(member)]
            return annotation_type(members[0], resolve) if len(members) == 1 else None
        base = annotation_type(node.value, resolve)
        return base if base in {"builtins.list", "builtins.dict", "builtins.set", "builtins.tuple"} else None
    resolved = resolve(node)
    if resolved is None:
        return None
    resolved = _TYPING.get(resolved, resolved)
    last = resolved.rpartition(".")[2]
    if resolved.startswith("builtins.") or last[:1].isupper():
        return public_name(resolved)
    return None


_TYPING: Final = {
    "typing.List": "builtins.list",
    "typing.Dict": "builtins.dict",
    "typing.Set": "builtins.set",
    "typing.Tuple": "builtins.tuple",
    "typing.Sequence": "builtins.list",
    "typing.Iterable": "builtins.list",
    "typing.Mapping": "builtins.dict",
    "typing.Text": "builtins.str",
}
_OPAQUE: Final = frozenset(
    {"typing.Any", "typing.TypeVar", "typing.Callable", "typing.Generator", "typing.Iterator"}
)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


class UsageSignatures:
    """Types of parameters told by the methods that a function calls on them."""

    def __init__(self, imported: set[str]) -> None:
        self._pandas = "pandas" in imported and not imported & PANDAS_RIVALS
        self._spark = "pyspark" in imported
        self._cache: dict[Definition, dict[str, set[str]]] = {}

    def type_of(self, function: Definition, parameter: str) -> str | None:
        """`pyspark.sql.DataFrame`, `pyspark.sql.SparkSession`, `pandas.DataFrame`, or None."""
        if not (self._pandas or self._spark):
            return None
        uses = self._cache.get(function)
        if uses is None:
            uses = self._cache[function] = _attributes_used(function)
        attributes = uses.get(parameter)
        if not attributes:
            return None
        if self._spark:
            if attributes & _SPARK_ONLY:
                return SPARK_FRAME
            if parameter in {"spark", "spark_session"} and attributes & {
                "sql",
                "table",
                "read",
                "createDataFrame",
            }:
                return SPARK
        if self._pandas and (
            attributes & UNIQUE_TO_PANDAS
            or (attributes & _PANDAS_FRAME_ONLY and len(attributes & (_PANDAS_FRAME_ONLY | _PANDAS_ANY)) >= 2)
            or (attributes & _PANDAS_ANY and "[str]" in attributes)
        ):
            return FRAME
        return None


def _attributes_used(function: Definition) -> dict[str, set[str]]:
    uses: dict[str, set[str]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            uses.setdefault(node.value.id, set()).add(node.attr)
        elif (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and (
                isinstance(node.slice, ast.List)
                or (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str))
            )
        ):
            uses.setdefault(node.value.id, set()).add("[str]")
    return uses
