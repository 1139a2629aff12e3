"""Price files for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from costguard.price_file import ListedService, ListedSku, PriceFile, Tier

BIGQUERY = "24E6-581D-38E5"
COMPUTE_ENGINE = "6F81-5844-456A"


def listed(
    identity: str, description: str, prices: Mapping[str, str], unit: str, *regions: str, **changes: Any
) -> ListedSku:
    """A SKU of BigQuery; `prices` are by the amount from which they hold."""
    given: dict[str, Any] = {
        "service": BIGQUERY,
        "family": "ApplicationServices",
        "group": "",
        "usage_type": "OnDemand",
        "geography": "regional",
        "effective": datetime(2026, 11, 1, tzinfo=UTC),
        **changes,
    }
    tiers = tuple(Tier(Decimal(start), Decimal(price)) for start, price in prices.items())
    return ListedSku(id=identity, description=description, unit=unit, regions=regions, tiers=tiers, **given)


def analysis(identity: str, place: str | None, price: str, *regions: str, **changes: Any) -> ListedSku:
    """On-demand analysis, the first TiB of a month free."""
    description = f"Analysis ({place})" if place is not None else "Analysis"
    return listed(identity, description, {"0": "0", "1": price}, "TiBy", *regions, **changes)


def machine(identity: str, what: str, price: str, region: str = "us-central1", **changes: Any) -> ListedSku:
    """Processors or memory of a machine family."""
    unit = "GiBy.h" if what.endswith("Ram") else "h"
    given = {"service": COMPUTE_ENGINE, "family": "Compute", **changes}
    return listed(
        identity, f"{what} running in Somewhere", {"0": price}, given.pop("unit", unit), region, **given
    )


def prices(*skus: ListedSku, day: date = date(2026, 11, 1)) -> PriceFile:
    """A price file with these SKUs."""
    services = (ListedService(BIGQUERY, "BigQuery", 0), ListedService(COMPUTE_ENGINE, "Compute Engine", 12))
    return PriceFile(day, "a test", "USD", services, skus)
