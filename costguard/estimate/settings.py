"""What an estimate depends on besides the facts and the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from costguard.estimate.compute import MachinePriceList
from costguard.estimate.price import PriceBook


@dataclass(frozen=True, slots=True)
class EstimateSettings:
    """The assumptions of an estimate."""

    now: datetime
    """What CURRENT_TIMESTAMP() is: UTC, or with its own time zone."""
    project: str | None = None
    """Default project of table names."""
    dataset: str | None = None
    """Default dataset of table names."""
    location: str = "US"
    """BigQuery location of queries whose tables the catalog does not place."""
    runs: tuple[tuple[str, float], ...] = ()
    """Declared runs per iteration: (glob over paths, runs); the first that matches counts."""
    parameters: tuple[tuple[str, str], ...] = ()
    """Query parameters and script variables: (name, GoogleSQL literal)."""
    machine: str | None = None
    """Machine type that Python code runs on; None for the default, whose price is then `assumed`."""
    prices: PriceBook | None = None
    """Prices of a price file; None for those that ship with this version."""
    machines: MachinePriceList | None = None
    """The same of machines."""
