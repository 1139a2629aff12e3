"""Every billing export in one shape: which column of it is meant, and as which type.

The columns of Google's three exports are documented at cloud.google.com/billing/docs/how-to/export-data-bigquery-tables
(standard and detailed usage cost) and .../focus-export. They have grown over the years, so that files of different age
differ; JSON and CSV write numbers and times as text. A column that a file lacks is null here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

Shape = Literal["standard", "detailed", "focus"]

MONEY: Final = pl.Decimal(38, 9)
"""BigQuery's NUMERIC. FLOAT64 amounts are rounded to it once, row by row; sums are then exact."""
TIME: Final = pl.Datetime("us", "UTC")
PAIRS: Final = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
CREDITS: Final = pl.List(pl.Struct({"type": pl.String, "name": pl.String, "amount": MONEY}))

CHARGES: Final[Mapping[str, pl.DataType]] = {
    "billing_account": pl.String(),
    "invoice_month": pl.String(),
    "cost_type": pl.String(),
    "service_id": pl.String(),
    "service": pl.String(),
    "sku_id": pl.String(),
    "sku": pl.String(),
    "usage_start": TIME,
    "usage_end": TIME,
    "project": pl.String(),
    "project_name": pl.String(),
    "region": pl.String(),
    "resource": pl.String(),
    "cost": MONEY,
    "currency": pl.String(),
    "currency_rate": pl.Float64(),
    "credits": CREDITS,
    "usage_amount": pl.Float64(),
    "usage_unit": pl.String(),
    "pricing_amount": pl.Float64(),
    "pricing_unit": pl.String(),
    "list_cost": MONEY,
    "effective_price": MONEY,
    "labels": PAIRS,
    "system_labels": PAIRS,
    "project_labels": PAIRS,
    "tags": PAIRS,
    "adjustment": pl.String(),
    "publisher": pl.String(),
    "seller": pl.String(),
    "export_time": TIME,
}
"""The columns of a charge. `cost` is gross, in `currency`; a credit's amount is negative."""

_USAGE: Final[Mapping[str, tuple[str, ...]]] = {
    "billing_account": ("billing_account_id",),
    "invoice_month": ("invoice.month",),
    "cost_type": ("cost_type",),
    "service_id": ("service.id",),
    "service": ("service.description",),
    "sku_id": ("sku.id",),
    "sku": ("sku.description",),
    "usage_start": ("usage_start_time",),
    "usage_end": ("usage_end_time",),
    "project": ("project.id",),
    "project_name": ("project.name",),
    "region": ("location.region", "location.location"),
    "resource": ("resource.global_name", "resource.name"),
    "cost": ("cost",),
    "currency": ("currency",),
    "currency_rate": ("currency_conversion_rate",),
    "credits": ("credits",),
    "usage_amount": ("usage.amount",),
    "usage_unit": ("usage.unit",),
    "pricing_amount": ("usage.amount_in_pricing_units",),
    "pricing_unit": ("usage.pricing_unit",),
    "list_cost": ("cost_at_list",),
    "effective_price": ("price.effective_price",),
    "labels": ("labels",),
    "system_labels": ("system_labels",),
    "project_labels": ("project.labels",),
    "tags": ("tags",),
    "adjustment": ("adjustment_info.type",),
    "publisher": ("invoice.publisher_type",),
    "seller": ("seller_name",),
    "export_time": ("export_time",),
}
_FOCUS: Final[Mapping[str, tuple[str, ...]]] = {
    "billing_account": ("BillingAccountId",),
    "invoice_month": ("BillingPeriodStart",),
    "cost_type": ("x_CostType",),
    "service_id": ("x_ServiceId",),
    "service": ("ServiceName",),
    "sku_id": ("SkuId",),
    "sku": ("ChargeDescription",),
    "usage_start": ("ChargePeriodStart",),
    "usage_end": ("ChargePeriodEnd",),
    "project": ("SubAccountId", "x_Project.Id"),
    "project_name": ("SubAccountName", "x_Project.Name"),
    "region": ("RegionId",),
    "resource": ("ResourceId", "ResourceName"),
    "cost": ("BilledCost",),
    "currency": ("BillingCurrency",),
    "currency_rate": ("x_CurrencyConversionRate",),
    "credits": ("x_Credits",),
    "usage_amount": ("ConsumedQuantity",),
    "usage_unit": ("ConsumedUnit",),
    "pricing_amount": ("PricingQuantity",),
    "pricing_unit": ("PricingUnit",),
    "list_cost": ("ListCost",),
    "effective_price": ("ContractedUnitPrice",),
    "labels": ("x_Labels",),
    "system_labels": ("x_SystemLabels",),
    "project_labels": ("x_ProjectLabels",),
    "tags": ("x_Tags",),
    "adjustment": ("ChargeClass",),
    "publisher": (),
    "seller": (),
    "export_time": ("x_ExportTime",),
}
REQUIRED: Final = ("usage_start", "cost", "currency")
"""Without these nothing can be summed."""
INVOICE_ZONE: Final = "America/Los_Angeles"
"""An invoice's month begins at midnight there."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value in a file: how to get at it, and its type there."""

    expression: pl.Expr
    type: pl.DataType


