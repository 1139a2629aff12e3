"""What suggestions rest on: the job history, the code, the catalog, the bill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl

from costguard.catalog.model import Catalog
from costguard.estimate.settings import EstimateSettings
from costguard.estimate.views import ExpandView
from costguard.facts.places import Places
from costguard.history.match import Matched
from costguard.model import Span
from costguard.result import QueryReport


def place_text(path: str, span: Span) -> str:
    """`path:line`, in a notebook `path:cell 3:line`."""
    cell = f"cell {span.cell}:" if span.cell is not None else ""
    return f"{path}:{cell}{span.start_line}"


def on_demand(jobs: pl.DataFrame) -> pl.DataFrame:
    """Jobs that were charged for by their bytes: outside of reservations, with `bytes`."""
    bytes_billed = pl.col("bytes_billed")
    return jobs.filter(
        pl.col("billable") & pl.col("reservation").is_null() & (bytes_billed.fill_null(0) > 0)
    ).with_columns(bytes_billed.alias("bytes"))


@dataclass(frozen=True, slots=True)
class Code:
    """What a scan found."""

    frames: Mapping[str, pl.DataFrame]
    places: Places
    queries: Mapping[int, QueryReport]
    """As estimated, by the key of the statement."""
    matched: Matched | None
    """The jobs of its statements; None without a history."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything at once; what was not given is None."""

    catalog: Catalog
    settings: EstimateSettings
    expand_view: ExpandView
    usd_per_tib: Decimal
    price_note: str
    """`US, list of 2026-07-25`."""
    label_keys: tuple[str, ...]
    """Labels by which limits are suggested."""
    jobs: pl.DataFrame | None = None
    """As `costguard.history.jobs.load_jobs` gives them."""
    code: Code | None = None
    charges: pl.LazyFrame | None = None
    currency: str | None = None

    @property
    def now(self) -> datetime:
        """The clock."""
        return self.settings.now
