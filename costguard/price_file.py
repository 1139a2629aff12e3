"""The price file: Google's public list prices of one day, one row for each SKU. `docs/prices.md` describes it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator

from costguard.bounded_read import read_at_most
from costguard.errors import UsageProblem
from costguard.field_words import field_words
from costguard.money import plain_decimal

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION: Final = 1
CURRENCY: Final = "USD"
"""The only currency that estimates are made in."""
MAXIMUM_BYTES: Final = 64 << 20
"""A larger file is neither written nor read. All SKUs that are kept of all services take about 1 MiB."""

Geography = Literal["global", "regional", "multi-regional", "unknown"]

_AMOUNT: Final = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,18})?")
_AGAIN: Final = "`costguard prices refresh` writes one"


def _amount(value: Any) -> Any:
    """Amounts are text, so that none goes through a float; of bounded length, so that sums of them stay exact."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or _AMOUNT.fullmatch(value) is None:
        raise ValueError('must be a decimal number as text, such as "6.25"')
    return Decimal(value)


def fits(amount: Decimal) -> bool:
    """Whether a price file can hold an amount."""
    return amount.is_finite() and _AMOUNT.fullmatch(plain_decimal(amount)) is not None


def _named(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


Amount = Annotated[Decimal, BeforeValidator(_amount)]
Name = Annotated[str, AfterValidator(_named)]


@dataclass(frozen=True, slots=True)
class Tier:
    """A price from an amount of usage on."""

    start: Amount
    """Units used before this price holds."""
    price: Amount
    """US dollars for a unit."""


@dataclass(frozen=True, slots=True)
class ListedSku:
    """What is sold, and for how much."""

    service: Name
    """Id of its service: 24E6-581D-38E5."""
    id: Name
    description: str
    family: str
    """`resource_family` of the catalog: Compute, Storage, ..."""
    group: str
    """`resource_group`: CPU, RAM, ..."""
    usage_type: str
    """OnDemand, Preemptible, Commit1Yr, ..."""
    regions: tuple[str, ...]
    geography: Geography
    unit: str
    """What a price is for, in UCUM: `TiBy`, `h`, `GiBy.h`, `GiBy.mo`."""
    effective: datetime | None
    """From when on the price holds; None when the catalog does not say."""
    tiers: tuple[Tier, ...]
    """By their start."""


@dataclass(frozen=True, slots=True)
class ListedService:
    """A service whose SKUs are in the file."""

    id: Name
    name: str
    left_out: int
    """SKUs that the catalog has and the file has not: costguard has no use for them."""


@dataclass(frozen=True, slots=True)
class PriceFile:
    """List prices of one day, in US dollars."""

    as_of: date
    """The day (UTC) on which they were asked for."""
    source: str
    currency: str
    services: tuple[ListedService, ...]
    skus: tuple[ListedSku, ...]

    def of_service(self, service: str) -> Iterator[ListedSku]:
        """The SKUs of a service, by its id."""
        return (sku for sku in self.skus if sku.service == service)


def price_file_text(prices: PriceFile) -> str:
    """The document: ASCII, one SKU a line, always in the same order.

    Raises:
        UsageProblem: it is too large to be read again.
    """
    services = sorted(prices.services, key=lambda service: service.id)
    skus = sorted(prices.skus, key=lambda sku: (sku.service, sku.id))
    head = {
        "version": VERSION,
        "as_of": prices.as_of.isoformat(),
        "source": prices.source,
        "currency": prices.currency,
    }
    lines = [
        *(f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()),
        _rows("services", [_service(service) for service in services]) + ",",
        _rows("skus", [_sku(sku) for sku in skus]),
    ]
    text = "\n".join(("{", *lines, "}")) + "\n"
    if len(text) > MAXIMUM_BYTES:
        raise UsageProblem(
            f"{len(prices.skus):,} SKUs take more than {MAXIMUM_BYTES >> 20} MiB; choose fewer with --service"
        )
    return text


def _rows(name: str, rows: list[dict[str, Any]]) -> str:
    listed = ",".join(f"\n    {json.dumps(row)}" for row in rows)
    return f'  "{name}": [{listed}\n  ]' if rows else f'  "{name}": []'


def _service(service: ListedService) -> dict[str, Any]:
    return {"id": service.id, "name": service.name, "left_out": service.left_out}


def _sku(sku: ListedSku) -> dict[str, Any]:
    return {
        "service": sku.service,
        "id": sku.id,
        "description": sku.description,
        "family": sku.family,
        "group": sku.group,
        "usage_type": sku.usage_type,
        "regions": sorted(sku.regions),
        "geography": sku.geography,
        "unit": sku.unit,
        "effective": sku.effective.isoformat().replace("+00:00", "Z") if sku.effective is not None else None,
        "tiers": [
            {"start": plain_decimal(tier.start), "price": plain_decimal(tier.price)} for tier in sku.tiers
        ],
    }


def read_price_file(path: Path) -> PriceFile:
    """The prices of a file, all of it checked.

    Raises:
        UsageProblem: it cannot be read, is no price file, is of a later version, or a field of it is wrong.
    """
    from pydantic import ValidationError
    from pydantic_core import from_json

    data = read_at_most(path, MAXIMUM_BYTES, f"no price file; {_AGAIN}", f"no such price file; {_AGAIN}")
    try:
        document = from_json(data)
    except ValueError as error:
        raise UsageProblem(f"{path}: not JSON ({error}); {_AGAIN}") from None
    if not isinstance(document, dict) or "version" not in document:
        raise UsageProblem(f"{path}: no price file: it has no `version`; {_AGAIN}")
    version = document["version"]
    if type(version) is not int or version != VERSION:
        raise UsageProblem(
            f"{path}: version {version!r} of the price file is not known here, {VERSION} is; {_AGAIN}"
        )
    try:
        prices = _adapter().validate_json(data, strict=True)
    except ValidationError as error:
        raise UsageProblem(f"{path}: {_first(error)}; {_AGAIN}") from None
    _check(path, prices)
    return prices


@cache
def _adapter() -> TypeAdapter[PriceFile]:
    """Building it takes a few milliseconds: once, and only where there is a file."""
    from pydantic import TypeAdapter

    return TypeAdapter(PriceFile)


def _first(error: Any) -> str:
    """The first wrong field, and how many more there are."""
    count = error.error_count()
    item = error.errors()[0]
    where = ""
    for part in item["loc"]:
        where += f"[{part}]" if isinstance(part, int) else f".{part}"
    rest = f" (and {count - 1} more)" if count > 1 else ""
    return f"{where.lstrip('.')}: {field_words(item)}{rest}"


def _check(path: Path, prices: PriceFile) -> None:
    """What no single field shows."""
    if prices.currency != CURRENCY:
        raise UsageProblem(
            f"{path}: prices are in {prices.currency!r}; estimates are in {CURRENCY}; {_AGAIN}"
        )
    known = {service.id for service in prices.services}
    for sku in prices.skus:
        if sku.service not in known:
            raise UsageProblem(
                f"{path}: SKU {sku.id}: its service {sku.service!r} is not under `services`; {_AGAIN}"
            )
    for (service, identity), count in Counter((sku.service, sku.id) for sku in prices.skus).items():
        if count > 1:
            raise UsageProblem(f"{path}: SKU {identity} of {service} is there {count} times; {_AGAIN}")
