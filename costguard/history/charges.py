"""The bill: charges from any export of Cloud Billing, checked before anything is summed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.charge_columns import CHARGES, REQUIRED, Shape, credit_total, map_columns, shape_of
from costguard.history.columns import MONEY, TIME
from costguard.history.exports import ExportFormat
from costguard.history.files import collected, opened
from costguard.history.repeated import refuse_repeated
from costguard.history.rollup import Period, Sum, roll_up, sums, within

MONTHLY = timedelta(days=27)
"""A charge for so long, or longer, is one for the month: it does not come again on the next such weekday."""
PROMOTION = "PROMOTION"
"""The type of credits that pay, and lower no price."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of the bill, or a table of BigQuery."""

    path: Path
    format: ExportFormat
    shape: Shape
    missing: tuple[str, ...]
    """Columns that it lacks."""


@dataclass(frozen=True, slots=True)
class Charges:
    """Charges, not yet read."""

    frame: pl.LazyFrame
    """The columns of CHARGES, `net`, `credit`, `promotion` (amounts), `rows` (charges that a row stands for: 1, unless
    BigQuery added some up), `file` (index in `files`), `unreadable`."""
    files: tuple[ExportFile, ...]
    told_lags: pl.LazyFrame | None = None
    """As `lags`, where `frame` does not tell when each charge was exported."""
    told_first_export: datetime | None = None
    """As `first_export`, in the same case: of the period that was asked for."""

    @property
    def gross_only(self) -> bool:
        """Some file has no credits: its net is too high."""
        return any("credits" in file.missing for file in self.files)

    def first_export(self, period: Period) -> pl.LazyFrame:
        """`exported`, one row: when the first of the charges of a period was."""
        if self.told_lags is not None:
            return pl.LazyFrame({"exported": [self.told_first_export]}, schema={"exported": TIME})
        return within(self.frame, period).select(pl.col("export_time").min().alias("exported"))

    @property
    def lags(self) -> pl.LazyFrame:
        """`usage_start`, `lag` (whole minutes from the end of a usage to its export), `rows`."""
        if self.told_lags is not None:
            return self.told_lags
        lag = (pl.col("export_time") - pl.col("usage_end")).dt.total_minutes()
        return self.frame.select("usage_start", lag.alias("lag"), "rows")


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a bill goes."""

    first_usage: datetime | None
    last_usage: datetime | None
    exported: datetime | None
    currency: str | None
    """None of an empty one."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a bill holds."""

    rows: int
    first_usage: datetime | None
    last_usage: datetime | None
    exported: datetime | None
    days: int
    """Days (UTC) with usage."""
    late: timedelta | None
    """Nine of ten rows were exported at most so long after their usage ended."""
    currency: str | None
    gross: Decimal
    credits: Decimal
    promotions: Decimal
    """Part of the credits: they pay, and lower no price."""
    net: Decimal
    months: tuple[Sum, ...]
    """By invoice month, in their order."""
    credit_types: Mapping[str | None, Decimal]
    cost_types: Mapping[str | None, int]
    """Rows by kind: `regular`, `tax`, `adjustment`, `rounding_error`."""
    adjusted: int
    """Rows that correct others."""
    without_cost: int
    """Rows with neither a cost nor a credit: they count as nothing."""
    without_project: int
    refunds: int
    """Rows whose net is below zero."""

    @property
    def reach(self) -> Reach:
        """How far it goes."""
        return Reach(self.first_usage, self.last_usage, self.exported, self.currency)


def load_charges(given: Sequence[str]) -> Charges:
    """The charges in files, directories and patterns.

    Raises:
        UsageProblem: there is no file, one cannot be read, or one is no billing export.
    """
    frames: list[pl.LazyFrame] = []
    files: list[ExportFile] = []
    for file in opened(given):
        shape = shape_of(file.schema)
        if shape is None:
            raise file.refused("no billing export: there is neither a column `cost` nor `BilledCost`")
        mapped = map_columns(file.schema, shape)
        lacking = [name for name in REQUIRED if name in mapped.missing]
        if lacking:
            raise file.refused(f"no billing export: there is nothing for {', '.join(lacking)}")
        frames.append(file.rows.select(*mapped.expressions, pl.lit(len(files), dtype=pl.Int32).alias("file")))
        files.append(ExportFile(file.path, file.format, shape, mapped.missing))
    credit = credit_total(pl.col("credits"))
    frame = pl.concat(frames).with_columns(
        credit.alias("credit"),
        (pl.col("cost").fill_null(0) + credit).alias("net"),  # a credit counts without a cost, too
        credit_total(pl.col("credits"), PROMOTION).alias("promotion"),
        pl.lit(1, dtype=pl.Int64).alias("rows"),
    )
    return Charges(frame, tuple(files))


