"""On-demand list prices per TiB by location: dated data that ships with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

_SINGLE_PRICE_MODELS: Final = (
    "BOOSTED_TREE",
    "RANDOM_FOREST",
    "DNN",
    "AUTOML",
    "WIDE_AND_DEEP",
)
"""Trained outside BigQuery: the query's bytes are billed once, and Vertex AI bills the training
(cloud.google.com/bigquery/pricing#bigquery-ml-pricing)."""


class UnknownLocationError(ValueError):
    """There is no price for a location."""


@dataclass(frozen=True, slots=True)
class PriceBook:
    """List prices of one day, in US dollars."""

    as_of: str
    """The day on which the list was read: 2026-07-25."""
    source: str
    usd_per_tib: Mapping[str, Decimal]
    """By location in lower case; a TiB is 2^40 bytes."""
    create_model_multiplier: int

    def price(self, location: str) -> Decimal:
        """US dollars for a billed TiB.

        Raises:
            UnknownLocationError: when the list has no such location.
        """
        found = self.usd_per_tib.get(location.strip().lower())
        if found is None:
            raise UnknownLocationError(
                f"no price for location {location!r}; known: {', '.join(sorted(self.usd_per_tib))}"
            )
        return found

    def statement_price(self, location: str, statement: str, model_type: str | None = None) -> Decimal:
        """US dollars for a billed TiB of a statement: training a built-in model costs a multiple.

        Raises:
            UnknownLocationError: when the list has no such location.
        """
        price = self.price(location)
        if statement != "CREATE MODEL":
            return price
        if model_type is not None and model_type.strip("'\"").upper().startswith(_SINGLE_PRICE_MODELS):
            return price
        return price * self.create_model_multiplier

    def note(self) -> str:
        """How the list is cited next to a price: `list of 2026-07-25`."""
        return f"list of {self.as_of}"


@cache
def price_book() -> PriceBook:
    """The list that ships with this version."""
    raw = json.loads(files("costguard.estimate").joinpath("prices.json").read_text(encoding="utf-8"))
    return PriceBook(
        as_of=raw["as_of"],
        source=raw["source"],
        usd_per_tib={name: Decimal(price) for name, price in raw["usd_per_tib"].items()},
        create_model_multiplier=int(raw["create_model_multiplier"]),
    )
