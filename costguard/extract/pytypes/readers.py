"""Calls that bring a frame in from outside: where it comes from, and how much of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Final

from costguard.extract.pytypes.constants import constant_number, constant_strings, keyword
from costguard.extract.pytypes.values import Maker

_LIMIT = re.compile(r"\blimit\s+(\d+)\s*;?\s*$", re.IGNORECASE)
_NO_ROWS = re.compile(
    r"\s*(?:show|describe|desc|explain|create|insert|drop|alter|use|set|merge|update|delete|truncate|msck|refresh|cache"
    r"|analyze|optimize|vacuum|grant|revoke|call|declare|begin)\b",
    re.IGNORECASE,
)
SMALL_ROWS: Final = 100_000
"""A literal number of rows up to which a frame counts as small (a convention, not a measurement)."""

_QUERY_READERS: Final = frozenset(
    {
        "pandas.read_gbq",
        "pandas.read_sql",
        "pandas.read_sql_query",
        "pandas_gbq.read_gbq",
        "bigframes.pandas.read_gbq",
        "bigframes.pandas.read_gbq_query",
        "google.cloud.bigquery.Client.query",
        "google.cloud.bigquery.Client.query_and_wait",
        "pyspark.sql.SparkSession.sql",
        "pyspark.sql.SQLContext.sql",
        "geopandas.read_postgis",
        "polars.read_database",
    }
)
_TABLE_READERS: Final = frozenset(
    {
        "pandas.read_sql_table",
        "bigframes.pandas.read_gbq_table",
        "google.cloud.bigquery.Client.list_rows",
        "pyspark.sql.SparkSession.table",
        "pyspark.sql.SQLContext.table",
        "pyspark.sql.DataFrameReader.table",
        "pyspark.sql.DataFrameReader.jdbc",
    }
)
_LITERAL_READERS: Final = frozenset(
    {
        "pandas.DataFrame",
        "pandas.DataFrame.from_dict",
        "pandas.DataFrame.from_records",
        "polars.DataFrame",
        "bigframes.pandas.DataFrame",
        "geopandas.GeoDataFrame",
        "cudf.DataFrame",
        "pyspark.sql.SparkSession.createDataFrame",
        "pyspark.sql.SQLContext.createDataFrame",
        "pyspark.sql.SparkSession.range",
    }
)


def origin_of(function: str) -> str | None:
    """`query`, `table`, `file` or `literal` for a call that makes a frame from something else; else None."""
    if function in _QUERY_READERS:
        return "query"
    if function in _TABLE_READERS:
        return "table"
    if function in _LITERAL_READERS:
        return "literal"
    last = function.rpartition(".")[2]
    if last.startswith(("read_", "scan_")) or function.startswith("pyspark.sql.DataFrameReader."):
        return "file"
    return None


def describe_reader(maker: Maker, call: ast.Call, function: str, constants: Mapping[str, ast.expr]) -> None:
    """Fill in a new frame's origin, requested columns and size from the call that reads it."""
    origin = origin_of(function)
    if origin is None:
        return
    maker.origin = origin
    source = call.args[0] if call.args else None
    for name in ("query", "sql", "sqlQuery", "filepath_or_buffer", "path", "source", "table", "io", "data"):
        source = source if source is not None else keyword(call, name)
    maker.source = source
    text = constant_strings(source, constants)
    sql = text[0] if text is not None and len(text) == 1 else None
    if origin == "query":
        if sql is not None and re.fullmatch(r"\s*[\w.`:-]+\s*", sql):
            maker.origin = "table"
        elif sql is not None:
            limit = _LIMIT.search(sql)
            maker.bounded = bool(_NO_ROWS.match(sql)) or (limit is not None and int(limit[1]) <= SMALL_ROWS)
        elif (
            isinstance(source, ast.JoinedStr) and source.values and isinstance(source.values[0], ast.Constant)
        ):
            maker.bounded = bool(_NO_ROWS.match(str(source.values[0].value)))
    elif origin == "literal":
        shown = constants.get(source.id) if isinstance(source, ast.Name) else source
        maker.bounded = source is None or (shown is not None and _written_out(shown))
    rows = next(
        (found for name in ("nrows", "max_results", "n_rows") if (found := keyword(call, name))), None
    )
    number = constant_number(rows, constants)
    if number is not None and number <= SMALL_ROWS:
        maker.bounded = True
    for name in ("columns", "usecols", "selected_fields", "col_order", "fields"):
        wanted = keyword(call, name)
        if (
            wanted is not None
            and origin != "literal"
            and not (isinstance(wanted, ast.Constant) and wanted.value is None)
        ):
            names = constant_strings(wanted, constants)
            maker.requested = tuple(sorted(set(names))) if names is not None else ()
            break


def _written_out(node: ast.expr) -> bool:
    """Whether the rows stand in the code, as a literal list or dictionary of lists."""
    if isinstance(node, ast.List | ast.Tuple):
        return all(not isinstance(element, ast.Starred | ast.Name) for element in node.elts)
    if isinstance(node, ast.Dict):
        return all(isinstance(value, ast.List | ast.Tuple | ast.Constant) for value in node.values)
    return False
