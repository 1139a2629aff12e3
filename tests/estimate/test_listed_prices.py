"""A price file becomes prices: which SKUs are recognised, what is left to the list that ships, and each figure."""

from __future__ import annotations

from decimal import Decimal

import pytest

from costguard.estimate.compute import machine_price, machine_prices
from costguard.estimate.listed_prices import (
    analysis_prices,
    machine_prices_of,
    machine_types,
    price_book_of,
    single_price,
)
from costguard.estimate.price import UnknownLocationError, price_book
from costguard.price_file import ListedSku
from tests.listed import analysis, listed, machine, prices


def usd_per_tib(*skus: ListedSku) -> dict[str, str]:
    return {place: str(usd) for place, usd in analysis_prices(prices(*skus)).usd_per_tib.items()}


# -- analysis ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sku", "location"),
    [
        (analysis("A", "US", "6.25", "us"), "us"),
        (analysis("A", "us-west2", "6.25", "us-west2"), "us-west2"),
        (analysis("A", "EU", "6.25", "europe"), "eu"),
        (analysis("A", "Frankfurt", "6.25", "europe-west3"), "europe-west3"),
        (analysis("A", None, "6.25", "us"), "us"),
        (analysis("A", None, "6.25", "europe"), "eu"),
        # the US as a whole, and not each of its regions
        (analysis("A", "us", "6.25", "us-central1", "us-east1"), "us"),
        (listed("A", "BigQuery Analysis (US)", {"0": "6.25"}, "TiBy", "us"), "us"),
        (listed("A", "On Demand Analysis (US)", {"0": "6.25"}, "TiBy", "us", usage_type=""), "us"),
    ],
)
def test_on_demand_analysis(sku: ListedSku, location: str) -> None:
    assert usd_per_tib(sku) == {location: "6.25"}
    assert analysis_prices(prices(sku)).not_recognised == ()


@pytest.mark.parametrize(
    "sku",
    [
        analysis("A", None, "6.25", "us", "europe"),
        analysis("A", "Somewhere", "6.25"),
        listed("A", "Analysis of moons", {"0": "6.25"}, "TiBy", "us"),
        listed("A", "Analysis (US)", {"0": "6.25"}, "GiBy", "us"),
        listed("A", "Analysis (US)", {"0": "0"}, "TiBy", "us"),
        listed("A", "Analysis (US)", {}, "TiBy", "us"),
        listed("A", "Analysis (US)", {"0": "-1"}, "TiBy", "us"),
        # a discount from 100 TiB on: what a query costs depends on the month
        listed("A", "Analysis (US)", {"0": "6.25", "100": "5"}, "TiBy", "us"),
        listed("A", "Analysis (US)", {"0": "6.25"}, "TiBy", "us", usage_type="Preemptible"),
    ],
)
def test_analysis_that_cannot_be_read_is_counted(sku: ListedSku) -> None:
    found = analysis_prices(prices(sku))
    assert (found.usd_per_tib, found.not_recognised) == ({}, (sku,))
    assert price_book_of(prices(sku), price_book()).not_recognised == 1


@pytest.mark.parametrize(
    "sku",
    [
        listed("A", "Analysis Slots Attribution", {"0": "0"}, "h", "us"),
        listed("A", "Analysis Flat Rate (US)", {"0": "2000"}, "mo", "us"),
        listed("A", "Active Logical Storage (us)", {"0": "0.02"}, "GiBy.mo", "us"),
        listed("A", "Analysis (US)", {"0": "5"}, "TiBy", "us", usage_type="Commit1Yr"),
        machine("A", "Analysis", "6.25"),
    ],
)
def test_other_things_are_not_analysis(sku: ListedSku) -> None:
    found = analysis_prices(prices(sku))
    assert (found.usd_per_tib, found.not_recognised) == ({}, ())


def test_two_prices_of_a_location_are_none() -> None:
    same = (analysis("A", "US", "6.25", "us"), analysis("B", "US", "6.250", "us"))
    assert usd_per_tib(*same) == {"us": "6.25"}
    differ = (*same, analysis("C", None, "7", "us"), analysis("D", "EU", "6.5", "eu"))
    found = analysis_prices(prices(*differ))
    assert found.usd_per_tib == {"eu": Decimal("6.5")}
    assert [sku.id for sku in found.not_recognised] == ["A", "B", "C"]


def test_the_book_asks_the_shipped_list_for_what_the_file_lacks() -> None:
    book = price_book_of(prices(analysis("A", "US", "6.5", "us")), price_book())
    assert book.price("US") == Decimal("6.5")
    assert book.price("europe-west6") == Decimal("8.75")
    assert book.note("us") == "list of 2026-11-01"
    assert book.note("europe-west6") == "list of 2026-07-25; not in the list of 2026-11-01"
    assert book.statement_price("US", "CREATE MODEL") == 325  # 50 * 6.5
    assert book.locations == price_book().locations
    with pytest.raises(UnknownLocationError, match=r"'mars'; known: .*europe-west6.*us"):
        book.price("mars")


def test_a_location_that_only_the_file_has() -> None:
    book = price_book_of(prices(analysis("A", "mars-east1", "9.5", "mars-east1")), price_book())
    assert book.price("Mars-East1") == Decimal("9.5")
    assert "mars-east1" in book.locations


