"""What jobs cost.

On demand a job costs its billed bytes at a price: the bill's own, net of discounts and of the free tier, else that of
the list. Where the bill names the job its charges are what it cost. In a reservation it costs a part of what the slots
of its day cost, by its slot time: an allocation, which is kept apart. Sums are exact: bytes are added up before they
are multiplied, amounts of the bill are whole billionths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Final, Literal

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.charges import Charges
from costguard.history.files import collected
from costguard.money import TIB

BIGQUERY: Final = "24E6-581D-38E5"
"""The id of the service."""
BILLIONTH: Final = Decimal("0.000000001")
"""The unit in which amounts of the bill are shared out: the last place of BigQuery's NUMERIC."""
_DIGITS: Final = 80
"""A price times bytes over 2^40 ends after some fifty decimals."""

Payment = Literal["bytes", "bill", "slots", "unknown"]
"""How a job is paid: by its bytes at a price, by charges that name it, by its slot time, or nobody knows."""

ListPrice = Callable[[str, str], "Decimal | None"]
"""US dollars for a billed TiB of a statement (`SELECT`, `CREATE MODEL`) in a location by the list; None without
the location."""


@dataclass(frozen=True, slots=True)
class Price:
    """A price of a billed TiB."""

    usd_per_tib: Decimal
    basis: Literal["billed", "list"]
    location: str
    """Where the jobs ran."""

    def usd(self, billed: int) -> Decimal:
        """Dollars for so many bytes, exactly."""
        with localcontext(prec=_DIGITS):
            return self.usd_per_tib * billed / TIB


@dataclass(frozen=True, slots=True)
class BillPrices:
    """What the bill says of BigQuery's on-demand queries."""

    by_project: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    """(project, region in lower case) -> US dollars for a billed TiB, net."""
    by_region: Mapping[str, Decimal] = field(default_factory=dict)
    free_tier: Decimal = Decimal(0)
    """Credits of the free tier that lowered these prices; 0 or less."""
    promotions: Decimal = Decimal(0)
    """Credits that paid, and lowered no price."""

    def price(self, project: str | None, region: str) -> Decimal | None:
        """The price of a project in a region, else of the region; None when the bill has neither."""
        found = self.by_project.get((project or "", region.lower()))
        return found if found is not None else self.by_region.get(region.lower())


@dataclass(frozen=True, slots=True)
class PricedJobs:
    """Jobs with what they cost."""

    frame: pl.DataFrame
    """The jobs, with `payment`, `price` (index in `prices`, for jobs that pay by their bytes) and `billionths` (of a
    dollar, for the others)."""
    prices: tuple[Price, ...]
    bill: BillPrices | None
    slots_unused: Decimal = Decimal(0)
    """What slots cost on days of the history on which no job of it ran in a reservation: shared out to none."""


def price_jobs(
    jobs: pl.DataFrame, list_price: ListPrice, location: str, charges: Charges | None = None
) -> PricedJobs:
    """Say how each job is paid. Jobs that are not billable cost nothing.

    `location`: where jobs ran that do not tell it: rows of INFORMATION_SCHEMA are of one region, and do not name it.

    Raises:
        UsageProblem: the bill is not in US dollars, or cannot be read.
    """
    bill = None
    frame = jobs.with_columns(pl.lit(None, dtype=pl.Int64).alias("billionths"))
    unused = Decimal(0)
    if charges is not None:
        bill, named, slots = _read_bill(charges, jobs)
        frame = frame.drop("billionths").join(
            named, on=["project", "job_id"], how="left", maintain_order="left"
        )
        reserved = pl.col("billable") & pl.col("reservation").is_not_null()
        frame, unused = _allocated(frame, reserved, slots)
    by_bytes = pl.col("reservation").is_null()
    payment = (
        pl.when(~pl.col("billable"))
        .then(pl.lit("none"))
        .when(by_bytes & pl.col("billionths").is_not_null())
        .then(pl.lit("bill"))
        .when(by_bytes & pl.col("bytes_billed").is_not_null())
        .then(pl.lit("bytes"))
        .when(~by_bytes & pl.col("billionths").is_not_null())
        .then(pl.lit("slots"))
        .otherwise(pl.lit("unknown"))
    )
    frame = frame.with_columns(payment.alias("payment"))
    frame, prices = _with_prices(frame, list_price, location, bill)
    return PricedJobs(frame, prices, bill, unused)


def _with_prices(
    frame: pl.DataFrame, list_price: ListPrice, location: str, bill: BillPrices | None
) -> tuple[pl.DataFrame, tuple[Price, ...]]:
    model = (pl.col("statement") == "CREATE_MODEL").fill_null(value=False).alias("model")
    paid = pl.col("payment") == "bytes"
    kinds = frame.filter(paid).select("project", "location", model).unique(maintain_order=True)
    prices: dict[Price, int] = {}
    chosen: list[int | None] = []
    for project, told, trains in kinds.iter_rows():
        place = told if told is not None and told.lower() != location.lower() else location
        # The list has another price for training; the bill has a SKU of its own for it.
        billed = bill.price(project, place) if bill is not None and not trains else None
        listed = list_price("CREATE MODEL" if trains else "SELECT", place) if billed is None else None
        if billed is not None:
            chosen.append(prices.setdefault(Price(billed, "billed", place), len(prices)))
        elif listed is not None:
            chosen.append(prices.setdefault(Price(listed, "list", place), len(prices)))
        else:
            chosen.append(None)
    kinds = kinds.with_columns(pl.Series("price", chosen, dtype=pl.Int32))
    joined = frame.with_columns(model).join(
        kinds, on=["project", "location", "model"], how="left", nulls_equal=True, maintain_order="left"
    )
    priceless = paid & pl.col("price").is_null()
    return joined.drop("model").with_columns(
        pl.when(paid).then(pl.col("price")).alias("price"),
        pl.when(priceless).then(pl.lit("unknown")).otherwise("payment").alias("payment"),
    ), tuple(prices)


