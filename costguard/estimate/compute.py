"""Modelled dollars of seconds that code runs on a machine: list prices of machine types, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class MachinePriceList:
    """On-demand list prices."""

    as_of: str | None
    """The day on which a list was read; None when the figures were not checked against a dated list."""
    source: str
    default: str
    """Machine that is assumed when none is named."""
    usd_per_hour: Mapping[str, Decimal]


@cache
def machine_prices() -> MachinePriceList:
    """The list that ships with this version."""
    raw = json.loads(files("costguard.estimate").joinpath("machines.json").read_text(encoding="utf-8"))
    return MachinePriceList(
        as_of=raw["as_of"],
        source=raw["source"],
        default=raw["default"],
        usd_per_hour={name: Decimal(price) for name, price in raw["usd_per_hour"].items()},
    )


@dataclass(frozen=True, slots=True)
class MachinePrice:
    """What a second of a machine costs."""

    machine: str
    usd_per_hour: Decimal
    assumed: bool
    """Nobody named the machine: it is the default of the list."""

    def __str__(self) -> str:
        return f"{self.machine}, {self.usd_per_hour} USD/hour{', assumed' if self.assumed else ''}"


def machine_price(machine: str | None) -> MachinePrice:
    """The price of a machine type (of the default one for None).

    Raises:
        ValueError: when the list has no such machine type.
    """
    prices = machine_prices()
    name = machine or prices.default
    price = prices.usd_per_hour.get(name)
    if price is None:
        raise ValueError(
            f"no price for machine type {name!r}; known: {', '.join(sorted(prices.usd_per_hour))}"
        )
    return MachinePrice(name, price, assumed=machine is None)