def test_remarks_say_which_list_each_location_is_from() -> None:
    skus = (analysis("A", "US", "6.5", "us"), analysis("B", "EU", "6.5", "eu"), analysis("C", "X", "1"))
    book = price_book_of(prices(*skus), price_book())
    assert book.remarks(["US", "EU", "europe-west6"]) == (
        "EU, US: list of 2026-11-01",
        "europe-west6: list of 2026-07-25; not in the list of 2026-11-01",
        "the list of 2026-11-01 has 1 more SKU of analysis that cannot be read (costguard prices show)",
    )
    assert price_book().remarks(["US"]) == ()


def test_a_single_price_is_of_its_unit() -> None:
    sku = listed("A", "", {"0": "0", "10": "0.02"}, "GiBy.mo")
    assert single_price(sku, "GiBy.mo") == Decimal("0.02")
    assert single_price(sku, "TiBy") is None


# -- machines ------------------------------------------------------------------------------------------

N2 = (
    machine("A", "N2 Instance Core", "0.04"),
    machine("B", "N2 Instance Ram", "0.005"),
    machine("C", "N2 Instance Core", "0.05", "europe-west3"),
    machine("D", "N2 Instance Ram", "0.006", "europe-west3"),
)


@pytest.mark.parametrize(
    ("location", "name", "usd", "note"),
    [
        # 4 * 0.04 + 16 * 0.005
        ("US", "n2-standard-4", "0.24", "us-central1, list of 2026-11-01"),
        # 8 * 0.04 + 64 * 0.005
        ("US", "n2-highmem-8", "0.64", "us-central1, list of 2026-11-01"),
        # 2 * 0.04 + 2 * 0.005: a machine that the shipped list lacks
        ("us-central1", "n2-highcpu-2", "0.09", "us-central1, list of 2026-11-01"),
        # 4 * 0.05 + 16 * 0.006
        ("europe-west3", "n2-standard-4", "0.296", "europe-west3, list of 2026-11-01"),
        (
            "Europe-West3",
            "e2-standard-2",
            "0.067006",
            "us-central1, shipped list; not in the list of 2026-11-01 for europe-west3",
        ),
    ],
)
def test_a_machine_is_its_processors_and_memory(location: str, name: str, usd: str, note: str) -> None:
    found = machine_prices_of(prices(*N2), location, machine_prices())
    assert found.usd_per_hour[name] == Decimal(usd)
    assert found.notes[name] == note
    assert str(machine_price(name, found)) == f"{name}, {usd} USD/hour, {note}"


def test_the_shipped_list_follows_from_the_shipped_rates() -> None:
    """The same rates give the same prices: the composition is that of the list that ships."""
    rates = {"E2 Instance": ("0.021811", "0.002923"), "N2 Instance": ("0.031611", "0.004237")}
    skus = [
        machine(f"{family}{part}", f"{family} {part}", price)
        for family, pair in rates.items()
        for part, price in zip(("Core", "Ram"), pair, strict=True)
    ]
    found = machine_prices_of(prices(*skus), "US", machine_prices())
    shipped = machine_prices().usd_per_hour
    assert {name: found.usd_per_hour[name] for name in shipped} == shipped
    assert {name for name in shipped if name not in found.listed} == {f"n1-standard-{n}" for n in (4, 8, 16)}


@pytest.mark.parametrize(
    "skus",
    [
        N2[:1],
        N2[1:2],
        (*N2, machine("E", "N2 Instance Core", "0.041")),
        (machine("A", "N2 Instance Core", "0.04", usage_type="Preemptible"), N2[1]),
        (machine("A", "Spot Preemptible N2 Instance Core", "0.04"), N2[1]),
        (machine("A", "N2 Custom Instance Core", "0.04"), N2[1]),
        (N2[0], machine("B", "N2 Instance Ram", "0.005", unit="GBy.h")),
        (N2[0], machine("B", "N2 Instance Ram", "0.005", "us-east1")),
    ],
)
def test_a_machine_with_a_doubtful_part_keeps_its_shipped_price(skus: tuple[ListedSku, ...]) -> None:
    found = machine_prices_of(prices(*skus), "US", machine_prices())
    assert "n2-standard-4" not in found.listed
    assert found.usd_per_hour["n2-standard-4"] == Decimal("0.194236")
    assert found.notes["n2-standard-4"].startswith("us-central1, shipped list; not in the list of 2026-11-01")
    assert found.usd_per_hour.keys() == machine_prices().usd_per_hour.keys()


@pytest.mark.parametrize(
    ("name", "vcpus", "gib"),
    [
        ("n1-standard-1", 1, "3.75"),
        ("n1-highmem-16", 16, "104"),
        ("n1-highcpu-4", 4, "3.6"),
        ("e2-highcpu-8", 8, "8"),
        ("n2-highmem-64", 64, "512"),
        ("n2d-standard-224", 224, "896"),
    ],
)
def test_what_a_machine_type_has(name: str, vcpus: int, gib: str) -> None:
    assert machine_types()[name][2:] == (vcpus, Decimal(gib))


def test_machine_types_of_the_shipped_list_are_known() -> None:
    assert machine_prices().usd_per_hour.keys() <= machine_types().keys()
    assert "n2-highmem-128" not in machine_types()  # 864 GiB: not eight for each processor
