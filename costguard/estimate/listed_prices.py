"""A price file becomes the prices that estimates use: SKUs are recognised by what the catalog calls them.

Google names a price by its SKU only; what a SKU is for stands in its description and category. What cannot be told
for sure is not used: the list that ships with this version stays in its place, and that is said.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

from costguard.estimate.compute import MachinePriceList
from costguard.estimate.price import PriceBook
from costguard.money import plain_decimal
from costguard.price_file import ListedSku, PriceFile

BIGQUERY: Final = "24E6-581D-38E5"
COMPUTE_ENGINE: Final = "6F81-5844-456A"
_ANALYSIS: Final = re.compile(
    r"(?:BigQuery )?(?:On[- ]Demand )?Analysis(?: \((?P<place>[^()]+)\))?", re.IGNORECASE
)
_NO_PRICE_OF_QUERIES: Final = re.compile(r"\b(attribution|flat[- ]rate|slots?|flex)\b", re.IGNORECASE)
"""Analysis that is paid by other means: attribution rows cost nothing, and slots are not paid by the byte."""
_LOCATION: Final = re.compile(r"us|eu|europe|[a-z]+-[a-z]+\d+", re.IGNORECASE)
_MULTI_REGIONS: Final = {"europe": "eu"}
"""The catalog's names of BigQuery's locations, where they differ."""
_TIB: Final = "TiBy"
_HOUR: Final = "h"
_GIB_HOUR: Final = "GiBy.h"


@dataclass(frozen=True, slots=True)
class AnalysisPrices:
    """What a price file says about queries."""

    usd_per_tib: Mapping[str, Decimal]
    """By location in lower case."""
    not_recognised: tuple[ListedSku, ...]
    """SKUs that look like on-demand analysis, and whose price or location cannot be told."""


def analysis_prices(prices: PriceFile) -> AnalysisPrices:
    """On-demand prices per TiB. Where two SKUs of a location differ, neither is used."""
    found: dict[str, dict[str, tuple[ListedSku, Decimal]]] = defaultdict(dict)
    doubtful: list[ListedSku] = []
    for sku in prices.of_service(BIGQUERY):
        if not _looks_like_analysis(sku):
            continue
        location, price = _location(sku), single_price(sku, _TIB)
        if location is None or price is None or sku.usage_type not in ("OnDemand", ""):
            doubtful.append(sku)
        else:
            found[location][sku.id] = (sku, price)
    usd_per_tib: dict[str, Decimal] = {}
    for location, candidates in found.items():
        amounts = {price for _, price in candidates.values()}
        if len(amounts) == 1:
            usd_per_tib[location] = amounts.pop()
        else:
            doubtful.extend(sku for sku, _ in candidates.values())
    return AnalysisPrices(dict(sorted(usd_per_tib.items())), tuple(sorted(doubtful, key=lambda sku: sku.id)))


def _looks_like_analysis(sku: ListedSku) -> bool:
    return (
        re.search(r"\banalysis\b", sku.description, re.IGNORECASE) is not None
        and _NO_PRICE_OF_QUERIES.search(sku.description) is None
        and not sku.usage_type.startswith("Commit")
    )


def _location(sku: ListedSku) -> str | None:
    """The location that a SKU of analysis is for: the one in brackets, else its only region."""
    match = _ANALYSIS.fullmatch(sku.description.strip())
    if match is None:
        return None
    place = (match["place"] or "").strip()
    if not _LOCATION.fullmatch(place):
        if len(sku.regions) != 1:
            return None
        (place,) = sku.regions
    location = place.lower()
    return _MULTI_REGIONS.get(location, location)


def single_price(sku: ListedSku, unit: str) -> Decimal | None:
    """US dollars for a unit, when there is one price besides a free tier; None otherwise."""
    if sku.unit != unit:
        return None
    paid = {tier.price for tier in sku.tiers if tier.price != 0}
    (price,) = paid if len(paid) == 1 else (None,)
    return price if price is not None and price > 0 else None


def price_book_of(prices: PriceFile, shipped: PriceBook) -> PriceBook:
    """The book of a price file; the shipped one answers for locations that the file lacks."""
    analysis = analysis_prices(prices)
    return PriceBook(
        as_of=prices.as_of.isoformat(),
        source=prices.source,
        usd_per_tib=analysis.usd_per_tib,
        # It is no price of the catalog, but how BigQuery counts a statement.
        create_model_multiplier=shipped.create_model_multiplier,
        otherwise=shipped,
        not_recognised=len(analysis.not_recognised),
    )


def machine_prices_of(prices: PriceFile, location: str, shipped: MachinePriceList) -> MachinePriceList:
    """Machine types put together from the prices of their processors and memory, in the region of the estimate, or
    in that of the shipped list where the location is no region of the file. A machine whose parts the file does not
    price keeps its shipped price, and its note says so."""
    rates = dict(_rates(prices.of_service(COMPUTE_ENGINE)))
    regions = {region for region, _ in rates}
    region = location.strip().lower() if location.strip().lower() in regions else shipped.region
    usd_per_hour: dict[str, Decimal] = {}
    for machine, (cores, memory, vcpus, gib) in machine_types().items():
        of_core, of_memory = rates.get((region, cores)), rates.get((region, memory))
        if of_core is not None and of_memory is not None:
            # The shortest text of the same amount: the sum of two prices may end in zeros.
            usd_per_hour[machine] = Decimal(plain_decimal(vcpus * of_core + gib * of_memory))
    day = prices.as_of.isoformat()
    notes = dict.fromkeys(usd_per_hour, f"{region}, list of {day}")
    kept = [machine for machine in shipped.usd_per_hour if machine not in usd_per_hour]
    notes |= dict.fromkeys(kept, f"{shipped.region}, shipped list; not in the list of {day} for {region}")
    return replace(
        shipped,
        as_of=day,
        source=prices.source,
        region=region,
        usd_per_hour={**{machine: shipped.usd_per_hour[machine] for machine in kept}, **usd_per_hour},
        notes=notes,
        listed=frozenset(usd_per_hour),
    )


def _rates(skus: Iterable[ListedSku]) -> Iterator[tuple[tuple[str, str], Decimal]]:
    """((region, what), US dollars an hour) of processors and GiB of memory; none where two SKUs differ."""
    units: dict[str, str] = {}
    for cores, memory in _types()["cores_and_memory"].values():
        units |= {cores: _HOUR, memory: _GIB_HOUR}
    found: dict[tuple[str, str], set[Decimal]] = defaultdict(set)
    for sku in skus:
        what, _, place = sku.description.partition(" running in ")
        if what not in units or not place or sku.usage_type != "OnDemand":
            continue
        price = single_price(sku, units[what])
        for region in sku.regions if price is not None else ():
            assert price is not None
            found[region.lower(), what].add(price)
    for key, amounts in found.items():
        if len(amounts) == 1:
            yield key, amounts.pop()


@cache
def _types() -> dict[str, Any]:
    text = files("costguard.estimate").joinpath("machine_types.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def machine_types() -> Mapping[str, tuple[str, str, int, Decimal]]:
    """(name of its processors, name of its memory, processors, GiB) of each predefined machine type."""
    raw = _types()
    found: dict[str, tuple[str, str, int, Decimal]] = {}
    for kind, ratio in raw["gib_per_vcpu"].items():
        cores, memory = raw["cores_and_memory"][kind.partition("-")[0]]
        for vcpus in raw["vcpus"][kind]:
            found[f"{kind}-{vcpus}"] = (cores, memory, vcpus, vcpus * Decimal(ratio))
    return found
