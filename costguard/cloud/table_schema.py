"""The columns of a table of BigQuery as those of a frame: nested as they are, and exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from costguard.history.columns import MONEY, TIME

_TYPES: Final[Mapping[str, pl.DataType]] = {
    "INTEGER": pl.Int64(),
    "INT64": pl.Int64(),
    "FLOAT": pl.Float64(),
    "FLOAT64": pl.Float64(),
    "NUMERIC": MONEY,
    "BOOLEAN": pl.Boolean(),
    "BOOL": pl.Boolean(),
    "TIMESTAMP": TIME,
    "DATETIME": pl.Datetime("us"),
    "DATE": pl.Date(),
    "TIME": pl.Time(),
    "BYTES": pl.Binary(),
    "STRING": pl.String(),
}
"""What a value of each type is here. Others (BIGNUMERIC, JSON, GEOGRAPHY) fit into none, and are not in a bill."""


def frame_schema(fields: Sequence[Mapping[str, Any]]) -> dict[str, pl.DataType]:
    """The columns of a schema, as `tables.get` tells it.

    Raises:
        ValueError: a column is of a type that a frame does not have; its text is the column.
    """
    return {field["name"]: _type(field) for field in fields}


def _type(field: Mapping[str, Any]) -> pl.DataType:
    kind = field["type"]
    if kind in ("RECORD", "STRUCT"):
        found: pl.DataType = pl.Struct(frame_schema(field["fields"]))
    elif kind in _TYPES:
        found = _TYPES[kind]
    else:
        raise ValueError(f"{field['name']} ({kind})")
    return pl.List(found) if field.get("mode") == "REPEATED" else found
