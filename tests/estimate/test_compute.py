"""Modelled dollars of machine time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from costguard.estimate.compute import machine_price, machine_prices


def test_the_default_machine_is_on_the_list_and_marked_as_assumed() -> None:
    prices = machine_prices()
    assert prices.default in prices.usd_per_hour
    assert machine_price(None).assumed
    assert not machine_price(prices.default).assumed
    assert machine_price(None).usd_per_hour == machine_price(prices.default).usd_per_hour


def test_the_list_admits_that_it_was_not_checked() -> None:
    assert machine_prices().as_of is None
    assert "not checked" in machine_prices().source


@pytest.mark.parametrize(
    ("machine", "vcpus", "gib", "vcpu_price", "gib_price"),
    [
        ("e2-standard-2", 2, 8, "0.021811", "0.002923"),
        ("e2-standard-4", 4, 16, "0.021811", "0.002923"),
        ("e2-standard-8", 8, 32, "0.021811", "0.002923"),
        ("e2-standard-16", 16, 64, "0.021811", "0.002923"),
        ("n2-standard-2", 2, 8, "0.031611", "0.004237"),
        ("n2-standard-4", 4, 16, "0.031611", "0.004237"),
        ("n2-standard-8", 8, 32, "0.031611", "0.004237"),
        ("n2-standard-16", 16, 64, "0.031611", "0.004237"),
        ("n2-standard-32", 32, 128, "0.031611", "0.004237"),
        ("n2-highmem-4", 4, 32, "0.031611", "0.004237"),
        ("n2-highmem-8", 8, 64, "0.031611", "0.004237"),
    ],
)
def test_prices_are_those_of_their_processors_and_memory(
    machine: str, vcpus: int, gib: int, vcpu_price: str, gib_price: str
) -> None:
    assert machine_prices().usd_per_hour[machine] == vcpus * Decimal(vcpu_price) + gib * Decimal(gib_price)


def test_n1_machines_double_with_their_size() -> None:
    prices = machine_prices().usd_per_hour
    assert prices["n1-standard-8"] == 2 * prices["n1-standard-4"]
    assert prices["n1-standard-16"] == 4 * prices["n1-standard-4"]


def test_a_price_says_what_it_is_of() -> None:
    assert str(machine_price("n2-standard-4")) == "n2-standard-4, 0.194236 USD/hour"
    assert str(machine_price(None)) == "n2-standard-4, 0.194236 USD/hour, assumed"


def test_an_unknown_machine_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'a3-mega'.*n2-standard-4"):
        machine_price("a3-mega")