@dataclass(frozen=True, slots=True)
class Mapped:
    """The columns of one file in the common shape."""

    shape: Shape
    expressions: tuple[pl.Expr, ...]
    """One for each of CHARGES, and `unreadable`: whether an amount is there that is no number."""
    missing: tuple[str, ...]
    """Columns that the file lacks, by their names here."""


def shape_of(schema: Mapping[str, pl.DataType]) -> Shape | None:
    """Which export the columns are of; None when of none."""
    names = {name.lower() for name in schema}
    if "billedcost" in names:
        return "focus"
    if "cost" not in names:
        return None
    return "detailed" if any(name.startswith("resource") for name in names) else "standard"


def map_columns(schema: Mapping[str, pl.DataType], shape: Shape) -> Mapped:
    """How to get each column of a charge out of a file."""
    sources = _FOCUS if shape == "focus" else _USAGE
    expressions: list[pl.Expr] = []
    missing: list[str] = []
    amounts: list[pl.Expr] = []
    for name, wanted in CHARGES.items():
        places = [place for path in sources[name] if (place := _find(schema, path)) is not None]
        if not places:
            missing.append(name)
            expressions.append(pl.lit(None, dtype=wanted).alias(name))
            continue
        values = [
            _invoice_month(place) if name == "invoice_month" else _as(place, wanted) for place in places
        ]
        value = pl.coalesce(values) if len(values) > 1 else values[0]
        if name == "cost":
            amounts.append(places[0].expression.is_not_null() & value.is_null())
        if name == "credits":
            amounts.append(
                value.list.eval(pl.element().struct.field("amount").is_null())
                .list.any()
                .fill_null(value=False)
            )
        if name == "cost" and shape == "focus":
            # BilledCost is after credits.
            credits = _find(schema, sources["credits"][0])
            if credits is not None:
                value = value - credit_total(_as(credits, CREDITS))
        expressions.append(value.alias(name))
    unreadable = pl.any_horizontal(amounts) if amounts else pl.lit(value=False)
    return Mapped(shape, (*expressions, unreadable.alias("unreadable")), tuple(missing))


def credit_total(credits: pl.Expr) -> pl.Expr:
    """The sum of a charge's credits, 0 where there are none: never by a join, which would multiply or lose rows."""
    return credits.list.eval(pl.element().struct.field("amount")).list.sum().fill_null(0).cast(MONEY)


# -- finding -------------------------------------------------------------------------------------------


def _find(schema: Mapping[str, pl.DataType], path: str) -> Found | None:
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


# -- reading -------------------------------------------------------------------------------------------


def _as(found: Found, wanted: pl.DataType) -> pl.Expr:
    if wanted == MONEY:
        return _money(found.expression, found.type)
    if wanted == TIME:
        return _time(found.expression, found.type)
    if isinstance(wanted, pl.List):
        return _structs(found, wanted)
    if wanted == pl.Float64:
        return found.expression.cast(pl.Float64, strict=False)
    return found.expression.cast(pl.String, strict=False)


def _money(value: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if isinstance(kind, pl.String):
        return value.str.strip_chars().str.to_decimal(scale=9).cast(MONEY)
    return value.cast(MONEY, strict=False)


_EPOCH: Final = r"^-?\d+(\.\d+)?([eE]\+?\d+)?$"


def _time(value: pl.Expr, kind: pl.DataType) -> pl.Expr:
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


def _invoice_month(found: Found) -> pl.Expr:
    """`202609`, whether the month is written or the beginning of the billing period."""
    if isinstance(found.type, pl.String):
        text = found.expression.str.strip_chars()
        begins = _time(found.expression, found.type).dt.convert_time_zone(INVOICE_ZONE).dt.strftime("%Y%m")
        return pl.when(text.str.contains(r"^\d{6}$")).then(text).otherwise(begins)
    if found.type.is_integer():
        return found.expression.cast(pl.String)
    return _time(found.expression, found.type).dt.convert_time_zone(INVOICE_ZONE).dt.strftime("%Y%m")


def _structs(found: Found, wanted: pl.List) -> pl.Expr:
    """A list of structs with the wanted fields; JSON text (a CSV's) is read first."""
    struct = _instance(wanted.inner)
    assert isinstance(struct, pl.Struct)
    names = [field.name for field in struct.fields]
    if isinstance(found.type, pl.String):
        # All as text: a number in JSON text may be written either way.
        texts = pl.List(pl.Struct(dict.fromkeys(names, pl.String)))
        found = Found(found.expression.replace("", None).str.json_decode(texts), texts)
    if isinstance(found.type, pl.Null):
        return pl.lit(None, dtype=wanted)
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
        value = _as(inner, _instance(kind)) if inner is not None else pl.lit(None, dtype=kind)
        fields.append(value.alias(name))
    return found.expression.list.eval(pl.struct(fields)).cast(wanted)
