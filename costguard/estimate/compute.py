"""Modelled dollars of seconds that code runs on a machine: prices of machine types, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    region: str
    """Where the machines stand."""
    usd_per_hour: Mapping[str, Decimal]
    notes: Mapping[str, str] = field(default_factory=dict)
    """Where a machine's price is from, when a price file is used."""
    listed: frozenset[str] = frozenset()
    """Machines whose price is from a price file."""


@cache
def machine_prices() -> MachinePriceList:
    """The list that ships with this version."""
    raw = json.loads(files("costguard.estimate").joinpath("machines.json").read_text(encoding="utf-8"))
    return MachinePriceList(
        as_of=raw["as_of"],
        source=raw["source"],
        default=raw["default"],
        region=raw["region"],
        usd_per_hour={name: Decimal(price) for name, price in raw["usd_per_hour"].items()},
    )


@dataclass(frozen=True, slots=True)
class MachinePrice:
    """What a second of a machine costs."""

    machine: str
    usd_per_hour: Decimal
    assumed: bool
    """Nobody named the machine: it is the default of the list."""
    note: str | None = None
    """Where the price is from, when a price file is used."""

    def __str__(self) -> str:
        note = f", {self.note}" if self.note is not None else ""
        return f"{self.machine}, {self.usd_per_hour} USD/hour{note}{', assumed' if self.assumed else ''}"


def machine_price(machine: str | None, prices: MachinePriceList | None = None) -> MachinePrice:
    """The price of a machine type (of the default one for None), by the list that ships unless another is given.

    Raises:
        ValueError: when the list has no such machine type.
    """
    prices = prices if prices is not None else machine_prices()
    name = machine or prices.default
    price = prices.usd_per_hour.get(name)
    if price is None:
        raise ValueError(
            f"no price for machine type {name!r}; known: {', '.join(sorted(prices.usd_per_hour))}"
        )
    return MachinePrice(name, price, assumed=machine is None, note=prices.notes.get(name))
