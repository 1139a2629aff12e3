"""Google's public list prices, from the Cloud Billing Catalog by its official client.

Prices are public, but the service wants to know who asks: credentials, and a project whose quota the calls count
against. No role on a billing account is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from costguard.cloud.billing_calls import Patience, Say, local_channel, repeated
from costguard.cloud.billing_problems import explained
from costguard.cloud.billing_services import COMPUTE_ENGINE, PRICED_BY, WANTED, find_service
from costguard.cloud.sign_in import reading_credentials
from costguard.errors import UsageProblem
from costguard.price_file import CURRENCY, Geography, ListedService, ListedSku, PriceFile, Tier, fits

if TYPE_CHECKING:
    from google.cloud.billing_v1 import CloudCatalogClient

SOURCE: Final = (
    "Cloud Billing Catalog API: public list prices, before discounts, credits and free usage of a contract"
)
PAGE_SIZE: Final = 5000
"""The largest that the service gives."""
MAXIMUM_PAGES: Final = 200
"""Of one list; Compute Engine has some tens of thousands of SKUs. A server that never ends is left."""
_MACHINE_PART: Final = re.compile(
    r"(?!.*\b(custom|sole tenancy|reserved)\b).*\b(core|ram) running in\b", re.IGNORECASE
)
_GEOGRAPHIES: Final[dict[int, Geography]] = {1: "global", 2: "regional", 3: "multi-regional"}
"""By their numbers in GeoTaxonomy.Type."""


@contextmanager
def catalog_client(endpoint: str | None) -> Iterator[CloudCatalogClient]:
    """The official client: with the user's default credentials, or for a test server without any.

    Raises:
        UsageProblem: the client is not installed, or there are no credentials.
    """
    try:
        from google.cloud.billing_v1 import CloudCatalogClient
        from google.cloud.billing_v1.services.cloud_catalog.transports import CloudCatalogGrpcTransport
    except ImportError:
        raise UsageProblem(
            "Google's client for prices is not installed: pip install 'costguard-gcp[gcp]'"
        ) from None
    if endpoint is None:
        with explained("Cloud Billing Catalog"), reading_credentials("Cloud Billing Catalog"):
            client = CloudCatalogClient()
    else:
        client = CloudCatalogClient(transport=CloudCatalogGrpcTransport(channel=local_channel(endpoint)))
    with client:
        yield client


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the catalog gave."""

    prices: PriceFile
    missing: tuple[str, ...]
    """Short names of the usual services that it does not list."""


def fetch_prices(
    client: CloudCatalogClient,
    wanted: Sequence[str],
    as_of: date,
    patience: Patience,
    say: Say = lambda text: None,
) -> Fetched:
    """The latest list prices of services, given by short name (`bigquery`), id or display name; of all that costguard
    prices when none is given.

    Raises:
        UsageProblem: a service is not known, or the catalog cannot be read.
    """
    with explained("Cloud Billing Catalog, list of services"):
        services, missing = _choose(client, wanted, patience, say)
    listed: list[ListedService] = []
    skus: list[ListedSku] = []
    for identity, name in services:
        say(f"reading the SKUs of {name}")
        with explained(f"Cloud Billing Catalog, SKUs of {name}"):
            found = list(_skus(client, identity, patience, say))
        if not found:
            if identity in PRICED_BY:
                raise UsageProblem(
                    f"Cloud Billing Catalog, SKUs of {name}: it lists none, which cannot be; nothing was written, "
                    "try again later"
                )
            say(f"the catalog lists no SKU of {name}")
        kept = [sku for sku in found if _is_kept(sku)]
        listed.append(ListedService(identity, name, len(found) - len(kept)))
        skus.extend(kept)
    return Fetched(PriceFile(as_of, SOURCE, CURRENCY, tuple(listed), tuple(skus)), missing)


