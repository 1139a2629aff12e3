"""What a week spent for nothing, or for little: as far as the bill and the jobs can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final, Literal

import polars as pl

from costguard.history.job_findings import job_findings
from costguard.history.jobs import STOPPED
from costguard.history.prices import PricedJobs
from costguard.history.rollup import Period, latest, within

WasteKind = Literal[
    "stopped",
    "tried-again",
    "asked-again",
    "one-by-one",
    "nobody-reads",
    "idle-reservation",
    "unchanged-storage",
    "network",
]
FEWEST_USD: Final = Decimal("0.01")
_PLACES: Final = Decimal("0.000000001")
_WEEKLY: Final = ("tried-again", "asked-again", "one-by-one")
_BY_PRICE: Final = ("bytes", "bill")
_IDLE_RULE: Final = "unused-reservation"
_UNCHANGED: Final = r"(?i)long[ -]term.*storage"
_NETWORK: Final = r"(?i)\begress\b|inter[ -]?(?:region|zone|continent)|data transfer out"


@dataclass(frozen=True, slots=True)
class Waste:
    """Something that a week paid for, and hardly needed."""

    kind: WasteKind
    what: str
    """The beginning of a query without its literals, a table, or a SKU."""
    times: int
    """Jobs, or rows of the bill."""
    net: Decimal
    """Of jobs in US dollars, at what the jobs of their project pay for their bytes; of the bill in its currency."""
    source: Literal["jobs", "bill"]


def waste_of(
    charges: pl.DataFrame, priced: PricedJobs | None, week: Period, history: Period
) -> tuple[Waste, ...]:
    """The waste of a week, the dearest first. One job may stand under several kinds: they are no parts of a sum.

    `charges`: the rows of `wasteful_charges`. `priced`: jobs, of which those of `history` count: what nobody reads
    takes weeks to tell.
    """
    found = [
        Waste(kind, name or key or "", rows, net, "bill")
        for kind, key, name, rows, net in charges.iter_rows()
    ]
    if priced is not None:
        found += _of_jobs(priced, week, history)
    kept = [one for one in found if one.net >= FEWEST_USD]
    return tuple(sorted(kept, key=lambda one: (-one.net, one.kind, one.what, one.times)))


def wasteful_charges(frame: pl.LazyFrame) -> pl.LazyFrame:
    """`kind`, `key`, `name`, `rows`, `net` of SKUs that stand for waste. `frame`: charges of the week, with phases."""
    name = pl.col("sku").fill_null("")
    kind = (
        pl.when(pl.col("phase_rule") == _IDLE_RULE)
        .then(pl.lit("idle-reservation"))
        .when(name.str.contains(_UNCHANGED))
        .then(pl.lit("unchanged-storage"))
        .when(name.str.contains(_NETWORK))
        .then(pl.lit("network"))
    )
    return (
        frame.with_columns(kind.alias("kind"), pl.col("sku_id").alias("key"))
        .filter(pl.col("kind").is_not_null())
        .group_by("kind", "key")
        .agg(latest("sku").alias("name"), pl.col("rows").sum(), pl.col("net").sum())
        .sort("kind", "key", nulls_last=True)
    )


def _of_jobs(priced: PricedJobs, week: Period, history: Period) -> Iterator[Waste]:
    """Jobs in a reservation are left out: their bytes are not what is paid."""
    paying = priced.frame.filter(pl.col("reservation").is_null())
    frame = within(paying.lazy(), history, "created").collect()
    mine = within(frame.lazy(), week, "created").collect()
    price = _prices(mine, priced)
    stopped = mine.filter(pl.col("error") == STOPPED)
    usd = _usd(stopped, priced)
    if usd:
        yield Waste("stopped", "queries that were stopped, and charged for", stopped.height, usd, "jobs")
    for one in job_findings(mine):
        if one.kind in _WEEKLY and one.wasted_bytes:
            yield Waste(one.kind, one.what, one.times, price(one.project, one.wasted_bytes), "jobs")
    for one in job_findings(frame):
        if one.kind == "nobody-reads":
            written = mine.filter((pl.col("destination") == one.what) & pl.col("billable"))
            yield Waste("nobody-reads", one.what, written.height, _usd(written, priced), "jobs")


def _usd(jobs: pl.DataFrame, priced: PricedJobs) -> Decimal:
    """What jobs pay by their bytes, or by charges that name them, to nine places."""
    total = Decimal(0)
    with localcontext(prec=80):
        sums = (
            jobs.filter(pl.col("payment").is_in(_BY_PRICE))
            .group_by("payment", "price")
            .agg(pl.col("bytes_billed").cast(pl.Int128).sum(), pl.col("billionths").cast(pl.Int128).sum())
        )
        for payment, number, billed, billionths in sums.iter_rows():
            total += priced.prices[number].usd(billed) if payment == "bytes" else billionths * _PLACES
        return total.quantize(_PLACES)


def _prices(jobs: pl.DataFrame, priced: PricedJobs) -> Callable[[str | None, int], Decimal]:
    """What bytes cost in a project: the mean of its jobs of the week."""
    known: dict[str | None, tuple[Decimal, int]] = {}
    paying = jobs.filter(pl.col("payment").is_in(_BY_PRICE))
    for (project,), part in paying.sort("project").group_by("project", maintain_order=True):
        known[project] = (_usd(part, priced), int(part["bytes_billed"].sum()))

    def price(project: str | None, size: int) -> Decimal:
        usd, billed = known.get(project, (Decimal(0), 0))
        with localcontext(prec=80):
            return (usd * size / billed).quantize(_PLACES) if billed else Decimal(0)

    return price
