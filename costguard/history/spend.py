"""What each statement of the code cost, and what nobody in the code asked for: every dollar under exactly one name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, Final

import polars as pl

from costguard.history.match import CONFIDENCES, GRADES, Confidence, Found, Grade, Matched
from costguard.history.prices import BILLIONTH, Price, PricedJobs
from costguard.history.runs import ITERATION_COLUMNS, P90
from costguard.result import RunRate

_DIGITS: Final = 80
LOW: Final = 0.1
HIGH: Final = 0.9
"""The range of a figure of many runs: one of ten lies below, one of ten above."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What some jobs took."""

    jobs: int = 0
    """Jobs that were charged for."""
    bytes_processed: int = 0
    bytes_billed: int = 0
    bytes_on_demand: int = 0
    """The billed bytes of jobs outside reservations."""
    slot_ms: int = 0
    on_demand: Decimal = Decimal(0)
    """US dollars of jobs that pay by their bytes, or that the bill names."""
    allocated: Decimal = Decimal(0)
    """US dollars of slots, shared out by slot time: never a part of `on_demand`."""
    reserved: int = 0
    """Jobs that ran in a reservation."""
    unpriced: int = 0
    """Jobs of which nobody knows what they cost."""
    priced: int = 0
    """Jobs that `on_demand` is of."""
    billed_by_bill: bool = True
    """Every dollar comes from the bill; else prices of the list are in it."""

    @property
    def usd(self) -> Decimal:
        """Both together."""
        with localcontext(prec=_DIGITS):
            return self.on_demand + self.allocated

    def __add__(self, other: Spend) -> Spend:
        with localcontext(prec=_DIGITS):
            return Spend(
                self.jobs + other.jobs,
                self.bytes_processed + other.bytes_processed,
                self.bytes_billed + other.bytes_billed,
                self.bytes_on_demand + other.bytes_on_demand,
                self.slot_ms + other.slot_ms,
                self.on_demand + other.on_demand,
                self.allocated + other.allocated,
                self.reserved + other.reserved,
                self.unpriced + other.unpriced,
                self.priced + other.priced,
                self.billed_by_bill and other.billed_by_bill,
            )


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A figure of one run: of ten runs one lies below `low`, one above `high`."""

    low: int
    median: int
    high: int


@dataclass(frozen=True, slots=True)
class StatementSpend:
    """What a statement of the code took."""

    spend: Spend
    """With its part of the jobs that it shares with others; `jobs` counts those in full."""
    runs: int
    """Jobs that ran it, those included that cost nothing."""
    charged: float
    """Jobs that were charged for, one that is split in k parts as 1/k."""
    priced: Fraction
    """Those of them that `spend.on_demand` is of, counted alike: of known cost, and outside reservations."""
    shared: int
    """Jobs of which it is one of several candidates."""
    others: tuple[int, ...]
    """The other candidates."""
    grades: Mapping[Grade, int]
    """Jobs by the evidence."""
    confidence: Confidence
    """The weakest."""
    first: datetime | None
    last: datetime | None
    runs_per_day: float
    """The median, of the days (UTC) on which it was charged for; 0 when it never was."""
    rate: RunRate
    """By the iterations that run it, where some were found; else by these days."""
    processed: Quantiles | None
    billed: Quantiles | None


@dataclass(frozen=True, slots=True)
class Stranger:
    """Jobs with one text (but for literals) that is not in the code."""

    text: str | None
    statement: str | None
    example: str
    """The id of one of them."""
    spend: Spend


@dataclass(frozen=True, slots=True)
class History:
    """The job history, held against the code."""

    statements: Mapping[int, StatementSpend]
    """By key; those that ran."""
    strangers: tuple[Stranger, ...]
    """In the history and not in the code: the dearest first, then the largest."""
    total: Spend
    matched: Spend
    unmatched: Spend
    by_grade: Mapping[Grade, Spend]
    ambiguous: Spend
    """The part of what is matched that was split between several statements."""
    first: datetime | None
    last: datetime | None
    days: int
    """Days (UTC) from the first to the last job."""
    prices: tuple[Price, ...] = ()
    texts: int = 0
    slots_unused: Decimal = Decimal(0)
    free_tier: Decimal = Decimal(0)
    queries: int = 0
    """Queries in the history, those included that cost nothing."""
    statement_prices: Mapping[int, tuple[Price, ...]] = field(default_factory=dict)
    """The prices of the jobs of each statement."""


_SUMS: Final = ("bytes_processed", "bytes_billed", "slot_ms", "billionths")
_PAID: Final = ("payment", "price")
_ON_DEMAND: Final = ("bytes", "bill")


def add_up(priced: PricedJobs, matched: Matched) -> History:
    """Put together what jobs cost and which statement they ran.

    `matched`: of the jobs of `priced`, so that its frame has their columns.
    """
    frame = matched.frame
    charged = frame.filter("billable")
    own: dict[int, Spend] = defaultdict(Spend)
    shared: dict[int, int] = defaultdict(int)
    priced_runs: dict[int, Fraction] = defaultdict(Fraction)
    grades: dict[int, dict[Grade, int]] = defaultdict(lambda: defaultdict(int))
    by_grade: dict[Grade, Spend] = defaultdict(Spend)
    prices: dict[int, dict[Price, None]] = defaultdict(dict)
    ambiguous = hits = Spend()
    for row in _sums(charged.filter(pl.col("found").is_not_null()), "found"):
        found = matched.found[row["found"]]
        whole = _spend(row, priced.prices)
        hits += whole
        by_grade[found.grade] += whole
        if len(found.statements) > 1:
            ambiguous += whole
        for number, key in enumerate(found.statements):
            own[key] += _spend(_part(row, number, len(found.statements)), priced.prices)
            grades[key][found.grade] += row["jobs"]
            shared[key] += row["jobs"] if len(found.statements) > 1 else 0
            if row["payment"] in _ON_DEMAND:
                priced_runs[key] += Fraction(row["jobs"], len(found.statements))
            if row["payment"] == "bytes":
                prices[key][priced.prices[row["price"]]] = None
    strangers = _strangers(charged, priced.prices)
    misses = sum((item.spend for item in strangers), Spend())
    created = frame["created"].drop_nulls()
    first, last = created.min(), created.max()
    return History(
        statements=_statements(frame, matched.found, own, priced_runs, shared, grades),
        strangers=strangers,
        total=hits + misses,
        matched=hits,
        unmatched=misses,
        by_grade={grade: by_grade[grade] for grade in GRADES if grade in by_grade},
        ambiguous=ambiguous,
        first=first,  # type: ignore[arg-type]
        last=last,  # type: ignore[arg-type]
        days=(last.date() - first.date()).days + 1 if first is not None else 0,  # type: ignore[union-attr]
        prices=priced.prices,
        texts=matched.texts,
        slots_unused=priced.slots_unused,
        free_tier=priced.bill.free_tier if priced.bill is not None else Decimal(0),
        queries=frame.height,
        statement_prices={key: tuple(found) for key, found in prices.items()},
    )


def _sums(charged: pl.DataFrame, *keys: str) -> Iterator[dict[str, Any]]:
    """Whole numbers for each key and kind of payment."""
    sums = charged.group_by(*keys, *_PAID, maintain_order=True).agg(
        pl.len().alias("jobs"),
        # 64 bits overflow at 8 EiB, which a large company reads in a year.
        *(pl.col(name).cast(pl.Int128).sum() for name in _SUMS),
        pl.col("reservation").is_not_null().sum().alias("reserved"),
        pl.col("job_id").first().alias("example"),
        pl.col("query").drop_nulls().first().alias("text"),
    )
    return sums.iter_rows(named=True)


def _spend(row: Mapping[str, Any], prices: Sequence[Price]) -> Spend:
    """What one group of jobs took."""
    payment = row["payment"]
    amount = row["billionths"] * BILLIONTH
    on_demand, by_bill = Decimal(0), True
    if payment == "bytes":
        price = prices[row["price"]]
        on_demand, by_bill = price.usd(row["bytes_billed"]), price.basis == "billed"
    elif payment == "bill":
        on_demand = amount
    return Spend(
        jobs=row["jobs"],
        bytes_processed=row["bytes_processed"],
        bytes_billed=row["bytes_billed"],
        bytes_on_demand=row["bytes_billed"] if payment in _ON_DEMAND else 0,
        slot_ms=row["slot_ms"],
        on_demand=on_demand,
        allocated=amount if payment == "slots" else Decimal(0),
        reserved=row["reserved"],
        unpriced=row["jobs"] if payment == "unknown" else 0,
        priced=row["jobs"] if payment in _ON_DEMAND else 0,
        billed_by_bill=by_bill,
    )


def _part(row: Mapping[str, Any], number: int, parts: int) -> dict[str, Any]:
    """An equal part of whole numbers; what is left over goes to the first ones, so that parts add up to the whole."""
    shares = {name: row[name] // parts + (number < row[name] % parts) for name in _SUMS}
    return {**row, **shares}


def _strangers(charged: pl.DataFrame, prices: Sequence[Price]) -> tuple[Stranger, ...]:
    found: dict[tuple[int | None, str | None], Stranger] = {}
    for row in _sums(charged.filter(pl.col("found").is_null()), "form", "statement"):
        key = (row["form"], row["statement"])
        spend = _spend(row, prices)
        before = found.get(key)
        found[key] = (
            Stranger(row["text"], row["statement"], row["example"], spend)
            if before is None
            else replace(before, spend=before.spend + spend)
        )

    def weight(item: Stranger) -> tuple[object, ...]:
        return -item.spend.usd, -item.spend.bytes_billed, -item.spend.slot_ms, item.example or ""

    return tuple(sorted(found.values(), key=weight))


def _statements(
    frame: pl.DataFrame,
    found: Sequence[Found],
    own: Mapping[int, Spend],
    priced: Mapping[int, Fraction],
    shared: Mapping[int, int],
    grades: Mapping[int, Mapping[Grade, int]],
) -> dict[int, StatementSpend]:
    pairs = [
        (number, key, 1 / len(item.statements))
        for number, item in enumerate(found)
        for key in item.statements
    ]
    candidates = pl.DataFrame(
        pairs, schema={"found": pl.Int32, "key": pl.Int32, "weight": pl.Float64}, orient="row"
    )
    taken = frame.select(
        *("found", "billable", "created", "bytes_processed", "bytes_billed"),
        *(name for name in ITERATION_COLUMNS if name in frame.columns),
    )
    taken = taken.drop_nulls("found").join(candidates, on="found")
    charged = taken.filter("billable")
    days = charged.group_by("key", pl.col("created").dt.date().alias("day")).agg(pl.col("weight").sum())
    rates = _rates(days) | _rates_by_iteration(charged)
    figures = (
        taken.group_by("key")
        .agg(
            pl.len().alias("runs"),
            pl.col("created").min().alias("first"),
            pl.col("created").max().alias("last"),
        )
        .join(
            days.group_by("key").agg(
                pl.col("weight").median().alias("per_day"), pl.col("weight").sum().alias("charged")
            ),
            on="key",
            how="left",
        )
        .join(
            charged.group_by("key").agg(*_quantiles("bytes_processed"), *_quantiles("bytes_billed")),
            on="key",
            how="left",
        )
        .sort("key")
    )
    evidence: dict[int, list[Found]] = defaultdict(list)
    for item in found:
        for key in item.statements:
            evidence[key].append(item)
    result: dict[int, StatementSpend] = {}
    for row in figures.iter_rows(named=True):
        key = row["key"]
        candidates_of = evidence[key]
        result[key] = StatementSpend(
            spend=own.get(key, Spend()),
            runs=row["runs"],
            charged=row["charged"] or 0.0,
            priced=priced.get(key, Fraction(0)),
            shared=shared.get(key, 0),
            others=tuple(sorted({other for item in candidates_of for other in item.statements} - {key})),
            grades={grade: grades[key][grade] for grade in GRADES if key in grades and grade in grades[key]},
            confidence=max((item.confidence for item in candidates_of), key=CONFIDENCES.index),
            first=row["first"],
            last=row["last"],
            runs_per_day=row["per_day"] or 0.0,
            rate=rates.get(key, _NEVER),
            processed=_quantiles_of(row, "bytes_processed"),
            billed=_quantiles_of(row, "bytes_billed"),
        )
    return result


_NEVER: Final = RunRate(0.0, 0.0, 0, ())


def _rates(runs: pl.DataFrame) -> dict[int, RunRate]:
    """How often each statement (`key`) runs: each row has its runs (`weight`) on one day, or in one iteration that was
    found by `iteration_evidence`."""
    told = "iteration_evidence" in runs.columns
    rates = runs.group_by("key").agg(
        pl.col("weight").median().alias("median"),
        pl.col("weight").quantile(P90, "nearest").alias("p90"),
        pl.len().alias("count"),
        *([pl.col("iteration_evidence").unique().sort().alias("evidence")] if told else []),
    )
    return {
        row["key"]: RunRate(row["median"], row["p90"], row["count"], tuple(row.get("evidence", ())))
        for row in rates.iter_rows(named=True)
    }


def _rates_by_iteration(charged: pl.DataFrame) -> dict[int, RunRate]:
    if "iteration" not in charged.columns:
        return {}
    mine = charged.filter(pl.col("iteration").is_not_null())
    return _rates(
        mine.group_by("key", "iteration").agg(pl.col("weight").sum(), pl.col("iteration_evidence").first())
    )


def _quantiles(name: str) -> Iterator[pl.Expr]:
    column = pl.col(name)
    yield column.quantile(LOW, "nearest").cast(pl.Int64).alias(f"{name}_low")
    yield column.quantile(0.5, "lower").cast(pl.Int64).alias(f"{name}_median")
    yield column.quantile(HIGH, "nearest").cast(pl.Int64).alias(f"{name}_high")


def _quantiles_of(row: Mapping[str, Any], name: str) -> Quantiles | None:
    if row[f"{name}_median"] is None:
        return None
    return Quantiles(row[f"{name}_low"], row[f"{name}_median"], row[f"{name}_high"])
