"""Every billing export in one shape: which column of it is meant, and as which type.

The columns of Google's three exports are documented at cloud.google.com/billing/docs/how-to/export-data-bigquery-tables
(standard and detailed usage cost) and .../focus-export. They have grown over the years, so that files of different age
differ; JSON and CSV write numbers and times as text. A column that a file lacks is null here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import polars as pl

from costguard.history.columns import MONEY, PAIRS, TIME, Found, find, read_as, read_time

Shape = Literal["standard", "detailed", "focus"]

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
    "project_number": pl.String(),
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
    "project_number": ("project.number",),
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
    "project_number": ("x_Project.Number",),
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
SOURCES: Final[Mapping[Shape, Mapping[str, tuple[str, ...]]]] = {
    "standard": _USAGE,
    "detailed": _USAGE,
    "focus": _FOCUS,
}
"""Where each column is in an export: the first of its places that a file has."""
REQUIRED: Final = ("usage_start", "cost", "currency")
"""Without these nothing can be summed."""
INVOICE_ZONE: Final = "America/Los_Angeles"
"""An invoice's month begins at midnight there."""


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
    sources = SOURCES[shape]
    expressions: list[pl.Expr] = []
    missing: list[str] = []
    amounts: list[pl.Expr] = []
    for name, wanted in CHARGES.items():
        places = [place for path in sources[name] if (place := find(schema, path)) is not None]
        if not places:
            missing.append(name)
            expressions.append(pl.lit(None, dtype=wanted).alias(name))
            continue
        values = [
            _invoice_month(place) if name == "invoice_month" else read_as(place, wanted) for place in places
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
            credits = find(schema, sources["credits"][0])
            if credits is not None:
                value = value - credit_total(read_as(credits, CREDITS))
        expressions.append(value.alias(name))
    unreadable = pl.any_horizontal(amounts) if amounts else pl.lit(value=False)
    return Mapped(shape, (*expressions, unreadable.alias("unreadable")), tuple(missing))


def credit_total(credits: pl.Expr, kind: str | None = None) -> pl.Expr:
    """The sum of a charge's credits (of one type), 0 where there are none: never by a join, which multiplies rows or
    loses them. Added up as integers, since polars adds lists of decimals ten times as slowly."""
    amount = (pl.element().struct.field("amount") * _UNITS).cast(pl.Int128)
    if kind is not None:
        # Zeros and not nulls, of which sums are ten times as slow.
        amount = pl.when(pl.element().struct.field("type") == kind).then(amount).otherwise(0)
    units = credits.list.eval(amount).list.sum()
    return (units.fill_null(0).cast(pl.Decimal(38, 0)) * _UNIT).cast(MONEY)


_UNITS: Final = pl.lit(Decimal(10**9))
_UNIT: Final = pl.lit(Decimal("0.000000001"))
"""The last place of MONEY."""


def _invoice_month(found: Found) -> pl.Expr:
    """`202609`, whether the month is written or the beginning of the billing period."""
    if isinstance(found.type, pl.String):
        text = found.expression.str.strip_chars()
        begins = (
            read_time(found.expression, found.type).dt.convert_time_zone(INVOICE_ZONE).dt.strftime("%Y%m")
        )
        return pl.when(text.str.contains(r"^\d{6}$")).then(text).otherwise(begins)
    if found.type.is_integer():
        return found.expression.cast(pl.String)
    return read_time(found.expression, found.type).dt.convert_time_zone(INVOICE_ZONE).dt.strftime("%Y%m")
