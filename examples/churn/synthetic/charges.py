"""One charge, and how it becomes a row of the export."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random
from typing import Any

from synthetic.run import DEV, NUMBERS, PROD
from synthetic.skus import GIB, MARKETPLACE, SELLER, Sku, price_on, service_name
from synthetic.weeks import FIRST_DAY, pairs

ACCOUNT = "01C7A2-5B90D4-88E3F6"
NANO = Decimal("0.000000001")
PACIFIC = timedelta(hours=-7)
"""Months of an invoice begin at midnight there; in these weeks until November's first hours it is daylight time."""
Labels = list[dict[str, str]]


@dataclass(frozen=True)
class Credit:
    """An amount below zero."""

    type: str
    name: str
    amount: Decimal


@dataclass(frozen=True)
class Adjustment:
    """Why a row corrects another."""

    type: str
    mode: str
    description: str


@dataclass(frozen=True)
class Charge:
    """A row of the bill."""

    sku: Sku
    start: datetime
    end: datetime
    project: str | None
    quantity: Decimal
    """In pricing units."""
    price: Decimal | None
    cost: Decimal
    """Gross, to the nano-dollar."""
    labels: Labels = field(default_factory=list)
    system_labels: Labels = field(default_factory=list)
    credits: tuple[Credit, ...] = ()
    resource: tuple[str | None, str | None] = (None, None)
    """Name and global name."""
    tier: Decimal = Decimal(0)
    cost_type: str = "regular"
    adjustment: Adjustment | None = None
    export: datetime | None = None
    month: str | None = None
    """Of the invoice, where it is not the usage's."""

    @property
    def net(self) -> Decimal:
        """After credits."""
        return self.cost + sum((credit.amount for credit in self.credits), Decimal(0))


def nano(amount: Decimal) -> Decimal:
    """Rounded to the nano-dollar."""
    return amount.quantize(NANO, ROUND_HALF_EVEN)


def usage(sku: Sku, start: datetime, hours: int, project: str | None, quantity: Decimal, **more: Any) -> Charge:
    """What a quantity costs at the price of the day."""
    price = price_on(sku, start.date())
    end = start + timedelta(hours=hours)
    return Charge(sku, start, end, project, quantity, price, nano(quantity * price), **more)


def month_share(size: int, day: date) -> Decimal:
    """Gibibyte-months of a size in bytes that was stored for one day."""
    return nano(Decimal(size) / GIB / monthrange(day.year, day.month)[1])


def amount(sku: Sku, start: datetime, hours: int, project: str | None, cost: Decimal, **more: Any) -> Charge:
    """A sum that has no price."""
    return Charge(sku, start, start + timedelta(hours=hours), project, Decimal(1), None, cost, **more)


def discount(charge: Charge, type: str, name: str, percent: int) -> Charge:
    """The charge with a credit of so many percent."""
    credit = Credit(type, name, nano(charge.cost * -percent / 100))
    return replace(charge, credits=(*charge.credits, credit)) if credit.amount else charge


def promotion(charges: Sequence[Charge], name: str, budget: Decimal) -> list[Charge]:
    """The charges, the first of them paid by a promotion until its budget is spent."""
    paid = []
    for charge in charges:
        share = min(budget, charge.cost)
        budget -= share
        credits = (Credit("PROMOTION", name, -share),) if share else ()
        paid.append(replace(charge, credits=(*charge.credits, *credits)))
    return paid


# -- when it is exported, and on which invoice -----------------------------------------------------------


def exported(charge: Charge, source: Random) -> Charge:
    """Most rows are exported within 18 hours of their usage, one of twenty up to two days after it. What comes more
    than a day after the end of its month stands on the next invoice."""
    late = source.randrange(20) == 0
    lag = timedelta(seconds=source.randrange(26 * 3600, 48 * 3600) if late else source.randrange(2 * 3600, 18 * 3600))
    export = charge.export or charge.end + lag
    month = charge.month or invoice_month(charge.start)
    if charge.month is None and invoice_month(export - timedelta(days=1)) != month:
        month = invoice_month(export)
    return replace(charge, export=export, month=month)


def invoice_month(moment: datetime) -> str:
    """The month (Pacific time) of a moment, such as 202609."""
    return f"{moment + PACIFIC:%Y%m}"


