"""The prices in use beside those that ship with this version, for `costguard prices show`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from costguard.estimate.compute import MachinePriceList, machine_prices
from costguard.estimate.listed_prices import AnalysisPrices, analysis_prices, machine_prices_of, price_book_of
from costguard.estimate.price import PriceBook, price_book
from costguard.price_file import PriceFile


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price in use."""

    name: str
    """A location or a machine type."""
    usd: Decimal
    shipped: Decimal | None
    """What the list that ships has; None where it has nothing."""
    from_file: bool

    @property
    def differs(self) -> bool:
        """The file says something else than the list that ships."""
        return self.from_file and self.usd != self.shipped


@dataclass(frozen=True, slots=True)
class PriceTable:
    """All prices in use."""

    book: PriceBook
    machine_list: MachinePriceList
    analysis: AnalysisPrices | None
    """What the price file says; None without one."""
    locations: tuple[PriceRow, ...]
    """US dollars for a TiB."""
    machines: tuple[PriceRow, ...]
    """US dollars an hour."""


def price_table(prices: PriceFile | None, location: str | None, region: str) -> PriceTable:
    """The prices of a file, or those that ship; of one location when it is given. Machines stand in `region`, or where
    the shipped list has them.

    Raises:
        UnknownLocationError: no list has the location.
    """
    shipped, shipped_machines = price_book(), machine_prices()
    if prices is None:
        book, machines, analysis = shipped, shipped_machines, None
    else:
        book, analysis = price_book_of(prices, shipped), analysis_prices(prices)
        machines = machine_prices_of(prices, region, shipped_machines)
    if location is not None:
        book.price(location)
    chosen = sorted(book.locations) if location is None else [location.strip().lower()]
    used = {name: book.price(name) for name in chosen}
    of_file = frozenset(book.usd_per_tib) if prices is not None else frozenset()
    return PriceTable(
        book,
        machines,
        analysis,
        tuple(_rows(used, shipped.usd_per_tib, of_file)),
        tuple(
            _rows(dict(sorted(machines.usd_per_hour.items())), shipped_machines.usd_per_hour, machines.listed)
        ),
    )


def _rows(
    used: Mapping[str, Decimal], shipped: Mapping[str, Decimal], of_file: frozenset[str]
) -> Iterator[PriceRow]:
    for name, usd in used.items():
        yield PriceRow(name, usd, shipped.get(name), name in of_file)