def _rows_have(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"


def no_charges() -> pl.LazyFrame:
    """The frame of a bill without charges."""
    amounts = dict.fromkeys(("credit", "net", "promotion"), MONEY)
    return pl.LazyFrame(
        schema={**CHARGES, **amounts, "rows": pl.Int64, "file": pl.Int32, "unreadable": pl.Boolean}
    )


def currencies(charges: Charges) -> list[str]:
    """Of the amounts, sorted."""
    (found,) = collected(charges.frame.select(pl.col("currency").drop_nulls().unique().sort()))
    return found["currency"].to_list()


def check_charges(charges: Charges) -> Reach:
    """Read the bill once, and refuse what would be added up wrongly.

    Raises:
        UsageProblem: amounts that are no numbers, more than one currency, or the same charges in several files.
    """
    (totals,) = collected(charges.frame.select(_reach()))
    row = totals.row(0, named=True)
    _check(row, charges)
    refuse_repeated(charges.frame, charges.files)
    return Reach(row["first"], row["last"], row["exported"], next(iter(row["currencies"]), None))


def summarise(charges: Charges) -> Summary:
    """Read the bill once and add it up.

    Raises:
        UsageProblem: amounts that are no numbers, more than one currency, or the same charges in several files.
    """
    frame = charges.frame
    credits = frame.select(pl.col("credits").explode()).drop_nulls().unnest("credits")
    totals, months, credit_types, cost_types = collected(
        _totals(frame),
        roll_up(frame, "invoice-month").sort("key"),
        credits.group_by("type").agg(_sum("amount")).sort("type"),
        frame.group_by("cost_type").agg(pl.col("rows").sum()).sort("cost_type"),
    )
    row = totals.row(0, named=True)
    _check(row, charges)
    refuse_repeated(charges.frame, charges.files)
    return Summary(
        rows=row["rows"],
        first_usage=row["first"],
        last_usage=row["last"],
        exported=row["exported"],
        days=row["days"],
        late=row["late"],
        currency=next(iter(row["currencies"]), None),
        gross=row["cost"],
        credits=row["credit"],
        promotions=row["promotion"],
        net=row["net"],
        months=tuple(sums(months)),
        credit_types=dict(credit_types.iter_rows()),
        cost_types=dict(cost_types.iter_rows()),
        adjusted=row["adjusted"],
        without_cost=row["without_cost"],
        without_project=row["without_project"],
        refunds=row["refunds"],
    )


def _totals(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.select(
        *_reach(),
        pl.len().alias("rows"),
        pl.col("usage_start").drop_nulls().dt.date().n_unique().alias("days"),
        (pl.col("export_time") - pl.col("usage_end")).quantile(0.9, "nearest").alias("late"),
        *(_sum(name) for name in ("cost", "credit", "promotion", "net")),
        pl.col("adjustment").is_not_null().sum().alias("adjusted"),
        (pl.col("cost").is_null() & (pl.col("credit") == 0)).sum().alias("without_cost"),
        pl.col("project").is_null().sum().alias("without_project"),
        (pl.col("net") < 0).sum().alias("refunds"),
    )


def _reach() -> tuple[pl.Expr, ...]:
    """What `check_charges` and `summarise` both read."""
    return (
        pl.col("unreadable").sum(),
        _TIMELESS.sum().alias("timeless"),
        pl.col("usage_start").min().alias("first"),
        pl.col("usage_end").fill_null(pl.col("usage_start")).max().alias("last"),
        pl.col("export_time").max().alias("exported"),
        pl.col("currency").drop_nulls().unique().sort().implode().alias("currencies"),
    )


_TIMELESS = pl.col("usage_start").is_null() & pl.col("cost").is_not_null()


def _check(row: Mapping[str, Any], charges: Charges) -> None:
    """Refuse what would be added up wrongly."""
    if row["unreadable"]:
        raise UsageProblem(
            f"{_files(charges, pl.col('unreadable'))}: {_rows_have(row['unreadable'])} an amount that is no number; "
            "the sum would be wrong"
        )
    if row["timeless"]:
        raise UsageProblem(
            f"{_files(charges, _TIMELESS)}: {_rows_have(row['timeless'])} a cost and no usage time that can be read"
        )
    currencies: list[str] = row["currencies"]
    if len(currencies) > 1:
        where = ", ".join(
            f"{name} in {_files(charges, pl.col('currency') == name)}" for name in currencies[:3]
        )
        raise UsageProblem(
            f"amounts in {' and '.join(currencies)} cannot be added up; give one billing account at a time ({where})"
        )


def _files(charges: Charges, rows: pl.Expr) -> str:
    """The files that have such rows: the first, and how many others."""
    (found,) = collected(charges.frame.filter(rows).select(pl.col("file").unique().sort()))
    first, *others = found["file"].to_list()
    return f"{charges.files[first].path}{f' and {len(others):,} more' if others else ''}"


def _sum(name: str) -> pl.Expr:
    return pl.col(name).sum().fill_null(0)