# -- rows ------------------------------------------------------------------------------------------------

_ANCESTRY = "/59284710033/886120045117/"
_PROJECT_LABELS = {PROD: {"cost-centre": "4711", "env": "prod"}, DEV: {"cost-centre": "4712", "env": "dev"}}
_STAGES = {PROD: "production", DEV: "development"}


def charge_row(charge: Charge) -> dict[str, Any]:
    """As the detailed usage cost export has it."""
    sku, day = charge.sku, charge.start.date()
    location, zone = sku.place
    region = location if "-" in location else None
    partner = sku.service == MARKETPLACE
    return {
        "billing_account_id": ACCOUNT,
        "service": {"id": sku.service, "description": service_name(sku.service, day)},
        "sku": {"id": sku.id, "description": sku.name},
        "usage_start_time": charge.start,
        "usage_end_time": charge.end,
        "project": _project(charge.project, day),
        "labels": charge.labels,
        "system_labels": charge.system_labels,
        "location": {
            "location": location,
            "country": None if location == "global" else "US",
            "region": region,
            "zone": zone,
        },
        "resource": {"name": charge.resource[0], "global_name": charge.resource[1]},
        "tags": _tags(charge.project),
        "price": _price(charge),
        "subscription": {"instance_id": None},
        "transaction_type": "THIRD_PARTY_RESELLER" if partner else "GOOGLE",
        "seller_name": SELLER if partner else "Google Cloud",
        "export_time": charge.export,
        "cost": float(charge.cost),
        "currency": "USD",
        "currency_conversion_rate": 1.0,
        "usage": {
            "amount": float(charge.quantity * sku.units),
            "unit": sku.unit,
            "amount_in_pricing_units": float(charge.quantity),
            "pricing_unit": sku.pricing_unit,
        },
        "credits": [_credit(credit) for credit in charge.credits],
        "invoice": {"month": charge.month, "publisher_type": "PARTNER" if partner else "GOOGLE"},
        "cost_type": charge.cost_type,
        "adjustment_info": _adjustment(charge),
        "cost_at_list": float(charge.cost),
        "cost_at_effective_price_default": charge.cost,
        "cost_at_list_consumption_model": charge.cost,
        "consumption_model": {"id": "7754-699E-0EBF", "description": "Default"},
    }


def _project(name: str | None, day: date) -> dict[str, Any] | None:
    """kestrel-dev was made on the first day: what it is called, and its labels, came a day later."""
    if name is None:
        return None
    known = name != DEV or day > FIRST_DAY
    ancestors = (
        (f"projects/{NUMBERS[name]}", name),
        ("folders/886120045117", "data"),
        ("organizations/59284710033", "kestrel.example"),
    )
    return {
        "id": name,
        "number": str(NUMBERS[name]),
        "name": name.replace("-", " ").title() if known else None,
        "labels": pairs(_PROJECT_LABELS[name]) if known else [],
        "ancestry_numbers": _ANCESTRY,
        "ancestors": [{"resource_name": path, "display_name": shown} for path, shown in ancestors],
    }


def _tags(project: str | None) -> list[dict[str, Any]]:
    if project is None:
        return []
    return [{"key": "environment", "value": _STAGES[project], "inherited": True, "namespace": "59284710033"}]


def _price(charge: Charge) -> dict[str, Any] | None:
    if charge.price is None:
        return None
    prices = ("list_price", "effective_price_default", "list_price_consumption_model", "effective_price")
    return {
        **dict.fromkeys(prices, charge.price),
        "tier_start_amount": charge.tier,
        "unit": charge.sku.pricing_unit,
        "pricing_unit_quantity": Decimal(1),
    }


def _credit(credit: Credit) -> dict[str, Any]:
    identifier = credit.name.lower().replace(" ", "-").replace(",", "")
    return {
        "name": credit.name,
        "amount": float(credit.amount),
        "full_name": credit.name,
        "id": identifier,
        "type": credit.type,
    }


def _adjustment(charge: Charge) -> dict[str, Any] | None:
    found = charge.adjustment
    if found is None:
        return None
    return {
        "id": f"{found.type}-{charge.start:%Y%m%d}".lower().replace("_", "-"),
        "description": found.description,
        "mode": found.mode,
        "type": found.type,
    }