# -- the bill ------------------------------------------------------------------------------------------


def _read_bill(charges: Charges, jobs: pl.DataFrame) -> tuple[BillPrices, pl.DataFrame, Mapping[object, int]]:
    """(prices, charges that name a job, billionths of a dollar for slots by day)."""
    net = pl.col("net") - pl.col("promotion")
    frame = charges.frame.with_columns(net.alias("price_net"))
    name = pl.col("sku").fill_null("")
    queries = frame.filter(
        (pl.col("service_id") == BIGQUERY)
        & pl.col("pricing_unit").str.to_lowercase().str.starts_with("tebibyte")
        & name.str.contains("(?i)analysis")
    )
    free = pl.col("credits").list.eval(
        pl.when(pl.element().struct.field("type") == "FREE_TIER").then(pl.element().struct.field("amount"))
    )
    project_jobs = jobs.filter("billable").select("project", "job_id").lazy()
    days = jobs["created"].drop_nulls().dt.date().unique().sort().to_list()
    day = pl.col("usage_start").dt.date()
    in_history = day.is_between(days[0], days[-1]) if days else pl.lit(value=False)
    by_key, currencies, named, slots = collected(
        queries.group_by("project", pl.col("region").str.to_lowercase())
        .agg(
            pl.col("price_net").sum(),
            pl.col("promotion").sum(),
            free.list.sum().sum().alias("free"),
            pl.col("pricing_amount").sum().alias("tib"),
        )
        .sort("project", "region", nulls_last=True),
        frame.select(pl.col("currency").drop_nulls().unique().sort()),
        queries.with_columns(pl.col("resource").str.extract(r"([^/:.]+)$").alias("job_id"))
        .join(project_jobs, on=["project", "job_id"])
        .group_by("project", "job_id")
        .agg(_billionths(pl.col("price_net").sum()).alias("billionths")),
        frame.filter(name.str.contains("(?i)bigquery.*edition") & in_history)
        .group_by(day.alias("day"))
        .agg(_billionths(pl.col("price_net").sum()).alias("billionths")),
    )
    found = [item for item in currencies["currency"].to_list() if item != "USD"]
    if found:
        raise UsageProblem(
            f"the bill is in {' and '.join(found)}; jobs are priced in US dollars, so a bill in USD is needed"
        )
    return _prices(by_key), named, dict(slots.iter_rows())


def _billionths(amount: pl.Expr) -> pl.Expr:
    return (amount * Decimal(10**9)).cast(pl.Int128).cast(pl.Int64)


def _prices(rows: pl.DataFrame) -> BillPrices:
    by_project: dict[tuple[str, str], Decimal] = {}
    regions: dict[str, tuple[Decimal, Decimal]] = {}
    free, promotions = Decimal(0), Decimal(0)
    for project, region, net, promotion, free_tier, tib in rows.iter_rows():
        free += free_tier or 0
        promotions += promotion
        if region is None or tib is None:
            continue
        amount = Decimal(str(tib))
        price = _price(net, amount)
        if project is not None and price is not None:
            by_project[project, region] = price
        before = regions.get(region, (Decimal(0), Decimal(0)))
        regions[region] = (before[0] + net, before[1] + amount)
    by_region = {region: price for region, sums in regions.items() if (price := _price(*sums)) is not None}
    return BillPrices(by_project, by_region, free, promotions)


def _price(net: Decimal, tib: Decimal) -> Decimal | None:
    """None where nothing was used, or corrections leave less than nothing."""
    return (net / tib).quantize(BILLIONTH) if tib > 0 and net >= 0 else None


def _allocated(
    frame: pl.DataFrame, reserved: pl.Expr, slots: Mapping[object, int]
) -> tuple[pl.DataFrame, Decimal]:
    """Share out what the slots of each day cost between the jobs of the day, by slot time; what is left over by
    rounding goes to the one with the most."""
    days = pl.DataFrame(
        {"day": list(slots), "cost": list(slots.values())}, schema={"day": pl.Date, "cost": pl.Int64}
    )
    frame = frame.with_row_index("row")
    mine = (
        frame.filter(reserved & (pl.col("slot_ms") > 0))
        .select("row", "slot_ms", pl.col("created").dt.date().alias("day"))
        .join(days, on="day")
        .with_columns(pl.col("slot_ms").cast(pl.Int128), pl.col("cost").cast(pl.Int128))
    )
    share = pl.col("cost") * pl.col("slot_ms") // pl.col("slot_ms").sum().over("day")
    mine = mine.sort("day", "slot_ms", "row", descending=[False, True, False]).with_columns(
        share.alias("share")
    )
    rest = pl.col("cost") - pl.col("share").sum().over("day")
    is_first = pl.int_range(pl.len()).over("day") == 0
    mine = mine.select(
        "row",
        "day",
        (pl.col("share") + pl.when(is_first).then(rest).otherwise(0)).cast(pl.Int64).alias("allocated"),
    )
    used = set(mine["day"].to_list())
    unused = sum((cost for day, cost in slots.items() if day not in used), 0)
    joined = frame.join(mine.drop("day"), on="row", how="left", maintain_order="left")
    value = pl.coalesce("billionths", "allocated")
    value = pl.when(reserved).then(pl.col("allocated")).otherwise(value)
    return joined.with_columns(value.alias("billionths")).drop("row", "allocated"), unused * BILLIONTH
