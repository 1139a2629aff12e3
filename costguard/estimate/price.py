"""On-demand prices per TiB by location: dated data that ships with the package, or that of a price file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
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
    otherwise: PriceBook | None = None
    """The list that is asked for locations that this one lacks."""
    not_recognised: int = 0
    """SKUs of a price file that look like on-demand analysis, and whose price or location cannot be told."""

    @property
    def locations(self) -> frozenset[str]:
        """Every location with a price."""
        rest = self.otherwise.locations if self.otherwise is not None else frozenset()
        return frozenset(self.usd_per_tib) | rest

    def price(self, location: str) -> Decimal:
        """US dollars for a billed TiB.

        Raises:
            UnknownLocationError: when the list has no such location.
        """
        found = self.usd_per_tib.get(_key(location))
        if found is None and self.otherwise is not None and _key(location) in self.otherwise.locations:
            return self.otherwise.price(location)
        if found is None:
            raise UnknownLocationError(
                f"no price for location {location!r}; known: {', '.join(sorted(self.locations))}"
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

    def note(self, location: str) -> str:
        """How the list is cited next to a price: `list of 2026-07-25`; of another list, why it is that one."""
        if self.otherwise is None or _key(location) in self.usd_per_tib:
            return f"list of {self.as_of}"
        return f"{self.otherwise.note(location)}; not in the list of {self.as_of}"

    def remarks(self, locations: Iterable[str]) -> tuple[str, ...]:
        """Which lists the prices of some locations are from; nothing where it is the one that ships with this
        version, which needs no word."""
        if self.otherwise is None:
            return ()
        used = {_key(location): location for location in sorted(locations)}
        own = [location for key, location in used.items() if key in self.usd_per_tib]
        others = [location for key, location in used.items() if key not in self.usd_per_tib]
        found = [f"{', '.join(own)}: list of {self.as_of}"] if own else []
        found += [f"{location}: {self.note(location)}" for location in others]
        if self.not_recognised:
            more = f"{self.not_recognised} more SKU{'s' if self.not_recognised > 1 else ''}"
            found.append(
                f"the list of {self.as_of} has {more} of analysis that cannot be read (costguard prices show)"
            )
        return tuple(found)


def list_price_of(book: PriceBook) -> Callable[[str, str], Decimal | None]:
    """US dollars for a billed TiB of a statement in a location; None when the list has no such location."""

    def price(statement: str, location: str) -> Decimal | None:
        try:
            return book.statement_price(location, statement)
        except UnknownLocationError:
            return None

    return price


def _key(location: str) -> str:
    return location.strip().lower()


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
