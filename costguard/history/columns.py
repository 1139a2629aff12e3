"""Columns of files of many kinds: found whatever their case and nesting, read whatever their type.

JSON and CSV write numbers and times as text; older Parquet files wrap the elements of lists; names of nested columns
are joined by a point or an underscore where somebody took a struct apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import polars as pl

MONEY: Final = pl.Decimal(38, 9)
"""BigQuery's NUMERIC. FLOAT64 amounts are rounded to it once, row by row; sums are then exact."""
CATEGORY: Final = pl.Categorical()
"""Texts of which there are few, many times each."""
TIME: Final = pl.Datetime("us", "UTC")
PAIRS: Final = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))


Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True, slots=True)
class Found:
    """A value in a file: how to get at it, and its type there."""

    expression: pl.Expr
    type: pl.DataType


# -- finding -------------------------------------------------------------------------------------------


def find(schema: Mapping[str, pl.DataType], path: str) -> Found | None:
    """A column, or a field of it: `service.id` is a field of a struct, or a column `service.id` or `service_id`."""
    names = {name.lower(): name for name in schema}
    parts = path.lower().split(".")
    for flat in (".".join(parts), "_".join(parts)):
        if flat in names:
            name = names[flat]
            return _unwrapped(Found(pl.col(name), schema[name]))
    if len(parts) == 1 or parts[0] not in names:
        return None
    name = names[parts[0]]
    found = Found(pl.col(name), schema[name])
    for part in parts[1:]:
        if isinstance(found.type, pl.Null):
            return found  # null in every row: nobody can say what its fields would be
        if not isinstance(found.type, pl.Struct):
            return None
        inner = _field(found, part)
        if inner is None:
            return None
        found = inner
    return _unwrapped(found)


def _field(found: Found, name: str) -> Found | None:
    assert isinstance(found.type, pl.Struct)
    for field in found.type.fields:
        if field.name.lower() == name:
            return Found(found.expression.struct.field(field.name), _instance(field.dtype))
    return None


def _instance(kind: object) -> pl.DataType:
    return kind() if isinstance(kind, type) else kind  # type: ignore[return-value]


def _unwrapped(found: Found) -> Found:
    """A list as lists are: older Parquet files write `{list: [{element: x}]}`."""
    if isinstance(found.type, pl.Struct) and [field.name for field in found.type.fields] == ["list"]:
        inner = _field(found, "list")
        assert inner is not None
        found = inner
    if isinstance(found.type, pl.List):
        item = _instance(found.type.inner)
        if isinstance(item, pl.Struct) and [field.name for field in item.fields] in (["element"], ["item"]):
            (only,) = item.fields
            expression = found.expression.list.eval(pl.element().struct.field(only.name))
            found = Found(expression, pl.List(only.dtype))
    return found


def value_of(pairs: pl.Expr, key: str) -> pl.Expr:
    """The value of a label, null without it. The first of several: a label has one value."""
    mine = pairs.list.filter(pl.element().struct.field("key") == key)
    return mine.list.first().struct.field("value")


def as_texts(frame: Frame) -> Frame:
    """Categories as the texts that they stand for."""
    return frame.with_columns(pl.col(CATEGORY).cast(pl.String))


# -- reading -------------------------------------------------------------------------------------------


def read_as(found: Found, wanted: pl.DataType) -> pl.Expr:
    """The value as the wanted type: MONEY, TIME, a float, an integer, a truth value, a list of structs, else text. What
    cannot be read as that is null."""
    if wanted == MONEY:
        return _money(found.expression, found.type)
    if wanted == TIME:
        return read_time(found.expression, found.type)
    if isinstance(wanted, pl.List):
        if wanted.inner == pl.String and isinstance(found.type, pl.List):
            return found.expression.cast(wanted)
        return _structs(found, wanted)
    if wanted == pl.Float64 or wanted == pl.Int64:
        return found.expression.cast(wanted, strict=False)
    if wanted == pl.Boolean:
        if isinstance(found.type, pl.String):
            return found.expression.str.to_lowercase().replace_strict(
                _TRUTH, default=None, return_dtype=pl.Boolean
            )
        return found.expression.cast(pl.Boolean, strict=False)
    return found.expression.cast(pl.String, strict=False)


def _money(value: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if isinstance(kind, pl.String):
        return value.str.strip_chars().str.to_decimal(scale=9).cast(MONEY)
    return value.cast(MONEY, strict=False)


_TRUTH: Final = {"true": True, "false": False}
_EPOCH: Final = r"^-?\d+(\.\d+)?([eE]\+?\d+)?$"


def read_time(value: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """A point in time: as such, as `2026-09-01 00:00:00 UTC`, as `2026-09-01T00:00:00Z`, or in seconds since 1970."""
    if isinstance(kind, pl.Datetime):
        return (value.dt.replace_time_zone("UTC") if kind.time_zone is None else value).cast(TIME)
    if isinstance(kind, pl.Date):
        return value.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if kind.is_numeric():
        return (value.cast(pl.Float64) * 1_000_000).round().cast(pl.Int64).cast(TIME)
    text = value.cast(pl.String, strict=False).str.strip_chars()
    written = (
        text.str.replace(r"\s*(UTC|Z|[+-]00:?00)$", "")
        .str.replace("T", " ", literal=True)
        .str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
        .dt.replace_time_zone("UTC")
    )
    seconds = pl.when(text.str.contains(_EPOCH)).then(text).cast(pl.Float64, strict=False)
    return pl.coalesce(written, (seconds * 1_000_000).round().cast(pl.Int64).cast(TIME))


def _structs(found: Found, wanted: pl.List) -> pl.Expr:
    """A list of structs with the wanted fields; JSON text (a CSV's) is read first."""
    if isinstance(found.type, pl.Null):
        return pl.lit(None, dtype=wanted)
    if found.type == wanted:
        return found.expression
    struct = _instance(wanted.inner)
    assert isinstance(struct, pl.Struct)
    names = [field.name for field in struct.fields]
    if isinstance(found.type, pl.String):
        # All as text: a number in JSON text may be written either way.
        texts = pl.List(pl.Struct(dict.fromkeys(names, pl.String)))
        found = Found(found.expression.replace("", None).str.json_decode(texts), texts)
    if not isinstance(found.type, pl.List):
        return pl.lit(None, dtype=wanted)
    item = _instance(found.type.inner)
    if isinstance(item, pl.Null):
        return found.expression.cast(wanted)
    if not isinstance(item, pl.Struct):
        return pl.lit(None, dtype=wanted)
    element = Found(pl.element(), item)
    fields = []
    for name, kind in zip(names, (field.dtype for field in struct.fields), strict=True):
        inner = _field(element, name)
        value = read_as(inner, _instance(kind)) if inner is not None else pl.lit(None, dtype=kind)
        fields.append(value.alias(name))
    return found.expression.list.eval(pl.struct(fields)).cast(wanted)