def _choose(
    client: CloudCatalogClient, wanted: Sequence[str], patience: Patience, say: Say
) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """(id, name) of each wanted service, and those of the usual ones that the catalog lacks."""
    names = {
        service.service_id: service.display_name
        for page in _pages(client.list_services, {"page_size": PAGE_SIZE}, patience, say)
        for service in page.services
    }
    found: dict[str, str] = {}
    missing: list[str] = []
    for text in wanted or WANTED:
        identity = find_service(text, names)
        if identity is not None:
            found[identity] = names[identity]
        elif wanted:
            raise UsageProblem(
                f"--service {text}: the catalog has no such service; one of {', '.join(WANTED)}, "
                "an id such as 24E6-581D-38E5, or a name as the bill has it"
            )
        else:
            missing.append(text)
    if not found:
        raise UsageProblem("Cloud Billing Catalog: it lists none of the services that costguard prices")
    return sorted(found.items()), tuple(missing)


def _skus(client: CloudCatalogClient, service: str, patience: Patience, say: Say) -> Iterator[ListedSku]:
    request = {"parent": f"services/{service}", "currency_code": CURRENCY, "page_size": PAGE_SIZE}
    seen: set[str] = set()
    for page in _pages(client.list_skus, request, patience, say):
        for sku in page.skus:
            if sku.sku_id not in seen:  # a list that changes between two pages may name one twice
                seen.add(sku.sku_id)
                yield _listed(service, sku)


def _pages(method: Any, request: dict[str, Any], patience: Patience, say: Say) -> Iterator[Any]:
    """Each page of a list, asked for again while the service is not there or wants less haste."""
    pages = method(request=request, **repeated(patience, say)).pages
    for count, page in enumerate(pages, start=1):
        if count > MAXIMUM_PAGES:
            raise UsageProblem(f"Cloud Billing Catalog: a list does not end after {MAXIMUM_PAGES} pages")
        yield page


def _is_kept(sku: ListedSku) -> bool:
    """Of Compute Engine's thousands of SKUs those of processors and memory of machine types, paid by use."""
    if sku.service != COMPUTE_ENGINE:
        return True
    return (
        sku.family == "Compute"
        and sku.usage_type in ("OnDemand", "Preemptible")
        and _MACHINE_PART.match(sku.description) is not None
    )


def _listed(service: str, sku: Any) -> ListedSku:
    info = _latest(sku.pricing_info)
    expression = info.pricing_expression if info is not None else None
    category = sku.category
    return ListedSku(
        service=service,
        id=sku.sku_id,
        description=sku.description,
        family=category.resource_family,
        group=category.resource_group,
        usage_type=category.usage_type,
        regions=tuple(sorted(set(sku.service_regions) or set(sku.geo_taxonomy.regions))),
        geography=_GEOGRAPHIES.get(int(sku.geo_taxonomy.type_), "unknown"),
        unit=expression.usage_unit if expression is not None else "",
        effective=_moment(info),
        tiers=tuple(_tier(sku.sku_id, rate) for rate in expression.tiered_rates)
        if expression is not None
        else (),
    )


def _latest(infos: Sequence[Any]) -> Any:
    """The catalog gives a timeline in order of time; without a time range in the request, of one entry."""
    return infos[-1] if infos else None


def _moment(info: Any) -> datetime | None:
    if info is None or "effective_time" not in info:
        return None
    return datetime.fromtimestamp(int(info.effective_time.timestamp()), UTC)


def _tier(sku: str, rate: Any) -> Tier:
    """Money is whole units and 10^-9 parts: exact in decimals. The start is a double; its shortest text counts."""
    money = rate.unit_price
    if money.currency_code != CURRENCY:
        raise UsageProblem(
            f"Cloud Billing Catalog: SKU {sku} is priced in {money.currency_code!r}, not in {CURRENCY}"
        )
    start = Decimal(repr(float(rate.start_usage_amount)))
    if not fits(start):
        raise UsageProblem(f"Cloud Billing Catalog: SKU {sku} has a price from {start} units on: no amount")
    return Tier(start, Decimal(money.units) + Decimal(money.nanos).scaleb(-9))
